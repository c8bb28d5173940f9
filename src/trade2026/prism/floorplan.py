"""The memory of a market: agents, values, wake-ups, and where the books are.

One block, whose header says where the tables lie: copied, it is the state of everything but
the books.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np

from trade2026.prism.engine.desk import AGENT, OUTBOX, UNKNOWN
from trade2026.prism.engine.layout import LINE, Block, Layout, Row, Table, new_block
from trade2026.prism.price.value import VALUE

AGENT_BITS: Final = 20
"""A wake-up is for symbol and agent in one number; so many bits are the agent's."""

NOBODY: Final = -1

NEVER: Final = 2**63 - 1
"""The time of a wake-up that never comes, ns."""

MARKET: Final = Layout(
    "market",
    {
        "symbols": "i8",
        "agents": "i8",
        "agent_count": "i8",  # of all symbols together
        "due_count": "i8",
        "due_room": "i8",  # one more, which never comes
        "outbox_count": "i8",
        "free_outbox": "i8",  # the first of those in which nothing travels, linked by `after`
        "talker": "i8",  # who sent more than an outbox takes, NOBODY at first
        "answer": "i8",  # for how long an agent in Python, which is due, will pause; 0 before
        "address_at": "i8",
        "wake_at": "i8",
        "value_at": "i8",
        "due_at": "i8",
        "agent_at": "i8",
        "outbox_at": "i8",
        "gauges": "i8",  # address of what measures it: see engine/gauges.py; 0 for nothing
    },
    size=2 * LINE,
)
ADDRESS: Final = Layout("address", {"at": "i8"})
DUE: Final = Layout("due", {"time": "i8", "who": "i8"})

ADDRESSES: Final = Table("books", ADDRESS, header=MARKET, at="address_at", count="symbols")
WAKES: Final = Table("wakes", ADDRESS, header=MARKET, at="wake_at", count="agents")
VALUES: Final = Table("values", VALUE, header=MARKET, at="value_at", count="symbols")
HEAP: Final = Table("heap", DUE, header=MARKET, at="due_at", count="due_room")
AGENTS: Final = Table("agents", AGENT, header=MARKET, at="agent_at", count="agent_count")
OUTBOXES: Final = Table("outboxes", OUTBOX, header=MARKET, at="outbox_at", count="outbox_count")
"""One for each agent whose messages travel, and one more: a look writes into the first free one."""

market_of = MARKET.of
address_in = ADDRESSES.getter()
wake_in = WAKES.getter()
value_in = VALUES.getter()
due_in = HEAP.getter()
agent_in = AGENTS.getter()
outbox_in = OUTBOXES.getter()


def new_market(symbols: int, agents: int, distant: int) -> Block:
    """Return the memory of a market of so many symbols, in each of which all agents trade.

    Of the agents *distant* have a latency.
    """
    assert 0 < agents < 1 << AGENT_BITS
    numbers = {
        "symbols": symbols,
        "agents": agents,
        "agent_count": symbols * agents,
        "due_count": symbols * agents,
        "due_room": symbols * agents + 1,
        "outbox_count": symbols * distant + 1,
    }
    at = MARKET.size
    parts: Sequence[tuple[str, Layout, int]] = (
        ("address", ADDRESS, symbols),
        ("wake", ADDRESS, agents),
        ("value", VALUE, symbols),
        ("due", DUE, symbols * agents + 1),
        ("agent", AGENT, symbols * agents),
        ("outbox", OUTBOX, symbols * distant + 1),
    )
    for part, layout, count in parts:
        at = -(-at // LINE) * LINE
        numbers[f"{part}_at"] = at
        at += count * layout.size
    numbers["talker"] = NOBODY
    block = new_block(at)
    head: Any = block[: MARKET.size].view(MARKET.dtype)[0]
    for field, number in numbers.items():
        head[field] = number
    HEAP.view(block)["time"][-1] = NEVER
    OUTBOXES.view(block)["after"] = np.arange(1, symbols * distant + 2)
    return block


def postpone(market: Block, away: Collection[int], until_ns: int) -> None:
    """Wake those of *away*, each a symbol's place and an owner, no earlier than *until_ns*."""
    heap = HEAP.view(market)[:-1]
    wakes: list[tuple[int, int]] = heap.tolist()
    moved = sorted((max(at, until_ns) if who in away else at, who) for at, who in wakes)
    # A sorted table is a heap.
    heap[:] = np.array(moved, heap.dtype)


def discard(market: Block, agent: Row) -> None:
    """Forget what an agent wrote and what has not arrived of it."""
    head: Any = market[: MARKET.size].view(MARKET.dtype)[0]
    boxes = OUTBOXES.view(market)
    if agent["outbox"]:
        boxes["after"][agent["outbox"] - 1] = head["free_outbox"]
        head["free_outbox"] = agent["outbox"] - 1
        agent["outbox"] = 0
    boxes["count"][head["free_outbox"]] = 0
    agent["to_buy"] = agent["to_sell"] = UNKNOWN
    agent["leaving_bids"] = agent["leaving_asks"] = 0
