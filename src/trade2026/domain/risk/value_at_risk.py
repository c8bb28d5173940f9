"""Value at risk: what the positions of now may lose within a day, by what symbols did of late.

The positions are held through every minute of the window again, which gives the profits and losses
they would have made, with all that symbols do together. Their volatility is the exponentially
weighted one of RiskMetrics. *Parametric* takes the normal distribution's quantile of it;
*historical* is filtered historical simulation: every minute's result is told in deviations of its
own time, and the quantile of these counts in those of now. Either is scaled to a day by the square
root of time, which is an assumption. Where there is less than an hour of minutes that all symbols
have, every symbol is taken to move 400 basis points a day, all of them together.

Floats are statistics here: a limit on money is compared with a rounded-up nano.

Source: J.P. Morgan (1996), "RiskMetrics Technical Document"; Hull and White (1998), "Incorporating
volatility updating into the historical simulation method for value-at-risk".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final, TypeAlias

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Money

MINUTE_NS: Final = 60 * NS_PER_S
WINDOW: Final = 500
"""Minutes looked at."""
LEAST: Final = 60
"""Minutes below which the window says nothing."""
DECAY: Final = 0.94
"""Weight of what was known against what has just been seen."""
DAY_MINUTES: Final = 1_440
ASSUMED_DAILY: Final = 0.04
"""Volatility of a symbol of which too little is known."""
LEVELS: Final = (0.95, 0.99)

_SEED: Final = 20
"""Minutes whose mean square begins the volatility."""


class ValueAtRisk(msgspec.Struct, frozen=True, kw_only=True):
    """What may be lost within a day, at the levels of 95 and 99 per cent; never negative."""

    historical_95: Money = Money(0)
    historical_99: Money = Money(0)
    parametric_95: Money = Money(0)
    parametric_99: Money = Money(0)
    minutes: int = 0
    """That it was reckoned from; 0 where volatilities were assumed."""

    @property
    def worst_95(self) -> Money:
        """Return the larger of both methods: what limits are compared with."""
        return max(self.historical_95, self.parametric_95)

    @property
    def worst_99(self) -> Money:
        """Return the same at 99 per cent."""
        return max(self.historical_99, self.parametric_99)


VarOf: TypeAlias = Callable[[int], ValueAtRisk]
"""By the quantity of the order's symbol, signed, in nanos."""


def no_risk(_: int) -> ValueAtRisk:
    """Return no value at risk: of an account that holds nothing."""
    return ValueAtRisk()


class VarBook:
    """The latest minutes of every symbol; mutable, nothing but memory."""

    def __init__(self) -> None:
        self._closes: dict[str, dict[int, int]] = {}

    def note(self, symbol: str, start_ns: int, close_px: int) -> None:
        """Take the close of a minute; one told again replaces it."""
        closes = self._closes.setdefault(symbol, {})
        closes[start_ns] = close_px
        if len(closes) > WINDOW + 1:
            del closes[min(closes)]

    def value_at_risk(self, values: Mapping[str, int]) -> ValueAtRisk:
        """Return what may be lost.

        Args:
            values: of each symbol held, in nanos of money, with the position's sign.
        """
        held = {symbol: value for symbol, value in values.items() if value}
        if not held:
            return ValueAtRisk()
        results = self._results(held)
        if len(results) < LEAST:
            deviation = ASSUMED_DAILY * sum(abs(value) for value in held.values())
            of_normal = [_up(_quantile_of_normal(level) * deviation) for level in LEVELS]
            return _told(of_normal, of_normal, 0)
        parametric, historical = quantiles(results)
        scale = sqrt(DAY_MINUTES)
        return _told(
            [_up(one * scale) for one in historical],
            [_up(one * scale) for one in parametric],
            len(results),
        )

    def _results(self, held: Mapping[str, int]) -> list[float]:
        """Return what the positions would have made in each minute that all symbols have."""
        tables = [(value, self._closes.get(symbol, {})) for symbol, value in held.items()]
        _, first = tables[0]
        starts = sorted(start for start in first if all(start in closes for _, closes in tables))
        return [
            sum(value * (closes[end] / closes[begin] - 1) for value, closes in tables)
            for begin, end in pairwise(starts)
            if end - begin == MINUTE_NS
        ]


def quantiles(results: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return what the next period may lose: parametric, and historical, at each of `LEVELS`.

    Args:
        results: of the periods before, oldest first, in any unit of money; at least one.
    """
    seed = results[:_SEED]
    variance = sum(one * one for one in seed) / len(seed)
    deviations: list[float] = []
    for one in results:
        deviations.append(sqrt(variance))
        variance = DECAY * variance + (1 - DECAY) * one * one
    now = sqrt(variance)
    told = sorted(
        one / deviation for one, deviation in zip(results, deviations, strict=True) if deviation
    )
    parametric = [_quantile_of_normal(level) * now for level in LEVELS]
    historical = [max(0.0, -_low(told, 1 - level) * now) for level in LEVELS]
    return parametric, historical


def _low(ordered: Sequence[float], share: float) -> float:
    # The empirical quantile: of a hundred, the fifth from below at five per cent.
    return ordered[max(0, ceil(len(ordered) * share - 1e-9) - 1)] if ordered else 0.0


def _quantile_of_normal(level: float) -> float:
    return NormalDist().inv_cdf(level)


def _up(amount: float) -> Money:
    return Money(ceil(amount))


def _told(historical: Iterable[Money], parametric: Iterable[Money], minutes: int) -> ValueAtRisk:
    (of_95, of_99), (normal_95, normal_99) = historical, parametric
    return ValueAtRisk(
        historical_95=of_95,
        historical_99=of_99,
        parametric_95=normal_95,
        parametric_99=normal_99,
        minutes=minutes,
    )
