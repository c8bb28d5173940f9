"""The last bar published for an interval groups its trades, in whatever order they came."""

from collections import defaultdict
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.numbers import Px, Qty
from trade2026.domain.market.bars import (
    INTERVALS_NS,
    LATE_WINDOW_NS,
    MINUTE_NS,
    BarBuilder,
    Tick,
)
from trade2026.model.market import Bar

BEGIN_NS = 1_723_161_300 * NS_PER_S


@st.composite
def arrivals(draw: st.DrawFn) -> list[Tick]:
    """Return trades in an order in which each lies within the window behind those before it."""
    count = draw(st.integers(1, 25))
    now_ns = BEGIN_NS
    ticks: list[Tick] = []
    for number in draw(st.permutations(range(count))):
        now_ns += draw(st.integers(0, 5 * MINUTE_NS // NS_PER_MS)) * NS_PER_MS
        late_ns = draw(st.integers(0, (LATE_WINDOW_NS - NS_PER_S) // NS_PER_MS)) * NS_PER_MS
        ts_ns = max(BEGIN_NS, now_ns - draw(st.booleans()) * late_ns)
        ticks.append(
            Tick((ts_ns, number), Px(draw(st.integers(1, 9))), Qty(draw(st.integers(1, 9))), now_ns)
        )
    return ticks


def grouped(ticks: list[Tick], interval_ns: int) -> dict[int, tuple[int, ...]]:
    """Return the bars of all trades by start, the plain way."""
    ordered = sorted(ticks, key=lambda tick: tick.place)
    bars: dict[int, tuple[int, ...]] = {}
    for start, group in groupby(ordered, key=lambda tick: tick.place[0] // interval_ns):
        trades = list(group)
        prices = [trade.px for trade in trades]
        bars[start * interval_ns] = (
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
            sum(trade.qty for trade in trades),
            sum(trade.px * trade.qty for trade in trades),
            len(trades),
        )
    return bars


def told(bar: Bar) -> tuple[int, ...]:
    return (
        bar.open_px,
        bar.high_px,
        bar.low_px,
        bar.close_px,
        bar.volume_qty,
        bar.value,
        bar.trade_count,
    )


@given(ticks=arrivals(), clock=st.booleans(), pieces=st.integers(1, 4))
def test_bars_equal_the_groups_of_their_trades(
    ticks: list[Tick], *, clock: bool, pieces: int
) -> None:
    bars = BarBuilder()
    published: list[Bar] = []
    for number, tick in enumerate(ticks):
        if clock:
            bars.advance(tick.ts_recv_ns)
        bars.add(tick)
        if number % pieces == 0:
            published += bars.take()
    # Two trades far ahead, which confirm each other, close every interval.
    for number in (1_000, 1_001):
        far_ns = BEGIN_NS + 10 * INTERVALS_NS[-1] + number * NS_PER_S
        bars.add(Tick((far_ns, number), Px(1), Qty(1), far_ns))
    published += bars.take()

    last: dict[int, dict[int, Bar]] = defaultdict(dict)
    for bar in published:
        is_known = bar.start_ns in last[bar.interval_ns]
        assert bar.is_correction == is_known
        last[bar.interval_ns][bar.start_ns] = bar
    for interval_ns in INTERVALS_NS:
        found = {
            start: told(bar)
            for start, bar in last[interval_ns].items()
            if start < BEGIN_NS + 5 * INTERVALS_NS[-1]
        }
        assert found == grouped(ticks, interval_ns)
    assert bars.too_late_count == 0
