"""The stylised facts of returns: what all markets' price changes have in common.

Of one-minute mid prices, SF1 to SF11. Three of Cont's facts (gain/loss asymmetry, leverage,
asymmetry in time) are reported without a gate: modern intraday markets do not show them.

Source: Cont (2001), "Empirical properties of asset returns: stylized facts and statistical
issues"; Ratliff-Crain et al. (2025), "Revisiting Cont's stylized facts for modern stock
markets", arXiv 2311.07738.
"""

from typing import Final

import numpy as np

from trade2026.domain.realism.garch import conditional_kurtosis
from trade2026.domain.realism.series import (
    Reals,
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

MINUTES_MIN: Final = 1_000
"""Fewer returns have no battery."""
_HOUR: Final = 60
_FIRST_LAGS: Final = range(1, 11)
_LONGEST_LAG: Final = 100
_LAGS: Final = 15


def log_returns(mid: Reals, every: int = 1) -> Reals:
    """Return the logarithmic changes from each *every*-th price to the next of them."""
    return np.diff(np.log(mid[::every]))


def leverage(returns: Reals) -> float:
    """Return the mean correlation of a return with the next ten sizes; below 0: leverage."""
    sizes = np.abs(returns)
    return float(np.mean([correlation(returns[:-lag], sizes[lag:]) for lag in _FIRST_LAGS]))


def time_asymmetry(returns: Reals, coarse: int = 10) -> float:
    """Return how much better coarse volatility tells the fine one to come than the reverse.

    The correlation of a coarse window's size of move with the sum of fine sizes in the next
    window, less that with the window before.

    Source: Zumbach (2009), "Time reversal invariance in finance".
    """
    count = len(returns) // coarse
    windows = returns[: count * coarse].reshape(count, coarse)
    moves, fine = np.abs(windows.sum(axis=1)), np.abs(windows).sum(axis=1)
    return correlation(moves[:-1], fine[1:]) - correlation(fine[:-1], moves[1:])


def measure_returns(mid: Reals, volume: Reals) -> dict[str, float]:
    """Return the measures SF1 to SF11 by name.

    Args:
        mid: prices at the end of each minute, any unit, above zero.
        volume: traded within each of these minutes.
    """
    moves = log_returns(mid)
    if len(moves) < MINUTES_MIN:
        return {}
    sizes = np.abs(moves)
    kurtosis = excess_kurtosis(moves)
    lags = log_lags(_LONGEST_LAG, _LAGS)
    conditional = conditional_kurtosis(moves)
    return {
        "SF1.lag1": autocorrelation(moves, 1),
        "SF1.lag5": autocorrelation(moves, 5),
        "SF1.lag20": autocorrelation(moves, 20),
        "SF2": kurtosis,
        "SF3.top5": hill(moves, 0.05),
        "SF3.top1": hill(moves, 0.01),
        "SF4": excess_kurtosis(log_returns(mid, _HOUR)) / kurtosis,
        "SF5": float(np.mean(autocorrelations(sizes, _FIRST_LAGS))),
        "SF6": autocorrelation(sizes, _HOUR),
        "SF7": decay_exponent(lags, autocorrelations(sizes, lags)),
        "SF8": conditional,
        "SF8.ratio": conditional / kurtosis,
        "SF9": correlation(volume[1:], sizes),
        "SF10": fano(moves, quantile=0.99, window=100),
        "SF11.skew": skewness(moves),
        "SF11.leverage": leverage(moves),
        "SF11.time": time_asymmetry(moves),
    }
