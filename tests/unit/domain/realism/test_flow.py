"""Order flow, arrivals, sizes and the book's shape, on sessions made to measure."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from tests.realism import a_session

from trade2026.core.chance import stream
from trade2026.domain.realism.flow import (
    by_distance,
    flow_fit,
    fullest,
    measure_flow,
    pauses_of,
    placement_exponent,
    within_hours,
)
from trade2026.domain.realism.series import Reals, per_window
from trade2026.domain.realism.session import Session

NS_PER_S = 10**9


def test_a_price_that_follows_order_flow_is_explained_by_it_and_dampened_by_depth() -> None:
    chance = stream(1, "flow")
    flow = chance.standard_normal(100_000)
    touch = np.repeat(chance.uniform(1.0, 5.0, 10_000), 10)
    push = flow / touch
    moves = push + chance.standard_normal(100_000) * push.std()

    fit, slope, dampened = flow_fit(
        a_session(mid=1e4 + np.cumsum(moves), imbalance=flow, touch=touch)
    )

    # Half of the price's variance is the flow's; depth takes a part of what it explains.
    assert fit == pytest.approx(0.41, abs=0.04)
    assert slope == pytest.approx(np.mean(1.0 / touch), rel=0.05)
    assert dampened > 2.0


def test_a_price_of_its_own_is_not_explained_by_order_flow() -> None:
    chance = stream(2, "flow")
    noise = chance.standard_normal((2, 50_000))

    fit, _, _ = flow_fit(a_session(mid=1e4 + np.cumsum(noise[0]), imbalance=noise[1]))

    assert fit < 0.01


def test_short_or_still_sessions_have_no_fit() -> None:
    still = a_session(mid=np.full(1_000, 100.0), imbalance=np.zeros(1_000))

    assert all(math.isnan(value) for value in flow_fit(still))
    assert all(math.isnan(value) for value in flow_fit(a_session(mid=np.ones(100))))


def test_signs_of_split_orders_remember_and_of_a_coin_do_not() -> None:
    chance = stream(3, "signs")
    lengths = np.floor(1.0 + chance.pareto(1.6, 60_000)).astype(np.int64).clip(max=2_000)
    split = np.repeat(chance.choice([-1, 1], len(lengths)), lengths)
    coin = chance.choice([-1, 1], len(split))

    remembered = measure_flow(a_session(trade_sign=split))
    forgotten = measure_flow(a_session(trade_sign=coin))

    # Lengths with a tail of 1.6 make a memory that decays with an exponent of 0.6.
    assert remembered["MS1"] == pytest.approx(0.6, abs=0.12)
    assert remembered["MS1.lag1"] > 0.3
    assert abs(forgotten["MS1.lag1"]) < 0.02


def test_pauses_of_no_length_are_one_trade() -> None:
    times = np.array([1, 1, 3, 6], np.int64) * NS_PER_S

    assert pauses_of(times).tolist() == [2.0, 3.0]


def test_within_hours_slow_changes_of_activity_do_not_count() -> None:
    chance = stream(4, "hours")
    # A Poisson flow, every other hour ten times as fast.
    hours = [
        hour * 3_600.0 + np.sort(chance.uniform(0.0, 3_600.0, 6_000 if hour % 2 else 600))
        for hour in range(40)
    ]
    times = (np.concatenate(hours) * NS_PER_S).astype(np.int64)
    whole = measure_flow(a_session(trade_ns=times))

    spread, shape = within_hours(times)

    assert whole["MS5.cv"] > 2.0
    assert whole["MS5.shape"] < 0.8
    assert spread == pytest.approx(1.0, abs=0.05)
    assert shape == pytest.approx(1.0, abs=0.05)


def test_hours_without_trades_tell_nothing() -> None:
    assert math.isnan(within_hours(np.zeros(0, np.int64))[0])
    assert math.isnan(within_hours(np.array([0, 1], np.int64) * NS_PER_S)[0])


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_the_distances_of_limit_prices_have_their_exponent(exponent: float) -> None:
    far = np.floor(1.0 + stream(5, "placed").pareto(exponent, 500_000))
    placed = np.bincount(np.minimum(far, 4_095).astype(np.int64), minlength=4_096)

    assert placement_exponent(placed) == pytest.approx(exponent, rel=0.1)


def test_few_limit_orders_have_none() -> None:
    assert math.isnan(placement_exponent(np.array([10, 5, 3])))


def test_the_book_is_fullest_where_most_is_shown() -> None:
    assert fullest(np.array([1.0, 3.0, 7.0, 2.0])) == 2.0
    # One that is hardly fuller than the first is so by chance.
    assert fullest(np.array([5.0, 5.4, 5.1, 2.0])) == 0.0
    assert fullest(np.array([5.0, 2.0])) == 0.0
    assert math.isnan(fullest(np.zeros(4)))


def a_book(density: Callable[[Reals], Reals], *, swing: float = 0.0) -> Session:
    """Return looks at a book whose orders lie by chance, as dense as *density* of their ticks.

    The density swings from one look to the next, and so does the spread, each by itself.
    """
    chance = stream(8, "book")
    ticks = np.arange(1.0, 4_000.0)
    profile, spread_s = np.zeros(4_000), np.zeros(4_096)
    for _ in range(1_500):
        many = density(ticks) * math.exp(swing * chance.standard_normal())
        sides = [ticks[chance.random(len(ticks)) < many] for _ in range(2)]
        if not all(map(len, sides)):
            continue
        spread = float(sides[0][0] + sides[1][0]) * math.exp(swing * chance.standard_normal())
        spread_s[min(int(spread), 4_095)] += 1.0
        for side in sides:
            profile[(side - side[0]).astype(np.int64)] += 1.0
    return a_session(spread_s=spread_s, profile=profile)


@pytest.mark.parametrize("swing", [0.0, 0.5, 1.0])
def test_a_flat_book_has_no_hump_and_one_that_fills_away_from_the_touch_has(swing: float) -> None:
    def flat(ticks: Reals) -> Reals:
        return np.full(len(ticks), 0.02)

    def humped(ticks: Reals) -> Reals:
        return 0.02 * (1.0 + np.exp(-(((ticks - 500.0) / 200.0) ** 2)))

    assert fullest(by_distance(a_book(flat, swing=swing))) == 0.0
    assert fullest(by_distance(a_book(humped, swing=swing))) >= 2.0


def test_distances_are_a_mean_spread_wide_and_begin_with_the_best_price() -> None:
    session = a_session(
        spread_s=np.array([0.0, 6.0, 0.0, 6.0]), profile=np.array([5.0, 1.0, 2.0, 3.0, 9.0])
    )

    assert by_distance(session).tolist() == [6.0, 5.0]
    assert not len(by_distance(a_session(spread_s=np.zeros(3), profile=np.zeros(0))))


def test_spread_and_sizes_are_measured_as_they_are() -> None:
    sizes = np.floor(1_000.0 * (1.0 + stream(6, "sizes").pareto(1.5, 50_000))).astype(np.int64)

    found = measure_flow(a_session(trade_lots=sizes, spread_s=np.array([0.0, 90.0, 10.0])))

    assert found["MS6"] == pytest.approx(0.9)
    assert found["MS7"] == pytest.approx(1.5, rel=0.05)


def test_a_session_without_trades_or_spreads_has_no_battery() -> None:
    few = np.ones(10, np.int64)

    assert measure_flow(a_session(trade_sign=few)) == {}
    assert math.isnan(measure_flow(a_session(spread_s=np.zeros(3)))["MS6"])


def test_windows_add_up_what_is_in_them_and_drop_what_is_left_over() -> None:
    assert per_window(np.arange(7.0), 3).tolist() == [3.0, 12.0]


def test_minutes_end_with_their_last_second() -> None:
    session = a_session(mid=np.arange(150.0), volume=np.ones(150))

    assert session.minute_mid().tolist() == [59.0, 119.0]
    assert session.minute_volume().tolist() == [60.0, 60.0]
