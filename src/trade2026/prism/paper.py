"""One recorded book that paper orders fill against, never better than the recording allows.

The rules, each on the careful side:

* An incoming order takes displayed quantity, best level first, within its limit. What was
  taken stays taken until the recorded level changes.
* An order that rests fills at its own limit: when the recorded book crosses it, out of the
  quantity displayed there; and when trades print against its side, beyond its price at once,
  at its price after the quantity that was displayed when it joined has traded. A print fills
  no more than it traded.
* Paper orders never meet one another: each plays against the recording alone.

Everything here is in ticks and lots; the module does no I/O and reads no clock.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from trade2026.model.order import OrdType, Side, TimeInForce


class PaperFill(NamedTuple):
    """A paper order's fill."""

    number: int
    ticks: int
    lots: int
    lots_left: int
    is_maker: bool


class PaperAnswer(NamedTuple):
    """What came of an incoming order."""

    fills: list[PaperFill]
    resting_lots: int
    killed_lots: int


@dataclass(slots=True)
class _Resting:
    number: int
    side: Side
    ticks: int
    lots_left: int
    queue_ahead: int

    @property
    def rank(self) -> int:
        """Sort key of price: the most generous first. Equal prices keep their order of arrival."""
        return -self.ticks * self.side.sign


class _RecordedSide:
    """One side of the recorded book, and what paper orders took of it."""

    def __init__(self, side: Side) -> None:
        self._is_bid = side is Side.BUY
        self.shown: dict[int, int] = {}
        self._taken: dict[int, int] = {}
        self._prices: list[int] = []

    def replace(self, levels: Iterable[tuple[int, int]]) -> None:
        """Set the whole side; what is taken of a level that did not change stays taken."""
        shown = {ticks: lots for ticks, lots in levels if lots > 0}
        self._taken = {t: n for t, n in self._taken.items() if shown.get(t) == self.shown.get(t)}
        self.shown = shown
        self._prices = sorted(shown)

    def set_level(self, ticks: int, lots: int) -> None:
        """Set a level's displayed quantity; zero removes it."""
        before = self.shown.get(ticks, 0)
        if lots == before:
            return
        self._taken.pop(ticks, None)
        if lots == 0:
            del self.shown[ticks]
            del self._prices[bisect_left(self._prices, ticks)]
            return
        if before == 0:
            insort(self._prices, ticks)
        self.shown[ticks] = lots

    def free_levels(self, limit: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield price and quantity not yet taken, best first, no worse than *limit*."""
        for ticks in reversed(self._prices) if self._is_bid else self._prices:
            if limit is not None and (ticks < limit if self._is_bid else ticks > limit):
                return
            free = self.shown[ticks] - self._taken.get(ticks, 0)
            if free > 0:
                yield ticks, free

    def take(self, lots: int, limit: int | None) -> list[tuple[int, int]]:
        """Take up to *lots*, best first, and return what was taken at which price."""
        parts: list[tuple[int, int]] = []
        for ticks, free in self.free_levels(limit):
            part = min(free, lots)
            parts.append((ticks, part))
            lots -= part
            if lots == 0:
                break
        for ticks, part in parts:
            self._taken[ticks] = self._taken.get(ticks, 0) + part
        return parts


class PaperBook:
    """The recorded book of one symbol with the paper orders that rest against it."""

    def __init__(self) -> None:
        self._recorded = {side: _RecordedSide(side) for side in Side}
        # Most generous price first, then order of arrival: price-time priority.
        self._resting: list[_Resting] = []

    @property
    def has_market(self) -> bool:
        """Return whether anything at all is displayed."""
        return any(side.shown for side in self._recorded.values())

    def depth(self, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return the bids and asks that a paper order could take, best first."""
        bids, asks = (self._recorded[side].free_levels() for side in (Side.BUY, Side.SELL))
        return (
            [level for level, _ in zip(bids, range(levels), strict=False)],
            [level for level, _ in zip(asks, range(levels), strict=False)],
        )

    def replace(
        self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]
    ) -> list[PaperFill]:
        """Set the book to a recorded snapshot and return the fills of orders it crosses."""
        self._recorded[Side.BUY].replace(bids)
        self._recorded[Side.SELL].replace(asks)
        return self._cross()

    def update(
        self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]
    ) -> list[PaperFill]:
        """Set levels to recorded quantities and return the fills of orders they cross."""
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            for ticks, lots in levels:
                self._recorded[side].set_level(ticks, lots)
        return self._cross()

    def printed(self, ticks: int, lots: int, aggressor: Side) -> list[PaperFill]:
        """Return the fills that a recorded trade gives to the orders it would have met."""
        fills: list[PaperFill] = []
        budget = lots
        reached = 0
        for order in [o for o in self._resting if o.side is not aggressor]:
            beyond = (order.ticks - ticks) * order.side.sign
            if beyond < 0:
                break
            if beyond > 0:
                part = min(order.lots_left, budget)
                budget -= part
            else:
                # What trades at the price passes the queue first, and then each of our
                # own orders in the order they joined.
                reach = budget - order.queue_ahead - reached
                order.queue_ahead = max(0, order.queue_ahead - budget)
                part = max(0, min(order.lots_left, reach))
                reached += part
            if part > 0:
                fills.append(self._fill(order, part))
        self._sweep()
        return fills

    def submit(
        self,
        *,
        number: int,
        side: Side,
        ord_type: OrdType,
        time_in_force: TimeInForce,
        ticks: int,
        lots: int,
    ) -> PaperAnswer:
        """Fill the order as far as the displayed quantity goes; rest or kill what is left.

        Args:
            number: the caller's unique id of the order.
            side: of the order.
            ord_type: a MARKET order has no limit and never rests.
            time_in_force: FOK fills whole or not at all, IOC never rests.
            ticks: the limit; not looked at for MARKET.
            lots: positive.
        """
        opposite = self._recorded[side.opposite]
        limit = None if ord_type is OrdType.MARKET else ticks
        if time_in_force is TimeInForce.FOK:
            reachable = sum(free for _, free in opposite.free_levels(limit))
            if reachable < lots:
                return PaperAnswer([], 0, lots)
        left = lots
        fills: list[PaperFill] = []
        for at, part in opposite.take(lots, limit):
            left -= part
            fills.append(PaperFill(number, at, part, left, is_maker=False))
        if left and ord_type is OrdType.LIMIT and time_in_force is TimeInForce.GTC:
            ahead = self._recorded[side].shown.get(ticks, 0)
            order = _Resting(number, side, ticks, left, ahead)
            insort(self._resting, order, key=lambda resting: resting.rank)
            return PaperAnswer(fills, left, 0)
        return PaperAnswer(fills, 0, left)

    def cancel(self, number: int) -> tuple[Side, int, int] | None:
        """Take the order out; return its side, limit and what was left, None if none rests."""
        for position, order in enumerate(self._resting):
            if order.number == number:
                del self._resting[position]
                return order.side, order.ticks, order.lots_left
        return None

    def _cross(self) -> list[PaperFill]:
        fills: list[PaperFill] = []
        for order in self._resting:
            parts = self._recorded[order.side.opposite].take(order.lots_left, order.ticks)
            taken = sum(part for _, part in parts)
            if taken:
                # At its own limit, although the recording might have been kinder.
                fills.append(self._fill(order, taken))
        self._sweep()
        return fills

    def _fill(self, order: _Resting, lots: int) -> PaperFill:
        order.lots_left -= lots
        return PaperFill(order.number, order.ticks, lots, order.lots_left, is_maker=True)

    def _sweep(self) -> None:
        if any(order.lots_left == 0 for order in self._resting):
            self._resting = [order for order in self._resting if order.lots_left]
