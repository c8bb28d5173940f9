"""The noise trader: buys and sells for reasons of its own.

Some of its orders take at once, the others rest near the touch until they are filled or too
old. It knows nothing of value; only a large inventory makes it prefer the way back.
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.agent_type import AgentType
from trade2026.prism.engine.chance import exponential, uniform
from trade2026.prism.engine.compiled import Cells, kernel
from trade2026.prism.engine.desk import (
    BELIEF,
    LUCK,
    SLOT_TIMES,
    SLOTS,
    leaning,
    mid,
    pause,
    rest_in,
    sized,
    take,
    withdraw,
)
from trade2026.prism.engine.memory import best_ticks


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


MEAN_PAUSE, TAKE, SIZE, DEPTH, PATIENCE, SLIPPAGE, FULL = range(7)
ORDERS = 3  # resting at a time
BPS = 1e-4


@kernel
def free_slot(book: Cells, outbox: Cells, desk: Cells, mind: Cells, now: int) -> int:
    """Cancel what is too old and return a free slot, the oldest order's if need be."""
    oldest = 0
    for slot in range(ORDERS):
        if desk[SLOTS + slot] and now - desk[SLOT_TIMES + slot] > mind[PATIENCE] * NS_PER_S:
            withdraw(book, outbox, desk, slot)
        if desk[SLOT_TIMES + slot] < desk[SLOT_TIMES + oldest]:
            oldest = slot
    withdraw(book, outbox, desk, oldest)
    return oldest


def wake(book: Cells, outbox: Cells, desk: Cells, mind: Cells, fundamental: float, now: int) -> int:
    """Toss a coin for everything."""
    if mind[BELIEF] == 0.0:
        mind[BELIEF] = fundamental  # only where it opens; from then on the market tells
    price = mid(book, mind[BELIEF])
    mind[BELIEF] = price
    slot = free_slot(book, outbox, desk, mind, now)
    side = 1 if uniform(desk, LUCK) > 0.5 + 0.5 * leaning(desk, mind[FULL]) else -1
    lots = sized(desk, mind[SIZE] * exponential(desk, LUCK))
    if uniform(desk, LUCK) < mind[TAKE]:
        limit = price * (1.0 + side * mind[SLIPPAGE] * BPS)
        take(book, outbox, desk, side, math.floor(limit), lots)
    else:
        touch = best_ticks(book, -side)
        start = touch or math.floor(price)
        behind = 1 + math.floor(mind[DEPTH] * BPS * price * exponential(desk, LUCK))
        rest_in(book, outbox, desk, now, slot, side, start - side * behind, lots)
    return pause(desk, mind[MEAN_PAUSE])


NOISE = AgentType(name="noise", params=NoiseParams, wake=wake)
