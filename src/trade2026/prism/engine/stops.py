"""Stops, compiled: orders that wait for the last price, in the order they came in."""

from trade2026.prism.engine.checks import is_out_of_band
from trade2026.prism.engine.compiled import call_at, kernel, rare_kernel
from trade2026.prism.engine.index import enter_number, forget
from trade2026.prism.engine.kernels import (
    enter,
    kill,
)
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.memory import message_of, stop_at
from trade2026.prism.engine.tape import say_once
from trade2026.prism.engine.timers import set_timer
from trade2026.prism.engine.words import (
    CONTINUOUS,
    FOK,
    GTD,
    IOC,
    LIMIT,
    MARKET,
    MAX_TICKS,
    NO_REASON,
    OUT_OF_BAND,
    REMOVED,
    STOP_LIMIT,
    STOPS_REACHED,
    TRAILING_STOP,
    TRIGGERED,
    WAITING,
)


@kernel
def followed(side: int, trigger: int, offset: int, last: int) -> int:
    """Return a trailing stop's trigger after *last*: it moves in the good direction only."""
    if last == 0:
        return trigger
    fresh = last + side * offset
    if fresh < 1 or fresh > MAX_TICKS or (trigger and side * (fresh - trigger) >= 0):
        return trigger
    return fresh


@kernel
def is_reached(stop: Record, last: int) -> bool:
    """Return whether the last price has reached the trigger."""
    return stop.trigger > 0 and stop.side * (last - stop.trigger) >= 0


@kernel
def note_trigger(book: Record, stop: Record) -> None:
    """Keep the bounds within which no stop is reached."""
    if stop.trigger == 0:
        return
    if stop.side > 0:
        book.low_buy_trigger = min(book.low_buy_trigger, stop.trigger)
    else:
        book.high_sell_trigger = max(book.high_sell_trigger, stop.trigger)


@rare_kernel
def wait(book: Record, tape: Record, message: Record) -> None:
    """Let a stop that passed its checks wait."""
    out_of_line()
    slot = book.free_stop
    stop = stop_at(book, slot)
    book.free_stop = stop.after
    stop.number = message.number
    stop.owner = message.owner
    stop.side = message.side
    stop.kind = message.kind
    stop.force = message.force
    stop.stp = message.stp
    stop.flags = message.flags
    stop.ticks = message.ticks if message.kind == STOP_LIMIT else 0
    stop.lots = message.lots
    stop.display = message.display
    stop.timer = set_timer(book, message.time_ns, message.number) if message.force == GTD else 0
    aim(book, stop, message.trigger)
    append(book, slot)
    enter_number(book, stop.number, -slot)
    side, trigger, lots = stop.side, stop.trigger, stop.lots
    say_once(book, tape, WAITING, side, trigger, lots, NO_REASON, 0, stop.number, stop.owner)


@kernel
def later_parts(stop: Record) -> int:
    """Return in how many parts more than one a waiting stop would show itself."""
    return (stop.lots - 1) // stop.display if stop.display else 0


@kernel
def aim(book: Record, stop: Record, trigger: int) -> None:
    """Give a stop its trigger, or the offset at which it follows the last price."""
    stop.offset = 0
    stop.trigger = trigger
    if stop.kind == TRAILING_STOP:
        stop.offset = trigger
        stop.trigger = followed(stop.side, 0, trigger, book.last)
    note_trigger(book, stop)


@kernel
def append(book: Record, slot: int) -> None:
    """Let a stop wait behind all others."""
    stop = stop_at(book, slot)
    stop.before = book.last_stop
    stop.after = 0
    if book.last_stop:
        stop_at(book, book.last_stop).after = slot
    else:
        book.first_stop = slot
    book.last_stop = slot
    book.waiting += 1
    book.hidden_parts += later_parts(stop)
    book.trailing += 1 if stop.kind == TRAILING_STOP else 0


@rare_kernel
def leave(book: Record, slot: int) -> None:
    """Take a stop out of those that wait, and give its slot back."""
    out_of_line()
    stop = stop_at(book, slot)
    if stop.before:
        stop_at(book, stop.before).after = stop.after
    else:
        book.first_stop = stop.after
    if stop.after:
        stop_at(book, stop.after).before = stop.before
    else:
        book.last_stop = stop.before
    forget(book, stop.number, -slot)
    book.waiting -= 1
    book.hidden_parts -= later_parts(stop)
    book.trailing -= 1 if stop.kind == TRAILING_STOP else 0
    stop.after = book.free_stop
    book.free_stop = slot


@rare_kernel
def cancel_waiting(book: Record, tape: Record, slot: int, reason: int) -> None:
    """End a stop that waits."""
    out_of_line()
    stop = stop_at(book, slot)
    side, ticks, lots = stop.side, stop.ticks, stop.lots
    say_once(book, tape, REMOVED, side, ticks, lots, reason, 0, stop.number, stop.owner)
    leave(book, slot)


@kernel
def set_off(book: Record, tape: Record) -> None:
    """Activate every stop that the last price has reached, if there can be any."""
    last = book.last
    if (
        book.waiting
        and last
        and book.phase == CONTINUOUS
        and (book.trailing or last >= book.low_buy_trigger or last <= book.high_sell_trigger)
    ):
        call_at(book.seldom_at, book, tape, message_of(0), STOPS_REACHED)


@rare_kernel
def activate_reached(book: Record, tape: Record) -> None:
    """Activate the stop that has waited longest of those reached, until none is."""
    out_of_line()
    slot = first_reached(book)
    while slot:
        activate(book, tape, slot)
        slot = first_reached(book)


@rare_kernel
def first_reached(book: Record) -> int:
    """Let triggers follow the last price; return the slot of the first stop reached, or 0."""
    out_of_line()
    book.low_buy_trigger = MAX_TICKS + 1
    book.high_sell_trigger = -1
    found = 0
    slot = book.first_stop
    while slot:
        stop = stop_at(book, slot)
        if stop.kind == TRAILING_STOP:
            stop.trigger = followed(stop.side, stop.trigger, stop.offset, book.last)
        note_trigger(book, stop)
        if found == 0 and is_reached(stop, book.last):
            found = slot
        slot = stop.after
    return found


@rare_kernel
def activate(book: Record, tape: Record, slot: int) -> None:
    """Let a stop enter the book."""
    out_of_line()
    stop = stop_at(book, slot)
    number, owner, side, ticks = stop.number, stop.owner, stop.side, stop.ticks
    lots, display, timer = stop.lots, stop.display, stop.timer
    stp, flags, force = stop.stp, stop.flags, stop.force
    kind = LIMIT if stop.kind == STOP_LIMIT else MARKET
    if kind == MARKET and force != FOK:
        force = IOC
    say_once(book, tape, TRIGGERED, side, stop.trigger, lots, NO_REASON, 0, number, owner)
    leave(book, slot)
    if kind == LIMIT and is_out_of_band(book, ticks):
        kill(book, tape, number, owner, side, ticks, lots, OUT_OF_BAND)
        return
    enter(book, tape, number, owner, side, kind, force, ticks, lots, display, timer, stp, flags)
