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

from trade2026.prism.engine.agent_type import AgentType
from trade2026.prism.engine.chance import normal, uniform
from trade2026.prism.engine.compiled import Cells, kernel
from trade2026.prism.engine.desk import (
    BELIEF,
    LUCK,
    leaning,
    mid,
    pause,
    quoted_ticks,
    rest_in,
    sized,
    withdraw,
)
from trade2026.prism.engine.memory import best_ticks


class MarketMakerParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a market maker quotes."""

    mean_pause_s: float = 0.5
    half_spread_bps: float = 1.2
    level_step_bps: float = 1.6
    """Between one quote and the next one behind it."""
    size_clips: float = 1.0
    """Of the first quote; the ones behind are two and three times as large."""
    lean_bps: float = 6.0
    """How far quotes lean against a full inventory."""
    full_inventory_clips: float = 60.0
    market_weight_ratio: float = 0.15
    research_weight_ratio: float = 0.08
    research_noise_bps: float = 2.0


MEAN_PAUSE, HALF_SPREAD, STEP, SIZE, LEAN, FULL, MARKET_WEIGHT, RESEARCH_WEIGHT, NOISE = range(9)
LEVELS = 3  # on each side: slots 0 to 2 bid, 3 to 5 offer
BPS = 1e-4


@kernel
def believe(book: Cells, desk: Cells, mind: Cells, fundamental: float) -> float:
    """Return the agent's estimate of the price, in ticks, after another look."""
    research = fundamental * (1.0 + mind[NOISE] * BPS * normal(desk, LUCK))
    estimate = mind[BELIEF]
    if estimate == 0.0:
        estimate = research
    estimate += mind[MARKET_WEIGHT] * (mid(book, estimate) - estimate)
    estimate += mind[RESEARCH_WEIGHT] * (research - estimate)
    mind[BELIEF] = estimate
    return estimate


@kernel
def quote_ticks(mind: Cells, centre: float, side: int, level: int, width: float) -> int:
    """Return the price of a quote: outside the centre by at least half a tick."""
    half = max(0.5, mind[HALF_SPREAD] * BPS * centre) * width
    away = max(0.5, half + level * max(1.0, mind[STEP] * BPS * centre))
    return math.floor(centre - away) if side > 0 else math.ceil(centre + away)


def wake(book: Cells, outbox: Cells, desk: Cells, mind: Cells, fundamental: float, now: int) -> int:
    """Look, believe, and put the quotes where they belong."""
    estimate = believe(book, desk, mind, fundamental)
    centre = estimate * (1.0 - mind[LEAN] * BPS * leaning(desk, mind[FULL]))
    width = 0.7 + 0.6 * uniform(desk, LUCK)
    tolerance = max(0.5, 0.4 * mind[HALF_SPREAD] * BPS * centre)

    # All that is stale goes first, so that new quotes cannot meet the agent's own old ones.
    for slot in range(2 * LEVELS):
        side, level = (1, slot) if slot < LEVELS else (-1, slot - LEVELS)
        target = quote_ticks(mind, centre, side, level, width)
        at = quoted_ticks(book, desk, slot, sized(desk, 0.5 * mind[SIZE] * (level + 1)))
        if at == 0 or abs(at - target) > tolerance * (level + 1):
            withdraw(book, outbox, desk, slot)

    for slot in range(2 * LEVELS):
        side, level = (1, slot) if slot < LEVELS else (-1, slot - LEVELS)
        if quoted_ticks(book, desk, slot, 1) == 0:
            target = quote_ticks(mind, centre, side, level, width)
            # A maker adds: it queues behind the other side instead of taking from it.
            touch = best_ticks(book, -side)
            if touch and side * (target - touch) >= 0:
                target = touch - side
            rest_in(
                book, outbox, desk, now, slot, side, target, sized(desk, mind[SIZE] * (level + 1))
            )
    return pause(desk, mind[MEAN_PAUSE])


MARKET_MAKER = AgentType(name="mm", params=MarketMakerParams, wake=wake, quotes_first=True)
