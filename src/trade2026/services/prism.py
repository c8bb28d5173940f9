"""PRISM: the exchange simulator with its agents, or on paper against a recorded market."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from litestar.handlers import BaseRouteHandler

from trade2026.adapters.analytics.measures import ClickHouseMeasures
from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import InvalidInputError, SettingsError
from trade2026.core.numbers import NANOS, Money
from trade2026.desk.deeds import DeedTeller
from trade2026.desk.recent import from_newest
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.funding import read_balance
from trade2026.edge.dialect.key_routes import key_routes
from trade2026.edge.dialect.keys import KEYS_SECRET, KeyStore
from trade2026.edge.dialect.rest import rest_routes
from trade2026.edge.dialect.sockets import socket_routes
from trade2026.edge.dialect.user_streams import UserStreams
from trade2026.edge.prism import trading_routes
from trade2026.edge.prism_analytics import analytics_routes
from trade2026.edge.prism_audit import audit_routes
from trade2026.edge.prism_control import control_routes
from trade2026.edge.prism_fork import fork_routes
from trade2026.edge.prism_history import history_routes
from trade2026.edge.prism_market import about, agent_routes, market_routes
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.kill import Cleared, ClearRequest
from trade2026.model.market import BookBatch, TradeBatch
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.post_trade import PRISM_DEED
from trade2026.model.prism import PrismLife
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.route import LookRequest, VenueSight
from trade2026.model.route_subjects import VENUE_LOOK
from trade2026.model.subjects import (
    MARKET_BOOK,
    MARKET_TRADE,
    PRISM_SPAN,
    VENUE_CANCEL,
    VENUE_CLEAR,
    VENUE_REPLACE,
    VENUE_STATEMENT,
    VENUE_STATUS,
    VENUE_SUBMIT,
    Stream,
)
from trade2026.ports.bus import Delivery
from trade2026.prism.agent_market import warm_up
from trade2026.prism.all_measures import AllMeasures
from trade2026.prism.analytics import Analytics
from trade2026.prism.archive import Archive
from trade2026.prism.clearing import clear
from trade2026.prism.config import read_agents
from trade2026.prism.default import market_of_agents
from trade2026.prism.exchange import Exchange
from trade2026.prism.forks import Forks
from trade2026.prism.holdings import FeeRates
from trade2026.prism.life import House, MakeExchange
from trade2026.prism.limits import Limits
from trade2026.prism.look import sight_of
from trade2026.prism.paper_market import PaperMarket
from trade2026.prism.params_file import read_params
from trade2026.prism.retention import DAY_NS
from trade2026.prism.venue import Venue
from trade2026.shell.analytics import analytics_place
from trade2026.shell.secrets import SecretFile, Secrets, random_text
from trade2026.shell.service import Context, Fold, Intake, Serve, Service, SettingsReader
from trade2026.shell.settings import PREFIX

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
    agents: str = "mm:5 noise:20 informed:10 momentum:5"
    """How many of each type trade, each of them in every symbol."""
    params: str = ""
    """A file of parameters in place of the default ones, as `trade2026 sim calibrate` writes it."""
    maker_fee_bps: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 1
    taker_fee_bps: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 5
    opening_balance: str = "USDT:100000 BTC:1 ETH:20 SOL:400"
    """What an account has that trades by the exchange API: given with its first key."""
    direct_notional_max: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 1_000_000
    """In USDT: what a direct participant's position may be worth, at the middle price."""
    keep_days: Annotated[float, msgspec.Meta(ge=0.01, le=3_650)] = 7.0
    """For how long what outsiders asked is kept, on the wall: for replays, forks and doubts."""


def build(context: Context) -> Service:
    """Return PRISM."""
    settings = context.settings(PrismSettings, "prism")
    house = house_of(context.settings)
    archive = Archive(context.data_dir / "prism", context.log)
    venue = Venue(
        bus=context.bus,
        clock=context.clock,
        log=context.log,
        house=house,
        archive=archive,
        keep_ns=round(settings.keep_days * DAY_NS),
    )
    forks = Forks(venue=venue, archive=archive, house=house, bus=context.bus, clock=context.clock)
    deeds = _deeds(context)
    analytics = Analytics(context.bus)
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
            *_measures(venue, analytics, context),
            *_forking(forks, house, context, deeds),
            *audit_routes(venue, forks),
            *control_routes(venue, ids=context.ids, clock=context.clock),
            *trading_routes(
                venue, ids=context.ids, clock=context.clock, calendar=ExchangeCalendar()
            ),
            *(_dialect(desk, deeds, settings, context) if settings.mode is Mode.AGENTS else []),
        ],
        intakes=[
            *_commands(venue, context.clock),
            *_recording(context, venue, settings.mode),
            Fold(subject=PRISM_SPAN, handler=analytics.on_spans, from_seq=analytics.begin),
        ],
        pings={"market": venue.ping},
        about=lambda: about(venue),
        start=start,
        loops=[venue.run, venue.recorder.run],
        stop=venue.recorder.stop,
    )


def _measures(venue: Venue, analytics: Analytics, context: Context) -> list[BaseRouteHandler]:
    place = analytics_place(context.addresses, Secrets(context.data_dir), reads_only=True)
    recorder = venue.recorder
    history = AllMeasures(ClickHouseMeasures(place), analytics, lambda: recorder.span_seq)
    return [*analytics_routes(venue, analytics), *history_routes(venue, history)]


def _deeds(context: Context) -> DeedTeller:
    return DeedTeller(
        bus=context.bus,
        subject=PRISM_DEED,
        clock=context.clock,
        ids=context.ids,
        log=context.log,
    )


def _forking(
    forks: Forks, house: House, context: Context, deeds: DeedTeller
) -> list[BaseRouteHandler]:
    listed = dict(house.instruments)
    return fork_routes(forks, listed, ids=context.ids, clock=context.clock, deeds=deeds)


def _dialect(
    desk: Desk, deeds: DeedTeller, settings: PrismSettings, context: Context
) -> list[BaseRouteHandler]:
    balance = read_balance(settings.opening_balance, PRISM_INSTRUMENTS)
    clock = context.clock
    return [
        *key_routes(
            desk.venue,
            desk.keys,
            desk.users,
            deeds=deeds,
            log=context.log,
            clock=clock,
            balance=balance,
        ),
        *rest_routes(desk),
        *socket_routes(desk),
    ]


def require_market(settings: PrismSettings) -> None:
    """Return if a market can begin with *settings*, whoever makes it in the end.

    Raises:
        SettingsError: names the setting, what in it is wrong, and what is allowed.
    """
    asked, text = "AGENTS", settings.agents
    try:
        agents = read_agents(text)
        market_of_agents(agents)
        if settings.params:
            asked, text = "PARAMS", settings.params
            market_of_agents(agents, read_params(Path(text)))
    except InvalidInputError as error:
        raise SettingsError(f"{PREFIX}PRISM_{asked}={text[:200]!r}: {error}") from None
    read_balance(settings.opening_balance, PRISM_INSTRUMENTS)


def house_of(read: SettingsReader) -> House:
    """Return what all of PRISM's lives share, by the settings of section `prism`."""
    settings = read(PrismSettings, "prism")
    return House(
        make_exchange=maker_of(settings),
        instruments={instrument.symbol: instrument for instrument in PRISM_INSTRUMENTS},
        fees=FeeRates(maker_bps=settings.maker_fee_bps, taker_bps=settings.taker_fee_bps),
        limits=Limits(direct_notional_max=Money(settings.direct_notional_max * NANOS)),
        seed=settings.seed,
    )


def _commands(venue: Venue, clock: Clock) -> list[Intake]:
    async def on_submit(order: NewOrderSingle) -> object:
        return await venue.submit(order)

    async def on_cancel(request: OrderCancelRequest) -> object:
        return await venue.cancel(request)

    async def on_replace(request: OrderReplaceRequest) -> object:
        return await venue.replace(request)

    async def on_status(request: OrderStatusRequest) -> object:
        return await venue.status(request)

    async def on_clear(request: ClearRequest) -> Cleared:
        return await clear(venue, request, clock.now_ns())

    async def on_look(request: LookRequest) -> VenueSight:
        return await sight_of(venue, request.symbol)

    async def on_statement(_: StatementRequest) -> Statement:
        return venue.floor.statement()

    return [
        Serve(subject=VENUE_CLEAR, handler=on_clear),
        Serve(subject=VENUE_STATEMENT, handler=on_statement),
        Serve(subject=VENUE_SUBMIT, handler=on_submit),
        Serve(subject=VENUE_CANCEL, handler=on_cancel),
        Serve(subject=VENUE_REPLACE, handler=on_replace),
        Serve(subject=VENUE_STATUS, handler=on_status),
        Serve(subject=VENUE_LOOK, handler=on_look),
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


def _make_paper(life: PrismLife) -> Exchange:
    return PaperMarket(
        PRISM_INSTRUMENTS,
        start_ns=life.start_ns,
        holdings=life.holdings,
        last_mid_px=life.last_mid_px,
    )


def maker_of(settings: PrismSettings) -> MakeExchange:
    """Return what makes the market that the settings ask for.

    Raises:
        InvalidInputError: the mix of agents is not one, or the file of parameters is none.
    """
    if settings.mode is Mode.PAPER:
        return _make_paper
    params = read_params(Path(settings.params)) if settings.params else ()
    return market_of_agents(read_agents(settings.agents), params)
