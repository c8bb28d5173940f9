"""Spans of a market for tests: as a market would give them, one second after another."""

from typing import Any

import numpy as np

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import NANOS, Px, Qty, SignedQty, Value
from trade2026.domain.measures.interval import Interval, Ripe
from trade2026.model.measure import MarketSpan, Measures, MeasuresBatch

BEGIN_NS = 1_767_571_200 * NS_PER_S
"""A full hour."""


def a_span(second: int, **changes: Any) -> MarketSpan:
    """Return a second without trades, quoted 99 to 101 throughout, the *second*-th of an hour."""
    begin_ns = BEGIN_NS + second * NS_PER_S
    fields: dict[str, Any] = {
        "begin_ns": TimeNs(begin_ns),
        "end_ns": TimeNs(begin_ns + NS_PER_S),
        "bid_px": Px(99 * NANOS),
        "bid_qty": Qty(3 * NANOS),
        "ask_px": Px(101 * NANOS),
        "ask_qty": Qty(NANOS),
        "quoted_ns": NS_PER_S,
        "spread_s": 2.0,
        "mid_s": 100.0,
        "microprice_s": 100.5,
        "bid_depth_s": 3.0,
        "ask_depth_s": 1.0,
        "imbalance_s": 0.5,
        "flow_qty": SignedQty(0),
        "updates": 0,
        "trades": 0,
        "buy_qty": Qty(0),
        "sell_qty": Qty(0),
        "cross_qty": Qty(0),
        "buy_value": Value(0),
        "sell_value": Value(0),
        "cross_value": Value(0),
        "met_qty": Qty(0),
        "met_signed_qty": SignedQty(0),
        "met_signed_value": Value(0),
        "met_signed_mids": Value(0),
        "last_px": None,
        "deep_bid_qty": None,
        "deep_ask_qty": None,
    }
    return MarketSpan(**fields | changes)


def bought(second: int, qty: int, px: int, **changes: Any) -> MarketSpan:
    """Return a second in which takers bought *qty* at *px* while the mid was 100; whole units."""
    lots, price = qty * NANOS, px * NANOS
    return a_span(
        second,
        trades=1,
        buy_qty=Qty(lots),
        buy_value=Value(lots * price),
        met_qty=Qty(lots),
        met_signed_qty=SignedQty(lots),
        met_signed_value=Value(lots * price),
        met_signed_mids=Value(lots * 200 * NANOS),
        last_px=Px(price),
        **changes,
    )


def at_mid(mid: int) -> dict[str, Px]:
    """Return the quotes of a span that ends with the mid at *mid*, in whole units."""
    return {"bid_px": Px((mid - 1) * NANOS), "ask_px": Px((mid + 1) * NANOS)}


def of_chance(rng: np.random.Generator, second: int) -> MarketSpan:
    """Return a second with quotes and trades of chance; sometimes nobody quotes."""
    buys, sells, crosses = (int(n) * NANOS for n in rng.integers(0, 4, 3))
    px = int(rng.integers(90, 110)) * NANOS
    mids = int(rng.integers(180, 220)) * NANOS
    is_quoted = bool(rng.random() < 0.8)
    bid = int(rng.integers(90, 100)) * NANOS
    quoted_ns = int(rng.integers(1, NS_PER_S)) if is_quoted else 0
    share = quoted_ns / NS_PER_S
    return a_span(
        second,
        bid_px=Px(bid) if is_quoted else None,
        ask_px=Px(bid + int(rng.integers(1, 9)) * NANOS) if is_quoted else None,
        quoted_ns=quoted_ns,
        spread_s=share * float(rng.random()),
        mid_s=share * 100 * float(1 + rng.random()),
        microprice_s=share * float(rng.random()),
        bid_depth_s=share * float(rng.random()),
        ask_depth_s=share * float(rng.random()),
        imbalance_s=share * float(rng.random()),
        flow_qty=SignedQty(int(rng.integers(-5, 5)) * NANOS),
        trades=int(buys > 0) + int(sells > 0) + int(crosses > 0),
        buy_qty=Qty(buys),
        sell_qty=Qty(sells),
        cross_qty=Qty(crosses),
        buy_value=Value(buys * px),
        sell_value=Value(sells * px),
        cross_value=Value(crosses * px),
        met_qty=Qty(buys + sells),
        met_signed_qty=SignedQty(buys - sells),
        met_signed_value=Value((buys - sells) * px),
        met_signed_mids=Value((buys - sells) * mids),
        deep_bid_qty=Qty(int(rng.integers(1, 9)) * NANOS) if second % 10 == 9 else None,
        deep_ask_qty=Qty(int(rng.integers(1, 9)) * NANOS) if second % 10 == 9 else None,
    )


def measures_at(*begins_ns: int) -> MeasuresBatch:
    """Return the measures of an interval of ten seconds for each time at which one begins."""
    ripe = Ripe(span=bought(0, 1, 101), before=None, at_end=None, later=None)
    records: list[Measures] = []
    for begin_ns in begins_ns:
        interval = Interval(begin_ns, 10 * NS_PER_S, 1)
        interval.add(ripe)
        records.append(interval.measures(1, "BTCUSDT"))
    return MeasuresBatch(symbol="BTCUSDT", records=tuple(records))
