"""live-gateway: a real exchange behind modes, a breaker, caps and the panic button."""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.adapters.exchanges.none import NoExchange
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidNumberError, SettingsError, StartError
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Money, Qty, parse_nanos
from trade2026.desk.live import LiveDesk
from trade2026.desk.live_balances import LiveBalances
from trade2026.desk.live_funding import LiveFunding
from trade2026.desk.live_log import LiveLog
from trade2026.desk.live_look import LiveLook
from trade2026.desk.live_market import LiveMarket
from trade2026.desk.live_modes import LiveModes
from trade2026.desk.live_quotes import LiveQuotes
from trade2026.desk.live_statement import LiveStatement
from trade2026.desk.live_work import LiveWork
from trade2026.desk.orders import OmsSettings
from trade2026.domain.live.rules import Rules
from trade2026.domain.live.state import LiveState
from trade2026.edge.live import balance_routes, live_routes, record_routes
from trade2026.model.instrument import PERPETUAL
from trade2026.model.live import LiveMode
from trade2026.model.live_subjects import (
    LIVE_CANCEL,
    LIVE_EVENT,
    LIVE_REPLACE,
    LIVE_STATEMENT,
    LIVE_STATUS,
    LIVE_SUBMIT,
)
from trade2026.model.route_subjects import LIVE_LOOK
from trade2026.ports.exchange import Exchange
from trade2026.prism.paper import PaperBook
from trade2026.shell.secrets import read_credentials
from trade2026.shell.service import Context, Serve, Service
from trade2026.shell.snapshots import fold_behind, snapshots_of

NOT_INSTALLED: Final = "[live_gateway] exchange needs {}; run: pip install 'trade2026[{}]'"
BROKER: Final = "interactive-brokers"
"""The one name in `exchange` that is not ccxt's."""
SHARES: Final = ("AAPL", "MSFT", "GOOGL")
COINS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT")

Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which exchange, whose key, and how much. Nothing is connected to without `exchange`."""

    exchange: str = ""
    """ccxt's name of it, such as `binance`; or `interactive-brokers`."""
    url: str = ""
    """Another host that speaks its dialect, such as a test exchange or PRISM; or where a TWS
    listens, such as `127.0.0.1:4002`."""
    ib_account: str = ""
    """Whose number orders carry, where TWS has several accounts."""
    ib_client: Annotated[int, msgspec.Meta(ge=1, le=999)] = 26
    """By which TWS tells its clients apart; only the client that placed an order can cancel it."""
    leverage: Annotated[int, msgspec.Meta(ge=0, le=125)] = 0
    """Of perpetuals, set at the exchange; 0 leaves it as it is there."""
    margin_mode: Literal["", "cross", "isolated"] = ""
    """The same."""
    symbols: tuple[str, ...] = ()
    """Without them: three coins, or at Interactive Brokers three shares."""
    credentials_file: str = ""
    """A file of two lines, key and secret, that only its owner can read."""
    api_key: str = ""
    """Instead of the file, from the environment: TRADE2026_LIVE_GATEWAY_API_KEY."""
    api_secret: str = ""
    ceiling: LiveMode = LiveMode.SHADOW
    """No mode is raised above it, by nobody."""
    is_mixing_allowed: bool = False
    """Whether a routed account may hold real positions beside simulated ones."""
    canary_pct: Percent = 5
    canary_max_qty: str = "0.001"
    daily_notional: str = "50000"
    """In the quote asset."""
    daily_loss: str = "1000"
    ramp: tuple[Percent, ...] = (10, 25, 50, 100)
    """Percent of `daily_notional` on the first, second … day above SHADOW; then the last."""
    price_gap_bps: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    """How far risk's price may be from the exchange's: further is another market."""
    maker_fee_bps: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] = 10
    """What the exchange charges, for routing by price; fills say what they really cost."""
    taker_fee_bps: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] = 10
    stale_s: Annotated[float, msgspec.Meta(ge=1, le=600)] = 10.0
    doubt_s: Annotated[float, msgspec.Meta(ge=6, le=3_600)] = 15.0
    """After this long a request that was sent cannot arrive any more."""

    def __repr__(self) -> str:
        """Return what may be shown: no credentials."""
        return f"LiveSettings(exchange={self.exchange!r}, ceiling={self.ceiling!r})"


def build(context: Context) -> Service:
    """Return the gateway."""
    settings = context.settings(LiveSettings, context.name)
    trading = context.settings(OmsSettings, "oms")
    require_unmixed(settings, trading)
    exchange = exchange_of(settings, context.log)
    rules = _rules(settings, (*trading.live_accounts, *trading.routed_accounts))
    log = _log_of(context, LiveState(rules))
    quotes = LiveQuotes(context.bus, log, context.log)
    market = LiveMarket(log, PaperBook, lambda: exchange.instruments, quotes)
    funding = LiveFunding(exchange=exchange, log=log, logger=context.log)
    work = LiveWork(
        exchange=exchange,
        log=log,
        market=market,
        clock=context.clock,
        logger=context.log,
        doubt_ns=int(settings.doubt_s * NS_PER_S),
    )
    balances = LiveBalances(exchange=exchange, log=log, market=market, logger=context.log)
    statement = LiveStatement(log.state, work, balances, context.clock)
    desk = LiveDesk(
        log=log,
        modes=LiveModes(log=log, ids=context.ids, logger=context.log),
        market=market,
        work=work,
        exchange=exchange,
        clock=context.clock,
        logger=context.log,
    )
    look = LiveLook(desk, settings.maker_fee_bps, settings.taker_fee_bps)
    snapshots = snapshots_of(context, log.keeper())

    async def stop() -> None:
        await snapshots.close()
        await exchange.close()

    return Service(
        name=context.name,
        routes=[
            *live_routes(desk, context.clock),
            *record_routes(desk),
            *balance_routes(balances),
        ],
        intakes=[
            # First all that was ever meant and said: nothing is sent before that is known.
            fold_behind(snapshots, LIVE_EVENT, log.on_event),
            Serve(subject=LIVE_SUBMIT, handler=desk.on_submit),
            Serve(subject=LIVE_CANCEL, handler=desk.on_cancel),
            Serve(subject=LIVE_REPLACE, handler=desk.on_replace),
            Serve(subject=LIVE_STATUS, handler=desk.on_status),
            Serve(subject=LIVE_LOOK, handler=look.on_look),
            Serve(subject=LIVE_STATEMENT, handler=statement.on_statement),
        ],
        soft_pings={"exchange": desk.ping, "breaker": desk.breaker_ping},
        about=desk.about,
        caught_up=log.tell_again,
        loops=[desk.run, balances.run, funding.run, snapshots.run],
        stop=stop,
    )


def _log_of(context: Context, state: LiveState) -> LiveLog:
    return LiveLog(
        bus=context.bus, clock=context.clock, ids=context.ids, log=context.log, state=state
    )


def require_unmixed(settings: LiveSettings, trading: OmsSettings) -> None:
    """Return if no account can come to hold what is real beside what is simulated unasked.

    Raises:
        SettingsError: a routed account trades on PRISM, and would on the exchange for real.
    """
    is_real = bool(settings.exchange) and settings.ceiling.sends
    if is_real and trading.routed_accounts and not settings.is_mixing_allowed:
        accounts = ", ".join(trading.routed_accounts)
        raise SettingsError(
            f"[oms] routed_accounts: {accounts} would hold real positions of "
            f"{settings.exchange} beside simulated ones of PRISM, and risk counts both together; "
            f"put such accounts in live_accounts, lower [live_gateway] ceiling to "
            f"{LiveMode.SHADOW}, or set is_mixing_allowed = true there if that is meant"
        )


def exchange_of(settings: LiveSettings, logger: FilteringBoundLogger) -> Exchange:
    """Return what the settings connect to; nothing is asked yet.

    Raises:
        SettingsError: something is missing.
        StartError: the extra is not installed.
    """
    if not settings.exchange:
        return NoExchange()
    if settings.exchange == BROKER:
        return _broker(settings, logger)
    try:
        # An extra, and a large one: only who connects somewhere needs it.
        from trade2026.adapters.exchanges.ccxt_exchange import CcxtExchange  # noqa: PLC0415
    except ModuleNotFoundError:
        raise StartError(NOT_INSTALLED.format("ccxt", "live")) from None
    key, secret = settings.api_key, settings.api_secret
    if settings.credentials_file:
        key, secret = read_credentials(Path(settings.credentials_file))
    if not (key and secret):
        raise SettingsError("[live_gateway] needs credentials_file, or api_key and api_secret")
    symbols = settings.symbols or COINS
    if any(one.endswith(PERPETUAL) for one in symbols):
        logger.warning(
            "EXPERIMENTAL: perpetuals were tested against answers written from documentation, "
            "never against an exchange; begin with a test account"
        )
    return CcxtExchange(
        exchange=settings.exchange,
        api_key=key,
        secret=secret,
        symbols=symbols,
        url=settings.url,
        leverage=settings.leverage,
        margin_mode=settings.margin_mode,
    )


def _broker(settings: LiveSettings, logger: FilteringBoundLogger) -> Exchange:
    host, _, port = settings.url.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        raise SettingsError(
            f"[live_gateway] url: {settings.url!r} is not where a TWS listens, as 127.0.0.1:4002"
        )
    try:
        # An extra as well.
        from trade2026.adapters.exchanges.ib_exchange import IbExchange  # noqa: PLC0415
    except ModuleNotFoundError:
        raise StartError(NOT_INSTALLED.format("ib_async", "ib")) from None
    logger.warning(
        "EXPERIMENTAL: Interactive Brokers was tested against frames written from documentation, "
        "never against a TWS; begin with a paper account"
    )
    return IbExchange(
        host=host,
        port=int(port),
        client_number=settings.ib_client,
        account=settings.ib_account,
        symbols=settings.symbols or SHARES,
        logger=logger,
    )


def _rules(settings: LiveSettings, accounts: tuple[str, ...]) -> Rules:
    return Rules(
        ceiling=settings.ceiling if settings.exchange else LiveMode.MOCK,
        accounts=frozenset(map(AccountId, accounts)),
        canary_pct=settings.canary_pct,
        canary_max_qty=Qty(_amount("canary_max_qty", settings.canary_max_qty)),
        daily_notional=Money(_amount("daily_notional", settings.daily_notional)),
        daily_loss=Money(_amount("daily_loss", settings.daily_loss)),
        ramp=settings.ramp or (100,),
        price_gap_bps=settings.price_gap_bps,
        stale_ns=int(settings.stale_s * NS_PER_S),
    )


def _amount(field: str, text: str) -> int:
    try:
        nanos = parse_nanos(text)
    except InvalidNumberError as error:
        raise SettingsError(f"[live_gateway] {field}: {error}") from None
    if nanos < 0:
        raise SettingsError(f"[live_gateway] {field}: may not be negative")
    return nanos
