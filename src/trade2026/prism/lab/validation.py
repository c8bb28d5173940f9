"""The battery on a market: seeds, pairs, twins, controls, and what all of it says.

Seeds run beside each other on threads, for the market's loop holds no lock of Python's.
"""

import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
import numpy as np

from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.domain.realism.battery import Outcome, Tier, failed, judge
from trade2026.domain.realism.impact import (
    Interval,
    Pairs,
    impact_exponent,
    impact_interval,
    median_interval,
    what_remains,
)
from trade2026.domain.realism.returns import measure_returns
from trade2026.domain.realism.scores import likeness
from trade2026.domain.realism.session import Session
from trade2026.prism.config import MarketConfig
from trade2026.prism.lab.controls import (
    CHANCE_DAYS,
    CHANCE_MUST_FAIL,
    SHUFFLED_MUST_FAIL,
    WALK_MUST_FAIL,
    gaussian_walk,
    shuffled,
    zero_intelligence,
)
from trade2026.prism.lab.measure import alone, measure_session, measured
from trade2026.prism.lab.pairs import AFTER_SHARE_MAX, HORIZON_S, SHARES, Worked, work_pairs
from trade2026.prism.lab.real import REAL_MUST_PASS, real_bars
from trade2026.prism.lab.record import record

PAIRS_MIN: Final = 50
"""An impact exponent of fewer pairs is told, and counts as skipped."""

Tell = Callable[[str, float], None]
"""Told of each part by name which share is done."""
_T = TypeVar("_T")
_R = TypeVar("_R")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measure and what its gate says."""

    name: str
    title: str
    tier: Tier
    value: float
    """The median over the seeds."""
    interval: Interval
    """Of the median, 90 %."""
    low: float
    high: float
    real: str
    outcome: Outcome


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A market of which it is known what it must fail, or pass."""

    name: str
    must_fail: tuple[str, ...] = ()
    must_pass: tuple[str, ...] = ()
    values: dict[str, float]

    @property
    def is_told_apart(self) -> bool:
        """Return whether the battery says what it must."""
        missed = set(failed(self.values))
        return missed >= set(self.must_fail) and not missed & set(self.must_pass)


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """One seed's run."""

    seed: int
    values: dict[str, float]
    session: Session
    day_lots: float


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What large orders did to the price."""

    shares: tuple[float, ...]
    """Of a day's volume."""
    worked: list[list[Worked]]
    """By seed, by share."""
    exponent: float
    interval: Interval
    remains: float
    hour_exponent: float
    """Of what was traded of the same shares, all worked within `HORIZON_S`."""
    hour_interval: Interval
    hour_worked: list[list[Worked]]
    """By seed, by share."""

    @property
    def peaks(self) -> list[float]:
        """Return the mean peak of each share, in ticks."""
        return [float(np.mean([w[i].peak for w in self.worked])) for i in range(len(self.shares))]


def side_by_side(work: Callable[[_T], _R], inputs: Iterable[_T]) -> list[_R]:
    """Return *work* of each of *inputs*, done on as many threads as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, inputs))


def run_seeds(
    config: MarketConfig, *, days: float, seeds: Sequence[int], symbol: str, tell: Tell
) -> list[Seed]:
    """Return the runs of *seeds*, in their order."""
    clock = SystemClock()

    def run(seed: int) -> Seed:
        begin_ns = clock.monotonic_ns()
        recording = record(
            alone(config, symbol, seed),
            days=days,
            on_progress=lambda share: tell(f"seed {seed}", share),
        )
        wall_s = (clock.monotonic_ns() - begin_ns) / NS_PER_S
        return Seed(
            seed=seed,
            values=measured(recording) | {"PF1": wall_s / days},
            session=recording.session,
            day_lots=float(recording.session.volume.sum()) / days,
        )

    return side_by_side(run, seeds)


def compared(runs: Sequence[Seed], recorded: Session) -> list[Seed]:
    """Return *runs* with LB1: how far each is from a *recorded* session."""
    return [
        msgspec.structs.replace(run, values=run.values | likeness(run.session, recorded))
        for run in runs
    ]


def run_impact(
    config: MarketConfig,
    *,
    seeds: Sequence[int],
    symbol: str,
    day_lots: float,
    tell: Tell,
    shares: tuple[float, ...] = SHARES,
) -> Impact:
    """Return what large orders do, each with and without it on the same *seeds*."""
    done = 0

    def run(seed: int) -> tuple[list[Worked], list[Worked]]:
        nonlocal done
        market = alone(config, symbol, seed)
        worked = work_pairs(market, day_lots=day_lots, shares=shares)
        within = work_pairs(market, day_lots=day_lots, shares=shares, seconds=HORIZON_S)
        done += 1
        tell("pairs", done / len(seeds))
        return worked, within

    worked, within = (list(each) for each in zip(*side_by_side(run, seeds), strict=True))
    asked = np.repeat(np.array(shares)[:, None], len(seeds), axis=1)
    peaks, hour_peaks = _peaks(worked), _peaks(within)
    # Within an hour not all of a large order may be had: what moves the price is what was.
    traded = asked * np.array([[one.done for one in each] for each in within]).T
    looked = [i for i, share in enumerate(shares) if share <= AFTER_SHARE_MAX]
    after = np.array([[w[i].after for w in worked] for i in looked])
    return Impact(
        shares=shares,
        worked=worked,
        exponent=impact_exponent(asked, peaks),
        interval=impact_interval(asked, peaks, stream(config.seed, "lab/impact")),
        remains=what_remains(peaks[looked], after),
        hour_exponent=impact_exponent(traded, hour_peaks),
        hour_interval=impact_interval(traded, hour_peaks, stream(config.seed, "lab/impact/hour")),
        hour_worked=within,
    )


def _peaks(worked: Sequence[list[Worked]]) -> Pairs:
    """Return the peaks of each share, seed by seed."""
    return np.array([[one.peak for one in each] for each in worked]).T


def run_controls(*, seed: int, tell: Tell, chance_days: float = CHANCE_DAYS) -> list[Control]:
    """Return a real market and those that are none, each measured."""
    tell("controls", 0.0)
    close, volume = real_bars()
    real = Control(
        name="a real market", must_pass=REAL_MUST_PASS, values=measure_returns(close, volume)
    )
    walk = Control(
        name="a Gaussian walk",
        must_fail=WALK_MUST_FAIL,
        values=measure_returns(*gaussian_walk(seed)),
    )
    mixed = Control(
        name="real returns, shuffled",
        must_fail=SHUFFLED_MUST_FAIL,
        values=measure_returns(shuffled(close, seed), volume),
    )
    chance = Control(
        name="Poisson orders without intelligence",
        must_fail=CHANCE_MUST_FAIL,
        values=measure_session(zero_intelligence(seed, chance_days)),
    )
    tell("controls", 1.0)
    return [real, walk, mixed, chance]


def rows_of(runs: Sequence[Seed], *, impact: Impact | None, differing: int | None) -> list[Row]:
    """Return every gate with the median over the seeds, and what it says.

    Args:
        runs: one a seed.
        impact: of large orders, None where they were not run.
        differing: how many twins of one seed differed, None where none were run.
    """
    seen = set[str]().union(*(run.values for run in runs))
    by_name = {name: np.array([run.values.get(name, math.nan) for run in runs]) for name in seen}
    values = {name: float(np.median(each)) for name, each in by_name.items()}
    chance = stream(runs[0].seed, "lab/medians")
    intervals = {name: median_interval(each, chance) for name, each in by_name.items()}
    # What must never be is not a matter of medians.
    for name in ("IN1.crossed", "IN1.conserved"):
        if name in by_name:
            values[name] = float(by_name[name].max())
    if impact is not None:
        values["MS4"] = impact.remains
        values["MS3.hour"], intervals["MS3.hour"] = impact.hour_exponent, impact.hour_interval
        if len(impact.worked) >= PAIRS_MIN:
            values["MS3"], intervals["MS3"] = impact.exponent, impact.interval
    if differing is not None:
        values["IN2"] = float(differing)
    nowhere = Interval(math.nan, math.nan)
    return [
        Row(
            name=verdict.gate.name,
            title=verdict.gate.title,
            tier=verdict.gate.tier,
            value=verdict.value,
            interval=intervals.get(verdict.gate.name, nowhere),
            low=verdict.gate.low,
            high=verdict.gate.high,
            real=verdict.gate.real,
            outcome=verdict.outcome,
        )
        for verdict in judge(values)
    ]


def missed(rows: Iterable[Row], controls: Iterable[Control]) -> list[str]:
    """Return what stands against the market: gates of tier A and controls not told apart."""
    return [
        row.name for row in rows if row.tier is Tier.A and row.outcome is not Outcome.PASSED
    ] + [control.name for control in controls if not control.is_told_apart]
