"""What happened on a day, line by line: written down as it comes, put together when asked for.

A day may have a million orders. Lines that are complete are kept as the bytes that a snapshot
has too, a block of them at a time: so that a restart takes them as they are, and reads none of
them before somebody wants the day in full.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from trade2026.core.ids import ExecId, OrderId
from trade2026.domain.compliance.sheet import Placed, Trade
from trade2026.model import codec

LINES_A_BLOCK: Final = 1_000


class Traded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A fill came."""

    trade: Trade
    is_of_day: bool
    """Whether it counts; one of before says only that its order has traded."""


class Undone(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A fill was taken back."""

    venue: str
    exec_id: ExecId


class Corrected(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A fill was another one than was said, under the same name."""

    trade: Trade


class Came(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """An order came."""

    order: Placed


class TakenBack(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """An order was taken back."""

    order_id: OrderId


Line: TypeAlias = Traded | Undone | Corrected | Came | TakenBack


class _Block(msgspec.Struct, frozen=True, array_like=True):
    lines: tuple[Line, ...]


class LinesState(msgspec.Struct, frozen=True, array_like=True):
    """All that lines can be made of again."""

    blocks: tuple[bytes, ...]
    tail: tuple[Line, ...]


class DayLines:
    """The lines of one day; mutable."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._tail: list[Line] = []
        self._trades: dict[tuple[str, ExecId], Trade] = {}
        self._orders: dict[OrderId, Placed] = {}
        self._has_traded: set[OrderId] = set()
        self._blocks_told = 0
        self._lines_told = 0
        """Of the first block that is not told in full, or of the tail."""

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._blocks or self._tail)

    def append(self, line: Line) -> None:
        """Write down the next one."""
        self._tail.append(line)
        if len(self._tail) >= LINES_A_BLOCK:
            self._blocks.append(codec.encode(_Block(tuple(self._tail))))
            self._tail.clear()

    def trades(self) -> tuple[Trade, ...]:
        """Return the fills that stand, in the order in which they came."""
        deque(self.putting_together(), maxlen=0)
        return tuple(self._trades.values())

    def orders(self) -> tuple[Placed, ...]:
        """Return the orders, in the order in which they came."""
        deque(self.putting_together(), maxlen=0)
        return tuple(self._orders.values())

    def putting_together(self) -> Iterator[None]:
        """Read what was not read yet, and pause after each block; new lines may come meanwhile."""
        while self._blocks_told < len(self._blocks):
            block = codec.decode(_Block, self._blocks[self._blocks_told])
            for line in block.lines[self._lines_told :]:
                self._tell(line)
            self._blocks_told, self._lines_told = self._blocks_told + 1, 0
            yield
        for line in self._tail[self._lines_told :]:
            self._tell(line)
        self._lines_told = len(self._tail)

    def freeze(self) -> LinesState:
        """Return all that these can be made of again."""
        return LinesState(tuple(self._blocks), tuple(self._tail))

    def thaw(self, state: LinesState) -> None:
        """Begin from *state*, which others were frozen to."""
        self._blocks, self._tail = list(state.blocks), list(state.tail)

    def _tell(self, line: Line) -> None:
        match line:
            case Came(order=order):
                self._orders[order.order_id] = order
            case Traded(trade=trade, is_of_day=is_of_day):
                if trade.order_id in self._orders:
                    self._has_traded.add(trade.order_id)
                if is_of_day:
                    self._trades[trade.venue, trade.exec_id] = trade
            case Undone():
                self._trades.pop((line.venue, line.exec_id), None)
            case Corrected(trade=trade):
                if (trade.venue, trade.exec_id) in self._trades:
                    self._trades[trade.venue, trade.exec_id] = trade
            case TakenBack(order_id=order_id):
                order = self._orders.get(order_id)
                if order is not None and order_id not in self._has_traded:
                    withdrawn = msgspec.structs.replace(order, is_cancelled_unfilled=True)
                    self._orders[order_id] = withdrawn
