"""The memory of a market: agents, values, wake-ups, and where the books are.

One block, whose header says where the tables lie: copied, it is the state of everything but
the books.
"""

from collections.abc import Sequence
from typing import Any, Final

from trade2026.prism.engine.desk import AGENT, OUTBOX, OUTBOX_SIZE
from trade2026.prism.engine.layout import LINE, Block, Layout, Table, new_block
from trade2026.prism.price.fundamental import VALUE

AGENT_BITS: Final = 20
"""A wake-up is for symbol and agent in one number; so many bits are the agent's."""

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
        "address_at": "i8",
        "wake_at": "i8",
        "value_at": "i8",
        "due_at": "i8",
        "agent_at": "i8",
    },
    size=2 * LINE,
)
ADDRESS: Final = Layout("address", {"at": "i8"})
DUE: Final = Layout("due", {"time": "i8", "who": "i8"})

_OUTBOX_AT: Final = MARKET.size

ADDRESSES: Final = Table("books", ADDRESS, header=MARKET, at="address_at", count="symbols")
WAKES: Final = Table("wakes", ADDRESS, header=MARKET, at="wake_at", count="agents")
VALUES: Final = Table("values", VALUE, header=MARKET, at="value_at", count="symbols")
HEAP: Final = Table("heap", DUE, header=MARKET, at="due_at", count="due_room")
AGENTS: Final = Table("agents", AGENT, header=MARKET, at="agent_at", count="agent_count")

market_of = MARKET.of
address_in = ADDRESSES.getter()
wake_in = WAKES.getter()
value_in = VALUES.getter()
due_in = HEAP.getter()
agent_in = AGENTS.getter()
outbox_in = Table("outbox", OUTBOX, header=MARKET, at=_OUTBOX_AT, count=1).getter()


def new_market(symbols: int, agents: int) -> Block:
    """Return the memory of a market of so many symbols, in each of which all agents trade."""
    assert 0 < agents < 1 << AGENT_BITS
    numbers = {
        "symbols": symbols,
        "agents": agents,
        "agent_count": symbols * agents,
        "due_count": symbols * agents,
        "due_room": symbols * agents + 1,
    }
    at = _OUTBOX_AT + OUTBOX_SIZE
    parts: Sequence[tuple[str, Layout, int]] = (
        ("address", ADDRESS, symbols),
        ("wake", ADDRESS, agents),
        ("value", VALUE, symbols),
        ("due", DUE, symbols * agents + 1),
        ("agent", AGENT, symbols * agents),
    )
    for part, layout, count in parts:
        at = -(-at // LINE) * LINE
        numbers[f"{part}_at"] = at
        at += count * layout.size
    block = new_block(at)
    head: Any = block[: MARKET.size].view(MARKET.dtype)[0]
    for field, number in numbers.items():
        head[field] = number
    HEAP.view(block)["time"][-1] = NEVER
    return block
