"""A symbol's mood: how much its value moves, and how often everybody acts.

The logarithm of the volatility is a sum of Ornstein-Uhlenbeck processes whose times reach from
minutes to days, so that it remembers for long. Activity goes with the square of the
volatility, as volume does in a mixture of distributions. Both follow the hour of the market's
day, which begins when it opens, so that one seed gives one market whenever that is.

Source: Müller et al. (1997), "Volatilities of different time resolutions"; Corsi (2009), "A
simple approximate long-memory model of realized volatility"; Clark (1973), "A subordinated
stochastic process model", for volatility and volume; Andersen and Bollerslev (1997), "Intraday
periodicity and volatility persistence in financial markets".
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.chance import normal
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.layout import Record, Row
from trade2026.prism.price.value import MOODS, mood_of

MOOD_STEP_NS: Final = 4 * NS_PER_S
"""A mood moves this often; a whole number of the value's steps."""
TIMES_S: Final = (90.0, 600.0, 3_600.0, 28_800.0, 259_200.0)
SHARES: Final = (0.18, 0.28, 0.28, 0.18, 0.08)
"""Of the moods' variance, by their times."""

MOST_ACTIVITY: Final = 100.0
MOST_SWING: Final = 100.0
"""However its parameters are chosen: what everybody does in a moment has an end."""

_MOST_EXPONENT: Final = 50.0
_HOUR_NS: Final = 3_600 * NS_PER_S
_DAY_H: Final = 24.0
_PARTS: Final = 24 * 60
"""Of a day, over which the season is averaged."""


def set_moods(row: Row, variance: float, activity_power: float) -> None:
    """Give a record of `VALUE` moods of that *variance* in all, which go on from where they are."""
    row["mood_variance"], row["activity_power"] = variance, activity_power
    for n, (time_s, share) in enumerate(zip(TIMES_S, SHARES, strict=True)):
        kept = math.exp(-MOOD_STEP_NS / NS_PER_S / time_s)
        row[f"mood_kept_{n}"] = kept
        row[f"mood_sd_{n}"] = math.sqrt(variance * share * (1.0 - kept * kept))


def begin_mood(row: Row, chance: np.random.Generator) -> None:
    """Draw the moods that a market begins with, so that no market begins in the same one."""
    total = 0.0
    for n in range(MOODS):
        part = row[f"mood_sd_{n}"] / math.sqrt(1.0 - row[f"mood_kept_{n}"] ** 2)
        row[f"mood_{n}"] = part * chance.standard_normal()
        total += row[f"mood_{n}"]
    variance, power = row["mood_variance"], row["activity_power"]
    row["swing"] = min(math.exp(min(total - variance, _MOST_EXPONENT)), MOST_SWING)
    calm = min(power * total - 0.5 * power * power * variance, _MOST_EXPONENT)
    row["activity"] = min(math.exp(calm), MOST_ACTIVITY)


def set_season(
    row: Row, *, depth: float, peak_h: float, open_h: float, close_h: float, edge: float
) -> None:
    """Give a record of `VALUE` a day: the season is 1 on average over it.

    Args:
        row: of `VALUE`.
        depth: of the wave, a share.
        peak_h: when it is highest.
        open_h: when the session begins.
        close_h: when it ends; where they are equal there is none.
        edge: how much busier the ends of the session are than its middle, in times.
    """
    row["season_depth"], row["season_peak"], row["season_edge"] = depth, peak_h, edge
    row["season_open"], row["season_close"] = open_h, close_h
    shape = _day_of(depth=depth, peak_h=peak_h, open_h=open_h, close_h=close_h, edge=edge)
    row["season_mean"] = shape.mean()


def season_of_day(
    *, depth: float, peak_h: float, open_h: float, close_h: float, edge: float
) -> NDArray[np.float64]:
    """Return the season of each minute of the market's day, 1 on average; see `set_season`."""
    shape = _day_of(depth=depth, peak_h=peak_h, open_h=open_h, close_h=close_h, edge=edge)
    return shape / shape.mean()


def _day_of(
    *, depth: float, peak_h: float, open_h: float, close_h: float, edge: float
) -> NDArray[np.float64]:
    hours = (np.arange(_PARTS) + 0.5) * _DAY_H / _PARTS
    busy = 1.0 + depth * np.cos((hours - peak_h) * math.tau / _DAY_H)
    if open_h < close_h:
        half = 0.5 * (close_h - open_h)
        off = (hours - open_h - half) / half
        busy *= np.where(np.abs(off) <= 1.0, 1.0 + edge * off**4, 1.0)
    return busy


@kernel
def season_at(value: Record, now: int) -> float:
    """Return how busy the hour is, 1 on average over a day."""
    hour = ((now - value.begin) % (24 * _HOUR_NS)) / _HOUR_NS
    busy = 1.0 + value.season_depth * math.cos((hour - value.season_peak) * math.tau / _DAY_H)
    if value.season_open <= hour < value.season_close:
        half = 0.5 * (value.season_close - value.season_open)
        off = (hour - value.season_open - half) / half
        busy *= 1.0 + value.season_edge * off * off * off * off
    return busy / value.season_mean


@kernel
def move_mood(value: Record, now: int) -> None:
    """Move the moods one step on, and what depends on them."""
    total = 0.0
    for n in range(MOODS):
        part = mood_of(value, n)
        part.mood = part.mood * part.mood_kept + part.mood_sd * normal(value)
        total += part.mood
    variance, power = value.mood_variance, value.activity_power
    season = season_at(value, now)
    swing = math.exp(min(total - variance, _MOST_EXPONENT))
    value.swing = min(swing * math.sqrt(season), MOST_SWING)
    calm = min(power * total - 0.5 * power * power * variance, _MOST_EXPONENT)
    value.activity = min(math.exp(calm) * season * value.alarm**power, MOST_ACTIVITY)
