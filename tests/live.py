"""The live gateway for tests: its rules, itself, and an exchange that loses what it should."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from msgspec.structs import replace
from tests.factories import BTCUSDT, NOW_NS, money, px, qty
from tests.trading import until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import Trade2026Error, VenueRejectedError, VenueUnavailableError
from trade2026.core.ids import AccountId, Ids
from trade2026.core.numbers import NANOS, Money, Px, Qty, money_down
from trade2026.desk.live import LiveDesk
from trade2026.desk.live_balances import LiveBalances
from trade2026.desk.live_funding import LiveFunding
from trade2026.desk.live_log import LiveLog
from trade2026.desk.live_market import LiveMarket
from trade2026.desk.live_modes import LiveModes
from trade2026.desk.live_quotes import LiveQuotes
from trade2026.desk.live_statement import LiveStatement
from trade2026.desk.live_work import LiveWork
from trade2026.domain.live.rules import Day, Rules, day_of
from trade2026.domain.live.state import LiveState
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.instrument import LIVE, Instrument
from trade2026.model.live import LiveMode
from trade2026.model.live_subjects import (
    LIVE_CANCEL,
    LIVE_EVENT,
    LIVE_REPLACE,
    LIVE_STATEMENT,
    LIVE_STATUS,
    LIVE_SUBMIT,
)
from trade2026.model.order import OrdType, Side
from trade2026.ports.exchange import (
    Exchange,
    ExchangeBook,
    ExchangeFunding,
    ExchangeOrder,
    ExchangeState,
    ExchangeStatus,
    ExchangeTrade,
    Word,
)
from trade2026.prism.paper import PaperBook

T = TypeVar("T")
LOG = structlog.get_logger()

RULES = Rules(
    ceiling=LiveMode.LIVE,
    accounts=frozenset({AccountId("default")}),
    canary_pct=5,
    canary_max_qty=qty("0.01"),
    daily_notional=money("50000"),
    daily_loss=money("1000"),
    ramp=(10, 25, 50, 100),
    price_gap_bps=100,
    stale_ns=10 * NS_PER_S,
)
TODAY = Day(number=day_of(NOW_NS), sent=Money(0), lost=Money(0), armed_number=day_of(NOW_NS) - 10)
MID_PX = px("50000.5")
A_BOOK = ExchangeBook(
    symbol="BTCUSDT",
    bids=((px("50000"), qty("1")), (px("49999"), qty("5"))),
    asks=((px("50001"), qty("1")), (px("50002"), qty("5"))),
)


class PlainExchange:
    """Fills market orders at one price and lets limit orders rest; remembers every request."""

    name = "plain"

    def __init__(self) -> None:
        self.instruments: Mapping[str, Instrument] = {"BTCUSDT": replace(BTCUSDT, venue=LIVE)}
        self.sent: list[ExchangeOrder] = []
        self.states: dict[str, ExchangeState] = {}
        self.made: dict[str, list[ExchangeTrade]] = {}
        self.is_deaf = False
        """Whether requests get lost on the way."""
        self.is_mute = False
        """Whether answers get lost on the way back."""
        self.refuses: Trade2026Error | None = None
        """What it says to orders."""
        self.refuses_cancels: Trade2026Error | None = None
        self.wealth: dict[str, int] = {"USDT": 70_000 * NANOS**2, "BTC": 2 * NANOS**2}
        """What the account has, in square nanos; strangers may change it."""
        self.moved: list[AssetTransfer] = []
        """Deposits and withdrawals that it tells of."""
        self.paid: list[ExchangeFunding] = []
        """What funding it tells of."""
        self.refuses_balances: Trade2026Error | None = None
        self.fee_asset = "USDT"
        self.hear: Callable[[Word], None] = lambda _: None
        self._count = 0

    async def connect(self) -> None:
        """Be there at once."""

    async def send(self, order: ExchangeOrder) -> ExchangeState:
        self._get()
        self.sent.append(order)
        assert order.client_id not in self.states, "sent twice"
        if self.refuses is not None:
            raise self.refuses
        self.states[order.client_id] = ExchangeState(
            client_id=order.client_id,
            venue_order_id=f"v{len(self.states)}",
            symbol=order.symbol,
            status=ExchangeStatus.WORKING,
            filled_qty=Qty(0),
        )
        if order.ord_type is OrdType.MARKET:
            self.fill(order.client_id, order.qty)
        return self._answer(self.states[order.client_id])

    async def cancel(self, client_id: str, venue_order_id: str, symbol: str) -> None:
        del venue_order_id, symbol
        self._get()
        if self.refuses_cancels is not None:
            raise self.refuses_cancels
        state = self.states.get(client_id)
        if state is not None and state.status is ExchangeStatus.WORKING:
            self.states[client_id] = replace(state, status=ExchangeStatus.CANCELED)
        self._answer(None)

    async def find(self, client_id: str, venue_order_id: str, symbol: str) -> ExchangeState | None:
        del venue_order_id, symbol
        self._get()
        return self._answer(self.states.get(client_id))

    async def trades(self, venue_order_id: str, symbol: str) -> Sequence[ExchangeTrade]:
        del symbol
        self._get()
        return self._answer(list(self.made.get(venue_order_id, ())))

    async def book(self, symbol: str) -> ExchangeBook:
        del symbol
        self._get()
        return self._answer(A_BOOK)

    async def balances(self) -> Sequence[AssetBalance]:
        self._get()
        if self.refuses_balances is not None:
            raise self.refuses_balances
        held = self._held()
        told = [
            AssetBalance(
                asset=asset,
                free=Money(money_down(whole) - held.get(asset, 0)),
                held=Money(held.get(asset, 0)),
            )
            for asset, whole in self.wealth.items()
        ]
        return self._answer(told)

    async def transfers(self, since_ns: TimeNs) -> Sequence[AssetTransfer]:
        self._get()
        return self._answer([one for one in self.moved if one.ts_ns >= since_ns])

    async def fundings(self, symbol: str, since_ns: TimeNs) -> Sequence[ExchangeFunding]:
        # More than was asked for: of any time.
        del since_ns
        self._get()
        return self._answer([one for one in self.paid if one.symbol == symbol])

    async def listen(self, hear: Callable[[Word], None]) -> None:
        self.hear = hear
        hear(A_BOOK)
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Do nothing."""

    def fill(self, client_id: str, part: Qty, at: Px = MID_PX) -> ExchangeTrade:
        """Let a part of an order trade, and return the trade."""
        state = self.states[client_id]
        order = next(one for one in self.sent if one.client_id == client_id)
        self._count += 1
        trade = ExchangeTrade(
            trade_id=str(self._count),
            venue_order_id=state.venue_order_id,
            symbol=order.symbol,
            px=at,
            qty=part,
            fee=Money(1),
            fee_asset=self.fee_asset,
            is_maker=order.ord_type is OrdType.LIMIT,
            ts_ns=NOW_NS,
        )
        self.made.setdefault(state.venue_order_id, []).append(trade)
        self._pay("BTC", part * order.side.sign * NANOS)
        self._pay("USDT", -part * order.side.sign * at)
        self._pay(trade.fee_asset, -trade.fee * NANOS)
        filled = Qty(state.filled_qty + part)
        status = ExchangeStatus.FILLED if filled == order.qty else state.status
        self.states[client_id] = replace(state, filled_qty=filled, status=status)
        return trade

    def _pay(self, asset: str, amount: int) -> None:
        self.wealth[asset] = self.wealth.get(asset, 0) + amount

    def _held(self) -> dict[str, int]:
        """Return what orders that work keep back, as a spot exchange does."""
        held: dict[str, int] = {}
        for order in self.sent:
            state = self.states.get(order.client_id)
            if state is None or state.status is not ExchangeStatus.WORKING:
                continue
            left, asset = order.qty - state.filled_qty, "BTC"
            if order.side is Side.BUY and order.price is not None:
                left, asset = left * order.price // NANOS, "USDT"
            held[asset] = held.get(asset, 0) + left
        return held

    def _get(self) -> None:
        if self.is_deaf:
            raise VenueUnavailableError("lost on the way")

    def _answer(self, answer: T) -> T:
        if self.is_mute:
            raise VenueUnavailableError("lost on the way back")
        return answer


class Gateway:
    """The gateway's desk on a bus, wired as its service wires it."""

    def __init__(
        self, bus: LocalBus, clock: Clock, exchange: Exchange, rules: Rules = RULES
    ) -> None:
        self.bus = bus
        ids = Ids(clock, chance.stream(len(rules.accounts), "ids"))
        self.log = LiveLog(bus=bus, clock=clock, ids=ids, log=LOG, state=LiveState(rules))
        self.market = LiveMarket(
            self.log, PaperBook, lambda: exchange.instruments, LiveQuotes(bus, self.log, LOG)
        )
        self.funding = LiveFunding(exchange=exchange, log=self.log, logger=LOG)
        self.work = LiveWork(
            exchange=exchange,
            log=self.log,
            market=self.market,
            clock=clock,
            logger=LOG,
            doubt_ns=6 * NS_PER_S,
        )
        self.balances = LiveBalances(
            exchange=exchange, log=self.log, market=self.market, logger=LOG
        )
        self.statement = LiveStatement(self.log.state, self.work, self.balances, clock)
        self.modes = LiveModes(log=self.log, ids=ids, logger=LOG)
        self.desk = LiveDesk(
            log=self.log,
            modes=self.modes,
            market=self.market,
            work=self.work,
            exchange=exchange,
            clock=clock,
            logger=LOG,
        )

    async def begin(self) -> None:
        """Read the log and serve."""
        await self.bus.fold(LIVE_EVENT, self.log.on_event)
        await self.bus.serve(LIVE_SUBMIT, self.desk.on_submit)
        await self.bus.serve(LIVE_CANCEL, self.desk.on_cancel)
        await self.bus.serve(LIVE_REPLACE, self.desk.on_replace)
        await self.bus.serve(LIVE_STATUS, self.desk.on_status)
        await self.bus.serve(LIVE_STATEMENT, self.statement.on_statement)
        await self.log.tell_again()

    async def open_balance(self) -> None:
        """Write the opening balance down."""
        await self.balances.open(asked_by="ann", reason="a test")

    async def raise_to(self, mode: LiveMode) -> None:
        """Raise the mode step by step."""
        for step in list(LiveMode)[1:]:
            if self.desk.state.mode.rank < step.rank <= mode.rank:
                armed = await self.modes.set_mode(step, asked_by="ann", reason="a test")
                assert armed is not None
                await self.modes.set_mode(step, asked_by="ann", reason="a test", code=armed.code)


@asynccontextmanager
async def running_gateway(
    log: MemoryLog,
    exchange: Exchange,
    clock: Clock,
    rules: Rules = RULES,
    symbol: str = "BTCUSDT",
) -> AsyncGenerator[Gateway]:
    """Run a gateway until the block ends; another on the same log is a restart."""
    bus = LocalBus(log, clock, with_codec=True)
    gateway = Gateway(bus, clock, exchange, rules)
    await gateway.begin()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gateway.desk.run())
        await until(lambda: not gateway.desk.problem and symbol in gateway.market.mids)
        yield gateway
        running.cancel()
    await bus.close()


REFUSED = VenueRejectedError("INSUFFICIENT_FUNDS")
