"""Distributions are as far from a recorded one's as their shares of its tenths differ."""

import numpy as np
import pytest
from tests.realism import a_session

from trade2026.core.clock import NS_PER_S
from trade2026.domain.realism.scores import (
    distance,
    distances,
    likeness,
    scores_of,
    spread_distance,
)
from trade2026.domain.realism.session import Session

CHANCE = np.random.default_rng(7)


def a_busy_session(seconds: int = 1_200, scale: float = 1.0, seed: int = 3) -> Session:
    chance = np.random.default_rng(seed)
    trades = seconds * 2
    return a_session(
        mid=1_000.0 + np.cumsum(chance.standard_normal(seconds)),
        volume=scale * chance.pareto(2.0, seconds),
        imbalance=scale * chance.standard_normal(seconds),
        touch=scale * chance.lognormal(0.0, 1.0, seconds),
        trade_ns=np.sort(chance.integers(0, seconds * NS_PER_S, trades)),
        trade_sign=chance.choice([1, -1], trades),
        trade_lots=np.ceil(scale * 1_000.0 * (1.0 + chance.pareto(1.5, trades))).astype(np.int64),
    )


def test_the_same_numbers_are_no_distance_and_others_are_all_of_it() -> None:
    wanted = CHANCE.standard_normal(10_000)

    assert distance(wanted, wanted) == 0.0
    assert distance(wanted + 100.0, wanted) == pytest.approx(0.9, abs=1e-3)
    assert distance(np.full(5, 7.0), np.array([1.0, 1.0, 1.0])) == 1.0


def test_the_distance_of_a_shifted_distribution_is_what_its_shares_say() -> None:
    wanted = np.arange(1_000.0)

    # A tenth of the numbers has moved from the lowest bin to the highest.
    assert distance(wanted + 100.0, wanted) == pytest.approx(0.1, abs=2e-3)


def test_numbers_with_few_values_are_compared_by_value() -> None:
    assert distance(np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0, 2.0])) == 0.25


def test_spreads_are_compared_by_how_long_they_lasted() -> None:
    one = a_session(spread_s=np.array([0.0, 90.0, 10.0]))
    other = a_session(spread_s=np.array([0.0, 60.0]))

    assert spread_distance(one, other) == spread_distance(other, one) == pytest.approx(0.1)


def test_scales_are_divided_out() -> None:
    one, large = a_busy_session(), a_busy_session(scale=1_000.0)

    assert max(distances(large, one).values()) < 0.01
    assert set(scores_of(one)) == {
        *("touch", "change", "pause", "size", "count", "volume", "flow", "move")
    }


def test_a_session_is_itself_and_another_seed_is_near() -> None:
    session = a_busy_session()
    own, other = likeness(session, session), likeness(a_busy_session(seed=4), session)

    assert own["LB1.worst"] == own["LB1.mean"] == 0.0
    assert 0.0 < other["LB1.mean"] < other["LB1.worst"] < 0.3
    scores = [other[f"LB1.{name}"] for name in (*scores_of(session), "spread")]
    assert other["LB1.mean"] == pytest.approx(sum(scores) / 9)
    assert other["LB1.worst"] == max(scores)


def test_a_long_session_is_looked_at_in_windows_as_long_as_the_recording() -> None:
    # Sizes of the first half are all alike, of the second they are as recorded.
    recorded = a_busy_session(600)
    session = a_busy_session(6_000, seed=5)
    session.trade_lots[: len(session.trade_lots) // 2] = 1_000

    found = distances(session, recorded)

    assert found["pause"] < 0.1
    # The median lies between the two halves: windows of either count alike.
    assert 0.2 < found["size"] < 0.8


def test_what_does_not_happen_is_no_score() -> None:
    silent = a_session(
        trade_ns=np.zeros(0, np.int64),
        trade_sign=np.zeros(0, np.int64),
        trade_lots=np.zeros(0, np.int64),
        volume=np.zeros(1_000),
        touch=np.zeros(1_000),
    )

    assert scores_of(silent) == {}
    assert distances(silent, a_busy_session()) == {"spread": 0.0}
    assert distances(a_busy_session(), silent) == {"spread": 0.0}


def test_a_session_of_less_than_a_step_has_no_moves() -> None:
    assert "move" not in scores_of(a_session(mid=np.full(5, 1_000.0)))
    assert "flow" not in scores_of(a_session(mid=np.full(5, 1_000.0)))
