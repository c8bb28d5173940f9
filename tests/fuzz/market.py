"""Kinds of random markets: every seed draws one, with every feature of the book in it."""

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from trade2026.core.chance import stream
from trade2026.prism.engine.message import MAX_TICKS

Words = NDArray[np.int64]
_Value = TypeVar("_Value", int, float)


@dataclass(frozen=True)
class Market:
    """What the messages of one seed are like."""

    width: int
    """How far from the centre limits lie, in ticks: few make deep queues."""
    owners: int
    """Among how many orders are spread: few keep meeting themselves."""
    lots: int
    """The largest usual quantity."""
    changes: float
    """Share of cancels, reduces and replaces: few let the book grow all the time."""
    reach: int
    """How many orders back changes look: far back most orders are gone."""
    stops: float
    """Share of stops among orders."""
    icebergs: float
    """Share of icebergs among orders that may be one."""
    unrest: float
    """Rate of phases and bands."""
    jumps: float
    """Rate of jumps of the price, by up to many times what a ladder can hold."""
    odd: float
    """Share of messages with one value out of bounds."""
    bursts: float
    """In which share of the chunks, after the first, much happens at once."""
    home: int
    """The price around which all begins, in ticks."""
    first_owner: int
    """The least owner."""
    begun_ns: int
    """When all begins."""
    numbering: int
    """How numbers are given, an index into `NUMBERINGS`."""


def market_of(seed: int) -> Market:
    """Return the market that *seed* draws."""
    luck = stream(seed, "tests/fuzz/market")

    def one_of(*values: _Value) -> _Value:
        return values[luck.integers(len(values))]

    return Market(
        width=one_of(3, 8, 20, 60, 400, 3_000),
        owners=one_of(2, 4, 40, 1_000),
        lots=one_of(3, 20, 20, 500, 10**9),
        changes=one_of(0.05, 0.2, 0.3, 0.4),
        reach=one_of(10, 50, 300),
        stops=one_of(0.0, 0.05, 0.2, 0.5),
        icebergs=one_of(0.0, 0.1, 0.5),
        unrest=one_of(0.0005, 0.002, 0.01),
        jumps=one_of(0.0, 0.0005, 0.005),
        odd=one_of(0.001, 0.01, 0.05),
        bursts=one_of(0.0, 0.05),
        home=one_of(50_000, 50_000, 300, 10**7, MAX_TICKS - 100_000),
        first_owner=one_of(1, -2, 2**20, 2**31 - 1_000),
        begun_ns=one_of(1, 1_790_000_000_000_000_000),
        numbering=int(luck.integers(len(NUMBERINGS))),
    )


def counted(place: Words) -> Words:
    """Number orders as most venues do."""
    return place + 1


def clustered(place: Words) -> Words:
    """Number them in clusters that lie on each other in any table of a power of two."""
    return ((place % 64) << 20) + (place >> 6) + 1


def scattered(place: Words) -> Words:
    """Number them all over the 64 bits."""
    return (place * np.int64(0x1E3779B97F4A7C15)) | 1


def from_above(place: Words) -> Words:
    """Number them down from the highest number there is."""
    return np.int64(2**63 - 1) - place


def below_zero(place: Words) -> Words:
    """Number them with negative numbers that share their low bits."""
    return -((place << 16) + 1)


NUMBERINGS: Final = (counted, clustered, scattered, from_above, below_zero)
