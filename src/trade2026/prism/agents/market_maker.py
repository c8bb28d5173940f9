"""The market maker: always quotes both sides around what it believes the price is.

It believes a mixture of the market and of its own research (the fundamental with noise),
and leans its quotes against its inventory, so that the market carries it back to flat. It
replaces a quote only where it moved noticeably or was half eaten: few messages, and never
more resting orders than it has slots.

Source: Avellaneda and Stoikov (2008), "High-frequency trading in a limit order book", for
quotes around an inventory-adjusted price; the weights are ours.
"""

import math

import msgspec

from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import normal, uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import (
    leaning,
    mid,
    pause,
    quote_at,
    quoted_ticks,
    rest_in,
    sized,
    withdraw,
)
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class MarketMakerParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a market maker quotes."""

    mean_pause_s: float = 0.5
    half_spread_bps: float = 1.2
    level_step_bps: float = 1.6
    """Between one quote and the next one behind it."""
    tolerance_ratio: float = 0.4
    """How far off a quote may be before it moves, as a share of the half spread."""
    size_clips: float = 1.0
    """Of the first quote; the ones behind are two and three times as large."""
    lean_bps: float = 6.0
    """How far quotes lean against a full inventory."""
    full_inventory_clips: float = 60.0
    market_weight_ratio: float = 0.15
    research_weight_ratio: float = 0.08
    research_noise_bps: float = 2.0


LEVELS = 3  # on each side: slots 0 to 2 bid, 3 to 5 offer
BPS = 1e-4


@kernel
def believe(book: Record, agent: Record, mind: Record, fundamental: float) -> float:
    """Return the agent's estimate of the price, in ticks, after another look."""
    research = fundamental * (1.0 + mind.research_noise_bps * BPS * normal(agent))
    estimate = mind.estimate
    if estimate == 0.0:
        estimate = research
    estimate += mind.market_weight_ratio * (mid(book, estimate) - estimate)
    estimate += mind.research_weight_ratio * (research - estimate)
    mind.estimate = estimate
    return estimate


@kernel
def quote_ticks(mind: Record, centre: float, side: int, level: int, width: float) -> int:
    """Return the price of a quote: outside the centre by at least half a tick."""
    half = max(0.5, mind.half_spread_bps * BPS * centre) * width
    away = max(0.5, half + level * max(1.0, mind.level_step_bps * BPS * centre))
    return math.floor(centre - away) if side > 0 else math.ceil(centre + away)


@kernel
def requote(
    book: Record,
    outbox: Record,
    agent: Record,
    mind: Record,
    now: int,
    centre: float,
    width: float,
) -> None:
    """Send the quotes that are missing."""
    for slot in range(2 * LEVELS):
        if quote_at(agent, slot).number == 0:
            side, level = (1, slot) if slot < LEVELS else (-1, slot - LEVELS)
            target = quote_ticks(mind, centre, side, level, width)
            # A maker adds: it queues behind the other side instead of taking from it.
            touch = best_ticks(book, -side)
            if touch and side * (target - touch) >= 0:
                target = touch - side
            lots = sized(agent, mind.size_clips * (level + 1))
            rest_in(book, outbox, agent, now, slot, side, target, lots)


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Look, believe, and put the quotes where they belong."""
    estimate = believe(book, agent, mind, value.worth)
    centre = estimate * (1.0 - mind.lean_bps * BPS * leaning(agent, mind.full_inventory_clips))
    width = 0.7 + 0.6 * uniform(agent)
    tolerance = mind.tolerance_ratio * mind.half_spread_bps * BPS * centre

    # All that is stale goes first, so that new quotes cannot meet the agent's own old ones.
    missing = 0
    for slot in range(2 * LEVELS):
        side, level = (1, slot) if slot < LEVELS else (-1, slot - LEVELS)
        at = quoted_ticks(book, agent, slot, sized(agent, 0.5 * mind.size_clips * (level + 1)))
        target = quote_ticks(mind, centre, side, level, width)
        if at == 0 or abs(at - target) > tolerance * (level + 1):
            withdraw(book, outbox, agent, slot)
            missing += 1
    if missing:
        requote(book, outbox, agent, mind, now, centre, width)
    return pause(agent, mind.mean_pause_s)


MARKET_MAKER = AgentType(
    name="mm",
    params=MarketMakerParams,
    wake=wake,
    memory=("estimate",),
    latency_ms=2.0,
    quotes_first=True,
)
