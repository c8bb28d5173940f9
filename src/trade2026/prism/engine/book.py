"""The compiled order book: one symbol, the events and the state of the reference, fast.

It owns the memory the kernels work on and doubles it before it is full; nothing that rests
or was said is lost by that.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine import kernels, memory
from trade2026.prism.engine.compiled import Cells, Words, kernel
from trade2026.prism.engine.event import grown_tape, new_tape, take_events
from trade2026.prism.engine.memory import (
    CAPACITY,
    HEADER,
    LAST_AGENT_NUMBER,
    LAST_SEQ,
    LEVEL_HEAD,
    LEVEL_TICKS,
    LEVEL_TOTAL,
    LEVELS,
    NEXT,
    NUMBER,
    OPEN,
    ORDER_LOTS,
    ORDER_SIDE,
    OWNER,
    WIDTH,
)
from trade2026.prism.engine.message import BUY, SELL, Action

FIRST_CAPACITY: Final = 1024
"""Orders a new book has room for; a power of two."""


def new_memory(symbol: int, capacity: int = FIRST_CAPACITY) -> Words:
    """Return the memory of an empty book for *capacity* orders, a power of two."""
    assert capacity >= 2 * memory.ROOM
    assert capacity & (capacity - 1) == 0
    book = np.zeros(HEADER + WIDTH * capacity, np.int64)
    memory.prepare(book, capacity, symbol)
    return book


def grown_memory(book: Words, symbol: int) -> Words:
    """Return memory of twice the room with the same orders in the same order."""
    grown = new_memory(symbol, 2 * int(book[CAPACITY]))
    copy_orders(book, grown)
    return grown


@kernel
def copy_orders(book: Cells, empty: Cells) -> None:
    """Let every order of *book* rest on *empty*, and continue its counts there."""
    empty[LAST_SEQ] = book[LAST_SEQ]
    empty[LAST_AGENT_NUMBER] = book[LAST_AGENT_NUMBER]
    for side in (1, -1):
        base = memory.ladder(book, side)
        for i in range(base, base + book[LEVELS + side]):
            order = book[book[i] + LEVEL_HEAD]
            while order:
                memory.rest(
                    empty,
                    book[order + NUMBER],
                    book[order + OWNER],
                    side,
                    book[book[i] + LEVEL_TICKS],
                    book[order + ORDER_LOTS],
                )
                order = book[order + NEXT]


@kernel
def copy_depth(book: Cells, side: int, levels: Cells) -> int:
    """Fill *levels*, `(n, 2)`: ticks and lots, best first; return how many there are."""
    last = memory.ladder(book, side) + book[LEVELS + side] - 1
    count = min(len(levels), book[LEVELS + side])
    for i in range(count):
        levels[i, 0] = book[book[last - i] + LEVEL_TICKS]
        levels[i, 1] = book[book[last - i] + LEVEL_TOTAL]
    return count


@kernel
def copy_resting(book: Cells, orders: Cells) -> None:
    """Fill *orders*, `(open, 5)`: number, owner, side, ticks, lots, as they would trade."""
    row = 0
    for side in (1, -1):
        base = memory.ladder(book, side)
        for i in range(base + book[LEVELS + side] - 1, base - 1, -1):
            order = book[book[i] + LEVEL_HEAD]
            while order:
                orders[row, 0] = book[order + NUMBER]
                orders[row, 1] = book[order + OWNER]
                orders[row, 2] = book[order + ORDER_SIDE]
                orders[row, 3] = book[book[i] + LEVEL_TICKS]
                orders[row, 4] = book[order + ORDER_LOTS]
                order = book[order + NEXT]
                row += 1


def depth_of(book: Words, side: int, levels: int) -> Words:
    """Return up to *levels* price levels, `(n, 2) int64`: ticks and lots, best first."""
    rows = np.empty((min(levels, int(book[LEVELS + side])), 2), np.int64)
    return rows[: copy_depth(book, side, rows)]


def resting_of(book: Words) -> Words:
    """Return all resting orders, `(n, 5) int64`: number, owner, side, ticks, lots.

    Buys before sells; within a side in the order in which they would trade.
    """
    orders = np.empty((int(book[OPEN]), 5), np.int64)
    copy_resting(book, orders)
    return orders


class Book:
    """One symbol's book. Sides are +1 (buy) and -1 (sell); `now` is any time in ns."""

    def __init__(self, symbol: int = 0, capacity: int = FIRST_CAPACITY) -> None:
        self._symbol = symbol
        self._memory = new_memory(symbol, capacity)
        self._tape = new_tape(4 * capacity)

    def place(
        self,
        *,
        now: int,
        number: int,
        owner: int,
        side: int,
        kind: int,
        force: int,
        ticks: int,
        lots: int,
    ) -> None:
        """Match an order, and let what is left of it rest if it may."""
        row = (Action.PLACE, number, owner, side, kind, force, ticks, lots)
        self.process(np.array([row], np.int64), now=now)

    def cancel(self, *, now: int, number: int) -> None:
        """Take a resting order off the book."""
        row = (Action.CANCEL, number, 0, 0, 0, 0, 0, 0)
        self.process(np.array([row], np.int64), now=now)

    def process(self, messages: Words, *, now: int = 0) -> None:
        """Handle the rows of *messages* (`message.py`) in order."""
        done = 0
        while done < len(messages):
            self._make_room()
            book, tape = self._memory, self._tape
            done = kernels.replay(book, tape, messages, done, len(messages), now)

    def take_events(self) -> NDArray[np.void]:
        """Return what happened since the last call, as `MARKET_EVENT` records in order."""
        return take_events(self._tape)

    def depth(self, side: int, levels: int) -> Words:
        """Return up to *levels* price levels, `(n, 2) int64`: ticks and lots, best first."""
        assert side in (BUY, SELL)
        return depth_of(self._memory, side, levels)

    def resting(self) -> Words:
        """Return all resting orders, as `resting_of` does."""
        return resting_of(self._memory)

    def _make_room(self) -> None:
        while int(self._memory[CAPACITY] - self._memory[OPEN]) < memory.ROOM:
            self._memory = grown_memory(self._memory, self._symbol)
        while not memory.has_room(self._memory, self._tape):
            self._tape = grown_tape(self._tape)
