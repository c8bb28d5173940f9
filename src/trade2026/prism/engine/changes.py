"""Changes of an order, compiled: cancel, reduce, replace."""

from trade2026.prism.engine.checks import is_out_of_band
from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.index import find
from trade2026.prism.engine.kernels import (
    cancel_resting,
    enter,
    least_rank,
)
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.levels import level_of
from trade2026.prism.engine.memory import (
    order_at,
    side_at,
    stop_at,
    which,
)
from trade2026.prism.engine.queues import hidden_parts
from trade2026.prism.engine.stops import aim, cancel_waiting, later_parts
from trade2026.prism.engine.tape import say_once
from trade2026.prism.engine.words import (
    CHANGED,
    CLOSED,
    DECREMENT,
    HALTED,
    INVALID,
    LIMIT,
    MAX_LOTS,
    MAX_PARTS,
    MAX_TICKS,
    NO_REASON,
    OUT_OF_BAND,
    POST_ONLY,
    REFUSED,
    REPLACED,
    STOP_LIMIT,
    TRAILING_STOP,
    UNKNOWN_ORDER,
    WOULD_TRADE,
    WRONG_PHASE,
)


@rare_kernel
def refuse(book: Record, tape: Record, number: int, reason: int) -> None:
    """Say that a change was not done."""
    out_of_line()
    say_once(book, tape, REFUSED, 0, 0, 0, reason, 0, number, 0)


@kernel
def end(book: Record, tape: Record, number: int, reason: int) -> None:
    """Take what is left of an order or stop out; say so where there is none of that number."""
    slot = find(book, number)
    if slot > 0:
        cancel_resting(book, tape, slot, reason)
    elif slot < 0:
        cancel_waiting(book, tape, -slot, reason)
    else:
        refuse(book, tape, number, UNKNOWN_ORDER)


@rare_kernel
def reduce(book: Record, tape: Record, number: int, less: int) -> None:
    """Take *less* lots off an order, which keeps its place; what is left of none ends."""
    out_of_line()
    slot = find(book, number)
    if slot == 0:
        refuse(book, tape, number, UNKNOWN_ORDER)
    elif less <= 0:
        refuse(book, tape, number, INVALID)
    elif less >= lots_in(book, slot):
        end(book, tape, number, NO_REASON)
    elif slot > 0:
        shrink(book, tape, slot, less, NO_REASON)
    else:
        stop = stop_at(book, -slot)
        resize(book, stop, stop.lots - less)
        say_changed_stop(book, tape, stop, NO_REASON)


@kernel
def resize(book: Record, stop: Record, lots: int) -> None:
    """Give a waiting stop other lots."""
    book.hidden_parts -= later_parts(stop)
    stop.lots = lots
    book.hidden_parts += later_parts(stop)


@kernel
def lots_in(book: Record, slot: int) -> int:
    """Return what is left of the order or stop in *slot*."""
    if slot < 0:
        return stop_at(book, -slot).lots
    order = order_at(book, slot)
    return order.shown + order.hidden


@rare_kernel
def shrink(book: Record, tape: Record, slot: int, less: int, reason: int) -> None:
    """Take *less* lots, not all, off a resting order: hidden ones first."""
    out_of_line()
    order = order_at(book, slot)
    level = level_of(book, order.side, order.rank)
    book.hidden_parts -= hidden_parts(order)
    hidden = min(less, order.hidden)
    order.hidden -= hidden
    order.shown -= less - hidden
    level.hidden -= hidden
    level.shown -= less - hidden
    book.hidden_parts += hidden_parts(order)
    say_changed(book, tape, order, level.shown, reason)


@rare_kernel
def say_changed(book: Record, tape: Record, order: Record, level_lots: int, reason: int) -> None:
    """Say that a resting order changed and kept its place."""
    out_of_line()
    side, ticks, lots = order.side, order.side * order.rank, order.shown + order.hidden
    number, owner = order.number, order.owner
    say_once(book, tape, CHANGED, side, ticks, lots, reason, level_lots, number, owner)


@rare_kernel
def say_changed_stop(book: Record, tape: Record, stop: Record, reason: int) -> None:
    """Say that a waiting stop changed and kept its place."""
    out_of_line()
    side, ticks, lots = stop.side, stop.ticks, stop.lots
    say_once(book, tape, CHANGED, side, ticks, lots, reason, 0, stop.number, stop.owner)


@rare_kernel
def replace(book: Record, tape: Record, message: Record) -> None:
    """Change price, quantity or trigger of an order; only a smaller quantity keeps its place."""
    out_of_line()
    slot = find(book, message.number)
    reason = why_no_change(book, slot, message)
    if reason != NO_REASON:
        refuse(book, tape, message.number, reason)
    elif slot > 0:
        replace_resting(book, tape, slot, message)
    else:
        replace_waiting(book, tape, -slot, message)


@rare_kernel
def why_no_change(book: Record, slot: int, message: Record) -> int:
    """Return the reason why an order cannot be changed so, `NO_REASON` where it can."""
    out_of_line()
    if slot == 0:
        return UNKNOWN_ORDER
    lots, ticks, trigger = message.lots, message.ticks, message.trigger
    if not 0 <= lots <= MAX_LOTS or not 0 <= ticks <= MAX_TICKS or not 0 <= trigger <= MAX_TICKS:
        return INVALID
    if not 0 <= message.stp <= DECREMENT:
        return INVALID
    if slot > 0:
        has_limit, display = True, order_at(book, slot).display
        if trigger:
            return INVALID
    else:
        has_limit, display = stop_at(book, -slot).kind == STOP_LIMIT, stop_at(book, -slot).display
        if ticks and not has_limit:
            return INVALID
    if display and lots and (lots + display - 1) // display > MAX_PARTS:
        return INVALID
    return NO_REASON


@rare_kernel
def replace_resting(book: Record, tape: Record, slot: int, message: Record) -> None:
    """Change a resting order as far as its place allows, else let it enter again."""
    out_of_line()
    order = order_at(book, slot)
    side, was, left = order.side, order.side * order.rank, order.shown + order.hidden
    ticks = message.ticks or was
    lots = message.lots or left
    if ticks == was and lots < left:
        shrink(book, tape, slot, left - lots, REPLACED)
        return
    if ticks == was and lots == left:
        say_changed(book, tape, order, level_of(book, side, order.rank).shown, REPLACED)
        return
    number, owner, force, flags = order.number, order.owner, order.force, order.flags
    display, timer = order.display, order.timer
    least = least_rank(book, side, LIMIT, ticks)
    reason = NO_REASON
    if is_out_of_band(book, ticks):
        reason = OUT_OF_BAND
    elif book.phase in (HALTED, CLOSED):
        reason = WRONG_PHASE
    elif flags & POST_ONLY and side_at(book, which(-side)).best >= least:
        reason = WOULD_TRADE
    if reason != NO_REASON:
        refuse(book, tape, number, reason)
        return
    cancel_resting(book, tape, slot, REPLACED)
    stp = message.stp
    enter(book, tape, number, owner, side, LIMIT, force, ticks, lots, display, timer, stp, flags)


@rare_kernel
def replace_waiting(book: Record, tape: Record, slot: int, message: Record) -> None:
    """Change a waiting stop, which keeps its place."""
    out_of_line()
    stop = stop_at(book, slot)
    ticks, trigger = message.ticks, message.trigger
    if ticks and ticks != stop.ticks and is_out_of_band(book, ticks):
        refuse(book, tape, message.number, OUT_OF_BAND)
        return
    stop.stp = message.stp
    if ticks:
        stop.ticks = ticks
    if message.lots:
        resize(book, stop, message.lots)
    if trigger and not (stop.kind == TRAILING_STOP and trigger == stop.offset):
        aim(book, stop, trigger)
    say_changed_stop(book, tape, stop, REPLACED)
