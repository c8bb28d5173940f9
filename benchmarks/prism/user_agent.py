"""An agent as a user writes one: a file of his own, registered nowhere, compiled by address.

It is the noise trader's rule line for line, so that a market with it goes exactly as one with
the built-in one, and any difference in time is the price of being the user's.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import exponential, uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import (
    leaning,
    mid,
    pause,
    quote_at,
    rest_in,
    sized,
    take,
    withdraw,
)
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class NoiseParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a noise trader trades."""

    mean_pause_s: float = 5.0
    take_ratio: float = 0.3
    """Share of its orders that take at once."""
    size_clips: float = 0.15
    """Mean; sizes are exponential."""
    depth_bps: float = 4.0
    """Mean distance of its resting orders from the other side's touch."""
    patience_s: float = 30.0
    slippage_bps: float = 30.0
    """How far through the mid it takes at most."""
    full_inventory_clips: float = 20.0


ORDERS = 3  # resting at a time
BPS = 1e-4


@kernel
def free_slot(book: Record, outbox: Record, agent: Record, mind: Record, now: int) -> int:
    """Cancel what is too old and return a free slot, the oldest order's if need be."""
    oldest = 0
    for slot in range(ORDERS):
        quote = quote_at(agent, slot)
        if quote.number and now - quote.sent_ns > mind.patience_s * NS_PER_S:
            withdraw(book, outbox, agent, slot)
        if quote.sent_ns < quote_at(agent, oldest).sent_ns:
            oldest = slot
    withdraw(book, outbox, agent, oldest)
    return oldest


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Do as the noise trader does."""
    if mind.seen == 0.0:
        mind.seen = value.worth  # only where it opens; from then on the market tells
    price = mid(book, mind.seen)
    mind.seen = price
    slot = free_slot(book, outbox, agent, mind, now)
    side = 1 if uniform(agent) > 0.5 + 0.5 * leaning(agent, mind.full_inventory_clips) else -1
    lots = sized(agent, mind.size_clips * exponential(agent))
    if uniform(agent) < mind.take_ratio:
        limit = price * (1.0 + side * mind.slippage_bps * BPS)
        take(book, outbox, agent, side, math.floor(limit), lots)
    else:
        touch = best_ticks(book, -side)
        start = touch or math.floor(price)
        behind = 1 + math.floor(mind.depth_bps * BPS * price * exponential(agent))
        rest_in(book, outbox, agent, now, slot, side, start - side * behind, lots)
    return pause(agent, mind.mean_pause_s)


USER_NOISE = AgentType(
    name="noise", params=NoiseParams, wake=wake, memory=("seen",), latency_ms=50.0
)
