"""What a market is measured by, summed up while it runs: a span of time is a record.

The loop tells each symbol's gauge how the book stood before anything new happens (`observe`),
and of every trade (`note_trade`). What all participants do at one time is one instant: quotes
are those between instants, and a trade is held against the quotes before its instant, so that
nothing depends on the order within. A symbol is quoted while it trades continuously and both
sides hold orders.

When a span has passed, the next look at the symbol writes its record: however far one call
runs, the records are the same. They lie in the gauges' own block until Python takes them;
without room for one more the loop comes back first. Neither books nor agents read any of this.

Source: order-flow imbalance by Cont, Kukanov and Stoikov (2014), "The Price Impact of Order
Book Events", section 2; the microprice is the mid weighted by the opposite quantities, Gatheral
and Oomen (2010), "Zero-intelligence realized variance estimation".
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.layout import LINE, Block, Layout, Record, Table, new_block, out_of_line
from trade2026.prism.engine.levels import level_of, near_level, next_level
from trade2026.prism.engine.memory import NO_RANK, side_at
from trade2026.prism.engine.words import CONTINUOUS

DEEP_LEVELS: Final = 10
"""Price levels of a side that count as its depth."""
DEEP_EVERY: Final = 10
"""Spans from one look at the depth to the next: it takes as long as all else in a span."""
UNSEEN: Final = -1
"""The depth where it was not looked at."""

_TOP: Final = {
    "bid": "i8",  # ticks
    "bid_lots": "i8",  # 0 while the symbol is not quoted
    "ask": "i8",
    "ask_lots": "i8",
}
_SUMS: Final = {
    "quoted_ns": "i8",  # for how long it was quoted
    "spread": "f8",  # over that time: ticks x ns
    "bid_depth": "f8",  # at the best price: lots x ns
    "ask_depth": "f8",
    "mid": "f8",  # bid + ask, in half ticks: x ns
    "bid_share": "f8",  # of the bid's lots in those of both best prices: x ns
    "micro": "f8",  # microprice less bid: ticks x ns
    "flow": "i8",  # order-flow imbalance at the best prices, lots
    "updates": "i8",  # changes of the best prices or their quantities, by instants
    "trades": "i8",
    "buy_lots": "i8",  # by the taker's side
    "sell_lots": "i8",
    "cross_lots": "i8",  # of auctions, where nobody took
    "buy_value": "i8",  # ticks x lots
    "sell_value": "i8",
    "cross_value": "i8",
    "met_lots": "i8",  # that a taker traded while the symbol was quoted
    "met_signed": "i8",  # the same, sells negative
    "met_value": "i8",  # ticks x lots, sells negative
    "met_mid": "i8",  # bid + ask before each of those trades, x its lots, sells negative
    "last": "i8",  # ticks of the last trade, 0 for none in the span
}

GAUGES: Final = Layout(
    "gauges",
    {
        "symbols": "i8",
        "room": "i8",  # records that fit
        "count": "i8",  # records to be taken
        "span_ns": "i8",
        "span_at": "i8",
    },
    size=LINE,
)
GAUGE: Final = Layout(
    "gauge",
    {
        "seen_ns": "i8",  # the time of the latest instant
        "since_ns": "i8",  # the sums are complete up to here
        "begin_ns": "i8",  # of the span
        "end_ns": "i8",
        **_TOP,
        **_SUMS,
    },
    size=4 * LINE,
)
SPAN: Final = Layout(
    "span",
    {
        "symbol": "i8",
        "begin_ns": "i8",
        "end_ns": "i8",
        **_TOP,  # at its end
        **_SUMS,
        "deep_bid_lots": "i8",  # of the best `DEEP_LEVELS` levels at its end, or `UNSEEN`
        "deep_ask_lots": "i8",
    },
    size=4 * LINE,
)
EACH: Final = Table("gauges", GAUGE, header=GAUGES, at=LINE, count="symbols")
SPANS: Final = Table("spans", SPAN, header=GAUGES, at="span_at", count="room")

gauges_of = GAUGES.of
gauge_in = EACH.getter()
span_in = SPANS.getter()


def new_gauges(symbols: int, *, span_ns: int, now_ns: int, room: int) -> Block:
    """Return gauges that measure from *now_ns* on; spans end at multiples of *span_ns*."""
    span_at = LINE + symbols * GAUGE.size
    block = new_block(span_at + room * SPAN.size)
    head = head_of(block)
    head["symbols"], head["room"] = symbols, room
    head["span_ns"], head["span_at"] = span_ns, span_at
    each = EACH.view(block)
    for field in ("seen_ns", "since_ns", "begin_ns"):
        each[field] = now_ns
    each["end_ns"] = (now_ns // span_ns + 1) * span_ns
    return block


def head_of(gauges: Block) -> Any:
    """Return the gauges' header, sharing its memory."""
    return gauges[: GAUGES.size].view(GAUGES.dtype)[0]


def take_spans(gauges: Block) -> NDArray[np.void]:
    """Return the records there are, `(n,)` of `SPAN`, by their end within a symbol; empty them."""
    head = head_of(gauges)
    taken = SPANS.view(gauges)[: head["count"]].copy()
    head["count"] = 0
    return taken


@kernel
def observe(at: int, book: Record, symbol: int, now: int) -> bool:
    """Take in how a book stood until *now*; return False where a span that ended has no room.

    Args:
        at: address of the gauges, 0 for none.
        book: nothing of what happens *now* has happened on it yet.
        symbol: of the book.
        now: ns.
    """
    if at == 0:
        return True
    gauges = gauges_of(at)
    gauge = gauge_in(gauges, symbol)
    if now == gauge.seen_ns:
        return True
    bids, asks = side_at(book, 0), side_at(book, 1)
    bid, offer = bids.best, asks.best
    bid_lots = ask_lots = 0
    if bid != NO_RANK and offer != NO_RANK and book.phase == CONTINUOUS:
        bid_lots = near_level(book, 1, bid - bids.base).shown
        ask_lots = near_level(book, -1, offer - asks.base).shown
    is_moved = (bid != gauge.bid) | (offer != -gauge.ask)
    if is_moved | (bid_lots != gauge.bid_lots) | (ask_lots != gauge.ask_lots):
        turn(gauge, bid, bid_lots, -offer, ask_lots)
    if now >= gauge.end_ns and not close_spans(gauges, gauge, book, symbol, now):
        return False
    gauge.seen_ns = now
    return True


@kernel
def turn(gauge: Record, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
    """Note that the best prices became these at the latest instant."""
    hold(gauge, gauge.seen_ns)
    if gauge.bid_lots and bid_lots:
        # Without a branch: which way prices go cannot be foreseen.
        bids = (bid >= gauge.bid) * bid_lots - (bid <= gauge.bid) * gauge.bid_lots
        asks = (ask <= gauge.ask) * ask_lots - (ask >= gauge.ask) * gauge.ask_lots
        gauge.flow += bids - asks
    if gauge.bid_lots or bid_lots:
        gauge.updates += 1
    gauge.bid = bid
    gauge.bid_lots = bid_lots
    gauge.ask = ask
    gauge.ask_lots = ask_lots


@kernel
def hold(gauge: Record, until: int) -> None:
    """Sum up the time until *until*, in which the best prices stood as they are."""
    length = until - gauge.since_ns
    gauge.since_ns = until
    if gauge.bid_lots == 0:
        return
    gauge.quoted_ns += length
    ns = float(length)
    spread = float(gauge.ask - gauge.bid)
    bids, asks = ns * gauge.bid_lots, ns * gauge.ask_lots
    share = ns * (bids / (bids + asks)) if length else 0.0
    gauge.spread += ns * spread
    gauge.mid += ns * (gauge.ask + gauge.bid)
    gauge.bid_depth += bids
    gauge.ask_depth += asks
    gauge.bid_share += share
    gauge.micro += share * spread


@kernel
def note_trade(at: int, symbol: int, side: int, ticks: int, lots: int) -> None:
    """Count a trade; *side* is the taker's, 0 in an auction; *at* as in `observe`."""
    if at == 0:
        return
    gauge = gauge_in(gauges_of(at), symbol)
    gauge.trades += 1
    gauge.last = ticks
    if side > 0:
        gauge.buy_lots += lots
        gauge.buy_value += ticks * lots
    elif side < 0:
        gauge.sell_lots += lots
        gauge.sell_value += ticks * lots
    else:
        gauge.cross_lots += lots
        gauge.cross_value += ticks * lots
    if side != 0 and gauge.bid_lots:
        gauge.met_lots += lots
        gauge.met_signed += side * lots
        gauge.met_value += side * lots * ticks
        gauge.met_mid += side * lots * (gauge.bid + gauge.ask)


@rare_kernel
def close_spans(gauges: Record, gauge: Record, book: Record, symbol: int, now: int) -> bool:
    """Write the records of spans that ended by *now*; return whether there was room for all."""
    out_of_line()
    while gauge.end_ns <= now:
        if gauges.count == gauges.room:
            return False
        hold(gauge, gauge.end_ns)
        span = span_in(gauges, gauges.count)
        gauges.count += 1
        span.symbol = symbol
        write_span(gauge, span)
        span.deep_bid_lots = span.deep_ask_lots = UNSEEN
        if gauge.end_ns % (DEEP_EVERY * gauges.span_ns) == 0:
            span.deep_bid_lots = deep_lots(book, 1)
            span.deep_ask_lots = deep_lots(book, -1)
        clear_sums(gauge)
        gauge.begin_ns = gauge.end_ns
        gauge.end_ns += gauges.span_ns
    return True


@kernel
def deep_lots(book: Record, side: int) -> int:
    """Return the lots shown at the best `DEEP_LEVELS` levels of a side."""
    rank = side_at(book, (1 - side) >> 1).best
    lots = 0
    levels = 0
    while levels < DEEP_LEVELS and rank != NO_RANK:
        lots += level_of(book, side, rank).shown
        levels += 1
        rank = next_level(book, side, rank)
    return lots


@kernel
def write_span(gauge: Record, span: Record) -> None:
    """Copy what both have."""
    span.begin_ns = gauge.begin_ns
    span.end_ns = gauge.end_ns
    span.bid = gauge.bid
    span.bid_lots = gauge.bid_lots
    span.ask = gauge.ask
    span.ask_lots = gauge.ask_lots
    span.quoted_ns = gauge.quoted_ns
    span.spread = gauge.spread
    span.bid_depth = gauge.bid_depth
    span.ask_depth = gauge.ask_depth
    span.mid = gauge.mid
    span.bid_share = gauge.bid_share
    span.micro = gauge.micro
    span.flow = gauge.flow
    span.updates = gauge.updates
    span.trades = gauge.trades
    span.buy_lots = gauge.buy_lots
    span.sell_lots = gauge.sell_lots
    span.cross_lots = gauge.cross_lots
    span.buy_value = gauge.buy_value
    span.sell_value = gauge.sell_value
    span.cross_value = gauge.cross_value
    span.met_lots = gauge.met_lots
    span.met_signed = gauge.met_signed
    span.met_value = gauge.met_value
    span.met_mid = gauge.met_mid
    span.last = gauge.last


@kernel
def clear_sums(gauge: Record) -> None:
    """Begin a span with nothing in it."""
    gauge.quoted_ns = 0
    gauge.spread = 0.0
    gauge.bid_depth = 0.0
    gauge.ask_depth = 0.0
    gauge.mid = 0.0
    gauge.bid_share = 0.0
    gauge.micro = 0.0
    gauge.flow = 0
    gauge.updates = 0
    gauge.trades = 0
    gauge.buy_lots = 0
    gauge.sell_lots = 0
    gauge.cross_lots = 0
    gauge.buy_value = 0
    gauge.sell_value = 0
    gauge.cross_value = 0
    gauge.met_lots = 0
    gauge.met_signed = 0
    gauge.met_value = 0
    gauge.met_mid = 0
    gauge.last = 0
