"""The compiled gauges measure what a slow look at all events finds, and change nothing."""

from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.property.test_market_conservation import ORDERS
from tests.unit.prism.markets import START_NS, Outside, a_config, joined, play

from trade2026.core.clock import NS_PER_S
from trade2026.model.order import Side
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.gauges import DEEP_EVERY, DEEP_LEVELS, UNSEEN
from trade2026.prism.engine.message import Action, Phase, new_message
from trade2026.prism.market import FIRST_OUTSIDER, Market

OTHER = FIRST_OUTSIDER + 1

LEVEL_KINDS = {
    EventKind.TRADE,
    EventKind.ADDED,
    EventKind.REMOVED,
    EventKind.CHANGED,
    EventKind.REFRESHED,
    EventKind.DECREMENTED,
    EventKind.LEVEL,
}


class SlowBook:
    """One symbol's visible book and its measures, by the events alone, in plain Python."""

    def __init__(self, start_ns: int, span_ns: int) -> None:
        self.levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.is_continuous = True
        self.span_ns = span_ns
        self.now = self.begin = self.since = start_ns
        self.end = (start_ns // span_ns + 1) * span_ns
        self.quote: tuple[int, int, int, int] | None = None
        self.sums: dict[str, Any] = defaultdict(int)
        self.spans: list[dict[str, Any]] = []
        self.waiting: set[int] = set()

    def top(self) -> tuple[int, int, int, int] | None:
        bids, asks = self.levels[1], self.levels[-1]
        if not (bids and asks and self.is_continuous):
            return None
        bid, ask = max(bids), min(asks)
        return bid, bids[bid], ask, asks[ask]

    def hold(self, until: int) -> None:
        length, self.since = until - self.since, until
        if self.quote is None:
            return
        bid, bid_lots, ask, ask_lots = self.quote
        both = bid_lots + ask_lots
        self.sums["quoted_ns"] += length
        self.sums["spread"] += length * (ask - bid)
        self.sums["mid"] += length * (ask + bid)
        self.sums["bid_depth"] += length * bid_lots
        self.sums["ask_depth"] += length * ask_lots
        self.sums["bid_share"] += length * bid_lots / both
        self.sums["micro"] += length * ((bid * ask_lots + ask * bid_lots) / both - bid)

    def move_to(self, now: int) -> None:
        """End the instant before *now*, and the spans that are over by then."""
        if now == self.now:
            return
        top = self.top()
        if top != self.quote:
            self.hold(self.now)
            self.sums["flow"] += self.flow(top)
            self.sums["updates"] += 1
            self.quote = top
        while self.end <= now:
            self.hold(self.end)
            deep = dict.fromkeys(("deep_bid_lots", "deep_ask_lots"), UNSEEN)
            if self.end % (DEEP_EVERY * self.span_ns) == 0:
                bids, asks = self.levels[1], self.levels[-1]
                deep["deep_bid_lots"] = sum(bids[p] for p in sorted(bids)[-DEEP_LEVELS:])
                deep["deep_ask_lots"] = sum(asks[p] for p in sorted(asks)[:DEEP_LEVELS])
            stands = dict(
                zip(("bid", "bid_lots", "ask", "ask_lots"), self.quote or (), strict=False)
            )
            times = {"begin_ns": self.begin, "end_ns": self.end}
            self.spans.append({**self.sums, **deep, **stands, **times})
            self.sums = defaultdict(int)
            self.begin, self.end = self.end, self.end + self.span_ns
        self.now = now

    def flow(self, top: tuple[int, int, int, int] | None) -> int:
        if self.quote is None or top is None:
            return 0
        bid, bid_lots, ask, ask_lots = self.quote
        new_bid, new_bid_lots, new_ask, new_ask_lots = top
        bids = (new_bid >= bid) * new_bid_lots - (new_bid <= bid) * bid_lots
        asks = (new_ask <= ask) * new_ask_lots - (new_ask >= ask) * ask_lots
        return bids - asks

    def take(self, event: dict[str, int]) -> None:
        self.move_to(event["time_ns"])
        kind, side = event["kind"], event["side"]
        ticks, lots, number = event["ticks"], event["lots"], event["maker_number"]
        if kind == EventKind.PHASE:
            self.is_continuous = ticks == Phase.CONTINUOUS
        if kind == EventKind.WAITING:
            self.waiting.add(number)
        if kind == EventKind.TRADE:
            self.trade(side, ticks, lots)
        if kind not in LEVEL_KINDS or (kind == EventKind.TRADE and side == 0):
            return
        if number in self.waiting and kind in {EventKind.REMOVED, EventKind.CHANGED}:
            return
        own = -side if kind == EventKind.TRADE else side
        if kind == EventKind.DECREMENTED:
            own = -side
        self.levels[own][ticks] = event["level_lots"]
        if not event["level_lots"]:
            del self.levels[own][ticks]

    def trade(self, side: int, ticks: int, lots: int) -> None:
        self.sums["trades"] += 1
        self.sums["last"] = ticks
        name = {1: "buy", -1: "sell", 0: "cross"}[side]
        self.sums[f"{name}_lots"] += lots
        self.sums[f"{name}_value"] += lots * ticks
        if side and self.quote is not None:
            bid, _, ask, _ = self.quote
            self.sums["met_lots"] += lots
            self.sums["met_signed"] += side * lots
            self.sums["met_value"] += side * lots * ticks
            self.sums["met_mid"] += side * lots * (bid + ask)


def slow_spans(events: NDArray[np.void], symbol: int, span_ns: int) -> list[dict[str, Any]]:
    """Return the spans of a symbol as the events tell them."""
    book = SlowBook(START_NS, span_ns)
    names = events.dtype.names
    assert names is not None
    for row in events[events["symbol"] == symbol].tolist():
        book.take(dict(zip(names, row, strict=True)))
    return book.spans


EXACT = (
    *("quoted_ns", "flow", "updates", "trades", "buy_lots", "sell_lots", "cross_lots", "last"),
    *("buy_value", "sell_value", "cross_value", "met_lots", "met_signed", "met_value", "met_mid"),
    *("deep_bid_lots", "deep_ask_lots", "bid_lots", "ask_lots"),
)
CLOSE = ("spread", "mid", "bid_depth", "ask_depth", "bid_share", "micro")


def assert_alike(spans: NDArray[np.void], slow: list[dict[str, Any]]) -> None:
    """Fail where a span of the gauges is not as the slow book has it."""
    assert len(slow) <= len(spans)
    for span, other in zip(spans, slow, strict=False):
        assert (span["begin_ns"], span["end_ns"]) == (other["begin_ns"], other["end_ns"])
        if other.get("bid_lots"):
            assert (span["bid"], span["ask"]) == (other["bid"], other["ask"])
        for field in EXACT:
            assert span[field] == other.get(field, 0), field
        for field in CLOSE:
            assert np.isclose(span[field], other.get(field, 0), rtol=1e-9, atol=1e-3), field


@settings(max_examples=15, deadline=None)  # The first example compiles.
@given(ORDERS, st.integers(1, 30 * NS_PER_S), st.sampled_from([NS_PER_S, 700_000_001]))
def test_gauges_measure_what_all_events_tell_and_change_none(
    orders: list[Outside], step_ns: int, span_ns: int
) -> None:
    measured, plain = (Market(a_config(), start_ns=START_NS) for _ in range(2))
    gauges = measured.measure(span_ns)
    ends = START_NS + 30 * NS_PER_S

    events = play(measured, orders, until_ns=ends, step_ns=max(step_ns, NS_PER_S // 10))

    spans = gauges.take()
    untouched = play(plain, orders, until_ns=ends, step_ns=NS_PER_S)
    assert events.tobytes() == untouched.tobytes()
    assert measured.state() == plain.state()
    for symbol in range(len(measured.symbols)):
        slow = slow_spans(events, symbol, span_ns)
        assert len(slow) > 20
        assert_alike(spans[spans["symbol"] == symbol], slow)


def test_an_auction_is_not_quoted_and_its_trades_have_no_side() -> None:
    market = Market(a_config(), start_ns=START_NS)
    gauges = market.measure(NS_PER_S)
    parts = [play(market, [], until_ns=START_NS + 5 * NS_PER_S, step_ns=NS_PER_S)]
    market.ask("BTCUSDT", new_message(Action.PHASE, ticks=Phase.AUCTION))
    crossed = [
        Outside(NS_PER_S, "BTCUSDT", 1, side=Side.BUY, ticks=6_100_000, lots=50),
        Outside(2 * NS_PER_S, "BTCUSDT", 2, side=Side.SELL, ticks=5_900_000, lots=80, owner=OTHER),
    ]
    parts.append(play(market, crossed, until_ns=START_NS + 15 * NS_PER_S, step_ns=NS_PER_S))
    market.ask("BTCUSDT", new_message(Action.PHASE, ticks=Phase.CONTINUOUS))
    parts.append(play(market, [], until_ns=START_NS + 25 * NS_PER_S, step_ns=NS_PER_S))
    events = joined(parts)

    spans = gauges.take()
    own = spans[spans["symbol"] == 0]

    assert own["cross_lots"].sum() > 0
    assert not own["quoted_ns"][6:14].any()
    assert_alike(own, slow_spans(events, 0, NS_PER_S))


def test_the_engine_waits_for_python_where_its_memory_is_full() -> None:
    roomy, narrow = (Market(a_config(), start_ns=START_NS) for _ in range(2))
    gauges, few = roomy.measure(NS_PER_S), narrow.measure(NS_PER_S, room=7)
    for market in (roomy, narrow):
        market.run_until(START_NS + 20 * NS_PER_S)

    assert few.take().tobytes() == gauges.take().tobytes()
    assert roomy.drain().tobytes() == narrow.drain().tobytes()
