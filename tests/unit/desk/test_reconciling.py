"""Reconciliation at work: what is on its way is waited for, what stays raises the alarm."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import structlog
from msgspec.structs import replace
from tests.factories import a_fill, an_unknown, money, px, qty
from tests.trading import Core, PlainVenue, a_resting_ask, running_core, until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core import chance
from trade2026.core.clock import SystemClock
from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import AccountId, EventId, ExecId, Ids, OrderId
from trade2026.core.numbers import NANOS, SignedQty, Value, value_of_money
from trade2026.desk import reconciling
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.rechecking import Rechecker
from trade2026.desk.reconciling import ReconcilingDesk
from trade2026.desk.runs import Runs
from trade2026.domain.position.reconcile import NOTHING
from trade2026.model.balance import VenueBalance
from trade2026.model.execution import ExecType
from trade2026.model.live_subjects import LIVE_STATEMENT
from trade2026.model.order import OrdStatus, OrdType
from trade2026.model.post_trade import ORDERS_RECHECK, RECONCILIATION
from trade2026.model.reconciliation import (
    Cause,
    RecheckRequest,
    Statement,
    StatementLine,
    StatementOrder,
    StatementRequest,
    moved_by,
)
from trade2026.model.risk import Alert, HaltRequest, TradingMode
from trade2026.model.subjects import ORDERS_EVENT, RISK_HALT, VENUE_STATEMENT

LOG = structlog.get_logger()


class World:
    """A ledger, and a venue that counts one fill of 2 at 50,000."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.bus = LocalBus(MemoryLog(), clock, with_codec=True)
        self.books = LedgerDesk(self.bus, clock, Ids(clock, chance.stream(1, "ids")), LOG)
        self.runs = Runs(self.bus, LOG)
        self.desk = ReconcilingDesk(
            bus=self.bus, clock=clock, log=LOG, books=self.books, runs=self.runs
        )
        self.alarms: list[HaltRequest] = []
        self.balances: tuple[VenueBalance, ...] | None = None
        self.answers: list[VenueBalance] = []
        """What there is at the next questions, one after another."""

    async def begin(self) -> None:
        await self.bus.fold(ORDERS_EVENT, self.books.on_journal)
        await self.bus.fold(RECONCILIATION, self.runs.on_run)
        await self.bus.serve(VENUE_STATEMENT, self.on_statement)
        await self.bus.serve(RISK_HALT, self.on_halt)

    async def on_statement(self, request: StatementRequest) -> Statement:
        line = StatementLine(
            account=AccountId("default"),
            symbol="BTCUSDT",
            quantity=SignedQty(2 * NANOS),
            cash=Value(-100_000 * NANOS**2),
        )
        if self.answers:
            self.balances = (self.answers.pop(0),)
        why = "no answer" if self.balances is None else ""
        return Statement(
            venue=request.venue,
            report_seq=1,
            lines=(line,),
            balances=self.balances,
            balances_why=why,
        )

    async def on_halt(self, request: HaltRequest) -> Alert:
        self.alarms.append(request)
        return Alert(
            alert_id=EventId("1"),
            level="WARN",
            kind="mode",
            scope="",
            text="",
            ts_ns=SystemClock().now_ns(),
        )

    async def hear_of_the_fill(self) -> None:
        event = an_unknown(a_fill(last_qty=qty("2")))
        await self.bus.append(ORDERS_EVENT, event, event_id=event.event_id, account=event.account)


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    """A desk of its own."""
    made = World()
    await made.begin()
    yield made
    await made.bus.close()


async def test_a_fill_on_its_way_is_waited_for(world: World) -> None:
    asking = asyncio.ensure_future(world.desk.reconcile())
    await asyncio.sleep(0.15)
    await world.hear_of_the_fill()

    found = await asking

    assert found.differences == ()
    assert found.waited_ns > 0
    assert await world.desk.ping() == ""


async def test_what_never_comes_is_told_once_and_until_it_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "WAIT_MAX_NS", 0)
    assert await world.desk.ping() == ""

    await world.desk.check()
    await world.desk.check()

    (alarm,) = world.alarms
    assert (alarm.account, alarm.mode) == ("default", TradingMode.NORMAL)
    assert "default BTCUSDT" in alarm.reason
    assert await world.desk.ping() == "unexplained differences: default BTCUSDT"

    await world.hear_of_the_fill()
    await world.desk.check()
    assert await world.desk.ping() == ""
    assert len(world.alarms) == 1


async def test_a_venue_that_is_away_is_no_comparison() -> None:
    alone = World()

    with pytest.raises(BusUnavailableError):
        await alone.desk.check()

    assert alone.desk.last == {}
    assert alone.runs.newest() == ()
    await alone.bus.close()


async def test_every_run_is_in_the_log_with_who_asked(world: World) -> None:
    await world.hear_of_the_fill()

    found = await world.desk.check("ada")

    await until(lambda: world.runs.newest() == (found,))
    assert (found.asked_by, found.differences) == ("ada", ())


async def test_the_exchange_is_compared_by_itself_once_it_has_traded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "WAIT_MAX_NS", 0)
    await world.hear_of_the_fill()
    assert world.desk.venues() == ("PRISM",)
    fill = a_fill(last_qty=qty("1"), venue="LIVE", exec_id=ExecId("BTCUSDT-1"))
    event = an_unknown(fill)
    await world.bus.append(ORDERS_EVENT, event, event_id=event.event_id, account=event.account)
    await world.bus.serve(LIVE_STATEMENT, world.on_statement)
    await until(lambda: world.desk.venues() == ("PRISM", "LIVE"))

    at_prism = await world.desk.check()
    at_the_exchange = await world.desk.check(venue="LIVE")

    assert at_prism.differences == ()
    (found,) = at_the_exchange.differences
    assert (found.log.quantity, found.venue.quantity) == (qty("1"), qty("2"))
    # What is well at one venue does not hide what is not at another.
    await world.desk.check()
    assert "default BTCUSDT" in await world.desk.ping()
    assert len(world.alarms) == 1


def a_balance(free: str) -> VenueBalance:
    """Return what there is of USDT where 100,000 of 250,000 were spent."""
    return VenueBalance(
        asset="USDT",
        free=value_of_money(money(free)),
        held=Value(0),
        opening=value_of_money(money("250000")),
    )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    monkeypatch.setattr(reconciling, "ASK_AGAIN_S", 0)


@pytest.mark.usefixtures("quick")
async def test_a_balance_without_a_cause_alarms_once_and_until_it_has_one(world: World) -> None:
    await world.hear_of_the_fill()
    world.balances = (a_balance("149999"),)

    found = await world.desk.check()
    await world.desk.check()

    assert found.unexplained_assets == ("USDT",)
    (alarm,) = world.alarms
    assert (alarm.account, alarm.reason) == (
        "default",
        "reconciliation: balance of USDT at PRISM",
    )
    assert await world.desk.ping() == "unexplained differences: PRISM USDT"
    # Not to be asked is no word that it is well again, and none that it is worse.
    world.balances = None
    assert (await world.desk.check()).balances_why == "no answer"
    assert await world.desk.ping() == "unexplained differences: PRISM USDT"
    world.balances = (a_balance("149999"),)
    await world.desk.check()
    assert len(world.alarms) == 1
    world.balances = (a_balance("150000"),)
    await world.desk.check()
    assert await world.desk.ping() == ""


@pytest.mark.usefixtures("quick")
async def test_an_exchange_is_watched_before_anything_traded_there(world: World) -> None:
    desk = ReconcilingDesk(
        bus=world.bus,
        clock=SystemClock(),
        log=LOG,
        books=world.books,
        runs=world.runs,
        live_accounts=(AccountId("real"), AccountId("other")),
    )
    assert desk.venues() == ("PRISM", "LIVE")
    gone = Statement(
        venue="LIVE",
        report_seq=0,
        lines=(),
        balances=(a_balance("249999"),),
    )

    async def on_statement(_: StatementRequest) -> Statement:
        return gone

    await world.bus.serve(LIVE_STATEMENT, on_statement)
    await desk.check(venue="LIVE")

    assert [(one.account, one.reason) for one in world.alarms] == [
        ("other", "reconciliation: balance of USDT at LIVE"),
        ("real", "reconciliation: balance of USDT at LIVE"),
    ]


@pytest.mark.usefixtures("quick")
async def test_a_venue_whose_balances_were_not_asked_alarms_nobody(world: World) -> None:
    await world.hear_of_the_fill()

    found = await world.desk.check()

    assert (found.balances, found.balances_why) == (None, "no answer")
    assert (world.alarms, await world.desk.ping()) == ([], "")


@pytest.mark.usefixtures("quick")
async def test_a_balance_that_lags_behind_its_fills_alarms_nobody(world: World) -> None:
    await world.hear_of_the_fill()
    world.answers = [a_balance("250000"), a_balance("150000")]

    found = await world.desk.check()

    assert (world.answers, found.unexplained_assets, world.alarms) == ([], (), [])


class Books:
    """Reconciliation beside a whole core, with a venue that states what it has done."""

    def __init__(self, core: Core, venue: PlainVenue) -> None:
        self.core = core
        self.venue = venue
        self.runs = Runs(core.bus, LOG)
        self.desk = ReconcilingDesk(
            bus=core.bus, clock=SystemClock(), log=LOG, books=core.ptrc, runs=self.runs
        )

    async def begin(self) -> None:
        await self.core.bus.serve(VENUE_STATEMENT, self.on_statement)
        await self.core.bus.serve(ORDERS_RECHECK, Rechecker(self.core.oms, LOG).on_recheck)

    async def on_statement(self, request: StatementRequest) -> Statement:
        reports = [one for told in self.venue.reports.values() for one in told]
        fills = [moved_by(one) for one in reports if one.exec_type is ExecType.TRADE]
        total = NOTHING
        for fill in fills:
            total = total.plus(fill)
        working = [
            StatementOrder(
                order_id=order_id,
                account=AccountId("default"),
                symbol="BTCUSDT",
                cum_qty=told[-1].cum_qty,
            )
            for order_id, told in self.venue.reports.items()
            if told[-1].leaves_qty
        ]
        line = StatementLine(
            account=AccountId("default"),
            symbol="BTCUSDT",
            quantity=total.quantity,
            cash=total.cash,
        )
        seq = max((one.report_seq for one in reports), default=0)
        return Statement(venue=request.venue, report_seq=seq, lines=(line,), orders=tuple(working))


@pytest.mark.parametrize("is_whole", [False, True])
async def test_a_lost_fill_is_booked_when_the_venue_gives_it_again(
    *, is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "WAIT_MAX_NS", 0)
    log = MemoryLog()
    venue = PlainVenue(log)
    async with running_core(log, venue) as core:
        books = Books(core, venue)
        await books.begin()
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        await until(lambda: bool(core.ptrc.working.newest(AccountId("default"), "BTCUSDT")))
        venue.is_lossy = True
        await venue.fill(order_id, qty("0.01" if is_whole else "0.004"))
        venue.is_lossy = False

        before = await books.desk.reconcile()
        found = await books.desk.check("ada")
        after = await books.desk.check()

        cause = Cause.ORDER_ENDED if is_whole else Cause.ORDER_TRADED
        assert [one.cause for one in before.orders] == [cause]
        assert [one.cause for one in before.differences] == [Cause.UNEXPLAINED]
        lost = venue.reports[order_id][-1].exec_id
        assert [(one.order_id, one.exec_id) for one in found.healed] == [(order_id, lost)]
        assert (found.differences, found.orders) == ((), ())
        assert (after.differences, after.orders, after.healed) == ((), (), ())
        status = core.oms.journal.order(order_id).status
        assert status is (OrdStatus.FILLED if is_whole else OrdStatus.PARTIALLY_FILLED)


async def test_what_the_venue_cannot_prove_is_left_and_alarmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconciling, "WAIT_MAX_NS", 0)
    log = MemoryLog()
    venue = PlainVenue(log)
    async with running_core(log, venue) as core:
        books = Books(core, venue)
        await books.begin()
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        await until(lambda: bool(core.ptrc.working.newest(AccountId("default"), "BTCUSDT")))
        # It states a fill that it has no report of.
        told = venue.reports[order_id]
        venue.reports[order_id] = [*told, replace(told[-1], cum_qty=qty("0.004"))]
        told_before = core.oms.journal.order(order_id)

        found = await books.desk.check()

        assert (len(found.orders), found.healed) == (1, ())
        assert core.oms.journal.order(order_id) == told_before
        assert "ORDER_TRADED" in await books.desk.ping()


async def test_no_venue_is_asked_about_what_rests_with_the_platform() -> None:
    log = MemoryLog()
    venue = PlainVenue(log)
    async with running_core(log, venue) as core:
        stop = a_resting_ask(ord_type=OrdType.STOP, price=None, stop_px=px("70000"))
        order, _ = await core.oms.submit(stop)
        order_id = order.request.order_id

        answer = await Rechecker(core.oms, LOG).on_recheck(
            RecheckRequest(order_ids=(order_id, OrderId("nobody")))
        )

        # It would be the venue's word that it never takes the order, and so it would be.
        assert (answer.healed, venue.asked_about) == ((), [])
        assert core.oms.journal.order(order_id).status is OrdStatus.ACCEPTED
