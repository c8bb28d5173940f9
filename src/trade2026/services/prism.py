"""PRISM: the exchange simulator with its agents, or on paper against a recorded market."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from litestar.handlers import BaseRouteHandler

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.numbers import NANOS, Money, Px
from trade2026.desk.recent import from_newest
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.funding import read_balance
from trade2026.edge.dialect.key_routes import key_routes
from trade2026.edge.dialect.keys import KEYS_SECRET, KeyStore
from trade2026.edge.dialect.rest import rest_routes
from trade2026.edge.dialect.sockets import socket_routes
from trade2026.edge.dialect.user_streams import UserStreams
from trade2026.edge.prism import trading_routes
from trade2026.edge.prism_market import about, agent_routes, market_routes
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.market import BookBatch, TradeBatch
from trade2026.model.order import NewOrderSingle, OrderCancelRequest, OrderStatusRequest
from trade2026.model.prism import PartyHolding
from trade2026.model.subjects import (
    MARKET_BOOK,
    MARKET_TRADE,
    VENUE_CANCEL,
    VENUE_STATUS,
    VENUE_SUBMIT,
    Stream,
)
from trade2026.ports.bus import Delivery
from trade2026.prism.agent_market import AgentMarket, warm_up
from trade2026.prism.config import default_config
from trade2026.prism.exchange import Exchange
from trade2026.prism.holdings import FeeRates
from trade2026.prism.limits import Limits
from trade2026.prism.paper_market import PaperMarket
from trade2026.prism.venue import Venue
from trade2026.shell.secrets import SecretFile, random_text
from trade2026.shell.service import Context, Fold, Intake, Serve, Service

BOOK_BACK = 5_000
"""Events of market data to go back for a book to begin with: a few seconds at full rate."""


class Mode(StrEnum):
    """Who makes PRISM's market."""

    AGENTS = "agents"
    PAPER = "paper"
    """Nobody: outsiders trade on paper against a recorded market."""


class PrismSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of section `prism`."""

    mode: Mode = Mode.AGENTS
    seed: Annotated[int, msgspec.Meta(ge=0)] = 2026
    """Of all chance in the market; each life draws from fresh streams of it."""
    maker_fee_bps: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 1
    taker_fee_bps: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 5
    opening_balance: str = "USDT:100000 BTC:1 ETH:20 SOL:400"
    """What an account has that trades by the exchange API: given with its first key."""
    direct_notional_max: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 1_000_000
    """In USDT: what a direct participant's position may be worth, at the middle price."""


def build(context: Context) -> Service:
    """Return PRISM."""
    settings = context.settings(PrismSettings, "prism")
    makers = {Mode.AGENTS: _make_agents, Mode.PAPER: _make_paper}
    venue = Venue(
        bus=context.bus,
        clock=context.clock,
        log=context.log,
        instruments={instrument.symbol: instrument for instrument in PRISM_INSTRUMENTS},
        make_exchange=makers[settings.mode](settings, context.clock),
        fees=FeeRates(maker_bps=settings.maker_fee_bps, taker_bps=settings.taker_fee_bps),
        seed=settings.seed,
        limits=Limits(direct_notional_max=Money(settings.direct_notional_max * NANOS)),
    )

    keys = KeyStore(SecretFile(context.data_dir, KEYS_SECRET))
    users = UserStreams(random_text)
    desk = Desk(venue, keys=keys, users=users, clock=context.clock, ids=context.ids)

    async def start() -> None:
        if settings.mode is Mode.AGENTS:
            context.log.info("compiling the market: a moment at the first start")
            before_ns = context.clock.monotonic_ns()
            warm_up()
            took_s = (context.clock.monotonic_ns() - before_ns) / NS_PER_S
            context.log.info("the market is compiled", took_s=round(took_s, 2))
        await venue.open()
        if settings.mode is Mode.AGENTS:
            await desk.open(context.bus)

    return Service(
        name=context.name,
        routes=[
            *market_routes(venue),
            *agent_routes(venue),
            *trading_routes(venue, ids=context.ids, clock=context.clock),
            *(_dialect(desk, settings, context.clock) if settings.mode is Mode.AGENTS else []),
        ],
        intakes=[*_commands(venue), *(_recording(context, venue, settings.mode))],
        pings={"market": venue.ping},
        about=lambda: about(venue),
        start=start,
        loops=[venue.run],
    )


def _dialect(desk: Desk, settings: PrismSettings, clock: Clock) -> list[BaseRouteHandler]:
    balance = read_balance(settings.opening_balance, PRISM_INSTRUMENTS)
    return [
        *key_routes(desk.venue, desk.keys, desk.users, clock=clock, balance=balance),
        *rest_routes(desk),
        *socket_routes(desk),
    ]


def _commands(venue: Venue) -> list[Intake]:
    async def on_submit(order: NewOrderSingle) -> object:
        return await venue.submit(order)

    async def on_cancel(request: OrderCancelRequest) -> object:
        return await venue.cancel(request)

    async def on_status(request: OrderStatusRequest) -> object:
        return await venue.status(request)

    return [
        Serve(subject=VENUE_SUBMIT, handler=on_submit),
        Serve(subject=VENUE_CANCEL, handler=on_cancel),
        Serve(subject=VENUE_STATUS, handler=on_status),
    ]


def _recording(context: Context, venue: Venue, mode: Mode) -> list[Intake]:
    if mode is not Mode.PAPER:
        return []

    async def on_book(batch: BookBatch, _: Delivery) -> None:
        exchange = venue.floor.exchange
        assert isinstance(exchange, PaperMarket)
        exchange.on_book(batch)
        venue.stir()

    async def on_trades(batch: TradeBatch, _: Delivery) -> None:
        exchange = venue.floor.exchange
        assert isinstance(exchange, PaperMarket)
        exchange.on_trades(batch)
        venue.stir()

    begin = from_newest(context.bus, Stream.MARKET, back=BOOK_BACK)
    return [
        Fold(subject=MARKET_BOOK, handler=on_book, from_seq=begin),
        Fold(subject=MARKET_TRADE, handler=on_trades, from_seq=begin),
    ]


Make = Callable[[int, Sequence[PartyHolding], Mapping[str, Px]], Exchange]


def _make_agents(settings: PrismSettings, clock: Clock) -> Make:
    def make(
        life: int, holdings: Sequence[PartyHolding], last_mid_px: Mapping[str, Px]
    ) -> Exchange:
        return AgentMarket(
            default_config(settings.seed),
            start_ns=clock.now_ns(),
            life=life,
            holdings=holdings,
            last_mid_px=last_mid_px,
        )

    return make


def _make_paper(settings: PrismSettings, clock: Clock) -> Make:
    del settings

    def make(_: int, holdings: Sequence[PartyHolding], last_mid_px: Mapping[str, Px]) -> Exchange:
        return PaperMarket(
            PRISM_INSTRUMENTS,
            start_ns=clock.now_ns(),
            holdings=holdings,
            last_mid_px=last_mid_px,
        )

    return make
