"""What a curve of equity says of whoever drew it: returns, risk, and their ratios.

Conventions. A return is simple, per period, and without what was paid in or out in the period::

    r = (equity - deposits paid in since) / equity before - 1

Ratios are made annual by the number of periods in a year, and the riskless return is per period.
Volatility is that of a sample (n - 1). A statistic that its numbers do not define, such as a
ratio over no risk at all, is None. These are the conventions of empyrical, and of quantstats for
the hit rate and the profit factor, whose results the tests hold them to.

Source: Sharpe (1994), "The Sharpe Ratio"; Sortino and Price (1994); Young (1991), "Calmar
Ratio"; Magdon-Ismail and Atiya (2004), "Maximum Drawdown".
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import fsum, sqrt
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money

PERIODS_MAX: Final = 100_000
"""Periods looked at: the newest."""


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point of the curve, in nanos of the base currency."""

    ts_ns: TimeNs
    equity: Money
    deposits: Money
    turnover: Money


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """The statistics of a curve; all are ratios, none is in percent."""

    periods: int
    total_return: float | None = None
    annual_return: float | None = None
    """The yearly growth that would have made the total return."""
    annual_volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    """Against the root of the mean square of the returns below the riskless one."""
    calmar: float | None = None
    """Annual return over the largest drawdown."""
    max_drawdown: float | None = None
    """The deepest fall from a high, zero or negative."""
    hit_rate: float | None = None
    """Of the periods that gained or lost, how many gained."""
    profit_factor: float | None = None
    """What the gaining periods gained over what the losing ones lost."""
    turnover: float | None = None
    """What was traded over the mean equity."""


def by_period(points: Iterable[CurvePoint], period_ns: int) -> list[CurvePoint]:
    """Return the last point of each period, the one before where a period has none.

    Args:
        points: oldest first; a curve is drawn only where it moves.
        period_ns: the length of a period, which begin at multiples of it.
    """
    kept: list[CurvePoint] = []
    last_period = 0
    for point in points:
        period = point.ts_ns // period_ns
        if kept and period == last_period:
            kept[-1] = point
            continue
        gap = min(period - last_period - 1, PERIODS_MAX) if kept else 0
        kept += [kept[-1]] * gap if gap > 0 else []
        kept.append(point)
        last_period = period
    return kept[-PERIODS_MAX - 1 :]


def returns_of(points: Sequence[CurvePoint]) -> list[float]:
    """Return the return of each period between *points*.

    The curve ends where the equity is gone: what came after has no base to be measured by.
    """
    found: list[float] = []
    for before, after in pairwise(points):
        if before.equity <= 0:
            break
        paid_in = after.deposits - before.deposits
        found.append((after.equity - paid_in - before.equity) / before.equity)
    return found


def turnover_of(points: Sequence[CurvePoint]) -> float | None:
    """Return what was traded between the first and the last of *points*, over the mean equity."""
    mean = sum(point.equity for point in points) / len(points) if points else 0
    return (points[-1].turnover - points[0].turnover) / mean if mean > 0 else None


def performance(
    returns: Sequence[float], *, periods_a_year: float, riskless: float = 0.0
) -> Performance:
    """Return the statistics of *returns*.

    Args:
        returns: simple, one for each period, oldest first.
        periods_a_year: such as 252 for trading days, 365 for days.
        riskless: the riskless return of a period.
    """
    count = len(returns)
    if count == 0:
        return Performance(periods=0)
    drawdown, growth = _drawdown_and_growth(returns)
    annual = growth ** (periods_a_year / count) - 1 if growth > 0 else -1.0
    over = [one - riskless for one in returns]
    mean = fsum(over) / count
    deviation = _deviation(over)
    downside = sqrt(fsum(min(one, 0.0) ** 2 for one in over) / count)
    gains = fsum(one for one in returns if one > 0)
    losses = -fsum(one for one in returns if one < 0)
    moved = sum(1 for one in returns if one != 0)
    return Performance(
        periods=count,
        total_return=growth - 1,
        annual_return=annual,
        annual_volatility=None if deviation is None else deviation * sqrt(periods_a_year),
        sharpe=_ratio(mean * sqrt(periods_a_year), deviation),
        sortino=_ratio(mean * sqrt(periods_a_year), downside),
        calmar=_ratio(annual, -drawdown),
        max_drawdown=drawdown,
        hit_rate=_ratio(sum(1 for one in returns if one > 0), moved),
        profit_factor=_ratio(gains, losses),
    )


def _drawdown_and_growth(returns: Iterable[float]) -> tuple[float, float]:
    growth = high = 1.0
    deepest = 0.0
    for one in returns:
        growth *= 1 + one
        high = max(high, growth)
        deepest = min(deepest, (growth - high) / high)
    return deepest, growth


def _deviation(returns: Sequence[float]) -> float | None:
    count = len(returns)
    if count <= 1:
        return None
    mean = fsum(returns) / count
    return sqrt(fsum((one - mean) ** 2 for one in returns) / (count - 1))


def _ratio(numerator: float, denominator: float | None) -> float | None:
    return numerator / denominator if denominator else None
