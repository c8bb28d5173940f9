"""The momentum trader: follows where the mid price went lately, and goes home when it stops.

It keeps a fast and a slow average of the mid. Apart far enough, they are a trend to join;
together again, it works its inventory off. Each of several has a horizon of its own, from minutes
to a quarter of an hour.

Source: Brock, Lakonishok and LeBaron (1992), "Simple technical trading rules", for the pair of
moving averages with a band; Lux and Marchesi (1999) for chartists beside fundamentalists.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import (
    eager,
    leaning,
    mid,
    pause,
    sized,
    take,
)
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class MomentumParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a momentum trader trades."""

    mean_pause_s: float = 20.0
    fast_s: float = 60.0
    """Time constant of the fast average of the first of them; the slow one's is five times it."""
    horizons_times: float = 3.0
    """By how many of the first one's times the next one's horizon is longer, and so on."""
    band_sds: float = 1.0
    """How far the averages must be apart; below a quarter of it the trend is over."""
    size_clips: float = 0.4
    """Mean; sizes are uniform."""
    full_inventory_clips: float = 25.0


SLOWER = 5.0


@kernel
def average(before: float, price: float, passed_s: float, horizon_s: float) -> float:
    """Return an average after another look; it begins where the first look is."""
    if before == 0.0:
        return price
    return before + (price - before) * (1.0 - math.exp(-passed_s / horizon_s))


@kernel
def follow(agent: Record, mind: Record, price: float, passed_s: float) -> float:
    """Move both averages toward *price*; return how far the fast one is ahead, in ticks."""
    horizon_s = mind.fast_s * (1.0 + mind.horizons_times * agent.rank)
    mind.fast_mid = average(mind.fast_mid, price, passed_s, horizon_s)
    mind.slow_mid = average(mind.slow_mid, price, passed_s, SLOWER * horizon_s)
    return mind.fast_mid - mind.slow_mid


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Join a trend, or go home."""
    seen = mind.fast_mid if mind.fast_mid != 0.0 else value.worth
    ahead = follow(agent, mind, mid(book, seen), (now - agent.last_wake) / NS_PER_S)
    agent.last_wake = now

    held = agent.inventory
    lots = sized(agent, 2.0 * mind.size_clips * uniform(agent))
    band = max(1.0, mind.band_sds * value.minute_sd)
    side = 0
    if abs(ahead) > band:
        side = 1 if ahead > 0 else -1
        if side * leaning(agent, mind.full_inventory_clips) >= 1.0:
            side = 0
    elif held and abs(ahead) < 0.25 * band:
        side = -1 if held > 0 else 1
        lots = min(lots, abs(held))
    touch = best_ticks(book, -side) if side else 0
    if touch:
        take(book, outbox, agent, side, touch, lots)
    return pause(agent, eager(value, mind.mean_pause_s))


MOMENTUM = AgentType(
    name="momentum",
    params=MomentumParams,
    wake=wake,
    memory=("fast_mid", "slow_mid"),
    latency_ms=10.0,
)
