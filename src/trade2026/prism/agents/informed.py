"""The informed trader: knows the value, with an error, and trades when the market is wrong.

It takes at its own valuation or better and never rests. The more it already holds, the
better the price must be: a full inventory trades only on the way back.

Source: Glosten and Milgrom (1985), "Bid, ask and transaction prices in a specialist market
with heterogeneously informed traders".
"""

import math

import msgspec

from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import exponential, normal
from trade2026.prism.engine.desk import leaning, pause, sized, take
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class InformedParams(msgspec.Struct, frozen=True, kw_only=True):
    """How an informed trader trades."""

    mean_pause_s: float = 4.0
    error_bps: float = 2.0
    """Standard deviation of what it sees around the value."""
    edge_bps: float = 1.0
    """What a trade must promise."""
    size_clips: float = 0.4
    lean_bps: float = 6.0
    """What a full inventory adds to the edge on its side, and takes from the other."""
    full_inventory_clips: float = 60.0


BPS = 1e-4


def wake(
    book: Record,
    outbox: Record,
    agent: Record,
    mind: Record,
    value: Record,
    now: int,  # noqa: ARG001 - every agent's kernel has this signature
) -> int:
    """Compare the touch with the own valuation."""
    worth = value.worth * (1.0 + mind.error_bps * BPS * normal(agent))
    worth *= 1.0 - mind.lean_bps * BPS * leaning(agent, mind.full_inventory_clips)
    edge = max(1.0, mind.edge_bps * BPS * worth)
    bid, ask = best_ticks(book, 1), best_ticks(book, -1)
    lots = sized(agent, mind.size_clips * exponential(agent))
    if ask and worth - ask > edge:
        take(book, outbox, agent, 1, math.floor(worth - edge), lots)
    elif bid and bid - worth > edge:
        take(book, outbox, agent, -1, math.ceil(worth + edge), lots)
    return pause(agent, mind.mean_pause_s)


INFORMED = AgentType(name="informed", params=InformedParams, wake=wake, latency_ms=5.0)
