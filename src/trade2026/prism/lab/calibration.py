"""Fitting a market's parameters to a recorded session.

A point of the search is a market; it runs on a few seeds, as long as the recording, and its
statistics are the medians over them. All points run on the same seeds, so that they differ by
their parameters and not by luck. What was found is told by other seeds, which the search never
saw: only what holds there holds.

Source: common random numbers, Glasserman and Yao (1992), "Some guidelines and guarantees for
common random numbers".
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from trade2026.core.chance import stream
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import NANOS
from trade2026.domain.realism.likeness import (
    Difference,
    differences,
    distance_of,
    median_of,
    portrait_of_bars,
    portrait_of_session,
)
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.config import MarketConfig
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.record import record
from trade2026.prism.lab.recorded import BARS_MIN, MINUTES_MIN, Recorded
from trade2026.prism.lab.search import Point, require_search, smallest
from trade2026.prism.lab.validation import Tell, side_by_side
from trade2026.prism.params_file import ParamsEntry, with_params

VALUE: Final = "value"
"""Whose parameters are those of how the symbol's value moves; all others are types of agents."""
MINUTES_MAX: Final = 2_880
"""Two days: longer sessions than that are run only where they are asked for."""
_MINUTES_PER_DAY: Final = 1_440


class Knob(NamedTuple):
    """A parameter that may be fitted, and within which bounds."""

    owner: str
    """A type of agents, or `VALUE`."""
    field: str
    low: float
    high: float
    is_log: bool = True
    """Whether it is looked for evenly in its logarithm."""

    @property
    def name(self) -> str:
        """Return how it is asked for."""
        return f"{self.owner}.{self.field}"

    def at(self, place: float) -> float:
        """Return the value at a *place* from 0 to 1 between the bounds, to six digits."""
        if self.is_log:
            value = self.low * (self.high / self.low) ** place
        else:
            value = self.low + (self.high - self.low) * place
        return float(f"{value:.6g}")

    def place_of(self, value: float) -> float:
        """Return where *value* lies, at a bound where it is beyond."""
        inside = min(max(value, self.low), self.high)
        if self.is_log:
            return math.log(inside / self.low) / math.log(self.high / self.low)
        return (inside - self.low) / (self.high - self.low)


KNOBS: Final = (
    Knob(VALUE, "yearly_volatility_ratio", 0.05, 3.0),
    Knob(VALUE, "mood_sds", 0.05, 1.0, is_log=False),
    Knob(VALUE, "activity_exponent", 0.5, 3.0, is_log=False),
    Knob(VALUE, "jump_share_ratio", 0.0, 0.4, is_log=False),
    Knob(VALUE, "jumps_per_day", 1.0, 200.0),
    Knob(VALUE, "alarm_ratio", 0.0, 0.95, is_log=False),
    Knob(VALUE, "impact_sds", 0.01, 0.3),
    Knob(VALUE, "impact_decay_exponent", 0.05, 0.6, is_log=False),
    # A bend of a hundred is none: what presses is never so much.
    Knob(VALUE, "impact_bend_sds", 0.1, 100.0),
    Knob("mm", "mean_pause_s", 0.05, 20.0),
    Knob("mm", "cell_sds", 0.001, 1.0),
    Knob("mm", "gap_sds", 0.0, 1.0, is_log=False),
    Knob("mm", "lean_sds", 0.002, 0.5),
    Knob("mm", "size_clips", 0.05, 50.0),
    Knob("mm", "consensus_ratio", 0.0, 1.0, is_log=False),
    Knob("mm", "error_sds", 0.005, 1.0),
    Knob("noise", "mean_pause_s", 0.25, 60.0),
    Knob("noise", "size_clips", 0.005, 5.0),
    Knob("noise", "size_exponent", 1.05, 4.0),
    Knob("noise", "take_ratio", 0.05, 0.6, is_log=False),
    Knob("noise", "burst_ratio", 0.1, 0.94, is_log=False),
    Knob("noise", "parts_exponent", 1.05, 3.0),
    Knob("noise", "inequality_exponent", 1.0, 8.0, is_log=False),
    Knob("noise", "sweep_ratio", 0.0, 0.9, is_log=False),
    Knob("informed", "mean_pause_s", 0.25, 120.0),
    Knob("informed", "error_sds", 0.01, 2.0),
    Knob("informed", "edge_sds", 0.02, 2.0),
    Knob("informed", "sure_sds", 0.1, 5.0),
    Knob("informed", "size_clips", 0.01, 20.0),
    Knob("momentum", "size_clips", 0.02, 10.0),
)
"""All that may be fitted."""

OF_SESSIONS: Final = (
    "value.yearly_volatility_ratio",
    "value.impact_sds",
    "mm.cell_sds",
    "mm.lean_sds",
    "mm.size_clips",
    "noise.mean_pause_s",
    "noise.size_clips",
    "noise.size_exponent",
    "noise.take_ratio",
    "noise.burst_ratio",
)
"""What is fitted to a session unless told: minutes say nothing of moods."""
OF_BARS: Final = (
    "value.yearly_volatility_ratio",
    "value.mood_sds",
    "value.activity_exponent",
    "value.jump_share_ratio",
    "value.alarm_ratio",
    "value.impact_sds",
)
"""What is fitted to minute bars unless told: they say nothing of quotes and sizes."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is fitted to what."""

    config: MarketConfig
    """Of one symbol; where the search begins."""
    recorded: Recorded
    names: tuple[str, ...] = ()
    """What is fitted; empty for the usual ones."""
    runs: int
    """How many markets to look at."""
    minutes: int = 0
    """How long each runs; 0 for as long as the recording, at most `MINUTES_MAX`."""
    seeds: int
    """How many each runs on, and as many others to tell by."""
    seed: int
    """Of the search, and the first of the others."""


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one parameter."""

    name: str
    low: float
    high: float
    before: float
    after: float


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    what: str
    symbol: str
    seed: int
    runs: int
    minutes: int
    seeds: int
    fitted: list[Fitted]
    fit_before: float
    """Distance on the seeds of the search, with the parameters it began with."""
    fit_after: float
    told_before: float
    """Distance on the other seeds."""
    told_after: float
    statistics: list[Difference]
    """On the other seeds."""
    params: tuple[ParamsEntry, ...]

    @property
    def is_closer(self) -> bool:
        """Return whether the market came closer on seeds that the search never saw."""
        return self.told_after < self.told_before


def calibrate(task: Task, tell: Tell) -> Calibration:
    """Return the parameters with which a market is most like the recorded one.

    Raises:
        InvalidInputError: there is no such parameter, nobody has it, or the time is too short.
        Trade2026Error: the extra `lab` is not installed.
    """
    require_search()
    knobs, minutes = _knobs(task), _minutes(task)
    wanted = task.recorded.cut(minutes)
    fitting = range(task.seed, task.seed + task.seeds)
    telling = range(task.seed + task.seeds, task.seed + 2 * task.seeds)
    symbol = task.config.symbols[0].instrument.symbol
    done = 0

    def market_at(point: Point) -> MarketConfig:
        return with_params(task.config, _entries(knobs, point, symbol))

    def portraits(configs: Sequence[MarketConfig], seeds: Sequence[int]) -> list[dict[str, float]]:
        return _portraits(configs, seeds, minutes=minutes, is_bars=task.recorded.is_bars)

    def objective(points: Sequence[Point]) -> list[float]:
        nonlocal done
        found = portraits([market_at(point) for point in points], fitting)
        done += len(points)
        tell("fit", done / task.runs)
        return [distance_of(one, wanted) for one in found]

    usual = [_value_of(task.config, knob) for knob in knobs]
    start = np.array([knob.place_of(value) for knob, value in zip(knobs, usual, strict=True)])
    best = smallest(objective, start, runs=task.runs, chance=stream(task.seed, "lab/calibration"))
    tell("fit", 1.0)
    both = [task.config, market_at(best)]
    fit = portraits(both, fitting)
    tell("told by other seeds", 0.0)
    before, after = portraits(both, telling)
    tell("told by other seeds", 1.0)
    return Calibration(
        what=task.recorded.what,
        symbol=symbol,
        seed=task.seed,
        runs=task.runs,
        minutes=minutes,
        seeds=task.seeds,
        fitted=[
            Fitted(name=k.name, low=k.low, high=k.high, before=value, after=k.at(place))
            for k, value, place in zip(knobs, usual, best.tolist(), strict=True)
        ],
        fit_before=distance_of(fit[0], wanted),
        fit_after=distance_of(fit[1], wanted),
        told_before=distance_of(before, wanted),
        told_after=distance_of(after, wanted),
        statistics=differences(before, after, wanted),
        params=_entries(knobs, best, symbol),
    )


def _knobs(task: Task) -> list[Knob]:
    usual = OF_BARS if task.recorded.is_bars else OF_SESSIONS
    by_name = {knob.name: knob for knob in KNOBS}
    names = tuple(dict.fromkeys(task.names or usual))
    traded = {group.type_name for group in task.config.agents} | {VALUE}
    for name in names:
        if name not in by_name:
            raise InvalidInputError("fit", f"{name[:40]!r} is none of {', '.join(by_name)}")
        if by_name[name].owner not in traded:
            raise InvalidInputError("fit", f"{name}: no {by_name[name].owner} trades")
    if len(names) < 2:  # noqa: PLR2004 - a search has a direction to learn
        raise InvalidInputError("fit", "name two parameters or more")
    return [by_name[name] for name in names]


def _minutes(task: Task) -> int:
    minutes = task.minutes or min(task.recorded.minutes, MINUTES_MAX)
    least = BARS_MIN if task.recorded.is_bars else MINUTES_MIN
    if minutes < least:
        raise InvalidInputError("minutes", f"{minutes} is less than {least}")
    return minutes


def _entries(knobs: Sequence[Knob], point: Point, symbol: str) -> tuple[ParamsEntry, ...]:
    found: dict[str, dict[str, float]] = {}
    for knob, place in zip(knobs, point.tolist(), strict=True):
        found.setdefault(knob.owner, {})[knob.field] = knob.at(place)
    return tuple(
        ParamsEntry(symbol=symbol, values=values)
        if owner == VALUE
        else ParamsEntry(type=owner, values=values)
        for owner, values in found.items()
    )


def _value_of(config: MarketConfig, knob: Knob) -> float:
    if knob.owner == VALUE:
        value: float = getattr(config.symbols[0].fundamental, knob.field)
        return value
    kind = next(one for one in AGENT_TYPES if one.name == knob.owner)
    usual: float = getattr(kind.params(), knob.field)
    group = next(group for group in config.agents if group.type_name == knob.owner)
    return group.params.get(knob.field, usual)


def _portraits(
    configs: Sequence[MarketConfig], seeds: Sequence[int], *, minutes: int, is_bars: bool
) -> list[dict[str, float]]:
    """Return the statistics of each market, the medians over *seeds*."""

    def run(pair: tuple[MarketConfig, int]) -> dict[str, float]:
        config, seed = pair
        session = record(alone(config, "", seed), days=minutes / _MINUTES_PER_DAY).session
        if is_bars:
            return portrait_of_bars(session.minute_mid(), session.minute_volume())
        instrument = config.symbols[0].instrument
        tick, lot = int(instrument.tick_size) / NANOS, int(instrument.lot_size) / NANOS
        return portrait_of_session(session, tick=tick, lot=lot)

    found = side_by_side(run, [(config, seed) for config in configs for seed in seeds])
    count = len(seeds)
    return [median_of(found[n * count : (n + 1) * count]) for n in range(len(configs))]
