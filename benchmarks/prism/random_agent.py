"""The agent of Bourse's own vectorised example, compiled: an order of chance at every step.

Side, price (10 to 59 ticks) and size (10 to 59 lots) are drawn evenly, nothing is cancelled, and
all agents send once a second, as Bourse's send once a step: the same flow, order for order.
"""

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.agent_type import AgentType
from trade2026.prism.engine.chance import uniform
from trade2026.prism.engine.desk import next_message
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.words import DECREMENT, GTC, LIMIT, PLACE


class RandomParams(msgspec.Struct, frozen=True, kw_only=True):
    """There is nothing to choose."""


def wake(book: Record, outbox: Record, agent: Record, mind: Record, value: Record, now: int) -> int:
    """Send an order of chance."""
    number = book.agent_number - 1
    book.agent_number = number
    message = next_message(outbox)
    message.action = PLACE
    message.number = number
    message.owner = agent.owner
    message.side = 1 if uniform(agent) < 0.5 else -1
    message.kind = LIMIT
    message.force = GTC
    message.stp = DECREMENT
    message.ticks = 10 + int(50.0 * uniform(agent))
    message.lots = 10 + int(50.0 * uniform(agent))
    return NS_PER_S


RANDOM = AgentType(name="random", params=RandomParams, wake=wake)
