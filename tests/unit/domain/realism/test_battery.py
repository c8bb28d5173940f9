"""The gates: what is real passes, what only looks like it fails, and no gate moves."""

import math

import numpy as np
import pytest
from tests.realism import recorded_bars

from trade2026.core.chance import stream
from trade2026.domain.realism.battery import GATES, Gate, Outcome, Tier, failed, judge
from trade2026.domain.realism.returns import leverage, measure_returns, time_asymmetry

RETURNS = {gate.name for gate in GATES if gate.name.startswith("SF") and gate.tier is Tier.A}


def failed_facts(mid: np.ndarray, volume: np.ndarray) -> set[str]:
    return RETURNS & set(failed(measure_returns(mid, volume)))


@pytest.mark.data
def test_recorded_bars_pass_every_fact_of_returns() -> None:
    assert failed_facts(*recorded_bars()) == set()


@pytest.mark.data
def test_recorded_bars_measure_as_known() -> None:
    found = measure_returns(*recorded_bars())

    assert found["SF2"] == pytest.approx(23.0, abs=1.0)
    assert found["SF3.top5"] == pytest.approx(2.56, abs=0.02)
    assert found["SF6"] == pytest.approx(0.18, abs=0.01)
    assert found["SF9"] == pytest.approx(0.61, abs=0.01)
    assert found["SF10"] == pytest.approx(6.8, abs=0.2)


@pytest.mark.data
def test_shuffled_recorded_returns_have_lost_their_memory() -> None:
    closes, volumes = recorded_bars()
    moves = stream(1, "shuffle").permutation(np.diff(np.log(closes)))
    shuffled = closes[0] * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))

    assert failed_facts(shuffled, volumes) >= {"SF5", "SF6", "SF7"}


@pytest.mark.parametrize("seed", range(5))
def test_a_gaussian_walk_fails(seed: int) -> None:
    chance = stream(seed, "walk")
    walk = 1e4 * np.exp(np.cumsum(chance.normal(0.0, 1e-3, 7_200)))

    assert failed_facts(walk, chance.exponential(1.0, 7_200)) >= {
        "SF2",
        "SF3.top5",
        "SF3.top1",
        "SF5",
        "SF7",
        "SF9",
    }


def test_the_gates_are_where_they_were_set() -> None:
    bounds = {gate.name: (gate.low, gate.high) for gate in GATES if gate.tier is Tier.A}

    assert bounds == {
        "SF1.lag1": (-0.10, 0.10),
        "SF1.lag5": (-0.05, 0.05),
        "SF1.lag20": (-0.05, 0.05),
        "SF2": (3.0, 300.0),
        "SF3.top5": (2.0, 5.0),
        "SF3.top1": (2.0, 5.0),
        "SF4": (-math.inf, 0.5),
        "SF5": (0.08, 0.35),
        "SF6": (0.03, 1.0),
        "SF7": (0.10, 0.50),
        "SF9": (0.25, 0.80),
        "MS1": (0.3, 0.9),
        "MS1.lag1": (0.1, 1.0),
        "MS2": (0.30, 1.0),
        "MS2.slope": (math.ulp(0.0), math.inf),
        "MS2.depth": (1.0, math.inf),
        "MS3": (0.40, 0.60),
        "MS5.cv": (1.2, math.inf),
        "MS5.shape": (0.35, 0.80),
        "MS6": (0.80, 0.999),
        "IN1.crossed": (0.0, 0.0),
        "IN1.conserved": (0.0, 0.0),
        "IN2": (0.0, 0.0),
    }


@pytest.mark.parametrize("gate", [g for g in GATES if not g.is_open], ids=lambda g: g.name)
def test_a_gate_allows_its_ends_and_nothing_beyond(gate: Gate) -> None:
    for end, beyond in ((gate.low, -math.inf), (gate.high, math.inf)):
        if math.isfinite(end):
            assert gate.judge(end) is Outcome.PASSED
            assert gate.judge(math.nextafter(end, beyond)) is Outcome.FAILED
    assert gate.judge(math.nan) is Outcome.FAILED


def test_what_was_not_measured_is_skipped_and_counts_as_failed() -> None:
    verdicts = judge({})

    assert {v.outcome for v in verdicts} == {Outcome.SKIPPED}
    assert failed({}) == [gate.name for gate in GATES if gate.tier is Tier.A]


def test_what_is_only_told_never_fails() -> None:
    (skew,) = [v for v in judge({"SF11.skew": 99.0}) if v.gate.name == "SF11.skew"]

    assert skew.outcome is Outcome.TOLD


def test_a_decay_without_a_memory_does_not_pass() -> None:
    with_memory = {"SF5": 0.2, "SF7": 0.3, "MS1": 0.6, "MS1.lag1": 0.2}
    without = {"SF5": 0.01, "SF7": 0.3, "MS1": 0.6, "MS1.lag1": 0.01}

    assert not {"SF7", "MS1"} & set(failed(with_memory))
    assert {"SF7", "MS1"} <= set(failed(without))
    assert "SF7" in failed({"SF7": 0.3})


def test_a_short_session_has_no_facts() -> None:
    assert measure_returns(np.ones(500), np.ones(500)) == {}


def test_leverage_and_asymmetry_show_where_they_are() -> None:
    chance = stream(3, "leverage")
    shocks = chance.standard_normal(20_000)
    returns, level = np.empty_like(shocks), 0.0
    for index, shock in enumerate(shocks.tolist()):
        returns[index] = shock * math.exp(level)
        level = 0.9 * level - 0.2 * shock

    assert leverage(returns) < -0.1
    assert abs(leverage(shocks)) < 0.02
    assert abs(time_asymmetry(shocks)) < 0.06
