"""Impact of pairs: the exponent and its interval, what remains, medians over seeds."""

import math

import numpy as np
import pytest

from trade2026.core.chance import stream
from trade2026.domain.realism.impact import (
    impact_exponent,
    impact_interval,
    median_interval,
    what_remains,
)

SHARES = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1])


def test_the_square_root_is_found_through_noise_and_lies_in_its_interval() -> None:
    chance = stream(1, "impact")
    peaks = 100.0 * np.sqrt(SHARES)[:, None] + chance.normal(0.0, 3.0, (7, 200))

    shares = np.repeat(SHARES[:, None], 200, axis=1)
    found = impact_exponent(shares, peaks)
    low, high = impact_interval(shares, peaks, chance)

    assert found == pytest.approx(0.5, abs=0.05)
    assert low < found < high
    assert high - low < 0.15


def test_orders_that_were_not_all_traded_count_as_what_was() -> None:
    asked = np.repeat(SHARES[:, None], 20, axis=1)
    traded = np.minimum(asked, 0.03)

    assert impact_exponent(traded, 100.0 * np.sqrt(traded)) == pytest.approx(0.5)


def test_without_an_impact_there_is_no_exponent() -> None:
    peaks = -np.ones((7, 10))
    shares = np.repeat(SHARES[:, None], 10, axis=1)

    assert math.isnan(impact_exponent(shares, peaks))
    assert math.isnan(impact_exponent(shares[:1], np.ones((1, 10))))
    assert math.isnan(impact_exponent(np.zeros((7, 10)), -peaks))
    assert math.isnan(impact_interval(shares, peaks, stream(1, "none")).low)
    assert math.isnan(what_remains(peaks, peaks))


def test_what_remains_is_the_mean_share() -> None:
    peaks = np.array([[2.0, 4.0], [10.0, 10.0]])

    assert what_remains(peaks, np.array([[1.0, 2.0], [7.0, 7.0]])) == pytest.approx(0.6)


def test_a_median_lies_between_the_extremes_and_passes_over_what_is_missing() -> None:
    low, high = median_interval(np.array([1.0, 2.0, 3.0, math.nan]), stream(2, "median"))

    assert 1.0 <= low <= 2.0 <= high <= 3.0
    assert math.isnan(median_interval(np.array([math.nan]), stream(2, "median")).low)
