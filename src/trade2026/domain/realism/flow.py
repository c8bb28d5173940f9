"""The microstructure: memory of signs, order flow and price, arrivals, spread, sizes, book.

MS1, MS2 and MS5 to MS9, of a session. MS3 and MS4, the impact of a large order, are of pairs
of sessions: see `impact.py`.

Order flow imbalance, at every change of the best prices: what is shown at the best bid now,
where its price did not fall, less what was shown before, where it did not rise; less the same
of the offers the other way round.

Source: Lillo and Farmer (2004), "The long memory of the efficient market", for signs; Cont,
Kukanov and Stoikov (2014), "The price impact of order book events", for order flow; Zovko and
Farmer (2002), "The power of patience", for limit prices; Maslov and Mills (2001), "Price
fluctuations from the order book perspective", for sizes; Bouchaud, Mézard and Potters (2002),
"Statistical properties of stock order books", for the shape of the book.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.arrival import variation, weibull_shape
from trade2026.domain.realism.series import (
    Reals,
    autocorrelation,
    autocorrelations,
    centred,
    correlation,
    decay_exponent,
    hill,
    log_lags,
    per_window,
)
from trade2026.domain.realism.session import Session

WINDOW_S: Final = 10
HUMP_TIMES: Final = 1.1
_LONGEST_LAG: Final = 100
_LAGS: Final = 12
_NS_PER_S: Final = 1e9
_HOUR_S: Final = 3_600
_WINDOWS_MIN: Final = 30
_TRADES_MIN: Final = 100
_SELDOM: Final = 1e-3
_PAUSES_MAX: Final = 20_000
_HOURLY_MAX: Final = 2_000
"""A shape is fitted to so many pauses at most, evenly taken from all."""


def flow_fit(session: Session, window_s: int = WINDOW_S) -> tuple[float, float, float]:
    """Return how order flow moves the price, window by window.

    Returns:
        R² of price changes on order flow; the slope, ticks per lot; and the slope in the
        third of the windows that has the least at the best prices, over that in the third
        that has the most: above 1 where depth dampens.
    """
    flow = per_window(session.imbalance, window_s)[1:]
    touch = per_window(session.touch, window_s)[1:]
    moves = np.diff(session.mid[window_s - 1 :: window_s])
    count = min(len(flow), len(moves))
    flow, touch, moves = flow[:count], touch[:count], moves[:count]
    if count < _WINDOWS_MIN:
        return float("nan"), float("nan"), float("nan")
    thin, thick = np.quantile(touch, (1 / 3, 2 / 3))
    slope_thin = _slope(flow[touch <= thin], moves[touch <= thin])
    slope_thick = _slope(flow[touch >= thick], moves[touch >= thick])
    dampened = slope_thin / slope_thick if slope_thick > 0.0 else float("nan")
    return correlation(flow, moves) ** 2, _slope(flow, moves), dampened


def _slope(flow: Reals, moves: Reals) -> float:
    away = centred(flow)
    variance = float(away @ away)
    return float(away @ moves) / variance if variance else float("nan")


def pauses_of(trade_ns: NDArray[np.int64]) -> Reals:
    """Return the times between trades in seconds, without those of no length."""
    pauses = np.diff(trade_ns).astype(np.float64) / _NS_PER_S
    return pauses[pauses > 0.0]


def thinned(values: Reals, most: int) -> Reals:
    """Return about *most* of *values*, evenly taken from all."""
    return values[:: max(1, len(values) // most)]


def within_hours(trade_ns: NDArray[np.int64]) -> tuple[float, float]:
    """Return the medians over single hours of variation and Weibull shape of pauses.

    What is left of the irregularity where the slow changes of activity are taken out.
    """
    if not len(trade_ns):
        return float("nan"), float("nan")
    hours = range(int(trade_ns[0]), int(trade_ns[-1]), int(_HOUR_S * _NS_PER_S))
    bounds: list[int] = np.searchsorted(trade_ns, np.array(hours, np.int64)).tolist()
    found = [
        (variation(pauses), weibull_shape(thinned(pauses, _HOURLY_MAX)))
        for begin, end in pairwise(bounds)
        if len(pauses := pauses_of(trade_ns[begin:end])) >= _TRADES_MIN
    ]
    if not found:
        return float("nan"), float("nan")
    spread, shape = np.median(np.array(found), axis=0)
    return float(spread), float(shape)


def placement_exponent(placed: NDArray[np.int64]) -> float:
    """Return the exponent of ``P(distance >= d) ~ d ** -exponent`` of limit prices behind the best.

    Through log-spaced distances from 1 tick to the last that one order in a thousand reaches.

    Args:
        placed: counts by distance in ticks; the last one, which is open, only counts.
    """
    behind = placed[1:].astype(np.float64)
    total = float(behind.sum())
    if total < _TRADES_MIN:
        return float("nan")
    reach = np.cumsum(behind[::-1])[::-1] / total
    distances = [d for d in log_lags(len(behind), 40) if reach[d - 1] > _SELDOM]
    return decay_exponent(distances, np.array([reach[d - 1] for d in distances]))


def by_distance(session: Session) -> Reals:
    """Return what a side shows at growing distances from its own best price.

    Each distance is as wide as the mean spread, in whole ticks. The first begins with the best
    price itself, where there always is something. Empty where the book was not seen so far.
    """
    time = float(session.spread_s.sum())
    widths = np.arange(len(session.spread_s))
    spread = max(1, round(float(session.spread_s @ widths) / time)) if time else 1
    return per_window(session.profile, spread)


def fullest(shown: Reals) -> float:
    """Return at how many distances behind the first the book shows most; NaN where it is empty.

    It is the first where no other shows `HUMP_TIMES` as much: an even book has no hump, and the
    fullest of its distances is one by chance.

    Args:
        shown: see `by_distance`.
    """
    if not shown.any():
        return float("nan")
    most = int(np.argmax(shown))
    return float(most) if shown[most] >= HUMP_TIMES * shown[0] else 0.0


def measure_flow(session: Session) -> dict[str, float]:
    """Return the measures MS1, MS2 and MS5 to MS9 by name."""
    signs = session.trade_sign.astype(np.float64)
    if len(signs) < _TRADES_MIN:
        return {}
    lags = log_lags(_LONGEST_LAG, _LAGS)
    pauses = pauses_of(session.trade_ns)
    fit, slope, dampened = flow_fit(session)
    hourly_variation, hourly_shape = within_hours(session.trade_ns)
    time = float(session.spread_s.sum())
    return {
        "MS1": decay_exponent(lags, autocorrelations(signs, lags)),
        "MS1.lag1": autocorrelation(signs, 1),
        "MS2": fit,
        "MS2.slope": slope,
        "MS2.depth": dampened,
        "MS5.cv": variation(pauses),
        "MS5.shape": weibull_shape(thinned(pauses, _PAUSES_MAX)),
        "MS5.cv_hour": hourly_variation,
        "MS5.shape_hour": hourly_shape,
        "MS6": float(session.spread_s[1]) / time if time else float("nan"),
        "MS7": hill(session.trade_lots.astype(np.float64), 0.05),
        "MS8": placement_exponent(session.placed),
        "MS9": fullest(by_distance(session)),
    }
