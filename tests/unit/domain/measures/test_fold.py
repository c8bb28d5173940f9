"""What intervals come to, by worked examples; when they are told; where a fold may begin."""

from collections.abc import Sequence

import pytest
from tests.spans import BEGIN_NS, a_span, at_mid, bought

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import NANOS, Qty
from trade2026.domain.measures.fold import LATER_SPANS, MeasureFold
from trade2026.model.measure import MarketSpan, Measures, SpanBatch

TEN_S = 10 * NS_PER_S


def told_of(spans: Sequence[MarketSpan], *, life: int = 1) -> list[Measures]:
    """Return what a new fold tells of *spans*, one event each."""
    fold = MeasureFold()
    told = [
        fold.add(SpanBatch(life=life, symbol="A", records=(span,)), seq)
        for seq, span in enumerate(spans, 1)
    ]
    return [one.measures for each in told for one in each]


def test_an_interval_is_told_of_when_its_last_trades_can_be_judged() -> None:
    spans = [a_span(second) for second in range(10 + LATER_SPANS)]

    assert told_of(spans[:-1]) == []
    (measures,) = told_of(spans)
    assert (measures.begin_ns, measures.interval_ns, measures.spans) == (BEGIN_NS, TEN_S, 10)


def test_quotes_are_averages_over_the_time_in_which_there_were_any() -> None:
    spans = [a_span(second) for second in range(15)]
    spans[3] = a_span(
        3, quoted_ns=0, spread_s=0.0, mid_s=0.0, microprice_s=0.0, bid_depth_s=0.0,
        ask_depth_s=0.0, imbalance_s=0.0,
    )  # fmt: skip
    spans[9] = a_span(9, deep_bid_qty=Qty(7 * NANOS), deep_ask_qty=Qty(5 * NANOS))

    (measures,) = told_of(spans)

    assert measures.quoted_s == 9.0
    assert (measures.spread, measures.mid_px, measures.microprice) == (2.0, 100.0, 100.5)
    assert measures.spread_bps == pytest.approx(200.0)
    assert (measures.bid_depth, measures.ask_depth, measures.imbalance) == (3.0, 1.0, 0.5)
    assert (measures.deep_bid, measures.deep_ask) == (7.0, 5.0)


def test_what_takers_pay_is_what_makers_keep_and_how_far_the_mid_goes() -> None:
    spans = [a_span(second) for second in range(15)]
    spans[2] = bought(2, 4, 101)
    # Five seconds after the trade the mid has gone from 100 to 103.
    spans[7] = a_span(7, **at_mid(103))

    (measures,) = told_of(spans)

    assert measures.trades == 1
    assert measures.volume_qty == 4 * NANOS
    assert measures.vwap_px == 101 * NANOS
    assert measures.effective_spread_bps == pytest.approx(2 * (101 - 100) / 100 * 10_000)
    assert measures.realized_spread_bps == pytest.approx(2 * (101 - 103) / 100 * 10_000)
    assert measures.price_impact_bps == pytest.approx(2 * (103 - 100) / 100 * 10_000)


def test_lambda_is_by_how_much_the_mid_moves_for_what_takers_buy() -> None:
    spans = [a_span(second) for second in range(15)]
    # Two bought, and the mid rises by one; then three, and it rises by two.
    spans[2] = bought(2, 2, 101, **at_mid(101))
    for second in (3, 4):
        spans[second] = a_span(second, **at_mid(101))
    spans[5] = bought(5, 3, 102, **at_mid(103))
    for second in range(6, 15):
        spans[second] = a_span(second, **at_mid(103))

    (measures,) = told_of(spans)

    # Nine changes: the first second has none before it. Sums about the means, by hand:
    # q 2, 3 and seven of 0; dm 1, 2 and seven of 0.
    of_q = 4 + 9 - 5**2 / 9
    both = 2 + 6 - 5 * 3 / 9
    of_dm = 1 + 4 - 3**2 / 9
    assert measures.kyle_lambda == pytest.approx(both / of_q)
    assert measures.kyle_r2 == pytest.approx(both**2 / of_q / of_dm)


def test_nothing_is_told_of_what_never_was() -> None:
    silent = [
        a_span(
            second, bid_px=None, ask_px=None, quoted_ns=0, spread_s=0.0, mid_s=0.0,
            microprice_s=0.0, bid_depth_s=0.0, ask_depth_s=0.0, imbalance_s=0.0,
        )
        for second in range(15)
    ]  # fmt: skip

    (measures,) = told_of(silent)

    assert measures.vwap_px is measures.mid_px is measures.spread is measures.spread_bps is None
    assert measures.effective_spread_bps is measures.realized_volatility is None
    assert measures.kyle_lambda is measures.kyle_r2 is measures.deep_bid is None


def test_a_market_that_stands_still_has_no_slope_to_explain() -> None:
    spans = [bought(second, 1 + second % 2, 101) for second in range(15)]

    (measures,) = told_of(spans)

    assert (measures.kyle_lambda, measures.kyle_r2) == (0.0, None)
    assert measures.realized_volatility == 0.0


def test_another_life_ends_what_is_open_and_knows_nothing_of_it() -> None:
    fold = MeasureFold()
    first = tuple(bought(second, 1, 101, **at_mid(150)) for second in range(7))
    assert not fold.add(SpanBatch(life=1, symbol="A", records=first), 1)

    told = fold.add(SpanBatch(life=2, symbol="A", records=(a_span(7),)), 2)

    assert {t.measures.interval_ns // NS_PER_S for t in told} == {10, 60, 300, 900, 3_600}
    assert all((t.measures.life, t.measures.spans, t.seq) == (1, 7, 2) for t in told)
    assert fold.needs_seq == 2


def test_missing_seconds_end_what_is_open() -> None:
    spans = [a_span(second) for second in (0, 1, 2, 5)]

    assert {measures.spans for measures in told_of(spans)} == {3}


def test_a_fold_that_was_told_nothing_needs_nothing() -> None:
    assert MeasureFold().needs_seq == 1
