"""A tape gives back what was written on it, in the shape that leaves the engine."""

from typing import Any, Final

import numpy as np

from trade2026.prism.engine import memory, tape
from trade2026.prism.engine.compiled import entry
from trade2026.prism.engine.event import MARKET_EVENT, EventKind, EventReason
from trade2026.prism.engine.layout import Block
from trade2026.prism.engine.memory import book_of
from trade2026.prism.engine.message import MAX_TICKS, SELL
from trade2026.prism.engine.tape import new_tape, read_tape, say, tape_of

SYMBOL: Final = 3


@entry
def write(  # noqa: PLR0917 - Kernels are called by position.
    book: int, said: int, kind: int, side: int, ticks: int, lots: int, reason: int
) -> None:
    say(book_of(book), tape_of(said), kind, side, ticks, lots, reason, 8, -9, 10)


class Desk:
    """A book of symbol 3 and a tape to write on."""

    def __init__(self, capacity: int = 8) -> None:
        self.book = memory.new_book(SYMBOL, 128)
        self.tape: Block = new_tape(capacity)
        self.seqs = np.zeros(SYMBOL + 1, np.int64)

    def say(self, now: int, kind: EventKind, *, ticks: int = 500, lots: int = 7) -> None:
        memory.head_of(self.book)["now"] = now
        addresses = (self.book.ctypes.data, self.tape.ctypes.data)
        write(*addresses, kind, SELL, ticks, lots, EventReason.REPLACED)

    def read(self) -> np.ndarray[Any, Any]:
        return read_tape(self.tape, self.seqs)


def test_reading_empties_the_tape_and_goes_on_counting() -> None:
    desk = Desk()
    desk.say(5, EventKind.ADDED)
    desk.say(5, EventKind.REMOVED)

    first, none = desk.read(), desk.read()
    desk.say(6, EventKind.ADDED)
    later = desk.read()

    assert first.dtype == none.dtype == MARKET_EVENT
    assert (first["seq"].tolist(), len(none), later["seq"].tolist()) == ([1, 2], 0, [3])
    assert first["kind"].tolist() == [EventKind.ADDED, EventKind.REMOVED]


def test_time_holds_until_another_comes_also_from_one_reading_to_the_next() -> None:
    desk = Desk()
    times = [0, 0, 5, 5, 9]

    for now in times:
        desk.say(now, EventKind.ADDED)
    first = desk.read()
    desk.say(9, EventKind.ADDED)
    second = desk.read()
    desk.say(11, EventKind.ADDED)

    assert first["time_ns"].tolist() == times
    assert (second["time_ns"].tolist(), desk.read()["time_ns"].tolist()) == ([9], [11])


def test_an_events_values_share_a_word_without_loss() -> None:
    desk = Desk()
    desk.say(2**62, EventKind.CHANGED, ticks=MAX_TICKS, lots=2**40)

    (event,) = desk.read()

    assert (event["ticks"], event["lots"], event["maker_lots_left"]) == (MAX_TICKS, 2**40, 2**40)
    assert (event["side"], event["reason"], event["symbol"]) == (SELL, EventReason.REPLACED, SYMBOL)
    assert (event["level_lots"], event["maker_number"], event["maker_owner"]) == (8, -9, 10)
    assert (event["time_ns"], event["taker_number"], event["taker_lots_left"]) == (2**62, 0, 0)


def test_a_word_holds_every_kind_and_reason() -> None:
    assert max(EventKind) < tape.TIME
    assert max(EventReason) < 16


def test_a_grown_tape_keeps_its_events() -> None:
    small, grown = Desk(2), Desk(2)
    for desk in (small, grown):
        desk.say(7, EventKind.ADDED)

    grown.tape = tape.grown_tape(grown.tape)

    assert tape.head_of(grown.tape)["capacity"] == 4
    grown.say(7, EventKind.REMOVED)
    assert grown.read()[:1].tolist() == small.read().tolist()
