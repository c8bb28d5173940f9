"""The executor: works one large order after another, in many small parts.

Each large order has a size with a heavy tail. Its parts go with the clock over the order's time
(TWAP) or, with a share, with the volume that trades (POV); what the touch does not offer is left
for the next part. Between two orders it rests.

Source: Almgren and Chriss (2001), "Optimal execution of portfolio transactions", for the schedule
of one who minds impact alone; Gabaix et al. (2003) for the sizes of large traders.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import exponential, pareto, uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import leaning, take
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks
from trade2026.prism.price.fundamental import STEP_NS


class ExecutorParams(msgspec.Struct, frozen=True, kw_only=True):
    """How an executor trades."""

    part_pause_s: float = 5.0
    """Between two parts."""
    mean_rest_s: float = 3_600.0
    """From one large order to the next."""
    size_clips: float = 10.0
    """The smallest large order."""
    size_exponent: float = 1.5
    """Tail of the sizes."""
    duration_s: float = 1_800.0
    """Over which time a large order goes, if not with volume."""
    volume_ratio: float = 0.0
    """Share of the market's recent volume that it wants to be; 0 for the clock."""
    full_inventory_clips: float = 500.0


MOST_TIMES = 100.0


@kernel
def part_of(agent: Record, mind: Record, value: Record) -> float:
    """Return how many lots are due now, with what the last parts left undone."""
    if mind.volume_ratio > 0.0:
        a_second = value.recent_volume * agent.clip * NS_PER_S / STEP_NS
        share = min(mind.volume_ratio, 0.5)
        # The volume counts its own parts as well.
        mind.due += a_second * mind.part_pause_s * share / (1.0 - share)
    else:
        mind.due += mind.whole * mind.part_pause_s / mind.duration_s
    return min(mind.due, mind.left)


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Send the next part, or begin a large order."""
    done = abs(agent.inventory - mind.held)
    agent.last_wake = now
    if mind.left > 0.0:
        mind.left -= done
        mind.due -= done
    mind.held = agent.inventory
    if mind.left < 1.0:
        if mind.whole != 0.0:
            mind.whole = mind.left = 0.0
            return max(1, int(exponential(agent) * mind.mean_rest_s * NS_PER_S))
        times = min(pareto(agent, mind.size_exponent), MOST_TIMES)
        mind.whole = mind.left = max(1.0, math.floor(times * mind.size_clips * agent.clip))
        mind.due = 0.0
        lean = 0.5 * leaning(agent, mind.full_inventory_clips)
        mind.side = 1.0 if uniform(agent) > 0.5 + lean else -1.0
    side = int(mind.side)
    lots = math.floor(part_of(agent, mind, value))
    touch = best_ticks(book, -side)
    if lots > 0 and touch:
        take(book, outbox, agent, side, touch, lots)
    # Not all at the same moment.
    return max(1, int((0.5 + uniform(agent)) * mind.part_pause_s * NS_PER_S))


EXECUTOR = AgentType(
    name="executor",
    params=ExecutorParams,
    wake=wake,
    memory=("whole", "left", "due", "held", "side"),
    latency_ms=20.0,
)
