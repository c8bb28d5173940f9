"""The shape of a day: how much more is traded at a session's two ends, and in its busy hours.

Source: Admati and Pfleiderer (1988), "A theory of intraday patterns", for why there is a U;
Vyetrenko et al. (2020), "Get real: realism metrics for robust limit order book market
simulations", for it as a measure.
"""

from typing import Final

import numpy as np

from trade2026.domain.realism.series import Reals

EDGE_MINUTES: Final = 30
_MINUTES_PER_DAY: Final = 1_440


def edges(volume: Reals, *, first_minute: int, open_minute: int, close_minute: int) -> float:
    """Return the mean volume of a session's first and last half hour over that of all.

    Args:
        volume: of each minute.
        first_minute: of the day, of the first of them.
        open_minute: of the day.
        close_minute: of the same day, at least two half hours later.

    Returns:
        The mean over whole sessions; NaN where there is none, or nothing was traded.
    """
    length = close_minute - open_minute
    begins = range((open_minute - first_minute) % _MINUTES_PER_DAY, len(volume), _MINUTES_PER_DAY)
    sessions = [volume[begin : begin + length] for begin in begins]
    whole = np.array([session for session in sessions if len(session) == length])
    usual = float(whole.mean()) if whole.size else 0.0
    if not usual:
        return float("nan")
    ends = np.concatenate([whole[:, :EDGE_MINUTES], whole[:, -EDGE_MINUTES:]], axis=1)
    return float(ends.mean()) / usual


def followed(counts: Reals, season: Reals, *, first_minute: int) -> float:
    """Return how far trading goes with the hour: 1 where it is as much busier as it is meant to be.

    The slope of trades, over their mean, on the season: 0 where all hours are alike, 2 where busy
    hours are twice as far above the average as the season is.

    Args:
        counts: trades of each minute; whole days of them count.
        season: of each minute of a day, 1 on average.
        first_minute: of the day, of the first of *counts*.

    Returns:
        NaN where there is no whole day, nothing was traded, or there is no season.
    """
    days = len(counts) // _MINUTES_PER_DAY
    whole = counts[: days * _MINUTES_PER_DAY]
    mean = float(whole.mean()) if days else 0.0
    away = np.tile(np.roll(season, -first_minute), days) - 1.0
    power = float(away @ away)
    if not mean or not power:
        return float("nan")
    return float(away @ (whole / mean - 1.0)) / power
