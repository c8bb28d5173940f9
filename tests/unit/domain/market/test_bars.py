"""Bars close by trades and by the clock; late trades correct them; wild times are not believed."""

from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.numbers import INT64_MAX, Px, Qty
from trade2026.domain.market.bars import (
    GRACE_NS,
    HOUR_NS,
    LATE_WINDOW_NS,
    MINUTE_NS,
    SECOND_NS,
    SEEN_LIMIT,
    BarBuilder,
    SeenIds,
    Tick,
)

BEGIN_NS = 1_723_161_300 * NS_PER_S
"""A whole minute."""


def a_tick(number: int, after_ns: int, px: int = 10, qty: int = 1) -> Tick:
    return Tick((BEGIN_NS + after_ns, number), Px(px), Qty(qty), BEGIN_NS + after_ns)


def test_a_second_closes_when_a_trade_of_a_later_second_comes() -> None:
    bars = BarBuilder()
    for number, px in enumerate((10, 14, 8, 11)):
        bars.add(a_tick(number, number * NS_PER_MS, px, 2))

    before = bars.take()
    bars.add(a_tick(9, SECOND_NS))
    (bar,) = bars.take()

    assert before == ()
    assert (bar.open_px, bar.high_px, bar.low_px, bar.close_px) == (10, 14, 8, 11)
    assert (bar.volume_qty, bar.value, bar.trade_count) == (8, 86, 4)
    assert (bar.start_ns, bar.interval_ns, bar.is_correction) == (BEGIN_NS, SECOND_NS, False)


def test_a_longer_bar_closes_with_its_last_second() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0, 10))
    bars.add(a_tick(2, 59 * SECOND_NS, 20))
    bars.add(a_tick(3, MINUTE_NS, 30))

    closed = bars.take()

    assert [(bar.interval_ns, bar.volume_qty) for bar in closed] == [
        (SECOND_NS, 1),
        (SECOND_NS, 1),
        (MINUTE_NS, 2),
    ]


def test_the_clock_closes_a_bar_when_trades_stop() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))

    bars.advance(BEGIN_NS + SECOND_NS + GRACE_NS - 1)
    early = bars.take()
    bars.advance(BEGIN_NS + SECOND_NS + GRACE_NS)

    assert early == ()
    assert [bar.interval_ns for bar in bars.take()] == [SECOND_NS]


def test_the_clock_knows_no_time_before_the_first_trade() -> None:
    bars = BarBuilder()

    bars.advance(BEGIN_NS)

    assert (bars.closed_ns, bars.take()) == (0, ())


def test_a_late_trade_corrects_the_bars_it_belongs_to() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0, 10))
    bars.add(a_tick(3, SECOND_NS, 12))
    bars.take()

    bars.add(a_tick(2, 5, 99, 4))
    (bar,) = bars.take()

    assert (bar.is_correction, bar.high_px, bar.close_px, bar.volume_qty) == (True, 99, 99, 5)
    assert bars.late_count == 1


def test_a_late_trade_of_an_empty_second_makes_its_first_bar() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))
    bars.add(a_tick(3, 2 * SECOND_NS))
    bars.take()

    bars.add(a_tick(2, SECOND_NS))
    (bar,) = bars.take()

    assert (bar.start_ns, bar.is_correction) == (BEGIN_NS + SECOND_NS, False)


def test_a_trade_beyond_the_window_is_counted_and_left_out() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))
    bars.add(a_tick(2, LATE_WINDOW_NS + 2 * SECOND_NS))
    bars.take()

    bars.add(a_tick(3, SECOND_NS))

    assert (bars.take(), bars.too_late_count) == ((), 1)


def test_a_clock_that_ran_ahead_costs_no_trade() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))
    bars.advance(BEGIN_NS + 10 * MINUTE_NS)
    bars.take()

    for number in range(2, 5):
        bars.add(a_tick(number, number * MINUTE_NS))
    told = bars.take()

    assert [bar.interval_ns for bar in told if not bar.is_correction].count(SECOND_NS) == 3
    assert bars.too_late_count == 0
    assert max(map(len, bars.buckets.values())) < 4


def test_one_trade_of_a_wild_time_closes_nothing() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))

    bars.add(a_tick(2, 24 * HOUR_NS))
    bars.add(a_tick(3, SECOND_NS))

    assert [bar.trade_count for bar in bars.take()] == [1]
    assert bars.dropped_count == 1


def test_a_held_trade_is_dropped_when_time_goes_on_without_it() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))

    bars.add(a_tick(2, 24 * HOUR_NS))
    bars.add(a_tick(3, SECOND_NS))
    bars.add(a_tick(4, 2 * SECOND_NS))

    assert (bars.held, bars.dropped_count) == (None, 1)


def test_a_bar_changed_and_forgotten_before_anybody_asked_is_still_told() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))
    bars.add(a_tick(2, SECOND_NS))
    bars.take()

    bars.add(a_tick(3, 1, qty=4))
    bars.add(a_tick(4, LATE_WINDOW_NS + 2 * SECOND_NS))

    corrected = [bar for bar in bars.take() if bar.is_correction]
    assert [bar.volume_qty for bar in corrected] == [5]


def test_two_trades_that_agree_move_time_forward() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))

    bars.add(a_tick(2, 24 * HOUR_NS))
    bars.add(a_tick(3, 24 * HOUR_NS + SECOND_NS))

    assert [(bar.interval_ns, bar.trade_count) for bar in bars.take()][:2] == [
        (SECOND_NS, 1),
        (MINUTE_NS, 1),
    ]
    assert bars.closed_ns == BEGIN_NS + 24 * HOUR_NS + SECOND_NS


def test_two_trades_that_agree_move_a_wrong_time_back() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 24 * HOUR_NS))

    bars.add(a_tick(2, 0))
    bars.add(a_tick(3, SECOND_NS))

    assert bars.closed_ns == BEGIN_NS + SECOND_NS
    assert [bar.start_ns for bar in bars.take()] == [BEGIN_NS]


def test_wild_trades_that_disagree_are_dropped_one_by_one() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0))

    for day in (3, 9, 27):
        bars.add(a_tick(day, day * 24 * HOUR_NS))

    assert (bars.dropped_count, bars.closed_ns) == (2, BEGIN_NS)


def test_volume_beyond_the_wire_is_not_added() -> None:
    bars = BarBuilder()
    bars.add(a_tick(1, 0, qty=INT64_MAX))
    bars.add(a_tick(2, 1, qty=1))
    bars.add(a_tick(3, SECOND_NS, qty=5))
    bars.add(a_tick(4, MINUTE_NS))

    closed = bars.take()

    assert [(bar.volume_qty, bar.trade_count) for bar in closed] == [
        (INT64_MAX, 1),
        (5, 1),
        (INT64_MAX, 1),
    ]


def test_an_id_is_new_once_and_old_ids_are_forgotten() -> None:
    seen = SeenIds()

    first = [seen.is_new(number) for number in range(2 * SEEN_LIMIT)]
    again = [seen.is_new(number) for number in range(SEEN_LIMIT, 2 * SEEN_LIMIT)]

    assert all(first)
    assert not any(again)
    assert len(seen.newer) + len(seen.older) <= 2 * SEEN_LIMIT
