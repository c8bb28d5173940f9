"""A book's best prices second by second, followed through its events.

It reads what was drained from a tape and keeps a ladder of its own, so that looking costs the
market nothing. Per second it writes down the mid price, the order flow at the best prices,
and what is shown there; over all time the widths of the spread and where orders came to rest.

Source: Cont, Kukanov and Stoikov (2014), "The price impact of order book events", section 2,
for order flow imbalance.
"""

from trade2026.prism.engine.compiled import Cells, entry, kernel
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.layout import LINE, Layout, Record, Table
from trade2026.prism.engine.tape import EVENT_SIZE, event_of

WATCH = Layout(
    "watch",
    {
        "rungs": "i8",  # of the ladder: prices from here on are not seen
        "bid": "i8",  # best prices and what is shown there; 0 where a side is empty
        "ask": "i8",
        "bid_lots": "i8",
        "ask_lots": "i8",
        "bid_levels": "i8",
        "ask_levels": "i8",
        "now": "i8",  # up to when it has looked
        "begin": "i8",  # the time of the first second
        "twice_mid": "i8",  # the last one known
        "flow": "f8",  # within the second that lasts
        "touch": "f8",  # lots times ns, of both sides
        "volume": "f8",
        "crossed": "i8",  # events after which bid and ask crossed, or a level was negative
        "unseen": "i8",  # events beyond the ladder
    },
    size=2 * LINE,
)
RUNG = Layout("rung", {"bid": "i8", "ask": "i8"})
RUNGS_AT = WATCH.size
RUNGS = Table("rungs", RUNG, header=WATCH, at=RUNGS_AT, count="rungs")

rung_at = RUNGS.getter()
watch_of = WATCH.of

NS_PER_S = 10**9
TRADE, ADDED, DECREMENTED = (
    int(EventKind.TRADE),
    int(EventKind.ADDED),
    int(EventKind.DECREMENTED),
)
SHOWING = (
    TRADE,
    ADDED,
    DECREMENTED,
    int(EventKind.REMOVED),
    int(EventKind.CHANGED),
    int(EventKind.REFRESHED),
    int(EventKind.LEVEL),
)
"""Events after which a level shows something else, where no stops wait."""


@kernel
def spend(watch: Record, seconds: Cells, spread_ns: Cells, until: int) -> None:
    """Let time pass up to *until*, and close the seconds that end meanwhile."""
    while watch.now < until:
        second = (watch.now - watch.begin) // NS_PER_S
        end = min(until, watch.begin + (second + 1) * NS_PER_S)
        passed = end - watch.now
        if watch.bid and watch.ask:
            width = min(watch.ask - watch.bid, len(spread_ns) - 1)
            spread_ns[max(width, 0)] += passed
            watch.twice_mid = watch.bid + watch.ask
        watch.touch += passed * (watch.bid_lots + watch.ask_lots) * 0.5
        watch.now = end
        if (end - watch.begin) % NS_PER_S == 0:
            seconds[second, 0] = watch.twice_mid * 0.5
            seconds[second, 1] = watch.volume
            seconds[second, 2] = watch.flow
            seconds[second, 3] = watch.touch / NS_PER_S
            watch.volume = watch.flow = watch.touch = 0.0


@kernel
def set_bid(watch: Record, ticks: int, lots: int) -> None:
    """Show *lots* bid at *ticks*, and find the best again."""
    rung = rung_at(watch, ticks)
    watch.bid_levels += (lots != 0) - (rung.bid != 0)
    rung.bid = lots
    if lots and ticks > watch.bid:
        watch.bid = ticks
    elif ticks == watch.bid and not lots:
        best = ticks if watch.bid_levels else 0
        while best and rung_at(watch, best).bid == 0:
            best -= 1
        watch.bid = best
    watch.bid_lots = rung_at(watch, watch.bid).bid if watch.bid else 0


@kernel
def set_ask(watch: Record, ticks: int, lots: int) -> None:
    """Show *lots* offered at *ticks*, and find the best again."""
    rung = rung_at(watch, ticks)
    watch.ask_levels += (lots != 0) - (rung.ask != 0)
    rung.ask = lots
    if lots and (watch.ask == 0 or ticks < watch.ask):
        watch.ask = ticks
    elif ticks == watch.ask and not lots:
        best = ticks if watch.ask_levels else 0
        while best and rung_at(watch, best).ask == 0:
            best += 1
        watch.ask = best
    watch.ask_lots = rung_at(watch, watch.ask).ask if watch.ask else 0


@kernel
def follow(watch: Record, side: int, ticks: int, lots: int) -> None:
    """Show *lots* at a price and count the order flow that this is."""
    bid, ask, bid_lots, ask_lots = watch.bid, watch.ask, watch.bid_lots, watch.ask_lots
    if side > 0:
        set_bid(watch, ticks, lots)
    else:
        set_ask(watch, ticks, lots)
    # A side that is empty has no best price to rise or fall.
    if bid and watch.bid:
        if watch.bid >= bid:
            watch.flow += watch.bid_lots
        if watch.bid <= bid:
            watch.flow -= bid_lots
    if ask and watch.ask:
        if watch.ask <= ask:
            watch.flow -= watch.ask_lots
        if watch.ask >= ask:
            watch.flow += ask_lots
    if lots < 0 or (watch.bid and watch.ask and watch.bid >= watch.ask):
        watch.crossed += 1


@entry
def look(
    at: int, events: int, count: int, until: int, seconds: Cells, spread_ns: Cells, placed: Cells
) -> None:
    """Follow the events of one book, then let time pass up to *until*.

    Args:
        at: address of a block of `WATCH` and its rungs.
        events: address of `MARKET_EVENT` records, of one symbol; none of stops or an auction.
        count: how many there are.
        until: ns; not before the last event.
        seconds: `(n, 4)` reals: mid in ticks, volume, order flow and mean touch of each second.
        spread_ns: `(n,)` whole numbers: for how long the spread was so many ticks wide.
        placed: `(n,)` whole numbers: orders by ticks behind their own side's best price.
    """
    watch = watch_of(at)
    for row in range(count):
        event = event_of(events + row * EVENT_SIZE)
        kind, side, ticks = event.kind, event.side, event.ticks
        if kind not in SHOWING or ticks <= 0:
            continue
        if ticks >= watch.rungs - 1:
            watch.unseen += 1
            continue
        spend(watch, seconds, spread_ns, event.time_ns)
        if kind == TRADE:
            watch.volume += event.lots
        if kind in (TRADE, DECREMENTED):
            side = -side
        if kind == ADDED:
            best = watch.bid if side > 0 else watch.ask
            if best:
                behind = side * (best - ticks)
                if behind >= 0:
                    placed[min(behind, len(placed) - 1)] += 1
        follow(watch, side, ticks, event.level_lots)
    spend(watch, seconds, spread_ns, until)
