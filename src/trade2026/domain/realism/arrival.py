"""How irregularly trades come: the spread and the shape of the time between them."""

from typing import Final

import numpy as np

from trade2026.domain.realism.series import Reals

_SHAPE_LOW: Final = 0.01
_SHAPE_HIGH: Final = 100.0
_HALVINGS: Final = 32
_COUNT_MIN: Final = 10


def variation(pauses: Reals) -> float:
    """Return the standard deviation over the mean: 1 for a Poisson flow."""
    if len(pauses) < _COUNT_MIN:
        return float("nan")
    return float(pauses.std() / pauses.mean())


def weibull_shape(pauses: Reals) -> float:
    """Return the likeliest shape of a Weibull distribution of *pauses*: 1 for a Poisson flow.

    The root of ``sum(x**k log x) / sum(x**k) - 1/k - mean(log x)``, which grows with k.

    Args:
        pauses: above zero, in any unit.

    Source: Johnson, Kotz and Balakrishnan (1994), "Continuous univariate distributions",
    volume 1, chapter 21.
    """
    if len(pauses) < _COUNT_MIN or not np.ptp(pauses):
        return float("nan")
    # In units of the largest, powers stay within bounds.
    logs = np.log(pauses / pauses.max())
    mean = float(logs.mean())
    low, high = np.log(_SHAPE_LOW), np.log(_SHAPE_HIGH)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        shape = float(np.exp(middle))
        powers = np.exp(shape * logs)
        if float(powers @ logs) / float(powers.sum()) - 1.0 / shape < mean:
            low = middle
        else:
            high = middle
    return float(np.exp(0.5 * (low + high)))
