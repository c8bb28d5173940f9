"""An agent as a user writes one: a file of his own, registered nowhere, compiled by address.

It acts as the noise trader does, draw for draw, so that a market with it goes exactly as one
with the built-in one, and any difference in time is the price of being the user's.
"""

import math

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.agents.noise import NOISE, NoiseParams, burst_of, cool, go_on, rest, wait_of
from trade2026.prism.engine.chance import uniform
from trade2026.prism.engine.desk import QUOTE_COUNT, withdraw
from trade2026.prism.engine.layout import Record


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Do as the noise trader does."""
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


USER_NOISE = AgentType(
    name="noise",
    params=NoiseParams,
    wake=wake,
    memory=NOISE.memory,
    latency_ms=NOISE.latency_ms,
)
