"""What a book does with a message, compiled; the door of all other kernels."""

from trade2026.prism.engine.changes import end, reduce, refuse, replace
from trade2026.prism.engine.compiled import entry, kernel
from trade2026.prism.engine.kernels import enter, kill, why_not
from trade2026.prism.engine.layout import Layout, Record
from trade2026.prism.engine.memory import book_of, has_room
from trade2026.prism.engine.message import MESSAGE
from trade2026.prism.engine.phases import set_band, set_clock, set_phase
from trade2026.prism.engine.stops import expiry_for, set_off, wait
from trade2026.prism.engine.tape import tape_of
from trade2026.prism.engine.timers import set_timer
from trade2026.prism.engine.words import (
    CANCEL,
    CLOCK,
    INVALID,
    LIMIT,
    MARKET,
    NO_REASON,
    PLACE,
    REDUCE,
    REPLACE,
    SET_BAND,
    SET_PHASE,
    STOP_LIMIT,
)

MESSAGES = Layout.of_dtype("message", MESSAGE)
MESSAGE_SIZE = MESSAGES.size
message_of = MESSAGES.of


@kernel
def place(book: Record, tape: Record, message: Record) -> None:
    """Take an order in: match it, let it rest or wait, or say why not."""
    reason = why_not(book, message)
    kind = message.kind
    has_limit = kind in (LIMIT, STOP_LIMIT)
    number, owner, side = message.number, message.owner, message.side
    ticks = message.ticks if has_limit else 0
    if reason != NO_REASON:
        kill(book, tape, number, owner, side, ticks, message.lots, reason)
    elif kind > MARKET:
        wait(book, tape, message)
    else:
        expires = expiry_for(message)
        if expires:
            set_timer(book, expires, number)
        enter(
            book,
            tape,
            number,
            owner,
            side,
            kind,
            message.force,
            ticks,
            message.lots,
            message.display,
            expires,
            message.stp,
            message.flags,
        )


@kernel
def handle(book: Record, tape: Record, message: Record) -> None:
    """Do what *message* asks, and what follows of it."""
    action = message.action
    if action == PLACE:
        place(book, tape, message)
    elif action == CANCEL:
        end(book, tape, message.number, NO_REASON)
    elif action == REDUCE:
        reduce(book, tape, message.number, message.lots)
    elif action == REPLACE:
        replace(book, tape, message)
    elif action == SET_PHASE:
        set_phase(book, tape, message.number, message.ticks)
    elif action == SET_BAND:
        set_band(book, tape, message.number, message.ticks, message.trigger)
    elif action == CLOCK:
        set_clock(book, tape, message.time_ns)
    else:
        refuse(book, tape, message.number, INVALID)
    set_off(book, tape)


@entry
def process(book: int, tape: int, messages: int, start: int, end_row: int) -> int:
    """Handle rows *start* to *end_row* of messages; return where room ran out.

    Args:
        book: address of a book's block.
        tape: address of a tape.
        messages: address of `MESSAGE` records.
        start: the first row.
        end_row: the row after the last.
    """
    its_book, its_tape = book_of(book), tape_of(tape)
    for row in range(start, end_row):
        if not has_room(its_book, its_tape):
            return row
        handle(its_book, its_tape, message_of(messages + row * MESSAGE_SIZE))
    return end_row


@entry
def tell_time(book: int, tape: int, now: int) -> bool:
    """Let it be *now* on a book; return False, and do nothing, where the tape has no room."""
    its_book, its_tape = book_of(book), tape_of(tape)
    if not has_room(its_book, its_tape):
        return False
    set_clock(its_book, its_tape, now)
    return True
