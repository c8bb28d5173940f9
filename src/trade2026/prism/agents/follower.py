"""The order-flow taker: takes where the book leans and others take, and goes home soon.

It looks at how much more is bid than offered at the touch, and at which way takers have gone in
the last seconds. Where both say the same it takes a little; what it holds it gives back as soon as
they no longer do.

Source: Cont, Kukanov, Stoikov (2014), "The price impact of order book events"; Gould and Bonart
(2016), "Queue imbalance as a one-tick-ahead price predictor in a limit order book".
"""

import msgspec

from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import eager, leaning, pause, sized, take
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks, level_of
from trade2026.prism.price.value import average_of


class FollowerParams(msgspec.Struct, frozen=True, kw_only=True):
    """How an order-flow taker trades."""

    mean_pause_s: float = 2.0
    imbalance_ratio: float = 0.5
    """How one-sided the touch must be, from 0 for even to 1 for empty on the other side."""
    flow_clips: float = 1.0
    """What takers must have taken more in that direction in the last seconds."""
    size_clips: float = 0.2
    """Mean; sizes are uniform."""
    full_inventory_clips: float = 5.0


@kernel
def imbalance(book: Record) -> float:
    """Return what is bid at the touch less what is offered, over both; 0 where a side is empty."""
    bid, ask = best_ticks(book, 1), best_ticks(book, -1)
    if bid == 0 or ask == 0:
        return 0.0
    bids, asks = level_of(book, 1, bid).shown, level_of(book, -1, -ask).shown
    return (bids - asks) / (bids + asks)


def wake(
    book: Record,
    outbox: Record,
    agent: Record,
    mind: Record,
    value: Record,
    now: int,  # noqa: ARG001 - every agent's kernel has this signature
) -> int:
    """Go with the flow, or home."""
    leans, flow = imbalance(book), average_of(value, 0).flow
    lots = sized(agent, 2.0 * mind.size_clips * uniform(agent))
    side = 1 if leans > 0.0 else -1
    if abs(leans) > mind.imbalance_ratio and side * flow > mind.flow_clips:
        if side * leaning(agent, mind.full_inventory_clips) >= 1.0:
            side = 0
    elif agent.inventory:
        side = -1 if agent.inventory > 0 else 1
        lots = min(lots, abs(agent.inventory))
    else:
        side = 0
    touch = best_ticks(book, -side) if side else 0
    if touch:
        take(book, outbox, agent, side, touch, lots)
    return pause(agent, eager(value, mind.mean_pause_s))


FOLLOWER = AgentType(name="follower", params=FollowerParams, wake=wake, latency_ms=1.0)
