"""What a book does with a message, compiled; the door of all other kernels."""

from trade2026.prism.engine.checks import is_plain
from trade2026.prism.engine.compiled import call_at, entry, kernel
from trade2026.prism.engine.index import find
from trade2026.prism.engine.kernels import cancel_resting, enter_plainly
from trade2026.prism.engine.layout import Record, prefetch
from trade2026.prism.engine.memory import (
    MESSAGES,
    ROOM,
    book_of,
    has_room,
    message_of,
    order_at,
    slot_at,
)
from trade2026.prism.engine.phases import set_clock
from trade2026.prism.engine.stops import set_off
from trade2026.prism.engine.tape import tape_of
from trade2026.prism.engine.words import (
    CANCEL,
    MESSAGE_OF_ANY_KIND,
    NO_REASON,
    PLACE,
)

MESSAGE_SIZE = MESSAGES.size


@kernel
def handle(book: Record, tape: Record, message: Record) -> None:
    """Do what *message* asks, and what follows of it."""
    action = message.action
    slot = find(book, message.number) if action == CANCEL else 0
    if slot > 0:
        cancel_resting(book, tape, slot, NO_REASON)
    elif action == PLACE and is_plain(book, message):
        enter_plainly(book, tape, message)
    else:
        call_at(book.seldom_at, book, tape, message, MESSAGE_OF_ANY_KIND)
    set_off(book, tape)


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
