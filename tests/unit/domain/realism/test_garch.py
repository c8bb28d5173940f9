"""GARCH(1,1) takes out what volatility it made, and leaves the tails of the shocks."""

import math

import numpy as np
import pytest

from trade2026.core.chance import stream
from trade2026.domain.realism.garch import conditional_kurtosis
from trade2026.domain.realism.series import Reals, excess_kurtosis

COUNT = 20_000


def a_garch(shocks: Reals, alpha: float = 0.12, beta: float = 0.85) -> Reals:
    """Return the process of these *shocks*, of variance 1."""
    returns = np.empty_like(shocks)
    variance = 1.0
    for index, shock in enumerate(shocks.tolist()):
        returns[index] = shock * math.sqrt(variance)
        variance = 1.0 - alpha - beta + alpha * returns[index] ** 2 + beta * variance
    return returns


def test_gaussian_shocks_are_gaussian_again() -> None:
    returns = a_garch(stream(1, "garch").standard_normal(COUNT))

    assert excess_kurtosis(returns) > 0.8
    assert conditional_kurtosis(returns) == pytest.approx(0.0, abs=0.15)


def test_fat_shocks_stay_fat() -> None:
    shocks = stream(2, "garch").laplace(size=COUNT) / math.sqrt(2.0)

    assert conditional_kurtosis(a_garch(shocks)) == pytest.approx(3.0, abs=0.8)


def test_a_price_that_never_moves_has_none() -> None:
    assert math.isnan(conditional_kurtosis(np.zeros(100)))
