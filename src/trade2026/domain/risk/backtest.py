"""Whether value at risk was right: how often more was lost, and whether that came in clusters.

Source: Kupiec (1995), "Techniques for verifying the accuracy of risk measurement models"
(unconditional coverage); Christoffersen (1998), "Evaluating interval forecasts" (independence).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import erfc, log, sqrt

import msgspec


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What the exceptions say of the model; a p-value below 0.05 speaks against it."""

    periods: int
    exceptions: int
    kupiec_p: float
    """That there are as many exceptions as there should be."""
    christoffersen_p: float
    """That one exception says nothing of the next."""


def backtest(exceptions: Sequence[bool], level: float) -> Backtest:
    """Return how well a model did.

    Args:
        exceptions: whether more was lost than the model said, period by period; at least two.
        level: of the model, such as 0.95.
    """
    count, total = sum(exceptions), len(exceptions)
    coverage = 2 * (_fit(count, total, count / total) - _fit(count, total, 1 - level))
    pairs = Counter(pairwise(exceptions))
    after_calm = pairs[False, True], pairs[False, True] + pairs[False, False]
    after_one = pairs[True, True], pairs[True, True] + pairs[True, False]
    together = after_calm[0] + after_one[0], after_calm[1] + after_one[1]
    apart = _own_fit(*after_calm) + _own_fit(*after_one)
    return Backtest(
        periods=total,
        exceptions=count,
        kupiec_p=_p_of(coverage),
        christoffersen_p=_p_of(2 * (apart - _own_fit(*together))),
    )


def _own_fit(count: int, total: int) -> float:
    return _fit(count, total, count / total) if total else 0.0


def _fit(count: int, total: int, share: float) -> float:
    """Return the log-likelihood of *count* in *total* where each has the chance *share*."""
    hit = count * log(share) if count else 0.0
    missed = (total - count) * log(1 - share) if count < total else 0.0
    return hit + missed


def _p_of(ratio: float) -> float:
    # The tail of chi squared with one degree of freedom.
    return erfc(sqrt(max(0.0, ratio) / 2))
