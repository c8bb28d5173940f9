"""The informed trader: knows the consensus, with an error, and trades when the market is wrong.

The further the market is off, the surer it is to act: with the square of the distance. It takes
what the best price offers, and walks through the book only where the market is far off. The more
it holds, the better the price must be.

Source: Glosten and Milgrom (1985), "Bid, ask and transaction prices in a specialist market with
heterogeneously informed traders"; a chance that grows with the mispricing after the
fundamentalists of Lux and Marchesi (1999), "Scaling and criticality in a stochastic multi-agent
model of a financial market".
"""

import math

import msgspec

from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import normal, pareto, uniform
from trade2026.prism.engine.desk import eager, leaning, mid, pause, sized, take
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class InformedParams(msgspec.Struct, frozen=True, kw_only=True):
    """How an informed trader trades."""

    mean_pause_s: float = 4.0
    error_sds: float = 0.125
    """Standard deviation of what it sees around the consensus."""
    edge_sds: float = 0.25
    """How far off the market must be."""
    sure_sds: float = 0.8
    """How far off it is acted upon for sure; at three times that through the whole book."""
    size_clips: float = 0.33
    """The smallest size."""
    size_exponent: float = 1.5
    """Tail of the sizes."""
    lean_sds: float = 0.5
    """By how much a full inventory shifts what it sees, against it."""
    full_inventory_clips: float = 300.0


MOST_TIMES = 50.0


def wake(
    book: Record,
    outbox: Record,
    agent: Record,
    mind: Record,
    value: Record,
    now: int,  # noqa: ARG001 - every agent's kernel has this signature
) -> int:
    """Compare the market with the own valuation."""
    lean = mind.lean_sds * leaning(agent, mind.full_inventory_clips)
    seen = value.consensus + (mind.error_sds * normal(agent) - lean) * value.minute_sd
    off = mid(book, seen) - seen
    far = abs(off)
    side = -1 if off > 0.0 else 1
    touch = best_ticks(book, -side)
    sure = mind.sure_sds * value.minute_sd
    is_off = far > max(1.0, mind.edge_sds * value.minute_sd)
    if is_off and touch and uniform(agent) * sure * sure < far * far:
        lots = sized(agent, mind.size_clips * min(pareto(agent, mind.size_exponent), MOST_TIMES))
        limit = math.floor(seen) if far > 3.0 * sure else touch
        take(book, outbox, agent, side, limit, lots)
    return pause(agent, eager(value, mind.mean_pause_s))


INFORMED = AgentType(name="informed", params=InformedParams, wake=wake, latency_ms=5.0, tells=False)
