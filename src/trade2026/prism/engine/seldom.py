"""What is seldom, compiled apart from what is frequent, which calls it by its address.

A book's header holds the address, for this process. Apart, the two compile side by side at a
first start, and the frequent part is compiled into every entry without the larger rest.
"""

from trade2026.prism.engine.changes import end, reduce, refuse, replace
from trade2026.prism.engine.checks import why_not
from trade2026.prism.engine.compiled import address_of, rare_kernel
from trade2026.prism.engine.kernels import enter, kill
from trade2026.prism.engine.layout import Block, Record, block_of, out_of_line
from trade2026.prism.engine.memory import BOOK, MESSAGES, head_of
from trade2026.prism.engine.phases import expire, set_band, set_clock, set_phase
from trade2026.prism.engine.stops import activate_reached, wait
from trade2026.prism.engine.tape import TAPE
from trade2026.prism.engine.timers import set_timer
from trade2026.prism.engine.words import (
    CANCEL,
    CLOCK,
    EXPIRY,
    GTD,
    INVALID,
    LIMIT,
    MARKET,
    MESSAGE_OF_ANY_KIND,
    NO_REASON,
    PLACE,
    REDUCE,
    REPLACE,
    SET_BAND,
    SET_PHASE,
    STOP_LIMIT,
)


def seldom(book: Record, tape: Record, message: Record, what: int) -> int:
    """Handle any message, end what has expired, or activate stops, as *what* says; return 0."""
    if what == EXPIRY:
        expire(book, tape)
    elif what != MESSAGE_OF_ANY_KIND:
        activate_reached(book, tape)
    elif message.action == PLACE:
        place(book, tape, message)
    else:
        change(book, tape, message, message.action)
    return 0


def seldom_address() -> int:
    """Return the machine address of `seldom`, compiled now or loaded."""
    return address_of(seldom, (BOOK.kind, TAPE.kind, MESSAGES.kind))


def attach(book: Block) -> None:
    """Tell a book where `seldom` is in this process."""
    head_of(book)["seldom_at"] = seldom_address()


def bytes_of(book: Block) -> bytes:
    """Return a copy of a book's memory without what is of this process only."""
    copy = book.copy()
    head_of(copy)["seldom_at"] = 0
    return copy.tobytes()


def book_of_bytes(data: bytes) -> Block:
    """Return the book that `bytes_of` copied, ready to go on."""
    book = block_of(data)
    attach(book)
    return book


@rare_kernel
def place(book: Record, tape: Record, message: Record) -> None:
    """Take any order in: match it, let it rest or wait, or say why not."""
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


@rare_kernel
def change(book: Record, tape: Record, message: Record, action: int) -> None:
    """Do what is asked but to take an order in."""
    out_of_line()
    if action == CANCEL:
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
