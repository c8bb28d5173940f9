"""The mean-reversion trader: sells what has risen, buys what has fallen, and waits for it to turn.

It compares the mid with an average of it over its horizon, and lets an order rest at the touch
against a move that is large enough; it has one order at a time. Back near the average it takes
its profit. A full inventory adds no more.

Source: Poterba and Summers (1988), "Mean reversion in stock prices"; Chiarella and Iori (2002), "A
simulation analysis of the microstructure of double auction markets", for such traders in a book.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.agents.momentum import average
from trade2026.prism.engine.chance import uniform
from trade2026.prism.engine.desk import eager, leaning, mid, pause, quote_in, sized, take, withdraw
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class ReversionParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a mean-reversion trader trades."""

    mean_pause_s: float = 10.0
    horizon_s: float = 900.0
    """Time constant of the average."""
    band_sds: float = 2.0
    """How far off the market must be; below a quarter of it the move is over."""
    size_clips: float = 0.5
    """Mean; sizes are uniform."""
    full_inventory_clips: float = 25.0


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Lean against a move, or go home."""
    price = mid(book, mind.usual_mid if mind.usual_mid != 0.0 else value.worth)
    passed_s = (now - agent.last_wake) / NS_PER_S
    agent.last_wake = now
    mind.usual_mid = average(mind.usual_mid, price, passed_s, mind.horizon_s)
    off = price - mind.usual_mid
    band = max(1.0, mind.band_sds * value.minute_sd)
    lots = sized(agent, 2.0 * mind.size_clips * uniform(agent))
    held = agent.inventory
    withdraw(book, outbox, agent, 0)
    if abs(off) > band:
        side = -1 if off > 0.0 else 1
        touch = best_ticks(book, side)
        if touch and side * leaning(agent, mind.full_inventory_clips) < 1.0:
            quote_in(book, outbox, agent, now, 0, side, touch, lots)
    elif held and abs(off) < 0.25 * band:
        side = -1 if held > 0 else 1
        touch = best_ticks(book, -side)
        if touch:
            take(book, outbox, agent, side, math.floor(touch), min(lots, abs(held)))
    return pause(agent, eager(value, mind.mean_pause_s))


REVERSION = AgentType(
    name="reversion",
    params=ReversionParams,
    wake=wake,
    memory=("usual_mid",),
    latency_ms=10.0,
)
