"""What volatility that is known from the past leaves unexplained of fat tails."""

from typing import Final

import numpy as np

from trade2026.domain.realism.series import Reals, centred, excess_kurtosis

_ROUNDS: Final = 4
_GRID: Final = 17
_PERSISTENCE_MAX: Final = 0.9999


def garch_residuals(returns: Reals) -> Reals:
    """Return *returns* over the volatility that a fitted GARCH(1,1) expected of each.

    ``variance' = omega + alpha * return ** 2 + beta * variance``, with the mean variance held
    at the sample's, so that alpha and beta are left; the likeliest pair under a Gaussian is
    searched on ever finer grids.

    Source: Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity";
    Engle and Mezrich (1996), "GARCH for groups", for the targeting of the variance.
    """
    away = centred(returns)
    variance = float(np.mean(away * away))
    squares = away * away / variance
    centre, scale = (0.25, 0.5), 1.0
    steps = np.linspace(-1.0, 1.0, _GRID)
    for _ in range(_ROUNDS):
        alphas = np.clip(centre[0] + 0.25 * scale * steps, 0.0, 1.0)
        betas = np.clip(centre[1] + 0.5 * scale * steps, 0.0, 1.0)
        alpha, beta = np.repeat(alphas, _GRID), np.tile(betas, _GRID)
        is_stable = alpha + beta < _PERSISTENCE_MAX
        alpha, beta = alpha[is_stable], beta[is_stable]
        best = int(np.argmin(_misfit(squares, alpha, beta)))
        centre = float(alpha[best]), float(beta[best])
        scale *= 2.0 / (_GRID - 1)
    return away / np.sqrt(_variances(squares, *centre) * variance)


def conditional_kurtosis(returns: Reals) -> float:
    """Return the excess kurtosis of `garch_residuals`; NaN where nothing ever moved."""
    if not np.ptp(returns):
        return float("nan")
    return excess_kurtosis(garch_residuals(returns))


def _misfit(squares: Reals, alpha: Reals, beta: Reals) -> Reals:
    omega = 1.0 - alpha - beta
    variance = np.ones_like(alpha)
    total = np.zeros_like(alpha)
    for square in squares.tolist():
        total += np.log(variance) + square / variance
        variance = omega + alpha * square + beta * variance
    return total


def _variances(squares: Reals, alpha: float, beta: float) -> Reals:
    variances = np.empty_like(squares)
    variance = 1.0
    for index, square in enumerate(squares.tolist()):
        variances[index] = variance
        variance = 1.0 - alpha - beta + alpha * square + beta * variance
    return variances
