"""How far one market is from another: the same statistics of both, and their distance.

A statistic that is a scale, such as a volatility, differs by the logarithm of the ratio; one
that is a share or an exponent by the difference over what counts as a large one. The distance
is the root of the weighted mean of their squares: 0.1 is a tenth off in everything. One
statistic counts as `FARTHEST` at most, so that none decides alone, and as much where the market
has none and the other has one.

Source: for moments of a simulation fitted to those of data, McFadden (1989), "A method of
simulated moments for estimation of discrete response models without numerical integration".
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from trade2026.domain.realism.flow import measure_flow
from trade2026.domain.realism.returns import log_returns, measure_returns
from trade2026.domain.realism.series import Reals
from trade2026.domain.realism.session import Session

FARTHEST: Final = 4.0
GRAIN_NS: Final = 10**6
"""Trades of one side within so long are one: venues print every fill by itself."""

_BPS: Final = 1e4
_STEP_S: Final = 10


class Statistic(msgspec.Struct, frozen=True):
    """One number that two markets are compared by."""

    name: str
    title: str
    width: float = 0.0
    """What difference counts as 1; 0 where the logarithm of the ratio counts."""
    weight: float = 1.0

    def distance(self, value: float, wanted: float) -> float:
        """Return how far *value* is from *wanted*, with a sign; NaN where nothing is wanted."""
        if not self._is_one(wanted):
            return math.nan
        if not self._is_one(value):
            return FARTHEST
        away = (value - wanted) / self.width if self.width else math.log(value / wanted)
        return max(-FARTHEST, min(FARTHEST, away))

    def _is_one(self, value: float) -> bool:
        return math.isfinite(value) and (bool(self.width) or value > 0.0)


STATISTICS: Final[tuple[Statistic, ...]] = (
    Statistic("volatility_minute_bps", "standard deviation of one-minute returns", weight=2.0),
    Statistic("volatility_10s_bps", "root mean square of ten-second returns", weight=2.0),
    Statistic("roughness", "variance of ten seconds over ten times that of one"),
    Statistic("trades_per_s", "trades a second", weight=2.0),
    Statistic("turnover_per_s", "traded a second, in the quote currency"),
    Statistic("spread_bps", "median spread over time"),
    Statistic("touch_value", "shown at a best price, in the quote currency"),
    Statistic("MS1", "decay exponent of signs, lags 1-100", 0.5, 0.5),
    Statistic("MS1.lag1", "autocorrelation of signs, lag 1", 0.25),
    Statistic("MS2", "R2 of price on order flow, 10 s", 0.5),
    Statistic("MS5.cv", "variation of pauses between trades"),
    Statistic("MS5.shape", "Weibull shape of these pauses"),
    Statistic("MS7", "Hill exponent of trade sizes", 0.0, 0.5),
    Statistic("SF2", "excess kurtosis, 1 min", 0.0, 0.5),
    Statistic("SF3.top5", "Hill exponent, top 5 %"),
    Statistic("SF5", "mean autocorrelation of sizes, lags 1-10", 0.2),
    Statistic("SF6", "autocorrelation of sizes, lag 60", 0.2),
    Statistic("SF7", "decay exponent of the same, lags 1-100", 0.5, 0.5),
    Statistic("SF9", "correlation of volume and size", 0.5),
)
"""In the order in which they are told."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one statistic."""

    name: str
    title: str
    wanted: float
    before: float
    after: float
    distance_before: float
    distance_after: float


def portrait_of_bars(close: Reals, volume: Reals) -> dict[str, float]:
    """Return the statistics of one-minute bars; SF ones only of a thousand or more.

    Args:
        close: prices above zero, in any unit.
        volume: traded within each minute, in any unit.
    """
    moves = log_returns(close)
    scale = float(moves.std()) * _BPS if len(moves) else math.nan
    return _of_interest(measure_returns(close, volume) | {"volatility_minute_bps": scale})


def portrait_of_session(session: Session, *, tick: float, lot: float) -> dict[str, float]:
    """Return the statistics of a session.

    Args:
        session: of a minute or more.
        tick: what one is worth, in the quote currency.
        lot: how much one is of the symbol.
    """
    merged = with_grains(session)
    seconds, price = len(session.mid), float(session.mid.mean()) * tick
    moves = np.diff(np.log(session.mid[_STEP_S - 1 :: _STEP_S]))
    fine = np.diff(np.log(session.mid))
    power, fine_power = _power(moves), _power(fine)
    found = measure_flow(merged) | {
        "volatility_10s_bps": math.sqrt(power) * _BPS,
        "roughness": power / (_STEP_S * fine_power) if fine_power else math.nan,
        "trades_per_s": len(merged.trade_ns) / seconds,
        "turnover_per_s": float(session.volume.sum()) * lot * price / seconds,
        "spread_bps": _median_width(session.spread_s) * tick / price * _BPS,
        "touch_value": float(session.touch.mean()) * lot * price,
    }
    minutes = session.minute_mid()
    bars = portrait_of_bars(minutes, session.minute_volume()) if len(minutes) else {}
    # A few minutes have no volatility of minutes: that of ten seconds stands for it.
    return _of_interest(found) | {name: bars[name] for name in bars if name.startswith("SF")}


def median_of(portraits: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each statistic over those of *portraits* that have it."""
    found: dict[str, float] = {}
    for statistic in STATISTICS:
        values = [one[statistic.name] for one in portraits if statistic.name in one]
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            found[statistic.name] = float(np.median(finite))
    return found


def distance_of(values: Mapping[str, float], wanted: Mapping[str, float]) -> float:
    """Return how far *values* are from those *wanted*; NaN where nothing is wanted."""
    total = weights = 0.0
    for statistic in STATISTICS:
        away = _away(statistic, values, wanted)
        if not math.isnan(away):
            total += statistic.weight * away * away
            weights += statistic.weight
    return math.sqrt(total / weights) if weights else math.nan


def differences(
    before: Mapping[str, float], after: Mapping[str, float], wanted: Mapping[str, float]
) -> list[Difference]:
    """Return what became of each statistic that is wanted."""
    return [
        Difference(
            name=statistic.name,
            title=statistic.title,
            wanted=wanted[statistic.name],
            before=before.get(statistic.name, math.nan),
            after=after.get(statistic.name, math.nan),
            distance_before=_away(statistic, before, wanted),
            distance_after=_away(statistic, after, wanted),
        )
        for statistic in STATISTICS
        if not math.isnan(_away(statistic, after, wanted))
    ]


def with_grains(session: Session) -> Session:
    """Return *session* with all trades of one side within a `GRAIN_NS` as one trade."""
    grain = session.trade_ns // GRAIN_NS
    if not len(grain):
        return session
    is_new = np.ones(len(grain), bool)
    is_new[1:] = (np.diff(grain) != 0) | (np.diff(session.trade_sign) != 0)
    first = np.flatnonzero(is_new)
    return msgspec.structs.replace(
        session,
        trade_ns=grain[first] * GRAIN_NS,
        trade_sign=session.trade_sign[first],
        trade_lots=np.add.reduceat(session.trade_lots, first),
    )


def _away(statistic: Statistic, values: Mapping[str, float], wanted: Mapping[str, float]) -> float:
    name = statistic.name
    return statistic.distance(values.get(name, math.nan), wanted.get(name, math.nan))


def _of_interest(found: Mapping[str, float]) -> dict[str, float]:
    return {one.name: found[one.name] for one in STATISTICS if one.name in found}


def _power(moves: Reals) -> float:
    return float(np.mean(moves * moves)) if len(moves) else math.nan


def _median_width(spread_s: Reals) -> float:
    reach = np.cumsum(spread_s)
    half = 0.5 * float(spread_s.sum())
    return float(np.searchsorted(reach, half)) if half else math.nan
