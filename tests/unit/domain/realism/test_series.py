"""Moments, tails, memory and bursts, on series of which they are known."""

import math

import numpy as np
import pytest

from trade2026.core.chance import stream
from trade2026.domain.realism.series import (
    autocorrelation,
    autocorrelations,
    correlation,
    decay_exponent,
    excess_kurtosis,
    fano,
    hill,
    log_lags,
    skewness,
)

MANY = 200_000
CONSTANT = np.ones(500)


@pytest.mark.parametrize("lag", [1, 3, 8])
def test_the_memory_of_an_autoregression_is_its_coefficient_to_the_power_of_the_lag(
    lag: int,
) -> None:
    noise = stream(1, "ar").standard_normal(MANY)
    series = np.empty(MANY)
    last = 0.0
    for index, shock in enumerate(noise.tolist()):
        last = 0.6 * last + shock
        series[index] = last

    assert autocorrelation(series, lag) == pytest.approx(0.6**lag, abs=0.015)


def test_moments_are_those_of_the_distribution() -> None:
    chance = stream(2, "moments")

    assert excess_kurtosis(chance.standard_normal(MANY)) == pytest.approx(0.0, abs=0.05)
    assert excess_kurtosis(chance.laplace(size=MANY)) == pytest.approx(3.0, abs=0.3)
    assert skewness(chance.standard_exponential(MANY)) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("exponent", [1.5, 3.0, 4.5])
@pytest.mark.parametrize("share", [0.05, 0.01])
def test_hill_finds_the_exponent_of_pareto_tails(exponent: float, share: float) -> None:
    chance = stream(3, "pareto")
    values = (1.0 + chance.pareto(exponent, MANY)) * chance.choice([-1.0, 1.0], MANY)

    assert hill(values, share) == pytest.approx(exponent, rel=0.06)


def test_hill_passes_over_zeros_and_has_no_value_without_a_tail() -> None:
    values = 1.0 + stream(4, "zeros").pareto(3.0, 10_000)

    assert hill(np.concatenate([values, np.zeros(10_000)]), 0.05) == hill(values, 0.05)
    assert math.isnan(hill(values[:20], 0.05))
    assert math.isnan(hill(CONSTANT, 0.05))


@pytest.mark.parametrize("exponent", [0.2, 0.6])
def test_a_power_law_is_found_by_its_exponent(exponent: float) -> None:
    lags = log_lags(100, 15)

    values = 0.3 * np.array(lags, np.float64) ** -exponent

    assert decay_exponent(lags, values) == pytest.approx(exponent)


def test_long_memory_of_fractional_noise_decays_with_its_exponent() -> None:
    # Fractional Gaussian noise of H = 0.8: its memory decays like lag ** (2 H - 2).
    count, hurst = 2**17, 0.8
    lag = np.arange(count)
    memory = 0.5 * (
        np.abs(lag + 1.0) ** (2 * hurst)
        - 2 * np.abs(1.0 * lag) ** (2 * hurst)
        + np.abs(lag - 1.0) ** (2 * hurst)
    )
    power = np.fft.rfft(np.concatenate([memory, memory[-2:0:-1]])).real
    chance = stream(5, "fgn")
    white = np.fft.rfft(chance.standard_normal(2 * (count - 1)))
    noise = np.fft.irfft(white * np.sqrt(np.maximum(power, 0.0)))[:count]
    lags = log_lags(100, 15)

    found = decay_exponent(lags, autocorrelations(noise, lags))

    assert found == pytest.approx(0.4, abs=0.08)


def test_few_positive_points_are_no_power_law() -> None:
    assert math.isnan(decay_exponent([1, 2, 4, 8], np.array([0.5, 0.2, 0.1, -0.1])))


def test_log_lags_grow_evenly_and_never_repeat() -> None:
    lags = log_lags(100, 15)

    assert (lags[0], lags[-1]) == (1, 100)
    assert lags == sorted(set(lags))


def test_bursts_are_beyond_the_poisson_of_independent_events() -> None:
    chance = stream(6, "fano")
    calm = chance.standard_normal(MANY)
    # Every tenth window of a hundred is thrice as wild.
    wild = calm * np.repeat(np.where(np.arange(MANY // 100) % 10 == 0, 3.0, 1.0), 100)

    assert fano(calm, quantile=0.99, window=100) == pytest.approx(1.0, abs=0.1)
    assert fano(wild, quantile=0.99, window=100) > 4.0


def test_what_has_no_value_is_not_a_number() -> None:
    assert math.isnan(autocorrelation(CONSTANT, 1))
    assert math.isnan(autocorrelation(np.arange(3.0), 3))
    assert math.isnan(excess_kurtosis(CONSTANT))
    assert math.isnan(skewness(CONSTANT))
    assert math.isnan(correlation(CONSTANT, np.arange(500.0)))
    assert math.isnan(correlation(np.arange(3.0), np.arange(3.0)))
    assert math.isnan(fano(np.arange(300.0), quantile=0.99, window=100))
    assert math.isnan(fano(CONSTANT, quantile=0.99, window=100))


def test_correlation_is_pearsons() -> None:
    chance = stream(7, "pair")
    one, other = chance.standard_normal((2, MANY))

    assert correlation(one, 0.6 * one + 0.8 * other) == pytest.approx(0.6, abs=0.01)
