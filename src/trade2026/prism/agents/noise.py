"""The noise trader: buys and sells for reasons of its own.

What it does comes in bursts: each act makes further ones likely, for a tenth of a second to many
minutes. Some acts take: they are parts of one large order, which is split and goes on in one
direction until it is done. Some rest near the touch, some cancel. Sizes and the number of parts
have heavy tails, and a few traders do most of it. It knows nothing of value; only a large
inventory makes it prefer the way back.

Source: Hawkes (1971), "Spectra of some self-exciting and mutually exciting point processes";
Bacry, Mastromatteo, Muzy (2015), "Hawkes processes in finance"; Lillo, Mike, Farmer (2005),
"Theory for long memory in supply and demand", for the split orders; Maslov and Mills (2001) for
sizes; Zovko and Farmer (2002), "The power of patience", for where orders rest; Dassios and Zhao
(2013), "Exact simulation of Hawkes process with exponentially decaying intensity".
"""

import math

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import exponential, pareto, uniform
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.desk import (
    QUOTE_COUNT,
    cell_of,
    leaning,
    quote_at,
    quote_in,
    sized,
    take,
    withdraw,
)
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import best_ticks


class NoiseParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a noise trader trades."""

    mean_pause_s: float = 10.0
    """Between two acts of an average one."""
    burst_ratio: float = 0.8
    """Share of its acts that other acts bring about."""
    inequality_exponent: float = 4.0
    """How unequal they are: 1 lets all act equally often."""
    take_ratio: float = 0.35
    """Share of its acts that take at once."""
    rest_ratio: float = 0.35
    """Share that rests; the others cancel."""
    parts_exponent: float = 1.5
    """Tail of the number of parts of a large order."""
    sweep_ratio: float = 0.12
    """Share of the parts that go through the book; the others take what the touch offers."""
    size_clips: float = 0.125
    """The smallest size."""
    size_exponent: float = 1.3
    """Tail of the sizes."""
    cell_sds: float = 0.125
    """In what it counts distances; at least a tick."""
    depth_exponent: float = 1.0
    """Tail of its resting orders' distance from the touch."""
    full_inventory_clips: float = 800.0


MOST_PARTS = 2_000.0
MOST_TIMES = 200.0
MOST_BURST = 0.95
FARTHEST_CELLS = 500.0
LOOK_S = 30.0
"""After which time it looks anew how often everybody acts."""
SWEEP_SDS = 5.0
IMPROVE = 0.3

# How fast the readiness after an act fades, a second, and which share of it each part is.
FADES = (10.0, 0.5, 0.02, 0.002)
PARTS = (0.35, 0.30, 0.20, 0.15)


@kernel
def first_of(agent: Record, heat: float, fade: float) -> float:
    """Draw when readiness *heat*, which fades, makes the agent act, in s; far off for never."""
    left = 1.0 - fade * exponential(agent) / heat if heat > 0.0 else 0.0
    return -math.log(left) / fade if left > 0.0 else 2.0 * LOOK_S


@kernel
def share_of(agent: Record, exponent: float) -> float:
    """Return how often the agent acts by itself, against an average one."""
    power, count = 1.0 / exponent, float(agent.peers)
    return count * (((agent.rank + 1) / count) ** power - (agent.rank / count) ** power)


@kernel
def burst_of(mind: Record) -> float:
    """Return which share of its acts others bring about: never so many that they have no end."""
    return min(mind.burst_ratio, MOST_BURST)


@kernel
def wait_of(agent: Record, mind: Record, value: Record) -> int:
    """Return when the agent acts next, or looks at the clock again, in ns."""
    own = (1.0 - burst_of(mind)) * value.activity / mind.mean_pause_s
    wait = exponential(agent) / max(own * share_of(agent, mind.inequality_exponent), 1e-9)
    wait = min(wait, first_of(agent, mind.heat_0, FADES[0]))
    wait = min(wait, first_of(agent, mind.heat_1, FADES[1]))
    wait = min(wait, first_of(agent, mind.heat_2, FADES[2]))
    wait = min(wait, first_of(agent, mind.heat_3, FADES[3]))
    mind.is_idle = 1.0 if wait > LOOK_S else 0.0
    return max(1, int(min(wait, LOOK_S) * NS_PER_S))


@kernel
def cool(mind: Record, passed_s: float, burst: float) -> None:
    """Let readiness fade for *passed_s*, and grow by an act's *burst*."""
    mind.heat_0 = mind.heat_0 * math.exp(-FADES[0] * passed_s) + burst * PARTS[0] * FADES[0]
    mind.heat_1 = mind.heat_1 * math.exp(-FADES[1] * passed_s) + burst * PARTS[1] * FADES[1]
    mind.heat_2 = mind.heat_2 * math.exp(-FADES[2] * passed_s) + burst * PARTS[2] * FADES[2]
    mind.heat_3 = mind.heat_3 * math.exp(-FADES[3] * passed_s) + burst * PARTS[3] * FADES[3]


@kernel
def toss(agent: Record, mind: Record) -> int:
    """Return a side, rather the one that brings the inventory back."""
    return 1 if uniform(agent) > 0.5 + 0.5 * leaning(agent, mind.full_inventory_clips) else -1


@kernel
def go_on(book: Record, outbox: Record, agent: Record, mind: Record, value: Record) -> None:
    """Send the next part of a large order."""
    if mind.parts < 1.0:
        mind.parts = math.floor(min(pareto(agent, mind.parts_exponent), MOST_PARTS))
        mind.side = toss(agent, mind)
    mind.parts -= 1.0
    side = int(mind.side)
    lots = sized(agent, mind.size_clips * min(pareto(agent, mind.size_exponent), MOST_TIMES))
    touch = best_ticks(book, -side)
    if touch:
        if uniform(agent) < mind.sweep_ratio:
            touch += side * math.floor(SWEEP_SDS * value.minute_sd)
        take(book, outbox, agent, side, touch, lots)


@kernel
def rest(
    book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int
) -> None:
    """Let an order rest in place of the oldest, near the touch."""
    oldest = 0
    for place in range(1, QUOTE_COUNT):
        if quote_at(agent, place).sent_ns < quote_at(agent, oldest).sent_ns:
            oldest = place
    withdraw(book, outbox, agent, oldest)
    side = toss(agent, mind)
    cell = cell_of(value, mind.cell_sds)
    off = cell * (min(pareto(agent, mind.depth_exponent), FARTHEST_CELLS) - 1.0)
    touch, other = best_ticks(book, side), best_ticks(book, -side)
    if not touch:
        touch = other - side if other else math.floor(value.consensus)
    free = side * (other - touch) if other else 0
    if free > 1 and uniform(agent) < IMPROVE:
        touch += side * max(1, math.floor(free * uniform(agent)))
    lots = sized(agent, mind.size_clips * min(pareto(agent, mind.size_exponent), MOST_TIMES))
    quote_in(book, outbox, agent, now, oldest, side, touch - side * math.floor(off), lots)


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Take, rest or cancel, as chance has it."""
    passed_s = (now - agent.last_wake) / NS_PER_S
    agent.last_wake = now
    is_idle = mind.is_idle != 0.0
    cool(mind, passed_s, 0.0 if is_idle else burst_of(mind))
    if not is_idle:
        what = uniform(agent)
        if what < mind.take_ratio:
            go_on(book, outbox, agent, mind, value)
        elif what < mind.take_ratio + mind.rest_ratio:
            rest(book, outbox, agent, mind, value, now)
        else:
            withdraw(book, outbox, agent, math.floor(QUOTE_COUNT * uniform(agent)))
    return wait_of(agent, mind, value)


NOISE = AgentType(
    name="noise",
    params=NoiseParams,
    wake=wake,
    memory=("heat_0", "heat_1", "heat_2", "heat_3", "is_idle", "parts", "side"),
    latency_ms=50.0,
)
