"""Seeded chance inside kernels: one 64-bit word of state for each stream.

A stream starts from `core/chance.py`, named after what it is for, and moves on only when
its owner draws: no agent's numbers depend on how often another one drew. Its state is the
field `luck` of the owner's record.

The exponential and the normal distribution are drawn by ziggurats: nearly always one word, a
multiplication and a comparison, where logarithms and cosines would be a third of a market's
time.

Source: Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators"
(SplitMix64); Marsaglia and Tsang (2000), "The ziggurat method for generating random
variables"; Doornik (2005), "An improved ziggurat method to generate normal random samples".
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.layout import Record, out_of_line

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)
_FRACTION = np.uint64(11)
_TO_UNIT = 2.0**-53

_LAYERS = 256
_LAYER = np.uint64(_LAYERS - 1)
_NORMAL_END, _NORMAL_AREA = 3.6541528853610088, 0.00492867323399
_WAIT_END, _WAIT_AREA = 7.69711747013104972, 0.0039496598225815571993


def layers(
    density: Callable[[float], float], inverse: Callable[[float], float], end: float, area: float
) -> NDArray[np.float64]:
    """Return the right ends of a ziggurat's layers, `(257,) float64`, the lowest layer's first.

    Args:
        density: falling, not normalised.
        inverse: where the density has a value.
        end: where the tail begins.
        area: of each layer, the lowest one with the tail.
    """
    ends = np.zeros(_LAYERS + 1)
    ends[0], ends[1] = area / density(end), end
    for i in range(2, _LAYERS):
        ends[i] = inverse(area / ends[i - 1] + density(ends[i - 1]))
    return ends


_NORMAL = layers(
    lambda x: math.exp(-0.5 * x * x),
    lambda y: math.sqrt(-2.0 * math.log(y)),
    _NORMAL_END,
    _NORMAL_AREA,
)
_WAIT = layers(lambda x: math.exp(-x), lambda y: -math.log(y), _WAIT_END, _WAIT_AREA)
_NORMAL_RATIO = _NORMAL[1:] / _NORMAL[:-1]
_WAIT_RATIO = _WAIT[1:] / _WAIT[:-1]


@kernel
def word(owner: Record) -> np.uint64:
    """Draw 64 bits from the stream of *owner*."""
    drawn = np.uint64(owner.luck) + _STEP
    owner.luck = np.int64(drawn)
    drawn = (drawn ^ (drawn >> _SHIFT_1)) * _MIX_1
    drawn = (drawn ^ (drawn >> _SHIFT_2)) * _MIX_2
    return drawn ^ (drawn >> _SHIFT_3)


@kernel
def unit(drawn: np.uint64) -> float:
    """Return the high bits of a word as a number in (0, 1), both ends excluded."""
    return (np.float64(np.int64(drawn >> _FRACTION)) + 0.5) * _TO_UNIT


@kernel
def uniform(owner: Record) -> float:
    """Draw from (0, 1), both ends excluded, from the stream of *owner*."""
    return unit(word(owner))


@kernel
def exponential(owner: Record) -> float:
    """Draw from the exponential distribution of mean 1."""
    drawn = word(owner)
    layer, share = int(drawn & _LAYER), unit(drawn)
    if share < _WAIT_RATIO[layer]:
        return share * _WAIT[layer]
    return exponential_edge(owner, layer, share)


@rare_kernel
def exponential_edge(owner: Record, layer: int, share: float) -> float:
    """Finish a draw that is not within the layer above its own."""
    out_of_line()
    while True:
        if layer == 0:
            return _WAIT_END - math.log(uniform(owner))
        x = share * _WAIT[layer]
        upper, lower = math.exp(x - _WAIT[layer + 1]), math.exp(x - _WAIT[layer])
        if lower + uniform(owner) * (upper - lower) < 1.0:
            return x
        drawn = word(owner)
        layer, share = int(drawn & _LAYER), unit(drawn)
        if share < _WAIT_RATIO[layer]:
            return share * _WAIT[layer]


@kernel
def pareto(owner: Record, exponent: float) -> float:
    """Draw from the Pareto distribution of minimum 1."""
    return math.exp(exponential(owner) / exponent)


@kernel
def normal(owner: Record) -> float:
    """Draw from the standard normal distribution."""
    drawn = word(owner)
    layer, share = int(drawn & _LAYER), 2.0 * unit(drawn) - 1.0
    if abs(share) < _NORMAL_RATIO[layer]:
        return share * _NORMAL[layer]
    return normal_edge(owner, layer, share)


@rare_kernel
def normal_edge(owner: Record, layer: int, share: float) -> float:
    """Finish a draw that is not within the layer above its own."""
    out_of_line()
    while True:
        if layer == 0:
            return math.copysign(normal_tail(owner), share)
        x = share * _NORMAL[layer]
        upper = math.exp(0.5 * (x * x - _NORMAL[layer + 1] ** 2))
        lower = math.exp(0.5 * (x * x - _NORMAL[layer] ** 2))
        if lower + uniform(owner) * (upper - lower) < 1.0:
            return x
        drawn = word(owner)
        layer, share = int(drawn & _LAYER), 2.0 * unit(drawn) - 1.0
        if abs(share) < _NORMAL_RATIO[layer]:
            return share * _NORMAL[layer]


@rare_kernel
def normal_tail(owner: Record) -> float:
    """Draw from the tail of the normal distribution."""
    out_of_line()
    while True:
        x = -math.log(uniform(owner)) / _NORMAL_END
        if -2.0 * math.log(uniform(owner)) > x * x:
            return _NORMAL_END + x
