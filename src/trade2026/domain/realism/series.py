"""Measures of one series of numbers: moments, tails, memory, bursts.

All are plain functions of arrays. Where a measure has no value, such as the memory of a
constant, it is NaN, which passes no gate.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
"""`(n,) float64`."""

TAIL_MIN: Final = 20
"""A tail index is of so many values at least."""
_POINTS_MIN: Final = 4
"""A power law is fitted through so many points at least."""


def centred(values: Reals) -> Reals:
    """Return *values* less their mean."""
    return values - float(values.mean())


def autocorrelation(values: Reals, lag: int) -> float:
    """Return the sample autocorrelation at *lag*: mean of products of deviations over variance.

    Args:
        values: the series.
        lag: 1 or more.
    """
    away = centred(values)
    variance = float(np.mean(away * away))
    if len(values) <= lag or not variance:
        return float("nan")
    return float(np.mean(away[:-lag] * away[lag:])) / variance


def autocorrelations(values: Reals, lags: Sequence[int]) -> Reals:
    """Return the autocorrelation at each of *lags*."""
    return np.array([autocorrelation(values, lag) for lag in lags])


def excess_kurtosis(values: Reals) -> float:
    """Return the fourth central moment over the squared variance, less the Gaussian's 3."""
    away = centred(values)
    variance = float(np.mean(away * away))
    if not variance:
        return float("nan")
    return float(np.mean(away**4)) / variance**2 - 3.0


def skewness(values: Reals) -> float:
    """Return the third central moment over the variance to the power of 3/2."""
    away = centred(values)
    variance = float(np.mean(away * away))
    if not variance:
        return float("nan")
    return float(np.mean(away**3)) / variance**1.5


def correlation(one: Reals, other: Reals) -> float:
    """Return Pearson's correlation of two series of one length."""
    if len(one) < _POINTS_MIN or not np.ptp(one) or not np.ptp(other):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def hill(values: Reals, share: float) -> float:
    """Return Hill's estimate of the tail exponent of the sizes of *values*.

    One over the mean of ``log(x_i / x_k)`` over the *k* largest sizes.

    Args:
        values: zeros are passed over.
        share: of the values that are the tail, 0 to 1; at least `TAIL_MIN` of them are.

    Source: Hill (1975), "A simple general approach to inference about the tail of a
    distribution".
    """
    sizes = np.sort(np.abs(values[values != 0.0]))[::-1]
    count = max(TAIL_MIN, int(len(sizes) * share))
    if len(sizes) <= count:
        return float("nan")
    mean = float(np.mean(np.log(sizes[:count] / float(sizes[count]))))
    return 1.0 / mean if mean else float("nan")


def log_lags(longest: int, count: int) -> list[int]:
    """Return up to *count* lags from 1 to *longest*, evenly spaced in the logarithm."""
    spaced = np.geomspace(1.0, longest, count)
    return np.unique(np.round(spaced, 6).astype(np.int64)).tolist()


def decay_exponent(lags: Sequence[int], values: Reals) -> float:
    """Return the exponent of ``value ~ lag ** -exponent``, by least squares in logarithms.

    Values that are not positive have no logarithm and are passed over.
    """
    at = np.asarray(lags, np.float64)
    is_positive = values > 0.0
    if int(is_positive.sum()) < _POINTS_MIN:
        return float("nan")
    slope, _ = np.polyfit(np.log(at[is_positive]), np.log(values[is_positive]), 1)
    return -float(slope)


def per_window(values: Reals, window: int) -> Reals:
    """Return the sums of *values* over whole windows, one after the other."""
    count = len(values) // window
    return values[: count * window].reshape(count, window).sum(axis=1)


def fano(values: Reals, *, quantile: float, window: int) -> float:
    """Return variance over mean of how many of *window* sizes are beyond the *quantile*.

    1 for events without memory, more where they come in bursts.

    Source: Fano (1947), "Ionization yield of radiations. II".
    """
    sizes = np.abs(values)
    count = len(sizes) // window
    if count < _POINTS_MIN:
        return float("nan")
    is_large = sizes > np.quantile(sizes, quantile)
    counts = per_window(is_large.astype(np.float64), window)
    mean = float(counts.mean())
    return float(counts.var()) / mean if mean else float("nan")
