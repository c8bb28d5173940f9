"""The tape: where kernels write what happens on a book, one record an event."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.event import MARKET_EVENT
from trade2026.prism.engine.layout import LINE, Block, Layout, Record, Table, new_block

TAPE: Final = Layout("tape", {"capacity": "i8", "count": "i8"}, size=LINE)
EVENT: Final = Layout.of_dtype("event", MARKET_EVENT)
EVENTS: Final = Table("events", EVENT, header=TAPE, at=LINE, count="capacity")

event_at = EVENTS.getter()
tape_of = TAPE.of


def new_tape(capacity: int) -> Block:
    """Return an empty tape for *capacity* events."""
    tape = new_block(LINE + capacity * EVENT.size)
    head_of(tape)["capacity"] = capacity
    return tape


def grown_tape(tape: Block) -> Block:
    """Return a tape of twice the room with the same events."""
    head = head_of(tape)
    grown = new_tape(2 * int(head["capacity"]))
    head_of(grown)["count"] = head["count"]
    EVENTS.view(grown)[: head["count"]] = EVENTS.view(tape)[: head["count"]]
    return grown


def head_of(tape: Block) -> NDArray[np.void]:
    """Return the tape's header, sharing its memory."""
    return tape[: TAPE.size].view(TAPE.dtype)[0]


def take_events(tape: Block) -> NDArray[np.void]:
    """Return the events of *tape* as `MARKET_EVENT` records in order, and empty it."""
    head = head_of(tape)
    events = EVENTS.view(tape)[: head["count"]].copy()
    head["count"] = 0
    return events


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
) -> Record:
    """Write an event without its parties, which must follow; return it."""
    row = tape.count
    tape.count = row + 1
    event = event_at(tape, row)
    seq = book.seq + 1
    book.seq = seq
    event.seq = seq
    event.time_ns = book.now
    event.symbol = book.symbol
    event.kind = kind
    event.side = side
    event.ticks = ticks
    event.lots = lots
    event.reason = reason
    event.level_lots = level_lots
    return event


@kernel
def say_maker(event: Record, number: int, owner: int, left: int) -> None:
    """Fill the maker's columns of an event."""
    event.maker_number = number
    event.maker_owner = owner
    event.maker_lots_left = left


@kernel
def say_taker(event: Record, number: int, owner: int, left: int) -> None:
    """Fill the taker's columns of an event."""
    event.taker_number = number
    event.taker_owner = owner
    event.taker_lots_left = left
