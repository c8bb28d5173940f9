"""The trading core in one process over an in-memory log, with a venue and crashes at will.

`Core` is the OMS, risk, execution, the ledger and P&L as their services wire them, without
HTTP. Dropping it and building another on the same log is a crash and a restart. The venue
outlives the core, as an exchange does.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from msgspec.structs import replace
from tests.factories import NOW_NS, a_quote

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core import chance
from trade2026.core.clock import Clock, VirtualClock
from trade2026.core.errors import VenueUnavailableError
from trade2026.core.ids import AccountId, EventId, ExecId, Ids, OrderId, StrategyId
from trade2026.core.numbers import Bps, Px, Qty, fee_of, parse_nanos, value_of
from trade2026.desk.algos import Algos
from trade2026.desk.ask import OrderAsk
from trade2026.desk.equity import EquityDesk
from trade2026.desk.execution import ExecutionDesk
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.orders import OmsSettings, OrderDesk
from trade2026.desk.risk import RiskDesk
from trade2026.desk.snapshots import Keeper, Snapshots
from trade2026.domain.risk.book import RiskBook
from trade2026.model.execution import (
    ExecType,
    ExecutionReport,
    VenueAck,
    VenueOrderStatus,
    lanes_of,
)
from trade2026.model.instrument import LIVE_INSTRUMENTS, PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
    OrdType,
    Side,
    TimeInForce,
)
from trade2026.model.position import BASE_CURRENCY
from trade2026.model.risk import RiskApproved
from trade2026.model.route import RouteAnswer
from trade2026.model.route_subjects import EXEC_ROUTE
from trade2026.model.subjects import (
    ALGO_EVENT,
    EXEC_CANCEL,
    EXEC_REPLACE,
    EXEC_REPORT,
    EXEC_STATUS,
    EXEC_SUBMIT,
    MARKET_QUOTE,
    MARKET_TRADE,
    ORDERS_EVENT,
    POSITION_EVENT,
    RISK_CHANGE,
    RISK_CHECK,
    RISK_CONTROL,
    RISK_HALT,
    Event,
)
from trade2026.ports.bus import Delivery, EventHandler, Subscription
from trade2026.ports.venue import Venue

PX = Px(parse_nanos("60000"))
FEE = Bps(5)
LOG = structlog.get_logger()


class CrashedError(BaseException):
    """The process ended here."""


class MortalBus(LocalBus):
    """A bus whose process dies at one of its appends, before it or just after."""

    dies_at = -1
    """Which append, counted from 0, kills; -1 is none."""
    is_stored = False
    """Whether that append still reaches the log."""
    count = 0
    died: asyncio.Event
    pauses_at = -1
    """Which append waits until `pause_over` is set, as for a log that does not answer."""
    is_mute = False
    """Whether the log has taken that append before it waits."""
    is_paused = False
    pause_over: asyncio.Event

    def __init__(self, log: MemoryLog, clock: Clock, *, with_codec: bool) -> None:
        super().__init__(log, clock, with_codec=with_codec)
        self.tells = asyncio.Event()
        """Cleared, nothing that the log has taken reaches a fold."""
        self.tells.set()

    async def fold(
        self, subject: Event[Any], handler: EventHandler, **options: Any
    ) -> Subscription:
        async def told(message: Any, delivery: Delivery) -> None:
            await self.tells.wait()
            await handler(message, delivery)

        return await super().fold(subject, told, **options)

    async def append(self, subject: Event[Any], message: Any, **options: Any) -> int:
        return await self._mortal(partial(super().append, subject, message, **options))

    async def append_behind(self, before_id: EventId, *event: Any, **options: Any) -> int:
        return await self._mortal(partial(super().append_behind, before_id, *event, **options))

    async def _mortal(self, append: Callable[[], Awaitable[int]]) -> int:
        number, self.count = self.count, self.count + 1
        if number == self.pauses_at:
            if self.is_mute:
                await append()
            self.is_paused = True
            await self.pause_over.wait()
        if self.dies_at < 0 or number < self.dies_at:
            return await append()
        if number == self.dies_at and self.is_stored:
            await append()
        self.died.set()
        # Nothing after this point happens: the process is gone.
        await asyncio.Event().wait()
        raise CrashedError


class PlainVenue:
    """Fills market orders at one price and lets limit orders rest; remembers everything.

    Its reports are in the log before it answers, and the same order is taken in once.
    """

    def __init__(self, log: MemoryLog, name: str = PRISM) -> None:
        self.name = name
        self.bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
        self.taken: dict[OrderId, NewOrderSingle] = {}
        self.reports: dict[OrderId, list[ExecutionReport]] = {}
        self.asked_about: list[OrderId] = []
        """The orders whose status was asked for."""
        self.replace_ids: list[str] = []
        """Of the changes that came, again and again where they came again."""
        self.refuses_changes = False
        self.refuses_cancels = False
        self.is_deaf = False
        """Whether requests get lost on the way to it."""
        self.is_mute = False
        """Whether its answers get lost on the way back."""
        self.is_lossy = False
        """Whether its reports get lost on the way to the log."""
        self._count = 0

    async def submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        order = approved.request
        self._hear()
        if order.order_id not in self.taken:
            self.taken[order.order_id] = order
            await self._report(order, ExecType.NEW)
            if order.ord_type is OrdType.MARKET:
                await self._report(order, ExecType.TRADE, order.order_qty)
        self._speak()
        return VenueAck(order_id=order.order_id, is_accepted=True)

    async def cancel(self, request: OrderCancelRequest) -> VenueAck:
        self._hear()
        order = self.taken.get(request.order_id)
        if order is None:
            return VenueAck(order_id=request.order_id, is_accepted=False, text="UNKNOWN_ORDER")
        if self._is_open(order):
            is_refused = self.refuses_cancels
            await self._report(order, ExecType.CANCEL_REJECTED if is_refused else ExecType.CANCELED)
        self._speak()
        return VenueAck(order_id=request.order_id, is_accepted=True)

    async def replace(self, request: OrderReplaceRequest) -> VenueAck:
        self._hear()
        order = self.taken.get(request.order_id)
        if order is None:
            return VenueAck(order_id=request.order_id, is_accepted=False, text="UNKNOWN_ORDER")
        self.replace_ids.append(request.replace_id)
        if all(r.replace_id != request.replace_id for r in self.reports[order.order_id]):
            asked = {"order_qty": request.order_qty, "price": request.price}
            new = replace(order, **{k: v for k, v in asked.items() if v is not None})
            is_open = self._is_open(order) and new.order_qty > self._cum_qty(order)
            if is_open and not self.refuses_changes:
                self.taken[order.order_id] = new
                await self._report(new, ExecType.REPLACED, replace_id=request.replace_id)
            else:
                kind = ExecType.REPLACE_REJECTED
                await self._report(order, kind, replace_id=request.replace_id)
        self._speak()
        return VenueAck(order_id=request.order_id, is_accepted=True)

    async def fill(self, order_id: OrderId, part: Qty) -> None:
        """Fill a part of what rests."""
        await self._report(self.taken[order_id], ExecType.TRADE, part)

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        self._hear()
        self.asked_about.append(request.order_id)
        reports = self.reports.get(request.order_id)
        self._speak()
        return VenueOrderStatus(
            order_id=request.order_id, is_known=reports is not None, reports=tuple(reports or ())
        )

    def _hear(self) -> None:
        if self.is_deaf:
            raise VenueUnavailableError("lost on the way")

    def _speak(self) -> None:
        if self.is_mute:
            raise VenueUnavailableError("lost on the way back")

    def _is_open(self, order: NewOrderSingle) -> bool:
        return all(r.leaves_qty for r in self.reports.get(order.order_id, ()))

    def _cum_qty(self, order: NewOrderSingle) -> int:
        return sum(r.last_qty for r in self.reports.get(order.order_id, ()))

    async def _report(
        self, order: NewOrderSingle, kind: ExecType, last: Qty = Qty(0), *, replace_id: str = ""
    ) -> None:
        self._count += 1
        cum_qty = self._cum_qty(order) + last
        is_open = kind not in {ExecType.CANCELED, ExecType.REJECTED} and self._is_open(order)
        is_replaced = kind is ExecType.REPLACED
        report = ExecutionReport(
            exec_id=ExecId(f"PLAIN-{self.name}-{self._count}"),
            order_id=order.order_id,
            venue_order_id=order.order_id,
            account=order.account,
            venue=self.name,
            symbol=order.symbol,
            side=order.side,
            exec_type=kind,
            last_px=(order.price or PX) if last else Px(0),
            last_qty=last,
            leaves_qty=Qty(order.order_qty - cum_qty if is_open else 0),
            cum_qty=Qty(cum_qty),
            replace_id=replace_id,
            order_qty=order.order_qty if is_replaced else None,
            price=order.price if is_replaced else None,
            fee=fee_of(value_of(order.price or PX, last), FEE),
            fee_asset=BASE_CURRENCY,
            report_seq=self._count,
            ts_event_ns=NOW_NS,
        )
        self.reports.setdefault(order.order_id, []).append(report)
        if self.is_lossy:
            return
        await self.bus.append(
            EXEC_REPORT,
            report,
            event_id=EventId(report.exec_id),
            venue=self.name,
            account=order.account,
        )


class Desks:
    """The desks of the trading core, wired as their services wire them.

    Args:
        bus: theirs.
        clock: theirs.
        venue: where orders go.
        others: where orders go besides; execution asks `route` for those that name no venue.
        route: chooses.
        life: how often the process had been started before.
        archive: where finished orders are kept; None is a place of their own.
    """

    def __init__(
        self,
        bus: LocalBus,
        clock: Clock,
        venue: Venue,
        *,
        others: Sequence[Venue] = (),
        route: Callable[[NewOrderSingle], RouteAnswer] | None = None,
        life: int = 0,
        archive: Path | None = None,
        snapshot_after: int = 3,
    ) -> None:
        # The thread of a core that died may write its snapshot a moment longer.
        self._folder = TemporaryDirectory(ignore_cleanup_errors=True)
        files = archive.parent if archive else Path(self._folder.name)
        self.life = life
        self.handled: dict[EventHandler, int] = {}
        """Up to where in its stream each fold has done all that it does."""
        self._bus = bus
        ids = self.ids = Ids(clock, chance.stream(life, "ids"))
        self.risk = RiskDesk(
            bus=bus,
            clock=clock,
            ids=ids,
            log=LOG,
            book=RiskBook(instruments=(*PRISM_INSTRUMENTS, *LIVE_INSTRUMENTS)),
        )
        self._route = route
        self.oms = OrderDesk(
            bus=bus,
            clock=clock,
            ids=ids,
            log=LOG,
            settings=OmsSettings(routed_accounts=("default",) if route else ()),
            calendar=ExchangeCalendar(),
            archive=SqliteOrderArchive(archive or files / "orders.db"),
        )
        self.algos = Algos(bus=bus, clock=clock, log=LOG, orders=self.oms)
        self.exeq = ExecutionDesk({one.name: one for one in (venue, *others)})
        self.ptrc = LedgerDesk(bus, clock, ids, LOG)
        self.pnl = EquityDesk(bus=bus, clock=clock, log=LOG)

        def snapshots(keeper: Keeper[Any]) -> Snapshots:
            store = SnapshotFiles(files / f"{keeper.fold}.snapshot")
            # So often that a crash finds one, in whichever step of an order it comes.
            return Snapshots(
                keeper,
                store=store,
                bus=bus,
                clock=clock,
                log=LOG,
                most=snapshot_after,
                least_ns=0,
            )

        self.risk_snapshots = snapshots(self.risk.keeper())
        self.ptrc_snapshots = snapshots(self.ptrc.keeper())
        self.pnl_snapshots = snapshots(self.pnl.keeper())
        self.algo_snapshots = snapshots(self.algos.keeper())

    async def begin(self) -> None:
        """Read the log and serve, in the services' order; the quote is always fresh."""
        bus = self._bus
        await bus.fold(RISK_CONTROL, self.risk.on_control)
        await self._follow(ORDERS_EVENT, self.risk.on_journal, self.risk_snapshots)
        self.risk.book.quote(PRISM, "BTCUSDT", a_quote("59999.99", "60000.01"), NOW_NS)
        await bus.serve(RISK_CHECK, self.risk.on_check)
        await bus.serve(RISK_CHANGE, self.risk.on_change)
        await bus.serve(RISK_HALT, self.risk.on_halt)
        await bus.serve(EXEC_SUBMIT, self.exeq.on_submit)
        await bus.serve(EXEC_CANCEL, self.exeq.on_cancel)
        await bus.serve(EXEC_REPLACE, self.exeq.on_replace)
        await bus.serve(EXEC_STATUS, self.exeq.on_status)
        if self._route is not None:
            await bus.serve(EXEC_ROUTE, self._on_route)
        await self._follow(POSITION_EVENT, self.ptrc.on_own_event, self.ptrc_snapshots)
        await self._follow(ORDERS_EVENT, self.ptrc.on_journal, self.ptrc_snapshots)
        await self._follow(POSITION_EVENT, self.pnl.on_position, self.pnl_snapshots)
        journal = self.oms.journal
        await bus.fold(ORDERS_EVENT, journal.on_event, from_seq=await journal.begin())
        await self._follow(ALGO_EVENT, self.algos.on_event, self.algo_snapshots)
        market = self.algos.market
        await bus.fold(MARKET_TRADE, market.on_trades, from_seq=await market.first_trade_seq())
        await bus.fold(MARKET_QUOTE, market.on_quotes, from_seq=await market.first_quote_seq())
        await bus.consume(EXEC_REPORT, self.algos.on_report, durable="oms-reports", lanes=lanes_of)
        await bus.consume(RISK_CONTROL, self.algos.on_control, durable="oms-control")
        await self.oms.open_accounts()

    async def _on_route(self, order: NewOrderSingle) -> RouteAnswer:
        assert self._route is not None
        return self._route(order)

    async def _follow(
        self, subject: Event[Any], handler: EventHandler, snapshots: Snapshots
    ) -> None:
        begin = await snapshots.begin(subject)()
        follow = snapshots.following(subject, handler)
        self.handled[handler] = begin - 1

        async def note(message: Any, delivery: Delivery) -> None:
            await follow(message, delivery)
            self.handled[handler] = delivery.stream_seq

        await self._bus.fold(subject, note, from_seq=begin)

    async def run(self) -> None:
        """Sweep and work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.algos.run())
            await self.oms.run()

    def end(self) -> None:
        """Let go of the files."""
        self.oms.journal.orders.close()
        self._folder.cleanup()


class Core(Desks):
    """The core on a bus that may die, and a clock that moves when told to."""

    def __init__(self, log: MemoryLog, venue: PlainVenue, *, life: int = 0, **options: Any) -> None:
        self.clock = VirtualClock(NOW_NS)
        self.bus = MortalBus(log, self.clock, with_codec=True)
        self.bus.died, self.bus.pause_over = asyncio.Event(), asyncio.Event()
        super().__init__(self.bus, self.clock, venue, life=life, **options)


@asynccontextmanager
async def running_core(
    log: MemoryLog,
    venue: PlainVenue,
    *,
    life: int = 0,
    dies_at: int = -1,
    is_stored: bool = False,
    **options: Any,
) -> AsyncGenerator[Core]:
    """Run a core until the block ends; it may die at one of its appends, even while starting."""
    core = Core(log, venue, life=life, **options)
    core.bus.dies_at, core.bus.is_stored = dies_at, is_stored
    is_up = asyncio.Event()

    async def live() -> None:
        await core.begin()
        is_up.set()
        await core.run()

    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(live())
            await first_of(is_up, core.bus.died)
            await asyncio.sleep(0)
            yield core
            running.cancel()
            await core.bus.close()
            await core.ptrc.close()
    finally:
        core.end()


async def first_of(*events: asyncio.Event) -> None:
    """Return when one of the events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Return when *condition* holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event.
            await asyncio.sleep(0.001)


def an_ask(key: str | None = None, **changes: Any) -> OrderAsk:
    """Return a request to buy 0.01 BTCUSDT at the market, changed by *changes*."""
    fields: dict[str, Any] = {
        "account": AccountId("default"),
        "strategy": StrategyId("manual"),
        "venue": PRISM,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "ord_type": OrdType.MARKET,
        "time_in_force": TimeInForce.IOC,
        "order_qty": Qty(parse_nanos("0.01")),
        "price": None,
        "cl_ord_id": key,
        "sent_by": "tess",
    }
    return OrderAsk(**{**fields, **changes})


def a_resting_ask(key: str | None = None, **changes: Any) -> OrderAsk:
    """Return a request to buy far below the market."""
    resting = {
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "price": Px(parse_nanos("50000")),
    }
    return an_ask(key, **{**resting, **changes})
