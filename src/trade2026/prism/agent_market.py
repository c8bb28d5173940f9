"""The compiled market of agents, spoken to as the venue speaks to any market.

See `prism.exchange.Exchange`. Compiled tables and rows end here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Px
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.model.prism import PartyHolding
from trade2026.prism.config import MarketConfig, default_config
from trade2026.prism.engine import event as engine
from trade2026.prism.engine.book import FIRST_CAPACITY
from trade2026.prism.engine.compiled import remove_stale
from trade2026.prism.engine.event import EventReason
from trade2026.prism.exchange import (
    FIRST_OUTSIDER,
    AgentView,
    EventKind,
    KillReason,
    Levels,
    MarketEvent,
)
from trade2026.prism.market import Market

_AGENT: Final = "agent:"
"""What the names of the agents begin with; other parties are not this market's own."""

_REASONS: Final = {
    EventReason.NONE: KillReason.NONE,
    EventReason.UNFILLED: KillReason.UNFILLED,
    EventReason.NOT_FILLABLE: KillReason.UNFILLED,
    EventReason.SELF_TRADE: KillReason.SELF_TRADE,
    EventReason.DUPLICATE: KillReason.INVALID,
    EventReason.INVALID: KillReason.INVALID,
}


class AgentMarket:
    """PRISM's own market: agents and outsiders in one book a symbol."""

    mode = "agents"

    def __init__(
        self,
        config: MarketConfig,
        *,
        start_ns: int,
        life: int,
        holdings: Sequence[PartyHolding],
        last_mid_px: Mapping[str, Px],
    ) -> None:
        agents = [holding for holding in holdings if holding.party.startswith(_AGENT)]
        self._market = Market(
            config, start_ns=start_ns, life=life, holdings=agents, last_mid_px=last_mid_px
        )
        self._names = [agent.name for agent in self._market.agents()]

    @property
    def sim_ns(self) -> int:
        """Return the market's time."""
        return self._market.sim_ns

    def is_open(self, symbol: str) -> bool:
        """Return True: agents are always there."""
        return symbol in self._market.symbols

    def run_until(self, sim_ns: int) -> None:
        """Let the agents act until *sim_ns*."""
        if sim_ns > self._market.sim_ns:
            self._market.run_until(sim_ns)

    def submit(
        self,
        *,
        symbol: str,
        number: int,
        owner: int,
        side: Side,
        ord_type: OrdType,
        time_in_force: TimeInForce,
        ticks: int,
        lots: int,
    ) -> None:
        """Match an outsider's order at the market's time."""
        self._market.submit(
            symbol=symbol,
            number=number,
            owner=owner,
            side=side,
            ord_type=ord_type,
            time_in_force=time_in_force,
            ticks=ticks,
            lots=lots,
        )

    def cancel(self, *, symbol: str, number: int) -> None:
        """Take out what rests of an outsider's order."""
        self._market.cancel(symbol=symbol, number=number)

    def drain(self) -> list[MarketEvent]:
        """Return what happened since the last call, in order."""
        symbols = self._market.symbols
        events: list[MarketEvent] = []
        for row in self._market.drain().tolist():
            (seq, time_ns, ticks, lots, maker_number, taker_number, *lefts) = row[:8]
            (level_lots, maker_owner, taker_owner, symbol, kind, side, reason) = row[8:]
            if kind == engine.EventKind.REFUSED:
                # A cancel that found nothing changed nothing.
                continue
            maker_left, taker_left = lefts
            events.append(
                MarketEvent(
                    seq=seq,
                    symbol=symbols[symbol],
                    kind=EventKind(kind),
                    time_ns=time_ns,
                    side=Side.BUY if side > 0 else Side.SELL,
                    ticks=ticks,
                    lots=lots,
                    maker_number=maker_number,
                    taker_number=taker_number,
                    maker_owner=maker_owner,
                    taker_owner=taker_owner,
                    maker_lots_left=maker_left,
                    taker_lots_left=taker_left,
                    reason=_REASONS[EventReason(reason)],
                    level_lots=level_lots,
                )
            )
        return events

    def depth(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        """Return bids and asks, best first."""
        bids, asks = self._market.depth(symbol, levels)
        return [(t, n) for t, n in bids.tolist()], [(t, n) for t, n in asks.tolist()]

    def owner_name(self, owner: int) -> str:
        """Return the agent's name as a party."""
        return self._names[owner]

    def holdings(self) -> list[PartyHolding]:
        """Return what the agents hold."""
        return self._market.holdings()

    def agents(self) -> list[AgentView]:
        """Return the agents."""
        return [
            AgentView(
                name=agent.name,
                kind=agent.type_name,
                cash={h.symbol: h.cash for h in agent.holdings},
                inventory={h.symbol: h.inventory for h in agent.holdings},
                pnl={h.symbol: h.pnl for h in agent.holdings},
                open_orders=sum(h.open_orders for h in agent.holdings),
            )
            for agent in self._market.agents()
        ]

    def last_mid_px(self) -> dict[str, Px]:
        """Return where the middle last stood, by symbol."""
        return self._market.last_mid_px()

    def apply_outside_fill(self, *, party: str, symbol: str, signed_lots: int, ticks: int) -> None:
        """Book an agent's side of a fill that was reported before a crash."""
        self._market.apply_outside_fill(
            party=party, symbol=symbol, signed_lots=signed_lots, ticks=ticks
        )


def warm_up() -> None:
    """Compile everything a market runs, so that no order waits for it later.

    Enough orders rest for the books to grow once. Kernels of former sources are removed.
    """
    market = AgentMarket(default_config(0), start_ns=0, life=0, holdings=(), last_mid_px={})
    market.run_until(NS_PER_S)
    symbol = PRISM_INSTRUMENTS[0].symbol
    for number in range(1, FIRST_CAPACITY + 1):
        market.submit(
            symbol=symbol,
            number=number,
            owner=FIRST_OUTSIDER,
            side=Side.BUY,
            ord_type=OrdType.LIMIT,
            time_in_force=TimeInForce.GTC,
            ticks=1,
            lots=1,
        )
    market.cancel(symbol=symbol, number=1)
    market.drain()
    market.depth(symbol, 1)
    market.last_mid_px()
    market.agents()
    remove_stale()
