"""The battery's word on a market: medians, what must never be, pairs, controls."""

import math
from typing import Any

import pytest
from tests.realism import a_session
from tests.unit.prism.markets import a_config

from trade2026.domain.realism.battery import Outcome, Tier
from trade2026.domain.realism.impact import Interval
from trade2026.prism.lab.pairs import Worked
from trade2026.prism.lab.validation import (
    PAIRS_MIN,
    Control,
    Impact,
    Row,
    Seed,
    missed,
    rows_of,
    run_controls,
    run_impact,
    run_seeds,
)


def a_seed(**values: float) -> Seed:
    return Seed(seed=1, values=values, session=a_session(), day_lots=1.0)


def an_impact(pairs: int, exponent: float = 0.5) -> Impact:
    return Impact(
        shares=(0.01, 0.02),
        worked=[[Worked(1.0, 0.5, 1.0), Worked(1.4, 0.7, 1.0)]] * pairs,
        exponent=exponent,
        interval=Interval(0.4, 0.6),
        remains=0.5,
        hour_exponent=0.8,
        hour_interval=Interval(0.7, 0.9),
        hour_worked=[],
    )


def row_of(runs: list[Seed], name: str, **others: Any) -> Row:
    rows = rows_of(runs, impact=others.get("impact"), differing=others.get("differing"))
    return next(row for row in rows if row.name == name)


def test_a_gate_is_asked_of_the_median_over_the_seeds() -> None:
    runs = [a_seed(SF5=value) for value in (0.02, 0.10, 0.20)]

    row = row_of(runs, "SF5")

    assert row.value == pytest.approx(0.10)
    assert row.outcome is Outcome.PASSED
    assert 0.02 <= row.interval.low <= row.value <= row.interval.high <= 0.20


def test_a_seed_without_a_measure_leaves_the_gate_unpassed() -> None:
    row = row_of([a_seed(SF5=0.1), a_seed(SF6=0.1)], "SF5")

    assert math.isnan(row.value)
    assert row.outcome is Outcome.FAILED


def test_one_seed_that_makes_money_from_nothing_is_enough_to_fail() -> None:
    runs = [a_seed(**{"IN1.conserved": value}) for value in (0.0, 0.0, 1.0)]

    assert row_of(runs, "IN1.conserved").outcome is Outcome.FAILED


def test_twins_that_differ_fail_and_that_were_not_run_are_skipped() -> None:
    runs = [a_seed(SF5=0.1)]

    assert row_of(runs, "IN2", differing=0).outcome is Outcome.PASSED
    assert row_of(runs, "IN2", differing=1).outcome is Outcome.FAILED
    assert row_of(runs, "IN2").outcome is Outcome.SKIPPED


def test_an_exponent_of_too_few_pairs_is_skipped() -> None:
    runs = [a_seed(SF5=0.1)]

    enough = row_of(runs, "MS3", impact=an_impact(PAIRS_MIN))
    few = row_of(runs, "MS3", impact=an_impact(PAIRS_MIN - 1))

    assert (enough.value, enough.outcome) == (0.5, Outcome.PASSED)
    assert few.outcome is Outcome.SKIPPED
    assert row_of(runs, "MS4", impact=an_impact(2)).value == 0.5
    within = row_of(runs, "MS3.hour", impact=an_impact(2))
    assert (within.value, within.interval, within.outcome) == (0.8, (0.7, 0.9), Outcome.TOLD)


def test_what_is_missed_names_gates_of_tier_a_and_controls() -> None:
    rows = rows_of([a_seed(SF5=0.1, SF10=0.0)], impact=None, differing=0)
    blind = Control(name="a walk", must_fail=("SF5",), values={"SF5": 0.2})
    strict = Control(name="a real market", must_pass=("SF5",), values={"SF5": 0.0})
    fair = Control(name="a coin", must_fail=("SF5",), values={"SF5": 0.0})

    against = missed(rows, [blind, strict, fair])

    assert against[-2:] == ["a walk", "a real market"]
    assert "SF5" not in against
    assert "SF10" not in against
    assert {row.name for row in rows if row.tier is Tier.A} - set(against) == {"SF5", "IN2"}


def test_seeds_run_beside_each_other_as_alone() -> None:
    told: dict[str, float] = {}
    config = a_config()

    both = run_seeds(config, days=0.01, seeds=[3, 4], symbol="AAPL", tell=told.__setitem__)
    (one,) = run_seeds(config, days=0.01, seeds=[4], symbol="AAPL", tell=told.__setitem__)

    assert told == {"seed 3": 1.0, "seed 4": 1.0}
    assert [run.seed for run in both] == [3, 4]
    assert both[1].session.mid.tolist() == one.session.mid.tolist()
    assert one.day_lots == pytest.approx(one.session.volume.sum() * 100.0)


def test_impact_is_of_all_seeds_and_shares() -> None:
    told: list[float] = []

    impact = run_impact(
        a_config(),
        seeds=[1, 2, 3, 4, 5, 6],
        symbol="AAPL",
        day_lots=40_000_000.0,
        shares=(0.001, 0.05),
        tell=lambda _, share: told.append(share),
    )

    assert sorted(told) == pytest.approx([n / 6 for n in range(1, 7)])
    assert [len(worked) for worked in impact.worked] == [2] * 6
    assert impact.peaks[1] > impact.peaks[0]
    assert impact.exponent > 0.0 or math.isnan(impact.exponent)
    # One that takes fifty times as much within the same time does more; it is of what it got.
    assert impact.hour_exponent > 0.0
    peaks, done = (
        [sum(getattr(each[i], name) for each in impact.hour_worked) / 6 for i in range(2)]
        for name in ("peak", "done")
    )
    assert done[1] < 0.95 < done[0] <= 1.0
    assert impact.hour_exponent == pytest.approx(
        math.log(peaks[1] / peaks[0]) / math.log(50.0 * done[1] / done[0])
    )


def test_controls_are_told_apart() -> None:
    told: list[float] = []

    controls = run_controls(seed=11, tell=lambda _, share: told.append(share), chance_days=2.0)

    assert told == [0.0, 1.0]
    assert [control.name for control in controls if not control.is_told_apart] == []
    assert len(controls) == 4
