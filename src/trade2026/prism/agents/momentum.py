"""The momentum trader: follows where the mid price went lately, and goes home when it stops.

It keeps a fast and a slow average of the mid. Apart far enough, they are a trend to join;
otherwise it works its inventory off.

Source: Brock, Lakonishok and LeBaron (1992), "Simple technical trading rules", for the pair
of moving averages with a band.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.agent_type import AgentType
from trade2026.prism.engine.chance import exponential
from trade2026.prism.engine.compiled import Cells, kernel
from trade2026.prism.engine.desk import (
    BELIEF,
    INVENTORY,
    LAST_WAKE,
    LUCK,
    leaning,
    mid,
    pause,
    sized,
    take,
)


class MomentumParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a momentum trader trades."""

    mean_pause_s: float = 5.0
    fast_s: float = 20.0
    slow_s: float = 120.0
    """Time constants of the two averages."""
    band_bps: float = 4.0
    """How far they must be apart."""
    size_clips: float = 0.15
    full_inventory_clips: float = 8.0
    slippage_bps: float = 5.0


MEAN_PAUSE, FAST, SLOW, BAND, SIZE, FULL, SLIPPAGE = range(7)
FAST_MID, SLOW_MID = BELIEF, BELIEF + 1
BPS = 1e-4


@kernel
def follow(mind: Cells, price: float, passed_s: float) -> float:
    """Move both averages toward *price*; return how far the fast one is ahead, in bps."""
    if mind[SLOW_MID] == 0.0:
        mind[FAST_MID] = mind[SLOW_MID] = price
    mind[FAST_MID] += (price - mind[FAST_MID]) * (1.0 - math.exp(-passed_s / mind[FAST]))
    mind[SLOW_MID] += (price - mind[SLOW_MID]) * (1.0 - math.exp(-passed_s / mind[SLOW]))
    return (mind[FAST_MID] / mind[SLOW_MID] - 1.0) / BPS


def wake(book: Cells, outbox: Cells, desk: Cells, mind: Cells, fundamental: float, now: int) -> int:
    """Join a trend, or go home."""
    seen = mind[FAST_MID] if mind[FAST_MID] != 0.0 else fundamental
    price = mid(book, seen)
    ahead = follow(mind, price, (now - desk[LAST_WAKE]) / NS_PER_S)
    desk[LAST_WAKE] = now

    held = desk[INVENTORY]
    lots = sized(desk, mind[SIZE] * exponential(desk, LUCK))
    side = 0
    if abs(ahead) > mind[BAND]:
        side = 1 if ahead > 0 else -1
        if side * leaning(desk, mind[FULL]) >= 1.0:
            side = 0
    elif held:
        side = -1 if held > 0 else 1
        lots = min(lots, abs(held))
    if side:
        limit = price * (1.0 + side * mind[SLIPPAGE] * BPS)
        take(book, outbox, desk, side, math.floor(limit), lots)
    return pause(desk, mind[MEAN_PAUSE])


MOMENTUM = AgentType(name="momentum", params=MomentumParams, wake=wake)
