"""What a market is at one moment, whole and by agent."""

import msgspec

from trade2026.core.numbers import Px, SignedQty, Value


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a market is at one moment, to go on from there as if nothing had been."""

    sim_ns: int
    market: bytes
    """Agents, values and wake-ups."""
    books: tuple[bytes, ...]
    seqs: tuple[int, ...]
    """By symbol, the number of the last event."""
    last_mid_px: dict[str, Px]
    first_px: dict[str, Px]
    """Where prices stood when the market was opened."""
    made_of: str = ""
    """A digest of configuration, agent types and kernels, without which nothing can be read; empty
    in states of former versions."""


class AgentHolding(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has in one symbol."""

    symbol: str
    cash: Value
    inventory: SignedQty
    open_orders: int
    pnl: Value
    """Against its beginning, inventory marked at the last mid price."""


class AgentState(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as others may look at it."""

    name: str
    type_name: str
    holdings: tuple[AgentHolding, ...]

    @property
    def pnl(self) -> Value:
        """Return the profit over all symbols."""
        return Value(sum(holding.pnl for holding in self.holdings))
