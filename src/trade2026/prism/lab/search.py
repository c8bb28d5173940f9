"""Looking for the point of a box where something costly and rough is smallest.

By the covariance matrix adaptation evolution strategy: it asks for a dozen points at a time,
compares them only by their order, and so bears a rough objective whose gradients mean nothing.
It comes with the extra `lab` only. All of its chance is ours, so that a seed says where it
looks.

Source: Hansen (2016), "The CMA evolution strategy: a tutorial", arXiv 1604.00772; the package
`cma` is its author's.
"""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.core.errors import Trade2026Error

Point = NDArray[np.float64]
"""`(n,) float64`, each within 0 and 1."""

_FIRST_STEP: Final = 0.2
_MARGIN: Final = 1e-3


def require_search() -> None:
    """Return if there is something to look with.

    Raises:
        Trade2026Error: the package `cma` is missing; says what to install.
    """
    if importlib.util.find_spec("cma") is None:
        raise Trade2026Error("calibration needs cma: pip install 'trade2026[lab]'")


def smallest(
    objective: Callable[[Sequence[Point]], Sequence[float]],
    start: Point,
    *,
    runs: int,
    chance: np.random.Generator,
) -> Point:
    """Return the best point that was looked at; *start* is the first.

    Args:
        objective: its values at some points, at once.
        start: where to begin, two coordinates or more.
        runs: how many points to look at in all.
        chance: where to look.

    Raises:
        Trade2026Error: the package `cma` is missing.
    """
    require_search()

    def draw(*shape: int) -> Point:
        return chance.standard_normal(shape)

    best, least = start, objective([start])[0]
    done = 1
    options = {
        "bounds": [0.0, 1.0],
        "randn": draw,
        "seed": float("nan"),
        "verbose": -9,
        "verb_log": 0,
    }
    cma: Any = importlib.import_module("cma")
    inside = np.clip(start, _MARGIN, 1.0 - _MARGIN)
    strategy = cma.CMAEvolutionStrategy(inside, _FIRST_STEP, options)
    while done < runs and not strategy.stop():
        points = [np.asarray(point, np.float64) for point in strategy.ask()]
        # The last round is cut short: its values are looked at, and nothing is learnt of them.
        looked = points[: runs - done]
        values = objective(looked)
        done += len(looked)
        if len(looked) == len(points):
            strategy.tell(points, list(values))
        for point, value in zip(looked, values, strict=True):
            if value < least:
                best, least = point, value
    return best
