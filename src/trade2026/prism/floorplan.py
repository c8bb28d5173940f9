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

OWNER: Final = (1 << AGENT_BITS) - 1

NOBODY: Final = -1

NEVER: Final = 2**63 - 1
"""The time of a wake-up that never comes, ns."""

MARKET: Final = Layout(
    "market",
    {
        "symbols": "i8",
        "agents": "i8",
        "agent_count": "i8",  # of all symbols together
        "due_count": "i8",  # one of each agent and symbol
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
DUES: Final = Table("dues", DUE, header=MARKET, at="due_at", count="due_count")
"""A tree of losers: the first wake-up of all, then at each node the one that lost there.

Below node i are nodes 2 i and 2 i + 1; the wake-up of agent a in symbol s starts under the node
that is half of `due_count` + s x `agents` + a. Source: Knuth (1998), "The Art of Computer
Programming" 3, 5.4.1.
"""
AGENTS: Final = Table("agents", AGENT, header=MARKET, at="agent_at", count="agent_count")
OUTBOXES: Final = Table("outboxes", OUTBOX, header=MARKET, at="outbox_at", count="outbox_count")
"""One for each agent whose messages travel, and one more: a look writes into the first free one."""

market_of = MARKET.of
address_in = ADDRESSES.getter()
wake_in = WAKES.getter()
value_in = VALUES.getter()
due_in = DUES.getter()
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
        "outbox_count": symbols * distant + 1,
    }
    at = MARKET.size
    parts: Sequence[tuple[str, Layout, int]] = (
        ("address", ADDRESS, symbols),
        ("wake", ADDRESS, agents),
        ("value", VALUE, symbols),
        ("due", DUE, symbols * agents),
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
    OUTBOXES.view(block)["after"] = np.arange(1, symbols * distant + 2)
    return block


def plan(market: Block, wakes: Collection[tuple[int, int]]) -> None:
    """Let each agent in each symbol wake next as *wakes* say: a time in ns, and who."""
    head: Any = market[: MARKET.size].view(MARKET.dtype)[0]
    count, agents = int(head["due_count"]), int(head["agents"])
    assert len(wakes) == count
    dues: list[tuple[int, int]] = [(NEVER, NOBODY)] * count
    winners = [*dues, *dues]
    for time, who in wakes:
        winners[count + (who >> AGENT_BITS) * agents + (who & OWNER)] = (time, who)
    for node in range(count - 1, 0, -1):
        winners[node], dues[node] = sorted(winners[2 * node : 2 * node + 2])
    dues[0] = winners[1]
    assert (NEVER, NOBODY) not in dues
    DUES.view(market)[:] = np.array(dues, DUE.dtype)


def postpone(market: Block, away: Collection[int], until_ns: int) -> None:
    """Wake those of *away*, each a symbol's place and an owner, no earlier than *until_ns*."""
    wakes: list[tuple[int, int]] = DUES.view(market).tolist()
    plan(market, [(max(at, until_ns) if who in away else at, who) for at, who in wakes])


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
