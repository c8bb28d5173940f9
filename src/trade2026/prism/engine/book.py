"""The compiled order book: one symbol, the events and the state of the reference, fast.

It owns the memory that the kernels work on and doubles it before it is full; nothing that
rests or was said is lost by that.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine import growth, memory, tape
from trade2026.prism.engine.layout import Block
from trade2026.prism.engine.message import BUY, MESSAGE, SELL, Action, new_message
from trade2026.prism.engine.process import process, tell_time
from trade2026.prism.engine.seldom import attach
from trade2026.prism.engine.views import depth_of, resting_of, waiting_of

FIRST_CAPACITY: Final = 1024
"""Orders a new book has room for; a power of two."""


class Book:
    """One symbol's book. Sides are +1 (buy) and -1 (sell); a `now` is the time in ns.

    The book's time is the latest it was told; an earlier `now` does not set it back.
    """

    def __init__(self, symbol: int = 0, capacity: int = FIRST_CAPACITY) -> None:
        self._memory = open_book(symbol, capacity)
        self._tape = tape.new_tape(32 * capacity)
        self._seqs = np.zeros(symbol + 1, np.int64)

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
        trigger: int = 0,
        display: int = 0,
        expires_ns: int = 0,
        stp: int = 0,
        flags: int = 0,
    ) -> None:
        """Take an order: match it and let its rest rest, or let a stop wait."""
        message = new_message(
            Action.PLACE,
            number=number,
            owner=owner,
            side=side,
            kind=kind,
            force=force,
            ticks=ticks,
            lots=lots,
            trigger=trigger,
            display=display,
            time_ns=expires_ns,
            stp=stp,
            flags=flags,
        )
        self.process(message, now=now)

    def cancel(self, *, now: int, number: int) -> None:
        """End a resting order or a waiting stop."""
        self._change(Action.CANCEL, now, number=number)

    def reduce(self, *, now: int, number: int, lots: int) -> None:
        """Take *lots* off an order, the hidden ones first; it keeps its place."""
        self._change(Action.REDUCE, now, number=number, lots=lots)

    def replace(
        self,
        *,
        now: int,
        number: int,
        ticks: int = 0,
        lots: int = 0,
        trigger: int = 0,
        stp: int = 0,
    ) -> None:
        """Give an order new values, each 0 where it stays as it is: `lots` is what is left."""
        self._change(
            Action.REPLACE, now, number=number, ticks=ticks, lots=lots, trigger=trigger, stp=stp
        )

    def phase(self, *, now: int, phase: int) -> None:
        """Begin another phase; what an auction gathered trades when it ends."""
        self._change(Action.PHASE, now, ticks=phase)

    def band(self, *, now: int, low: int, high: int) -> None:
        """Take orders only at prices from *low* to *high*; both 0: at any price."""
        self._change(Action.BAND, now, ticks=low, trigger=high)

    def process(self, messages: NDArray[np.void], *, now: int = 0) -> None:
        """Handle *messages*, `MESSAGE` records, in order, after it has become *now*."""
        rows = np.ascontiguousarray(messages, MESSAGE)
        while not tell_time(self._memory.ctypes.data, self._tape.ctypes.data, now):
            self._grow()
        done = 0
        while True:
            book, said = self._memory.ctypes.data, self._tape.ctypes.data
            done = process(book, said, rows.ctypes.data, done, len(rows))
            if done == len(rows):
                return
            self._grow()

    def take_events(self) -> NDArray[np.void]:
        """Return what happened since the last call, as `MARKET_EVENT` records in order."""
        return tape.read_tape(self._tape, self._seqs)

    def depth(self, side: int, levels: int) -> NDArray[np.int64]:
        """Return up to *levels* price levels, `(n, 2) int64`: ticks, lots shown; best first."""
        assert side in (BUY, SELL)
        return depth_of(self._memory, side, levels)

    def resting(self) -> NDArray[np.int64]:
        """Return all resting orders, `(n, 6) int64`, as `resting_of` does."""
        return resting_of(self._memory)

    def waiting(self) -> NDArray[np.int64]:
        """Return all waiting stops, `(n, 6) int64`, as `waiting_of` does."""
        return waiting_of(self._memory)

    def _change(self, action: Action, now: int, **fields: int) -> None:
        self.process(new_message(action, **fields), now=now)

    def _grow(self) -> None:
        self._memory, self._tape = with_room(self._memory, self._tape)


def open_book(symbol: int, capacity: int = FIRST_CAPACITY) -> Block:
    """Return the memory of an empty book that messages may go to."""
    book = memory.new_book(symbol, capacity)
    attach(book)
    return book


def with_room(book: Block, said: Block) -> tuple[Block, Block]:
    """Return book and tape, the one or the other of twice the room, or more, where it is short."""
    head, written = memory.head_of(book), tape.head_of(said)
    free = min(head["capacity"] - head["open"], head["stop_count"] - 1) - head["waiting"]
    if free < memory.ROOM:
        return growth.grown_book(book), said
    grown = tape.grown_tape(said)
    assert written["capacity"] < tape.head_of(grown)["capacity"]
    return book, grown
