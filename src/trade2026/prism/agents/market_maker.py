"""The market maker: always quotes both sides around what it believes the price is.

It believes a mixture of the market and of the consensus, with an error of its own that wanders,
and leans its quotes against inventory that is new, so that the market carries it back. A
takers' flow moves the consensus, and so its quotes: it sells dearer to those who keep buying.
It quotes cells, a cell being so many ticks wide that there is a quote for each; a quote whose
cell is still wanted stays, with its place in the queue, unless most of it is gone. Quotes grow
evenly with their distance, so that the book is fullest behind the best prices. They are post-only:
it adds, it never takes.

Source: Avellaneda and Stoikov (2008), "High-frequency trading in a limit order book", for quotes
around an inventory-adjusted price, and a half-spread of a constant and of the variance; the root
of the inventory in place of the inventory itself is ours. Glosten and Milgrom (1985) for quotes
that learn from the flow. Biais, Hillion and Spatt (1995), "An empirical analysis of the limit order
book and the order flow in the Paris Bourse", for more shown behind the best prices than at them;
Donier, Bonart, Mastromatteo and Bouchaud (2015), "A fully consistent, minimal model for non-linear
market impact", for a density that grows evenly.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import normal, uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import (
    cell_of,
    eager,
    mid,
    pause,
    quote_at,
    quote_in,
    quoted_ticks,
    sized,
    withdraw,
)
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class MarketMakerParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a market maker quotes."""

    mean_pause_s: float = 1.0
    cell_sds: float = 0.125
    """Width of a cell, at least a tick; without a gap the spread is about one cell."""
    gap_sds: float = 0.0
    """Left free on either side of what it believes, beside that."""
    risk_sds: float = 0.0
    """Left free besides, times the variance of the moment: what holding costs in a storm."""
    size_clips: float = 1.0
    """Of the first quote, between half of it and half more."""
    growth_ratio: float = 1.0
    """By how much of the first each quote behind is larger than the one before."""
    refill_ratio: float = 0.3
    """A quote with less than this share of an ordinary one is sent anew."""
    lean_sds: float = 0.04
    """How far quotes lean against one ordinary order held; it grows with the root."""
    lean_memory_s: float = 600.0
    """After which time what it holds is no longer new."""
    consensus_ratio: float = 0.6
    """Weight of the consensus in what it believes; the rest is the market's."""
    error_sds: float = 0.0625
    error_memory_s: float = 30.0


LEVELS = 4  # on each side: places 0 to 3 bid, 4 to 7 offer


@kernel
def believe(book: Record, agent: Record, mind: Record, value: Record, passed_s: float) -> float:
    """Return around which price the agent quotes now, in ticks."""
    kept = math.exp(-passed_s / mind.error_memory_s)
    mind.error = mind.error * kept + mind.error_sds * math.sqrt(1.0 - kept * kept) * normal(agent)
    mind.usual += (agent.inventory - mind.usual) * (1.0 - math.exp(-passed_s / mind.lean_memory_s))
    new = (agent.inventory - mind.usual) / agent.clip
    lean = math.copysign(mind.lean_sds * math.sqrt(abs(new)), -new)
    market = mid(book, value.consensus)
    believed = market + mind.consensus_ratio * (value.consensus - market)
    return believed + (mind.error + lean) * value.minute_sd


@kernel
def place_of(side: int, cell: int) -> int:
    """Return where the quote of a cell is kept."""
    return (cell & (LEVELS - 1)) + (0 if side > 0 else LEVELS)


@kernel
def tidy(
    book: Record, outbox: Record, agent: Record, side: int, first: int, width: int, least: int
) -> int:
    """Cancel what is outside the cells from *first* on, or small; return how many are missing."""
    missing = 0
    for place in range(LEVELS):
        at = place if side > 0 else LEVELS + place
        ticks = quoted_ticks(book, agent, at, least)
        behind = side * (first - ticks // width)
        if ticks == 0 or behind < 0 or behind >= LEVELS:
            withdraw(book, outbox, agent, at)
            missing += 1
    return missing


@kernel
def fill(
    book: Record,
    outbox: Record,
    agent: Record,
    mind: Record,
    now: int,
    side: int,
    first: int,
    width: int,
) -> None:
    """Send the quotes that are missing."""
    for level in range(LEVELS):
        cell = first - side * level
        place = place_of(side, cell)
        if quote_at(agent, place).number == 0:
            ticks = cell * width + math.floor(width * uniform(agent))
            touch = best_ticks(book, -side)
            if level == 0 and touch and side * (ticks - touch) >= 0:
                # Others are still where the price was: it queues before them.
                ticks = touch - side * (1 + math.floor(width * uniform(agent)))
            times = (0.5 + uniform(agent)) * (1.0 + mind.growth_ratio * level)
            lots = sized(agent, mind.size_clips * times)
            quote_in(book, outbox, agent, now, place, side, ticks, lots)


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Look, believe, and put the quotes where they belong."""
    passed_s = (now - agent.last_wake) / NS_PER_S
    agent.last_wake = now
    centre = believe(book, agent, mind, value, passed_s)
    wanted = cell_of(value, mind.cell_sds)
    # A width that followed every move of the value would move all quotes; it is whole ticks, so
    # what is wanted is mostly off by up to half a tick for good.
    if abs(wanted - mind.width) > max(0.6, 0.1 * mind.width):
        mind.width = math.floor(wanted + 0.5)
        for place in range(2 * LEVELS):
            withdraw(book, outbox, agent, place)
    width = int(mind.width)
    gap = (mind.gap_sds + mind.risk_sds * value.swing * value.swing) * value.minute_sd
    bid = math.floor((centre - gap) / width)
    ask = math.floor((centre + gap) / width) + 1
    least = sized(agent, mind.refill_ratio * mind.size_clips)

    # All that is stale goes first, so that new quotes cannot meet the agent's own old ones.
    few_bids = tidy(book, outbox, agent, 1, bid, width, least)
    few_asks = tidy(book, outbox, agent, -1, ask, width, least)
    if few_bids:
        fill(book, outbox, agent, mind, now, 1, bid, width)
    if few_asks:
        fill(book, outbox, agent, mind, now, -1, ask, width)
    return pause(agent, eager(value, mind.mean_pause_s))


MARKET_MAKER = AgentType(
    name="mm",
    params=MarketMakerParams,
    wake=wake,
    memory=("error", "usual", "width"),
    latency_ms=2.0,
    quotes_first=True,
)
