"""Measures are what a plain look at all spans finds, wherever the fold is cut or begins anew."""

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.spans import of_chance

from trade2026.core.numbers import NANOS
from trade2026.domain.measures.fold import INTERVALS_NS, LATER_SPANS, MeasureFold, Told
from trade2026.model.measure import MarketSpan, Measures, SpanBatch


def mids_of(spans: Sequence[MarketSpan]) -> list[float | None]:
    """Return the mid at the end of each span, or the last one known."""
    mids: list[float | None] = []
    for span in spans:
        known = mids[-1] if mids else None
        quoted = span.bid_px is not None and span.ask_px is not None
        mids.append((span.bid_px + span.ask_px) / 2 / NANOS if quoted else known)  # type: ignore[operator]
    return mids


def check(measures: Measures, spans: Sequence[MarketSpan]) -> None:
    """Fail where *measures* are not those of the spans of their interval, told by formulas."""
    mids = mids_of(spans)
    ends = measures.begin_ns + measures.interval_ns
    inside = [i for i, s in enumerate(spans) if measures.begin_ns <= s.begin_ns < ends]
    own = [spans[i] for i in inside]
    assert measures.spans == len(own)
    assert measures.volume_qty == sum(s.buy_qty + s.sell_qty + s.cross_qty for s in own)
    moves = [(mids[i - 1], mids[i], i) for i in inside if i]
    known = [(a, b, i) for a, b, i in moves if a is not None and b is not None]
    if known:
        squares = sum(math.log(b / a) ** 2 for a, b, _ in known)
        assert measures.realized_volatility == pytest.approx(math.sqrt(squares))
    signed = [(spans[i].buy_qty - spans[i].sell_qty) / NANOS for _, _, i in known]
    if len(known) > 2 and len(set(signed)) > 1:
        line = statistics.linear_regression(signed, [b - a for a, b, _ in known])
        assert measures.kyle_lambda == pytest.approx(line.slope, abs=1e-12)
    met = sum(s.met_qty for s in own) / NANOS
    if met and measures.mid_px:
        kept = 0.0
        for i in inside:
            later = mids[min(i + LATER_SPANS, len(spans) - 1)]
            if later is not None:
                value = spans[i].met_signed_value / NANOS**2
                kept += 2 * (value - later * spans[i].met_signed_qty / NANOS)
        assert measures.realized_spread_bps == pytest.approx(
            10_000 * kept / met / measures.mid_px, rel=1e-9, abs=1e-6
        )
        parts = (measures.realized_spread_bps, measures.price_impact_bps)
        assert measures.effective_spread_bps == pytest.approx(sum(parts), abs=1e-6)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(6, 150), st.integers(0, 70))
def test_measures_are_what_the_formulas_say(seed: int, count: int, first: int) -> None:
    rng = np.random.default_rng(seed)
    spans = [of_chance(rng, second) for second in range(first, first + count)]
    fold = MeasureFold()

    told = fold.add(SpanBatch(life=1, symbol="A", records=tuple(spans)), 1)
    # Another life: everything is told of.
    told += fold.add(SpanBatch(life=2, symbol="A", records=(spans[0],)), 2)

    for interval_ns in INTERVALS_NS:
        begins = {span.begin_ns // interval_ns * interval_ns for span in spans}
        own = [t.measures for t in told if t.measures.interval_ns == interval_ns]
        assert [m.begin_ns for m in own] == sorted(begins)
        for measures in own:
            check(measures, spans)


@settings(deadline=None)  # A log of minutes takes long where lines are counted.
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_fold_may_begin_again_where_the_other_says(
    seed: int, cut: int, more: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    events: list[SpanBatch] = []
    for symbol in ("A", "B"):
        second, life = 0, 1
        while second < 200:
            count = data.draw(st.integers(1, 20))
            records = tuple(of_chance(rng, second + i) for i in range(count))
            events.append(SpanBatch(life=life, symbol=symbol, records=records))
            second += count
            if data.draw(st.integers(0, 9)) == 0:
                life += 1
    order = sorted(range(len(events)), key=lambda i: (events[i].records[0].begin_ns, i))
    log = [events[i] for i in order]
    cut, stop = min(cut, len(log)), min(cut + more, len(log))
    whole, half = MeasureFold(), MeasureFold()
    for seq in range(1, cut + 1):
        half.add(log[seq - 1], seq)

    def tail(fold: MeasureFold, begin: int) -> list[Told]:
        told = [t for seq in range(begin, stop + 1) for t in fold.add(log[seq - 1], seq)]
        return [one for one in told if one.seq > cut]

    again = MeasureFold()
    assert tail(again, half.needs_seq) == tail(whole, 1)
    assert half.needs_seq <= cut + 1
