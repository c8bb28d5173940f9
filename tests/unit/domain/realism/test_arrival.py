"""Pauses between trades: Poisson, regular and bursty ones are told apart."""

import math

import numpy as np
import pytest

from trade2026.core.chance import stream
from trade2026.domain.realism.arrival import variation, weibull_shape


@pytest.mark.parametrize("shape", [0.4, 0.7, 1.0, 2.5])
def test_the_shape_of_weibull_pauses_is_found(shape: float) -> None:
    pauses = 3.0 * stream(1, "weibull").weibull(shape, 50_000)

    assert weibull_shape(pauses) == pytest.approx(shape, rel=0.02)


def test_poisson_varies_as_much_as_its_mean() -> None:
    assert variation(stream(2, "poisson").exponential(7.0, 50_000)) == pytest.approx(1.0, abs=0.02)


def test_few_or_equal_pauses_tell_nothing() -> None:
    assert math.isnan(variation(np.ones(9)))
    assert math.isnan(weibull_shape(np.arange(1.0, 10.0)))
    assert math.isnan(weibull_shape(np.ones(50)))
