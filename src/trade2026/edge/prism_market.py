"""PRISM's market for everybody to look at, and its agents. Numbers are written exactly."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.numbers import money_half_even
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.prism_stage import book_reply, stage_of
from trade2026.model.instrument import Instrument
from trade2026.model.order import Side
from trade2026.model.prism import BookPhase
from trade2026.prism.exchange import AgentView, Levels
from trade2026.prism.feed import SNAPSHOT_LEVELS
from trade2026.prism.settlement import TAPE_LENGTH
from trade2026.prism.venue import Venue
from trade2026.shell.access import needs, public
from trade2026.shell.problem import ProblemError

Depth = Annotated[int, Parameter(ge=1, le=SNAPSHOT_LEVELS, description="Levels a side.")]
Limit = Annotated[int, Parameter(ge=1, le=TAPE_LENGTH)]


class SymbolReply(msgspec.Struct, frozen=True, kw_only=True):
    """What can be traded, and in which steps."""

    symbol: str
    base: str
    quote: str
    tick_size: Exact
    lot_size: Exact
    min_quantity: Exact
    max_quantity: Exact
    min_notional: Exact
    is_trading: bool


class PrismLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One price level."""

    price: Exact
    quantity: Exact


class PrismBook(msgspec.Struct, frozen=True, kw_only=True):
    """The order book, best levels first."""

    symbol: str
    timestamp_ns: int
    bids: list[PrismLevel]
    asks: list[PrismLevel]


class MarketReply(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol at this moment; null where a side is empty or nothing has traded."""

    symbol: str
    timestamp_ns: int
    last_price: Exact
    mid_price: Exact
    bid: Exact
    bid_quantity: Exact
    ask: Exact
    ask_quantity: Exact
    spread: Exact
    phase: BookPhase
    band_low: Exact
    """The lowest price at which orders are taken; null for any."""
    band_high: Exact


class PrismTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One trade."""

    seq: int
    price: Exact
    quantity: Exact
    side: Side
    """Whose order met a resting one."""
    timestamp_ns: int


class AgentSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has in one symbol."""

    symbol: str
    cash: Exact
    inventory: Exact
    pnl: Exact
    """Against its beginning, at the middle price."""


class AgentReply(msgspec.Struct, frozen=True, kw_only=True):
    """One agent."""

    agent_id: str
    type: str
    open_orders: int
    pnl: Exact
    symbols: list[AgentSymbol]


class StatusReply(msgspec.Struct, frozen=True, kw_only=True):
    """What PRISM is at this moment."""

    mode: str
    components: list[str]
    num_agents: int
    persistence: str
    life: int
    """How often it came back from its log."""
    sim_time_ns: int
    report_seq: int
    open_outside_orders: int


def status_of(venue: Venue) -> StatusReply:
    """Return PRISM's status."""
    floor = venue.floor
    is_market = floor.exchange.mode == "agents"
    return StatusReply(
        mode=floor.exchange.mode,
        components=["order_book", "execution"]
        + (["liquidity", "price_discovery", "agents", "analytics"] if is_market else []),
        num_agents=venue.agent_count,
        persistence="log",
        life=floor.life,
        sim_time_ns=floor.exchange.sim_ns,
        report_seq=floor.reporter.last_seq,
        open_outside_orders=floor.orders.open_count,
    )


def _levels(instrument: Instrument, levels: Levels) -> list[PrismLevel]:
    tick, lot = instrument.tick_size, instrument.lot_size
    return [
        PrismLevel(price=exact.write(ticks * tick), quantity=exact.write(lots * lot))
        for ticks, lots in levels
    ]


def _symbol_reply(instrument: Instrument) -> SymbolReply:
    return SymbolReply(
        symbol=instrument.symbol,
        base=instrument.base,
        quote=instrument.quote,
        tick_size=exact.write(instrument.tick_size),
        lot_size=exact.write(instrument.lot_size),
        min_quantity=exact.write(instrument.min_qty),
        max_quantity=exact.write(instrument.max_qty),
        min_notional=exact.write(instrument.min_notional),
        is_trading=instrument.is_trading,
    )


def _market_reply(venue: Venue, instrument: Instrument) -> MarketReply:
    symbol, tick, lot = instrument.symbol, instrument.tick_size, instrument.lot_size
    bids, asks = venue.floor.exchange.depth(symbol, 1)
    tape = venue.floor.tapes[symbol]
    bid = bids[0][0] * tick if bids else None
    ask = asks[0][0] * tick if asks else None
    book = book_reply(stage_of(venue.floor, symbol))
    mid = spread = None
    if bid is not None and ask is not None:
        mid, spread = (bid + ask) // 2, ask - bid
    return MarketReply(
        symbol=symbol,
        timestamp_ns=venue.floor.exchange.sim_ns,
        last_price=exact.write_optional(tape[-1].ticks * tick if tape else None),
        mid_price=exact.write_optional(mid),
        bid=exact.write_optional(bid),
        bid_quantity=exact.write_optional(bids[0][1] * lot if bids else None),
        ask=exact.write_optional(ask),
        ask_quantity=exact.write_optional(asks[0][1] * lot if asks else None),
        spread=exact.write_optional(spread),
        phase=book.phase,
        band_low=book.band_low,
        band_high=book.band_high,
    )


def _agent_reply(agent: AgentView) -> AgentReply:
    return AgentReply(
        agent_id=agent.name,
        type=agent.kind,
        open_orders=agent.open_orders,
        pnl=exact.write(money_half_even(sum(agent.pnl.values()))),
        symbols=[
            AgentSymbol(
                symbol=symbol,
                cash=exact.write(money_half_even(cash)),
                inventory=exact.write(agent.inventory[symbol]),
                pnl=exact.write(money_half_even(agent.pnl[symbol])),
            )
            for symbol, cash in agent.cash.items()
        ],
    )


def market_routes(venue: Venue) -> list[BaseRouteHandler]:
    """Return the routes of the public market."""

    def listed(symbol: str) -> Instrument:
        instrument = venue.floor.instruments.get(symbol)
        if instrument is None:
            raise ProblemError(404, "Unknown symbol", f"{symbol[:40]} is not listed")
        return instrument

    @get("/symbols", opt=public())
    async def symbols() -> list[SymbolReply]:
        """List what PRISM trades, with the steps it trades in."""
        return [_symbol_reply(instrument) for instrument in venue.floor.instruments.values()]

    @get("/orderbook/{symbol:str}", opt=public())
    async def book(symbol: str, depth: Depth = 20) -> PrismBook:
        """Return the order book, best levels first."""
        instrument = listed(symbol)
        bids, asks = venue.floor.exchange.depth(symbol, depth)
        return PrismBook(
            symbol=symbol,
            timestamp_ns=venue.floor.exchange.sim_ns,
            bids=_levels(instrument, bids),
            asks=_levels(instrument, asks),
        )

    @get("/market/{symbol:str}", opt=public())
    async def market(symbol: str) -> MarketReply:
        """Return one symbol's prices at this moment."""
        return _market_reply(venue, listed(symbol))

    @get("/trades/{symbol:str}", opt=public())
    async def trades(symbol: str, limit: Limit = 100) -> list[PrismTrade]:
        """List the latest trades, newest first."""
        instrument = listed(symbol)
        newest = reversed(venue.floor.tapes[symbol])
        return [
            PrismTrade(
                seq=trade.seq,
                price=exact.write(trade.ticks * instrument.tick_size),
                quantity=exact.write(trade.lots * instrument.lot_size),
                side=trade.side,
                timestamp_ns=trade.time_ns,
            )
            for trade, _ in zip(newest, range(limit), strict=False)
        ]

    return [symbols, book, market, trades]


def agent_routes(venue: Venue) -> list[BaseRouteHandler]:
    """Return the routes that look behind the market."""

    @get("/status", opt=needs("prism:read"))
    async def status() -> StatusReply:
        """Return what PRISM is at this moment."""
        return status_of(venue)

    @get("/agents", opt=needs("prism:read"))
    async def agents() -> list[AgentReply]:
        """List the agents; none while a recording is traded on."""
        return [_agent_reply(agent) for agent in venue.floor.exchange.agents()]

    @get("/agents/{agent_id:str}", opt=needs("prism:read"))
    async def agent(agent_id: str) -> AgentReply:
        """Return one agent."""
        for one in venue.floor.exchange.agents():
            if one.name == agent_id:
                return _agent_reply(one)
        raise ProblemError(404, "Unknown agent", f"no agent {agent_id[:40]}")

    return [status, agents, agent]


def about(venue: Venue) -> dict[str, Any]:
    """Return what PRISM adds to its `/health`."""
    if not venue.is_open:
        return {}
    status = status_of(venue)
    return {
        "mode": status.mode,
        "components": status.components,
        "num_agents": status.num_agents,
        "persistence": status.persistence,
    }
