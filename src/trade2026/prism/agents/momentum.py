"""The momentum trader: follows where the mid price went lately, and goes home when it stops.

It keeps a fast and a slow average of the mid. Apart far enough, they are a trend to join;
otherwise it works its inventory off.

Source: Brock, Lakonishok and LeBaron (1992), "Simple technical trading rules", for the pair
of moving averages with a band.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import exponential
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import (
    leaning,
    mid,
    pause,
    sized,
    take,
)
from trade2026.prism.engine.layout import Record


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


BPS = 1e-4


@kernel
def follow(mind: Record, price: float, passed_s: float) -> float:
    """Move both averages toward *price*; return how far the fast one is ahead, in bps."""
    if mind.slow_mid == 0.0:
        mind.fast_mid = mind.slow_mid = price
    mind.fast_mid += (price - mind.fast_mid) * (1.0 - math.exp(-passed_s / mind.fast_s))
    mind.slow_mid += (price - mind.slow_mid) * (1.0 - math.exp(-passed_s / mind.slow_s))
    return (mind.fast_mid / mind.slow_mid - 1.0) / BPS


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Join a trend, or go home."""
    seen = mind.fast_mid if mind.fast_mid != 0.0 else value.worth
    price = mid(book, seen)
    ahead = follow(mind, price, (now - agent.last_wake) / NS_PER_S)
    agent.last_wake = now

    held = agent.inventory
    lots = sized(agent, mind.size_clips * exponential(agent))
    side = 0
    if abs(ahead) > mind.band_bps:
        side = 1 if ahead > 0 else -1
        if side * leaning(agent, mind.full_inventory_clips) >= 1.0:
            side = 0
    elif held:
        side = -1 if held > 0 else 1
        lots = min(lots, abs(held))
    if side:
        limit = price * (1.0 + side * mind.slippage_bps * BPS)
        take(book, outbox, agent, side, math.floor(limit), lots)
    return pause(agent, mind.mean_pause_s)


MOMENTUM = AgentType(
    name="momentum",
    params=MomentumParams,
    wake=wake,
    memory=("fast_mid", "slow_mid"),
    latency_ms=10.0,
)
