"""The gates: which measures a market must pass to be called like a real one.

Tier A must pass, tier B is told and warned of, tier C is only told. A gate is an interval of
the median over the seeds, both ends allowed; a measure that is missing or NaN passes none.
Gates are never widened so that a model passes: the model is changed.

Source: of each range, the docs (`docs/realism.md`).
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

_INF: Final = math.inf


class Tier(StrEnum):
    """What follows from a gate."""

    A = "A"
    B = "B"
    C = "C"


class Outcome(StrEnum):
    """What a gate says of a value."""

    PASSED = "pass"
    FAILED = "FAIL"
    SKIPPED = "SKIPPED"
    """It was not measured."""
    TOLD = "-"
    """There is no gate."""


class Gate(msgspec.Struct, frozen=True):
    """One row of the battery."""

    name: str
    tier: Tier
    title: str
    low: float
    high: float
    real: str
    """What real markets have."""
    needs: str = ""
    """The gate that must pass as well, for without it the value is one by chance."""

    @property
    def is_open(self) -> bool:
        """Return whether any value passes: the measure is only told."""
        return self.low == -_INF and self.high == _INF

    def judge(self, value: float) -> Outcome:
        """Return what the gate says of *value*, NaN where it was not to be had."""
        if self.is_open:
            return Outcome.TOLD
        return Outcome.PASSED if self.low <= value <= self.high else Outcome.FAILED


class Verdict(msgspec.Struct, frozen=True):
    """What a gate said."""

    gate: Gate
    value: float
    outcome: Outcome


_A, _B, _C = Tier.A, Tier.B, Tier.C

GATES: Final[tuple[Gate, ...]] = (
    Gate("SF1.lag1", _A, "autocorrelation of returns, lag 1", -0.10, 0.10, "-0.04..0.05"),
    Gate("SF1.lag5", _A, "autocorrelation of returns, lag 5", -0.05, 0.05, "-0.03..0.01"),
    Gate("SF1.lag20", _A, "autocorrelation of returns, lag 20", -0.05, 0.05, "-0.01..0.01"),
    Gate("SF2", _A, "excess kurtosis, 1 min", 3.0, 300.0, "19..242"),
    Gate("SF3.top5", _A, "Hill exponent, top 5 %", 2.0, 5.0, "2.6..3.2"),
    Gate("SF3.top1", _A, "Hill exponent, top 1 %", 2.0, 5.0, "2.9..3.4"),
    Gate("SF4", _A, "excess kurtosis, 60 min over 1 min", -_INF, 0.5, "0.07..0.22"),
    Gate("SF5", _A, "mean autocorrelation of sizes, lags 1-10", 0.08, 0.35, "0.16..0.24"),
    Gate("SF5.own", _C, "share of it left where moods are constant", -_INF, _INF, "unknown"),
    Gate("SF6", _A, "autocorrelation of sizes, lag 60", 0.03, 1.0, "0.09..0.18"),
    Gate("SF7", _A, "decay exponent of the same, lags 1-100", 0.10, 0.50, "0.16..0.30", "SF5"),
    Gate("SF8", _B, "excess kurtosis after GARCH(1,1)", 0.5, _INF, "fat, less so"),
    Gate("SF8.ratio", _B, "the same over SF2", -_INF, 1.0, "below 1"),
    Gate("SF9", _A, "correlation of volume and size", 0.25, 0.80, "0.26..0.61"),
    Gate("SF10", _B, "Fano factor of the 1 % largest, 100 min", 1.5, _INF, "4..9"),
    Gate("SF11.skew", _C, "skewness", -_INF, _INF, "no fact intraday"),
    Gate("SF11.leverage", _C, "leverage", -_INF, _INF, "no fact intraday"),
    Gate("SF11.time", _C, "asymmetry in time", -_INF, _INF, "no fact intraday"),
    Gate("MS1", _A, "decay exponent of signs, lags 1-100", 0.3, 0.9, "0.36..0.87", "MS1.lag1"),
    Gate("MS1.lag1", _A, "autocorrelation of signs, lag 1", 0.1, 1.0, "0.20..0.46"),
    Gate("MS2", _A, "R2 of price on order flow, 10 s", 0.30, 1.0, "0.39..0.80"),
    Gate("MS2.slope", _A, "its slope, ticks per lot", math.ulp(0.0), _INF, "above 0"),
    Gate("MS2.depth", _A, "slope in thin over slope in thick books", 1.0, _INF, "above 1"),
    Gate("MS3", _A, "impact exponent of metaorders", 0.40, 0.60, "0.49 (Tokyo)"),
    Gate("MS3.hour", _C, "the same, all worked within an hour", -_INF, _INF, "unknown"),
    Gate("MS4", _B, "impact left one length later", 0.5, 0.9, "about 2/3"),
    Gate("MS5.cv", _A, "variation of pauses between trades", 1.2, _INF, "1.5..1.8"),
    Gate("MS5.shape", _A, "Weibull shape of these pauses", 0.35, 0.80, "0.49..0.56"),
    Gate("MS5.cv_hour", _C, "variation within an hour, median", -_INF, _INF, "1.5..1.8"),
    Gate("MS5.shape_hour", _C, "Weibull shape within an hour", -_INF, _INF, "0.49..0.56"),
    Gate("MS6", _A, "share of time at a spread of 1 tick", 0.80, 0.999, "0.99"),
    Gate("MS7", _B, "Hill exponent of trade sizes", 1.2, 2.5, "1.3..1.8"),
    Gate("MS8", _B, "exponent of limit prices' distances", 0.8, 2.5, "1.5"),
    Gate("MS9", _B, "spreads behind the touch, where most is shown", 1.0, _INF, "away from 0"),
    Gate("MS10", _B, "volume of a session's ends over its mean", 1.3, _INF, "U-shaped"),
    Gate("MS10.hours", _C, "trades on the hours' season, 1 as put in", -_INF, _INF, "-"),
    Gate("LB1.mean", _B, "distance of distributions, mean of scores", -_INF, 0.5, "0"),
    Gate("LB1.worst", _B, "distance of the score that is worst", -_INF, 0.8, "0"),
    Gate("LB2", _B, "right signs among the answers to six events", 6.0, 6.0, "6"),
    Gate("IN1.crossed", _A, "crossed books and negative levels", 0.0, 0.0, "0"),
    Gate("IN1.conserved", _A, "cash and inventory made or lost", 0.0, 0.0, "0"),
    Gate("IN2", _A, "different event logs of one seed", 0.0, 0.0, "0"),
    Gate("PF1", _B, "wall seconds per simulated day", 0.0, 66.0, "-"),
)
"""The battery, in the order in which it is told."""

BY_NAME: Final[dict[str, Gate]] = {gate.name: gate for gate in GATES}


def judge(values: Mapping[str, float]) -> tuple[Verdict, ...]:
    """Return what every gate says; measures that are not in *values* are skipped."""
    return tuple(_verdict(gate, values) for gate in GATES)


def failed(values: Mapping[str, float]) -> list[str]:
    """Return the names of all gates of tier A that do not pass, skipped ones among them."""
    return [
        verdict.gate.name
        for verdict in judge(values)
        if verdict.gate.tier is Tier.A and verdict.outcome is not Outcome.PASSED
    ]


def _verdict(gate: Gate, values: Mapping[str, float]) -> Verdict:
    if gate.name not in values:
        return Verdict(gate, math.nan, Outcome.SKIPPED)
    value = values[gate.name]
    outcome = gate.judge(value)
    if gate.needs and outcome is Outcome.PASSED:
        other = BY_NAME[gate.needs].judge(values.get(gate.needs, math.nan))
        if other is not Outcome.PASSED:
            outcome = Outcome.FAILED
    return Verdict(gate, value, outcome)
