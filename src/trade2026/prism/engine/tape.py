"""The tape: what kernels write down of what happens on a book, and how it is read.

A record of the tape is one line of the processor's cache, for writing down is a good part of
what matching costs. Price, side, kind, reason and symbol share a word; time is a record of its
own where it changed; of an event with one order only its columns are written; and events are
numbered when they are read. `read_tape` gives them as `MARKET_EVENT` records.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import kernel, rare_kernel
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

said_at = RECORDS.getter()
tape_of = TAPE.of

TIME: Final = 15
"""The kind of a record that only says what time it is, in `lots`."""
_KIND_BITS, _SIDE_BITS, _REASON_BITS, _SYMBOL_BITS = 4, 2, 4, 15
_SIDE_AT = _KIND_BITS
_REASON_AT = _SIDE_AT + _SIDE_BITS
_SYMBOL_AT = _REASON_AT + _REASON_BITS
_TICKS_AT = _SYMBOL_AT + _SYMBOL_BITS

_AS_SENT: Final = int(EventReason.INVALID)


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


def _among(*kinds: EventKind) -> NDArray[np.bool_]:
    return np.isin(np.arange(1 << _KIND_BITS), kinds)


_PAIRS: Final = _among(EventKind.TRADE, EventKind.DECREMENTED)
_OF_TAKER: Final = _among(EventKind.KILLED, EventKind.TRIGGERED, EventKind.REFUSED)
_ALL_LEFT: Final = _among(EventKind.ADDED, EventKind.CHANGED, EventKind.WAITING)
"""By kind: a look-up takes less than a search among a few kinds."""


def read_tape(tape: Block, seqs: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the events of *tape* as `MARKET_EVENT` records in order, and empty it.

    Args:
        tape: the tape.
        seqs: by symbol, the number of its last event so far; moves on.
    """
    head = head_of(tape)
    if head["count"] == 0:
        head["began"] = head["now"]
        return np.zeros(0, MARKET_EVENT)
    records = RECORDS.view(tape)[: head["count"]]
    word = records["word"]
    kind = word & ((1 << _KIND_BITS) - 1)
    is_event = kind != TIME
    times = np.where(is_event, 0, records["lots"])
    latest = np.maximum.accumulate(np.where(is_event, 0, np.arange(1, len(records) + 1)))
    now = np.concatenate([np.array([head["began"]]), times])[latest]
    head["began"], head["count"] = head["now"], 0
    said, word, kind = records[is_event], word[is_event], kind[is_event]
    events = np.zeros(len(said), MARKET_EVENT)
    events["time_ns"] = now[is_event]
    events["kind"] = kind
    events["side"] = ((word >> _SIDE_AT) & ((1 << _SIDE_BITS) - 1)) - 1
    events["reason"] = (word >> _REASON_AT) & ((1 << _REASON_BITS) - 1)
    symbol = (word >> _SYMBOL_AT) & ((1 << _SYMBOL_BITS) - 1)
    events["symbol"] = symbol
    events["ticks"] = word >> _TICKS_AT
    for name in ("lots", "level_lots"):
        events[name] = said[name]
    _fill_parties(events, said)
    _number(events, symbol, seqs)
    return events


def _fill_parties(events: NDArray[np.void], said: NDArray[np.void]) -> None:
    kind = events["kind"]
    is_pair, is_taker = _PAIRS[kind], _OF_TAKER[kind]
    events["maker_number"] = np.where(is_taker, 0, said["number"])
    events["maker_owner"] = np.where(is_taker, 0, said["owner"])
    events["taker_number"] = np.where(is_taker, said["number"], 0)
    events["taker_owner"] = np.where(is_taker, said["owner"], 0)
    events["maker_lots_left"] = np.where(_ALL_LEFT[kind], said["lots"], 0)
    events["taker_lots_left"] = np.where(kind == EventKind.TRIGGERED, said["lots"], 0)
    for name, part in (("taker_number", "taker_number"), ("taker_owner", "taker_owner")):
        events[name][is_pair] = said[part][is_pair]
    events["taker_lots_left"][is_pair] = said["taker_left"][is_pair]
    has_left = is_pair | (kind == EventKind.REFRESHED)
    events["maker_lots_left"][has_left] = said["left"][has_left]
    # What was sent wrong is told as it was sent, which a word may be too small for.
    as_sent = (kind == EventKind.KILLED) & (events["reason"] == _AS_SENT)
    events["ticks"][as_sent] = said["left"][as_sent]
    events["side"][as_sent] = said["taker_owner"][as_sent]


def _number(events: NDArray[np.void], symbol: NDArray[np.int64], seqs: NDArray[np.int64]) -> None:
    for each in np.unique(symbol).tolist():
        of_it = np.flatnonzero(symbol == each)
        events["seq"][of_it] = seqs[each] + 1 + np.arange(len(of_it))
        seqs[each] += len(of_it)
