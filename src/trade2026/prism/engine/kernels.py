"""The rules of matching, compiled: first the better price, then the older order.

`reference.py` says the same in plain Python, and the contract suite and the fuzzer compare the
two. The memory that the kernels work on is explained in `memory.py`; what is seldom, such as
stops, changes of an order, auctions, has files of its own.
"""

from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.index import enter_number
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.levels import close_level, level_of, near_level, next_level
from trade2026.prism.engine.memory import (
    NO_RANK,
    order_at,
    side_at,
    which,
)
from trade2026.prism.engine.queues import hidden_parts, new_slot, queue, release, unqueue
from trade2026.prism.engine.tape import say, say_once
from trade2026.prism.engine.words import (
    ADDED,
    CONTINUOUS,
    DECREMENT,
    DECREMENTED,
    FOK,
    GTC,
    INVALID,
    IOC,
    KILLED,
    LIMIT,
    NO_REASON,
    NOT_FILLABLE,
    POST_ONLY,
    REFRESHED,
    REMOVED,
    SELF_TRADE,
    STP_NEWEST,
    STP_OLDEST,
    TRADE,
    UNFILLED,
    WOULD_TRADE,
)


@kernel
def least_rank(book: Record, side: int, kind: int, ticks: int) -> int:
    """Return the worst rank of the other side that an incoming order may trade at."""
    if kind == LIMIT:
        return -side * ticks
    if book.band_high:
        return -side * (book.band_high if side > 0 else book.band_low)
    return NO_RANK + 1


@rare_kernel
def is_fillable(book: Record, owner: int, side: int, stp: int, least: int, lots: int) -> bool:
    """Return whether an order could be filled whole at once, by what self-trading leaves."""
    out_of_line()
    rank = side_at(book, which(-side)).best
    while rank >= least:
        shown = whole = 0
        slot = level_of(book, -side, rank).head
        while slot:
            maker = order_at(book, slot)
            if maker.owner != owner:
                shown += maker.shown
                whole += maker.shown + maker.hidden
            elif stp != STP_OLDEST:
                # The own order stands in the way: what is hidden comes behind it.
                return shown >= lots
            slot = maker.after
        lots -= whole
        if lots <= 0:
            return True
        rank = next_level(book, -side, rank)
    return False


@rare_kernel
def refresh(book: Record, tape: Record, level: Record, slot: int) -> None:
    """Let an iceberg whose shown part is gone show the next one, behind all others."""
    out_of_line()
    order = order_at(book, slot)
    level.hidden -= order.hidden
    order.shown = min(order.display, order.hidden)
    order.hidden -= order.shown
    unqueue(book, level, order)
    queue(book, slot)
    book.hidden_parts -= 1
    side, ticks, shown = order.side, order.side * order.rank, order.shown
    said = say_once(
        book, tape, REFRESHED, side, ticks, shown, NO_REASON, level.shown, order.number, order.owner
    )
    said.left = shown + order.hidden


@kernel
def end_shown(book: Record, tape: Record, level: Record, slot: int) -> None:
    """Go on from an order whose shown part is gone: it shows more, or it is done."""
    order = order_at(book, slot)
    if order.hidden:
        refresh(book, tape, level, slot)
    else:
        unqueue(book, level, order)
        release(book, slot)


@rare_kernel
def meet_self(
    book: Record, tape: Record, level: Record, slot: int, number: int, stp: int, lots: int
) -> int:
    """Keep an order of *lots* from trading with one of its owner's; return the lots it has left.

    The result is negative where the incoming order ends.
    """
    out_of_line()
    if stp == STP_NEWEST:
        return -lots
    maker = order_at(book, slot)
    if stp != DECREMENT:
        take_off(book, tape, level, slot, SELF_TRADE)
        return lots if stp == STP_OLDEST else -lots
    less = min(lots, maker.shown)
    lots -= less
    maker.shown -= less
    level.shown -= less
    side, ticks, owner = maker.side, maker.side * maker.rank, maker.owner
    said = say_once(
        book, tape, DECREMENTED, -side, ticks, less, NO_REASON, level.shown, maker.number, owner
    )
    say_rest(said, maker.shown + maker.hidden, number, owner, lots)
    if maker.shown == 0:
        end_shown(book, tape, level, slot)
    return lots


@kernel
def say_rest(said: Record, left: int, number: int, owner: int, taker_left: int) -> None:
    """Write down the taker's part of an event of two orders, and what is left of the maker."""
    said.left = left
    said.taker_number = number
    said.taker_owner = owner
    said.taker_left = taker_left


@rare_kernel
def forget_hidden(book: Record, level: Record, order: Record) -> None:
    """Take what an iceberg hides out of its level."""
    out_of_line()
    level.hidden -= order.hidden
    book.hidden_parts -= hidden_parts(order)
    order.hidden = 0


@kernel
def take_off(book: Record, tape: Record, level: Record, slot: int, reason: int) -> None:
    """Take what is left of a resting order off its level, and say so; the level may be empty."""
    order = order_at(book, slot)
    lots, side, rank = order.shown, order.side, order.rank
    level.shown -= lots
    if order.hidden:
        lots += order.hidden
        forget_hidden(book, level, order)
    say(
        book, tape, REMOVED, side, side * rank, lots, reason, level.shown, order.number, order.owner
    )
    unqueue(book, level, order)
    release(book, slot)


@kernel
def match_level(
    book: Record,
    tape: Record,
    level: Record,
    ticks: int,
    number: int,
    owner: int,
    side: int,
    stp: int,
    lots: int,
) -> int:
    """Trade up to *lots* with the orders of the best level; return the lots left.

    The result is negative where the order ends because it met one of its owner's.
    """
    while lots > 0:
        slot = level.head
        if slot == 0:
            break
        maker = order_at(book, slot)
        if maker.owner == owner:
            lots = meet_self(book, tape, level, slot, number, stp, lots)
            continue
        traded = min(lots, maker.shown)
        lots -= traded
        shown = maker.shown - traded
        total = level.shown - traded
        maker.shown = shown
        level.shown = total
        book.last = ticks
        said = say(
            book, tape, TRADE, side, ticks, traded, NO_REASON, total, maker.number, maker.owner
        )
        say_rest(said, shown + maker.hidden, number, owner, lots)
        if shown == 0:
            end_shown(book, tape, level, slot)
    return lots


@kernel
def match(
    book: Record,
    tape: Record,
    number: int,
    owner: int,
    side: int,
    stp: int,
    least: int,
    lots: int,
) -> int:
    """Trade up to *lots* at rank *least* of the other side or better; return as `match_level`."""
    makers = side_at(book, which(-side))
    while lots > 0 and makers.best >= least:
        best = makers.best
        level = near_level(book, -side, best - makers.base)
        lots = match_level(book, tape, level, -side * best, number, owner, side, stp, lots)
        if level.head == 0:
            close_level(book, -side, best)
    return lots


@kernel
def rest(
    book: Record,
    tape: Record,
    number: int,
    owner: int,
    side: int,
    force: int,
    ticks: int,
    lots: int,
) -> int:
    """Let an ordinary order rest behind all others of its price; return its slot."""
    slot = new_slot(book)
    order = order_at(book, slot)
    order.number = number
    order.owner = owner
    order.terms = (side & 255) | (force << 8)
    order.rank = side * ticks
    order.shown = lots
    enter_number(book, number, slot)
    level = queue(book, slot)
    say(book, tape, ADDED, side, ticks, lots, NO_REASON, level.shown, number, owner)
    return slot


@rare_kernel
def rest_specially(
    book: Record,
    tape: Record,
    number: int,
    owner: int,
    side: int,
    force: int,
    ticks: int,
    lots: int,
    display: int,
    timer: int,
    flags: int,
) -> None:
    """Let an order rest that may be an iceberg, expire, or be post-only."""
    out_of_line()
    shown = min(lots, display) if display else lots
    slot = new_slot(book)
    order = order_at(book, slot)
    order.number = number
    order.owner = owner
    order.terms = (side & 255) | (force << 8) | (flags << 16) | (1 << 24)
    order.rank = side * ticks
    order.shown = shown
    order.hidden = lots - shown
    order.display = display
    order.timer = timer
    book.hidden_parts += hidden_parts(order)
    enter_number(book, number, slot)
    level = queue(book, slot)
    say(book, tape, ADDED, side, ticks, lots, NO_REASON, level.shown, number, owner)


@rare_kernel
def kill(
    book: Record,
    tape: Record,
    number: int,
    owner: int,
    side: int,
    ticks: int,
    lots: int,
    reason: int,
) -> None:
    """Say that what is not done of an incoming order ends."""
    out_of_line()
    if reason == INVALID:
        said = say(book, tape, KILLED, 0, 0, lots, reason, 0, number, owner)
        said.left = ticks
        said.taker_owner = side
    else:
        say(book, tape, KILLED, side, ticks, lots, reason, 0, number, owner)


@kernel
def enter_plainly(book: Record, tape: Record, message: Record) -> None:
    """Match an ordinary order, and let what is left of it rest if it may."""
    number, owner, side, ticks = message.number, message.owner, message.side, message.ticks
    kind, force = message.kind, message.force
    least = -side * ticks if kind == LIMIT else NO_RANK + 1
    left = match(book, tape, number, owner, side, message.stp, least, message.lots)
    if left == 0:
        return
    if left > 0 and kind == LIMIT and force == GTC:
        rest(book, tape, number, owner, side, force, ticks, left)
    else:
        kill_rest(book, tape, message, left)


@rare_kernel
def kill_rest(book: Record, tape: Record, message: Record, left: int) -> None:
    """Say that what is left of an ordinary order ends; it is negative after a self-trade."""
    out_of_line()
    ticks = message.ticks if message.kind == LIMIT else 0
    reason = SELF_TRADE if left < 0 else UNFILLED
    kill(book, tape, message.number, message.owner, message.side, ticks, abs(left), reason)


@rare_kernel
def enter(
    book: Record,
    tape: Record,
    number: int,
    owner: int,
    side: int,
    kind: int,
    force: int,
    ticks: int,
    lots: int,
    display: int,
    timer: int,
    stp: int,
    flags: int,
) -> None:
    """Match any order that passed its checks, and let what is left of it rest if it may."""
    out_of_line()
    reason = UNFILLED
    left = lots
    if book.phase == CONTINUOUS:
        least = least_rank(book, side, kind, ticks)
        if force == FOK and not is_fillable(book, owner, side, stp, least, lots):
            reason = NOT_FILLABLE
        elif flags & POST_ONLY and side_at(book, which(-side)).best >= least:
            reason = WOULD_TRADE
        else:
            left = match(book, tape, number, owner, side, stp, least, lots)
            if left == 0:
                return
            if left < 0:
                reason = SELF_TRADE
                left = -left
    may_rest = kind == LIMIT and force != IOC and force != FOK
    if reason == UNFILLED and may_rest:
        rest_specially(book, tape, number, owner, side, force, ticks, left, display, timer, flags)
    else:
        kill(book, tape, number, owner, side, ticks, left, reason)


@kernel
def cancel_resting(book: Record, tape: Record, slot: int, reason: int) -> None:
    """Take what is left of the order in *slot* off the book."""
    order = order_at(book, slot)
    side, rank = order.side, order.rank
    level = level_of(book, side, rank)
    take_off(book, tape, level, slot, reason)
    if level.head == 0:
        close_level(book, side, rank)
