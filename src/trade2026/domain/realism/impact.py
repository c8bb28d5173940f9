"""What a large order does to the price: pairs of one market with and without it.

Each pair has the same seed, so their difference is the order's own doing. Impact grows like a
power of what was traded of the order, as a share of a day's volume.

Source: Sato and Kanazawa (2024), "Does the square-root price impact law hold universally?",
arXiv 2411.13965.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.series import Reals

Pairs = NDArray[np.float64]
"""`(sizes, seeds) float64`: something of each size of order on each seed."""

_CONFIDENCE: tuple[float, float] = (5.0, 95.0)


class Interval(NamedTuple):
    """Where a measure lies with 90 % confidence."""

    low: float
    high: float


def impact_exponent(shares: Pairs, peaks: Pairs) -> float:
    """Return the exponent of ``mean peak ~ mean share ** exponent``.

    By least squares in logarithms, over the sizes.

    Args:
        shares: of a day's volume.
        peaks: price differences at the end of the order in its direction, any unit. Where a
            mean of a size is not positive, of either, there is no exponent: NaN.
    """
    means, sizes = _means(peaks), _means(shares)
    if len(sizes) < 2 or not (np.minimum(means, sizes) > 0.0).all():  # noqa: PLR2004 - a line is through two points
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(means), 1)[0])


def impact_interval(
    shares: Pairs, peaks: Pairs, chance: np.random.Generator, *, draws: int = 1_000
) -> Interval:
    """Return the exponent's interval over the seeds, by the bootstrap.

    Source: Efron (1979), "Bootstrap methods: another look at the jackknife".
    """
    seeds = peaks.shape[1]
    drawn = chance.integers(0, seeds, (draws, seeds))
    found = np.array([impact_exponent(shares[:, which], peaks[:, which]) for which in drawn])
    found = found[np.isfinite(found)]
    if len(found) < draws // 2:
        return Interval(float("nan"), float("nan"))
    low, high = np.percentile(found, _CONFIDENCE)
    return Interval(float(low), float(high))


def what_remains(peaks: Pairs, after: Pairs) -> float:
    """Return which share of the impact is left one length of the order after its end.

    The mean over sizes of mean after over mean peak.

    Source: Bucci, Benzaquen, Lillo and Bouchaud (2018), "Slow decay of impact in equity markets".
    """
    means = _means(peaks)
    if not (means > 0.0).all():
        return float("nan")
    return float(np.mean(_means(after) / means))


def median_interval(values: Reals, chance: np.random.Generator, *, draws: int = 1_000) -> Interval:
    """Return the interval of the median of *values*, one a seed, by the bootstrap.

    Values that are NaN are passed over; without any there is no interval.

    Source: Efron (1979), "Bootstrap methods: another look at the jackknife".
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    drawn = known[chance.integers(0, len(known), (draws, len(known)))]
    low, high = np.percentile(np.median(drawn, axis=1), _CONFIDENCE)
    return Interval(float(low), float(high))


def _means(pairs: Pairs) -> Reals:
    return pairs.sum(axis=1) / pairs.shape[1]
