"""The rules of matching, compiled: first the better price, then the older order.

`reference.py` says the same in plain Python, and the contract suite and the fuzzer compare the
two. The memory that the kernels work on is explained in `memory.py`; what is seldom, such as
stops, changes of an order, auctions, has files of its own.
"""

from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.memory import (
    NO_RANK,
    close_level,
    entry_of,
    find,
    level_of,
    near_level,
    new_slot,
    next_level,
    order_at,
    parts_of,
    queue,
    release,
    side_at,
    slot_at,
    unqueue,
    which,
)
from trade2026.prism.engine.tape import say, say_maker, say_taker
from trade2026.prism.engine.words import (
    ADDED,
    AUCTION,
    CONTINUOUS,
    DECREMENT,
    DECREMENTED,
    DUPLICATE,
    FOK,
    GTD,
    INVALID,
    IOC,
    KILLED,
    LIMIT,
    MARKET,
    MAX_LOTS,
    MAX_PARTS,
    MAX_TICKS,
    NO_REASON,
    NOT_FILLABLE,
    OUT_OF_BAND,
    POST_ONLY,
    REFRESHED,
    REMOVED,
    SELF_TRADE,
    STOP_LIMIT,
    STP_BOTH,
    STP_NEWEST,
    STP_OLDEST,
    TRADE,
    TRAILING_STOP,
    UNFILLED,
    WOULD_TRADE,
    WRONG_PHASE,
)


@kernel
def why_not(book: Record, message: Record) -> int:
    """Return the reason why an order is not taken, `NO_REASON` where it is."""
    kind, force, display = message.kind, message.force, message.display
    if message.number == 0 or not 0 < message.lots <= MAX_LOTS:
        return INVALID
    if kind == LIMIT and force == 1 and display == 0 and message.flags == 0:
        # The ordinary order, first.
        if not 0 < message.ticks <= MAX_TICKS:
            return INVALID
    elif not is_sound(book, message):
        return INVALID
    if message.side * message.side != 1 or not 0 <= message.stp <= DECREMENT:
        return INVALID
    if find(book, message.number):
        return DUPLICATE
    if book.phase != CONTINUOUS and is_wrong_phase(book.phase, message):
        return WRONG_PHASE
    if book.band_high and kind in (LIMIT, STOP_LIMIT) and is_out_of_band(book, message.ticks):
        return OUT_OF_BAND
    return NO_REASON


@kernel
def is_sound(book: Record, message: Record) -> bool:
    """Return whether an order's terms go together and are within bounds."""
    kind, force, lots, display = message.kind, message.force, message.lots, message.display
    is_stop = kind > MARKET
    has_limit = kind in (LIMIT, STOP_LIMIT)
    may_rest = has_limit and force not in (IOC, FOK)
    if not LIMIT <= kind <= TRAILING_STOP or not 1 <= force <= GTD:
        return False
    if has_limit and not 0 < message.ticks <= MAX_TICKS:
        return False
    if is_stop and not 0 < message.trigger <= MAX_TICKS:
        return False
    if display < 0 or (display > 0 and not may_rest):
        return False
    if display > 0 and (lots + display - 1) // display > MAX_PARTS:
        return False
    if force == GTD and message.time_ns <= book.now:
        return False
    if message.flags & ~POST_ONLY or (kind == TRAILING_STOP and message.ticks):
        return False
    return not message.flags & POST_ONLY or (kind == LIMIT and may_rest)


@kernel
def is_wrong_phase(phase: int, message: Record) -> bool:
    """Return whether the phase, which is not continuous, does not take the order."""
    if phase != AUCTION:
        return True
    is_brief = message.force in (IOC, FOK) or bool(message.flags & POST_ONLY)
    return message.kind == MARKET or (message.kind == LIMIT and is_brief)


@kernel
def is_out_of_band(book: Record, ticks: int) -> bool:
    """Return whether a limit lies outside the price band."""
    return book.band_high > 0 and not book.band_low <= ticks <= book.band_high


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
                whole += maker.lots
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
    order.shown = min(order.display, order.lots)
    level.hidden -= order.lots
    unqueue(book, level, order)
    queue(book, slot)
    book.parts -= 1
    ticks = order.side * order.rank
    event = say(book, tape, REFRESHED, order.side, ticks, order.shown, NO_REASON, level.shown)
    say_maker(event, order.number, order.owner, order.lots)
    say_taker(event, 0, 0, 0)


@kernel
def end_shown(book: Record, tape: Record, level: Record, slot: int) -> None:
    """Go on from an order whose shown part is gone: it shows more, or it is done."""
    order = order_at(book, slot)
    if order.lots:
        refresh(book, tape, level, slot)
    else:
        book.parts -= 1
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
    maker.lots -= less
    maker.shown -= less
    level.shown -= less
    ticks = maker.side * maker.rank
    event = say(book, tape, DECREMENTED, -maker.side, ticks, less, NO_REASON, level.shown)
    say_maker(event, maker.number, maker.owner, maker.lots)
    say_taker(event, number, maker.owner, lots)
    if maker.shown == 0:
        end_shown(book, tape, level, slot)
    return lots


@kernel
def take_off(book: Record, tape: Record, level: Record, slot: int, reason: int) -> None:
    """Take what is left of a resting order off its level, and say so; the level may be empty."""
    order = order_at(book, slot)
    lots, ticks = order.lots, order.side * order.rank
    book.parts -= parts_of(lots, order.shown, order.display)
    level.shown -= order.shown
    level.hidden -= lots - order.shown
    event = say(book, tape, REMOVED, order.side, ticks, lots, reason, level.shown)
    say_maker(event, order.number, order.owner, 0)
    say_taker(event, 0, 0, 0)
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
        left, shown = maker.lots - traded, maker.shown - traded
        total = level.shown - traded
        maker.lots = left
        maker.shown = shown
        level.shown = total
        book.last = ticks
        event = say(book, tape, TRADE, side, ticks, traded, NO_REASON, total)
        say_maker(event, maker.number, maker.owner, left)
        say_taker(event, number, owner, lots)
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
    display: int,
    expires: int,
    flags: int,
) -> None:
    """Let an order rest behind all others of its price."""
    slot = new_slot(book)
    order = order_at(book, slot)
    order.number = number
    order.owner = owner
    order.side = side
    order.force = force
    order.flags = flags
    order.rank = side * ticks
    order.lots = lots
    order.display = display
    order.expires = expires
    shown = min(display, lots) if display else lots
    order.shown = shown
    book.open += 1
    book.parts += parts_of(lots, shown, display)
    slot_at(book, entry_of(book, number)).at = slot
    level = queue(book, slot)
    event = say(book, tape, ADDED, side, ticks, lots, NO_REASON, level.shown)
    say_maker(event, number, owner, lots)
    say_taker(event, 0, 0, 0)


@kernel
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
    event = say(book, tape, KILLED, side, ticks, lots, reason, 0)
    say_maker(event, 0, 0, 0)
    say_taker(event, number, owner, 0)


@kernel
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
    expires: int,
    stp: int,
    flags: int,
) -> None:
    """Match an order that passed its checks, and let what is left of it rest if it may."""
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
        rest(book, tape, number, owner, side, force, ticks, left, display, expires, flags)
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
