"""The tape: what kernels write down of what happens on a book, and how it is read.

A record of the tape is one line of the processor's cache, for writing down is a good part of
what matching costs. Price, side, kind, reason and symbol share a word; time is a record of its
own where it changed; of an event with one order only its columns are written; and events are
numbered when they are read. `read_tape` gives them as `MARKET_EVENT` records.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import Cells, entry, kernel, rare_kernel
from trade2026.prism.engine.event import MARKET_EVENT, EventKind, EventReason
from trade2026.prism.engine.layout import (
    LINE,
    Block,
    Layout,
    Record,
    Table,
    new_block,
    out_of_line,
)

TAPE: Final = Layout(
    "tape",
    {
        "capacity": "i8",
        "count": "i8",
        "now": "i8",  # the time of what comes next
        "began": "i8",  # the time of the first record
    },
    size=LINE,
)
SAID: Final = Layout(
    "said",
    {
        "word": "i8",  # ticks, symbol, reason, side + 1, kind: see `word_of`
        "lots": "i8",
        "number": "i8",  # of the maker, or of the only order
        "level_lots": "i8",
        "left": "i8",  # of the maker
        "taker_number": "i8",
        "taker_left": "i8",
        "owner": "i4",
        "taker_owner": "i4",
    },
    size=LINE,
)
RECORDS: Final = Table("tape", SAID, header=TAPE, at=LINE, count="capacity")

EVENTS: Final = Layout.of_dtype("event", MARKET_EVENT)
EVENT_SIZE: Final = EVENTS.size

said_at = RECORDS.getter()
tape_of = TAPE.of
event_of = EVENTS.of

TIME: Final = 15
"""The kind of a record that only says what time it is, in `lots`."""
_KIND_BITS, _SIDE_BITS, _REASON_BITS, _SYMBOL_BITS = 4, 2, 4, 15
_SIDE_AT = _KIND_BITS
_REASON_AT = _SIDE_AT + _SIDE_BITS
_SYMBOL_AT = _REASON_AT + _REASON_BITS
_TICKS_AT = _SYMBOL_AT + _SYMBOL_BITS

_AS_SENT: Final = int(EventReason.INVALID)
KILLED, TRIGGERED = int(EventKind.KILLED), int(EventKind.TRIGGERED)
REFRESHED = int(EventKind.REFRESHED)
_PAIRS: Final = (int(EventKind.TRADE), int(EventKind.DECREMENTED))
_OF_TAKER: Final = (KILLED, TRIGGERED, int(EventKind.REFUSED))
_ALL_LEFT: Final = (int(EventKind.ADDED), int(EventKind.CHANGED), int(EventKind.WAITING))


def new_tape(capacity: int) -> Block:
    """Return an empty tape for *capacity* records."""
    tape = new_block(LINE + capacity * SAID.size)
    head_of(tape)["capacity"] = capacity
    return tape


def grown_tape(tape: Block) -> Block:
    """Return a tape of twice the room with the same records."""
    head = head_of(tape)
    grown = new_tape(2 * int(head["capacity"]))
    for field in ("count", "now", "began"):
        head_of(grown)[field] = head[field]
    RECORDS.view(grown)[: head["count"]] = RECORDS.view(tape)[: head["count"]]
    return grown


def head_of(tape: Block) -> Any:
    """Return the tape's header, sharing its memory."""
    return tape[: TAPE.size].view(TAPE.dtype)[0]


@kernel
def kind_of(said: Record) -> int:
    """Return the `EventKind` of a record, or `TIME`."""
    return said.word & ((1 << _KIND_BITS) - 1)


@kernel
def side_of(said: Record) -> int:
    """Return the side of a record: of a trade the taker's."""
    return ((said.word >> _SIDE_AT) & ((1 << _SIDE_BITS) - 1)) - 1


@kernel
def ticks_of(said: Record) -> int:
    """Return the price of a record in ticks."""
    return said.word >> _TICKS_AT


@kernel
def word_of(book: Record, kind: int, side: int, ticks: int, reason: int) -> int:
    """Return what the word of a record says."""
    small = kind | ((side + 1) << _SIDE_AT) | (reason << _REASON_AT)
    return small | (book.symbol << _SYMBOL_AT) | (ticks << _TICKS_AT)


@kernel
def new_record(book: Record, tape: Record) -> Record:
    """Return the next record of the tape, to be filled."""
    if tape.now != book.now:
        tell_time(book, tape)
    row = tape.count
    tape.count = row + 1
    return said_at(tape, row)


@rare_kernel
def tell_time(book: Record, tape: Record) -> None:
    """Write down what time it is from here on."""
    out_of_line()
    tape.now = book.now
    said = said_at(tape, tape.count)
    tape.count += 1
    said.word = TIME
    said.lots = book.now


@kernel
def say(
    book: Record,
    tape: Record,
    kind: int,
    side: int,
    ticks: int,
    lots: int,
    reason: int,
    level_lots: int,
    number: int,
    owner: int,
) -> Record:
    """Write down an event of one order, or the maker's part of one of two; return it."""
    said = new_record(book, tape)
    said.word = word_of(book, kind, side, ticks, reason)
    said.lots = lots
    said.level_lots = level_lots
    said.number = number
    said.owner = owner
    return said


@rare_kernel
def say_once(
    book: Record,
    tape: Record,
    kind: int,
    side: int,
    ticks: int,
    lots: int,
    reason: int,
    level_lots: int,
    number: int,
    owner: int,
) -> Record:
    """Do what `say` does, where it is seldom."""
    out_of_line()
    return say(book, tape, kind, side, ticks, lots, reason, level_lots, number, owner)


@kernel
def symbol_of(said: Record) -> int:
    """Return the symbol of a record."""
    return (said.word >> _SYMBOL_AT) & ((1 << _SYMBOL_BITS) - 1)


@kernel
def reason_of(said: Record) -> int:
    """Return the `EventReason` of a record."""
    return (said.word >> _REASON_AT) & ((1 << _REASON_BITS) - 1)


@kernel
def tell_parties(said: Record, event: Record, kind: int) -> None:
    """Write down whose orders it was about and what is left of them; all was 0."""
    if kind in _OF_TAKER:
        event.taker_number = said.number
        event.taker_owner = said.owner
    else:
        event.maker_number = said.number
        event.maker_owner = said.owner
    if kind in _PAIRS:
        event.taker_number = said.taker_number
        event.taker_owner = said.taker_owner
        event.taker_lots_left = said.taker_left
        event.maker_lots_left = said.left
    elif kind == REFRESHED:
        event.maker_lots_left = said.left
    elif kind in _ALL_LEFT:
        event.maker_lots_left = said.lots
    elif kind == TRIGGERED:
        event.taker_lots_left = said.lots


@entry
def unroll(at: int, events: int, seqs: Cells) -> int:
    """Write what a tape has as `MARKET_EVENT` records, return how many, and empty it.

    Args:
        at: address of the tape.
        events: address of zeros with room for as many records as the tape has.
        seqs: by symbol, the number of its last event so far; moves on.
    """
    tape = tape_of(at)
    now, count = tape.began, 0
    for row in range(tape.count):
        said = said_at(tape, row)
        kind = kind_of(said)
        if kind == TIME:
            now = said.lots
            continue
        event = event_of(events + count * EVENT_SIZE)
        count += 1
        symbol = symbol_of(said)
        seqs[symbol] += 1
        event.seq = seqs[symbol]
        event.time_ns = now
        event.kind = kind
        event.side = side_of(said)
        event.reason = reason_of(said)
        event.symbol = symbol
        event.ticks = ticks_of(said)
        event.lots = said.lots
        event.level_lots = said.level_lots
        tell_parties(said, event, kind)
        if kind == KILLED and reason_of(said) == _AS_SENT:
            # What was sent wrong is told as it was sent, which a word may be too small for.
            event.ticks = said.left
            event.side = said.taker_owner
    tape.began = tape.now
    tape.count = 0
    return count


def read_tape(tape: Block, seqs: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the events of *tape* as `MARKET_EVENT` records in order, and empty it.

    Args:
        tape: the tape.
        seqs: by symbol, the number of its last event so far; moves on.
    """
    events = np.zeros(int(head_of(tape)["count"]), MARKET_EVENT)
    return events[: unroll(tape.ctypes.data, events.ctypes.data, seqs)]
