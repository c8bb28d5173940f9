"""Seeded chance inside kernels: one 64-bit word of state for each stream.

A stream starts from `core/chance.py`, named after what it is for, and moves on only when
its owner draws: no agent's numbers depend on how often another one drew. Its state is the
field `luck` of the owner's record.

Source: Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators"
(SplitMix64).
"""

import math

import numpy as np

from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.layout import Record

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


@kernel
def uniform(owner: Record) -> float:
    """Draw from (0, 1), both ends excluded, from the stream of *owner*."""
    word = np.uint64(owner.luck) + _STEP
    owner.luck = np.int64(word)
    word = (word ^ (word >> np.uint64(30))) * _MIX_1
    word = (word ^ (word >> np.uint64(27))) * _MIX_2
    word ^= word >> np.uint64(31)
    return (np.float64(word >> np.uint64(11)) + 0.5) * _TO_UNIT


@kernel
def exponential(owner: Record) -> float:
    """Draw from the exponential distribution of mean 1."""
    return -math.log(uniform(owner))


@kernel
def normal(owner: Record) -> float:
    """Draw from the standard normal distribution, by Box and Muller (1958)."""
    radius = math.sqrt(2.0 * exponential(owner))
    return radius * math.cos(2.0 * math.pi * uniform(owner))
