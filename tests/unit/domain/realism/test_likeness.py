"""The distance of two markets is nought for one and the same, and grows with what differs."""

import math

import numpy as np
import pytest
from tests.realism import a_session

from trade2026.domain.realism.likeness import (
    FARTHEST,
    STATISTICS,
    Statistic,
    differences,
    distance_of,
    median_of,
    portrait_of_bars,
    portrait_of_session,
    with_grains,
)
from trade2026.domain.realism.session import Session

NAN = float("nan")
RATIO = Statistic("r", "a ratio")
SHARE = Statistic("s", "a share", width=0.5)


def a_walk(minutes: int = 20, size: float = 1e-4) -> Session:
    chance = np.random.default_rng(3)
    seconds = 60 * minutes
    mid = 1_000 * np.exp(np.cumsum(chance.normal(0.0, size, seconds)))
    trades = np.cumsum(chance.integers(1, 5 * 10**9, 400))
    return a_session(
        mid=mid,
        volume=np.full(seconds, 3.0),
        imbalance=chance.normal(size=seconds),
        touch=np.full(seconds, 50.0),
        trade_ns=trades,
        trade_sign=chance.choice([-1, 1], 400),
        trade_lots=chance.integers(1, 100, 400),
        spread_s=np.array([0.0, 400.0, 800.0, 0.0]),
    )


@pytest.mark.parametrize(
    ("statistic", "value", "wanted", "away"),
    [
        (RATIO, 2.0, 1.0, math.log(2.0)),
        (RATIO, 1.0, 2.0, -math.log(2.0)),
        (RATIO, 1e9, 1.0, FARTHEST),
        (RATIO, 1e-9, 1.0, -FARTHEST),
        (RATIO, 0.0, 1.0, FARTHEST),
        (RATIO, NAN, 1.0, FARTHEST),
        (RATIO, 1.0, 0.0, NAN),
        (RATIO, 1.0, NAN, NAN),
        (SHARE, 0.3, -0.2, 1.0),
        (SHARE, -9.0, 0.0, -FARTHEST),
        (SHARE, NAN, 0.0, FARTHEST),
    ],
)
def test_a_statistic_differs_by_its_kind(
    statistic: Statistic, value: float, wanted: float, away: float
) -> None:
    assert statistic.distance(value, wanted) == pytest.approx(away, nan_ok=True)


def test_the_distance_is_the_weighted_root_mean_square() -> None:
    wanted = {"trades_per_s": 1.0, "MS1.lag1": 0.2}

    assert distance_of(wanted, wanted) == 0.0
    # Trades count twice, a quarter more memory counts once.
    found = distance_of({"trades_per_s": math.e, "MS1.lag1": 0.45, "MS2": 0.9}, wanted)
    assert found == pytest.approx(math.sqrt((2 * 1.0 + 1.0) / 3.0))
    assert distance_of({"trades_per_s": 1.0}, wanted) == pytest.approx(FARTHEST / math.sqrt(3.0))
    assert math.isnan(distance_of({"MS2": 1.0}, {}))


def test_what_became_of_each_statistic_that_is_wanted() -> None:
    wanted = {"trades_per_s": 1.0, "MS2": NAN}
    (one,) = differences({}, {"trades_per_s": math.e}, wanted)

    assert (one.name, one.wanted, one.after) == ("trades_per_s", 1.0, math.e)
    assert math.isnan(one.before)
    assert (one.distance_before, one.distance_after) == (FARTHEST, pytest.approx(1.0))


def test_a_session_has_scales_in_basis_points_and_money() -> None:
    session = a_walk(size=1e-4)
    price = float(session.mid.mean()) * 0.5

    found = portrait_of_session(session, tick=0.5, lot=0.1)

    assert found["volatility_10s_bps"] == pytest.approx(math.sqrt(10.0), rel=0.2)
    assert found["roughness"] == pytest.approx(1.0, abs=0.3)
    assert found["trades_per_s"] == pytest.approx(400 / 1_200)
    assert found["turnover_per_s"] == pytest.approx(3.0 * 0.1 * price)
    assert found["spread_bps"] == pytest.approx(2 * 0.5 / price * 1e4)
    assert found["touch_value"] == pytest.approx(50.0 * 0.1 * price)
    assert {"MS1.lag1", "MS2", "MS5.cv", "MS7"} <= set(found)
    # Twenty minutes have no tails and no memory of minutes.
    assert not any(name.startswith("SF") for name in found)


def test_a_session_of_nothing_has_no_scales() -> None:
    still = a_session(mid=np.full(40, 5.0), spread_s=np.zeros(3), trade_ns=np.zeros(0, np.int64))
    found = portrait_of_session(still, tick=1.0, lot=1.0)

    assert found["trades_per_s"] == 0.0
    assert math.isnan(found["roughness"])
    assert math.isnan(found["spread_bps"])
    short = portrait_of_session(a_session(mid=np.full(9, 5.0)), tick=1.0, lot=1.0)
    assert math.isnan(short["volatility_10s_bps"])


def test_bars_have_facts_of_returns_where_there_are_enough() -> None:
    chance = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(chance.normal(0.0, 1e-3, 3_000)))
    volume = chance.exponential(1.0, 3_000)

    found = portrait_of_bars(close, volume)

    assert found["volatility_minute_bps"] == pytest.approx(10.0, rel=0.05)
    assert {"SF3.top5", "SF5", "SF6", "SF9"} <= set(found)
    assert set(found) <= {statistic.name for statistic in STATISTICS}
    assert list(portrait_of_bars(close[:100], volume[:100])) == ["volatility_minute_bps"]
    assert math.isnan(portrait_of_bars(close[:1], volume[:1])["volatility_minute_bps"])


def test_a_long_session_has_them_too() -> None:
    found = portrait_of_session(a_walk(minutes=1_100), tick=1.0, lot=1.0)

    assert {"SF5", "volatility_10s_bps"} <= set(found)
    assert "volatility_minute_bps" not in found


def test_medians_are_over_those_that_have_one() -> None:
    ones = [{"MS2": 0.1, "MS1": NAN}, {"MS2": 0.5}, {"MS2": 0.2, "MS1": 2.0}, {"MS2": NAN}]

    assert median_of(ones) == {"MS2": 0.2, "MS1": 2.0}


def test_prints_of_one_side_within_a_millisecond_are_one_trade() -> None:
    session = a_session(
        trade_ns=np.array([1_000_000, 1_400_000, 1_900_000, 2_000_000, 2_000_000]),
        trade_sign=np.array([1, 1, -1, -1, -1]),
        trade_lots=np.array([1, 2, 3, 4, 5]),
    )

    merged = with_grains(session)

    assert merged.trade_ns.tolist() == [1_000_000, 1_000_000, 2_000_000]
    assert merged.trade_sign.tolist() == [1, -1, -1]
    assert merged.trade_lots.tolist() == [3, 3, 9]
