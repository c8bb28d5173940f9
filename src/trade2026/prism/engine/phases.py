"""Phases of a book, compiled: auctions, halts, the end of the day, price bands, the clock."""

from trade2026.prism.engine.changes import end, refuse
from trade2026.prism.engine.compiled import call_at, kernel, rare_kernel
from trade2026.prism.engine.kernels import (
    cancel_resting,
    end_shown,
    say_rest,
)
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.levels import best_ticks, close_level, level_of, next_level
from trade2026.prism.engine.memory import (
    NO_RANK,
    message_of,
    order_at,
    side_at,
    stop_at,
    which,
)
from trade2026.prism.engine.stops import cancel_waiting
from trade2026.prism.engine.tape import say_once
from trade2026.prism.engine.timers import drop_first, timer_at, timer_of
from trade2026.prism.engine.words import (
    AUCTION,
    CLOSED,
    CONTINUOUS,
    DAY,
    EXPIRED,
    EXPIRY,
    INVALID,
    LEVEL_CHANGED,
    MAX_TICKS,
    NO_REASON,
    PHASE,
    TRADE,
)


@rare_kernel
def expire(book: Record, tape: Record) -> None:
    """End what has expired by the book's time, the earliest first."""
    out_of_line()
    while book.timers and timer_at(book, 0).time <= book.now:
        entry = timer_at(book, 0)
        number, stamp = entry.number, entry.stamp
        drop_first(book)
        if timer_of(book, number) == stamp:
            end(book, tape, number, EXPIRED)


@kernel
def set_clock(book: Record, tape: Record, now: int) -> None:
    """Let it be *now*, unless it is later already."""
    if now > book.now:
        book.now = now
        if book.timers:
            call_at(book.seldom_at, book, tape, message_of(0), EXPIRY)


@rare_kernel
def set_band(book: Record, tape: Record, number: int, low: int, high: int) -> None:
    """Take orders only at prices from *low* to *high*; both 0: at any price."""
    out_of_line()
    if (low == 0 and high == 0) or 1 <= low <= high <= MAX_TICKS:
        book.band_low = low
        book.band_high = high
    else:
        refuse(book, tape, number, INVALID)


@rare_kernel
def set_phase(book: Record, tape: Record, number: int, phase: int) -> None:
    """Begin another phase; what an auction gathered trades when it ends."""
    out_of_line()
    if not CONTINUOUS <= phase <= CLOSED:
        refuse(book, tape, number, INVALID)
        return
    before = book.phase
    book.phase = phase
    say_once(book, tape, PHASE, 0, phase, 0, NO_REASON, 0, 0, 0)
    if before == phase:
        return
    if phase == CONTINUOUS or (before == AUCTION and phase == CLOSED):
        uncross(book, tape)
    if phase == CLOSED:
        end_day(book, tape, 1)
        end_day(book, tape, -1)
        end_day_stops(book, tape)


@rare_kernel
def end_day(book: Record, tape: Record, side: int) -> None:
    """End the orders for the day that rest on *side*, in the order in which they would trade."""
    out_of_line()
    rank = side_at(book, which(side)).best
    while rank != NO_RANK:
        # Looked up first: the level may be gone after its orders.
        following = next_level(book, side, rank)
        slot = level_of(book, side, rank).head
        while slot:
            order = order_at(book, slot)
            after = order.after
            if order.force == DAY:
                cancel_resting(book, tape, slot, EXPIRED)
            slot = after
        rank = following


@rare_kernel
def end_day_stops(book: Record, tape: Record) -> None:
    """End the stops for the day, the one that has waited longest first."""
    out_of_line()
    slot = book.first_stop
    while slot:
        stop = stop_at(book, slot)
        after = stop.after
        if stop.force == DAY:
            cancel_waiting(book, tape, slot, EXPIRED)
        slot = after


@kernel
def lots_at(book: Record, side: int, rank: int) -> int:
    """Return all lots that rest on a level, hidden ones included."""
    level = level_of(book, side, rank)
    return level.shown + level.hidden


@rare_kernel
def lots_within(book: Record, side: int, ticks: int) -> int:
    """Return all lots of *side* at *ticks* or better."""
    out_of_line()
    lots = 0
    rank = side_at(book, which(side)).best
    while rank >= side * ticks:
        lots += lots_at(book, side, rank)
        rank = next_level(book, side, rank)
    return lots


@rare_kernel
def crossing_volume(book: Record) -> int:
    """Return how many lots an auction trades: what crosses, best prices first."""
    out_of_line()
    bid, ask = side_at(book, 0).best, side_at(book, 1).best
    volume = to_buy = to_sell = 0
    while True:
        if to_buy == 0 and bid != NO_RANK:
            to_buy = lots_at(book, 1, bid)
        if to_sell == 0 and ask != NO_RANK:
            to_sell = lots_at(book, -1, ask)
        # A sell's rank is minus its price.
        if bid == NO_RANK or ask == NO_RANK or bid < -ask:
            return volume
        traded = min(to_buy, to_sell)
        volume += traded
        to_buy -= traded
        to_sell -= traded
        if to_buy == 0:
            bid = next_level(book, 1, bid)
        if to_sell == 0:
            ask = next_level(book, -1, ask)


@rare_kernel
def reaching(book: Record, side: int, volume: int) -> int:
    """Return the price at which *side*, best levels first, adds up to *volume*."""
    out_of_line()
    rank = side_at(book, which(side)).best
    lots = lots_at(book, side, rank)
    while lots < volume:
        rank = next_level(book, side, rank)
        lots += lots_at(book, side, rank)
    return side * rank


@kernel
def surplus(book: Record, ticks: int) -> int:
    """Return the lots that an auction at *ticks* would leave over at or beyond its price."""
    return abs(lots_within(book, 1, ticks) - lots_within(book, -1, ticks))


@rare_kernel
def auction_price(book: Record) -> int:
    """Return the price of the auction of a crossed book.

    Where the volume is the greatest, the least is left over; then the nearest to the last
    price, or to the middle before the first trade; then the lower.
    """
    out_of_line()
    volume = crossing_volume(book)
    lowest, highest = reaching(book, -1, volume), reaching(book, 1, volume)
    anchor = 2 * book.last if book.last else best_ticks(book, 1) + best_ticks(book, -1)
    best, least, nearest = 0, 0, 0
    for side in (1, -1):
        rank = side_at(book, which(side)).best
        while rank != NO_RANK:
            ticks = side * rank
            if lowest <= ticks <= highest:
                left, distance = surplus(book, ticks), abs(2 * ticks - anchor)
                if (
                    best == 0
                    or left < least
                    or (left == least and distance < nearest)
                    or (left == least and distance == nearest and ticks < best)
                ):
                    best, least, nearest = ticks, left, distance
            elif side * (ticks - (lowest if side > 0 else highest)) < 0:
                break
            rank = next_level(book, side, rank)
    return best


@rare_kernel
def uncross(book: Record, tape: Record) -> None:
    """Trade what crosses at one price, in the order of price and time on both sides."""
    out_of_line()
    buys, sells = side_at(book, 0), side_at(book, 1)
    if buys.best == NO_RANK or sells.best == NO_RANK or buys.best < -sells.best:
        return
    price = auction_price(book)
    book.last = price
    while buys.best >= price and sells.best >= -price:
        cross_first(book, tape, price)


@rare_kernel
def cross_first(book: Record, tape: Record, price: int) -> None:
    """Trade the first buy against the first sell at *price*."""
    out_of_line()
    bid, ask = side_at(book, 0).best, side_at(book, 1).best
    bids, asks = level_of(book, 1, bid), level_of(book, -1, ask)
    buy_slot, sell_slot = bids.head, asks.head
    buy, sell = order_at(book, buy_slot), order_at(book, sell_slot)
    lots = min(buy.shown, sell.shown)
    take(bids, buy, lots)
    take(asks, sell, lots)
    said = say_once(book, tape, TRADE, 0, price, lots, NO_REASON, 0, sell.number, sell.owner)
    left = buy.shown + buy.hidden
    say_rest(said, sell.shown + sell.hidden, buy.number, buy.owner, left)
    say_once(book, tape, LEVEL_CHANGED, 1, bid, 0, NO_REASON, bids.shown, 0, 0)
    say_once(book, tape, LEVEL_CHANGED, -1, -ask, 0, NO_REASON, asks.shown, 0, 0)
    if buy.shown == 0:
        end_shown(book, tape, bids, buy_slot)
    if sell.shown == 0:
        end_shown(book, tape, asks, sell_slot)
    if bids.head == 0:
        close_level(book, 1, bid)
    if asks.head == 0:
        close_level(book, -1, ask)


@kernel
def take(level: Record, order: Record, lots: int) -> None:
    """Take traded lots off an order and its level."""
    order.shown -= lots
    level.shown -= lots
