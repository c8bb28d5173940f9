"""What a book does with a message, compiled; the door of all other kernels."""

from trade2026.prism.engine.changes import end, reduce, refuse, replace
from trade2026.prism.engine.checks import is_plain, why_not
from trade2026.prism.engine.compiled import entry, kernel, rare_kernel
from trade2026.prism.engine.kernels import (
    enter,
    enter_plainly,
    kill,
)
from trade2026.prism.engine.layout import Layout, Record, out_of_line, prefetch
from trade2026.prism.engine.memory import (
    ROOM,
    book_of,
    has_room,
    order_at,
    slot_at,
)
from trade2026.prism.engine.message import MESSAGE
from trade2026.prism.engine.phases import set_band, set_clock, set_phase
from trade2026.prism.engine.stops import set_off, wait
from trade2026.prism.engine.tape import tape_of
from trade2026.prism.engine.timers import set_timer
from trade2026.prism.engine.words import (
    CANCEL,
    CLOCK,
    GTD,
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
    if is_plain(book, message):
        enter_plainly(book, tape, message)
    else:
        place_specially(book, tape, message)


@rare_kernel
def place_specially(book: Record, tape: Record, message: Record) -> None:
    """Take any order in."""
    out_of_line()
    reason = why_not(book, message)
    kind = message.kind
    has_limit = kind in (LIMIT, STOP_LIMIT)
    number, owner, side = message.number, message.owner, message.side
    force, lots, stp, flags = message.force, message.lots, message.stp, message.flags
    ticks = message.ticks if has_limit else 0
    if reason != NO_REASON:
        kill(book, tape, number, owner, side, ticks, lots, reason)
    elif kind > MARKET:
        wait(book, tape, message)
    else:
        display = message.display
        timer = set_timer(book, message.time_ns, number) if force == GTD else 0
        enter(book, tape, number, owner, side, kind, force, ticks, lots, display, timer, stp, flags)


@kernel
def handle(book: Record, tape: Record, message: Record) -> None:
    """Do what *message* asks, and what follows of it."""
    action = message.action
    if action == PLACE:
        place(book, tape, message)
    elif action == CANCEL:
        end(book, tape, message.number, NO_REASON)
    else:
        change(book, tape, message, action)
    set_off(book, tape)


@rare_kernel
def change(book: Record, tape: Record, message: Record, action: int) -> None:
    """Do what is asked but to take an order in or out."""
    out_of_line()
    if action == REDUCE:
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


@kernel
def look_ahead(book: Record, messages: int, row: int, end_row: int) -> None:
    """Have fetched what the messages after *row* will need: half of the time is waiting else."""
    prefetch(message_of(messages + (row + 20) * MESSAGE_SIZE))
    if row + 8 < end_row:
        mask = book.index_count - 1
        later = message_of(messages + (row + 8) * MESSAGE_SIZE)
        prefetch(slot_at(book, later.number & mask))
        soon = message_of(messages + (row + 3) * MESSAGE_SIZE)
        slot = slot_at(book, soon.number & mask).at
        if slot > 0:
            prefetch(order_at(book, slot))


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
    vouched = start
    for row in range(start, end_row):
        if row == vouched:
            if not has_room(its_book, its_tape):
                return row
            vouched += ROOM
        look_ahead(its_book, messages, row, end_row)
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
