"""Reconciliation at work: what is on its way is waited for, what stays raises the alarm."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import structlog
from tests.factories import a_fill, an_unknown, qty

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core import chance
from trade2026.core.clock import SystemClock
from trade2026.core.ids import AccountId, EventId, Ids
from trade2026.core.numbers import NANOS, SignedQty, Value
from trade2026.desk import reconciling
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.reconciling import ReconcilingDesk
from trade2026.model.reconciliation import Statement, StatementLine, StatementRequest
from trade2026.model.risk import Alert, HaltRequest, TradingMode
from trade2026.model.subjects import ORDERS_EVENT, RISK_HALT, VENUE_STATEMENT

LOG = structlog.get_logger()


class World:
    """A ledger, and a venue that counts one fill of 2 at 50,000."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.bus = LocalBus(MemoryLog(), clock, with_codec=True)
        self.books = LedgerDesk(self.bus, clock, Ids(clock, chance.stream(1, "ids")), LOG)
        self.desk = ReconcilingDesk(bus=self.bus, clock=clock, log=LOG, books=self.books)
        self.alarms: list[HaltRequest] = []

    async def begin(self) -> None:
        await self.bus.fold(ORDERS_EVENT, self.books.on_journal)
        await self.bus.serve(VENUE_STATEMENT, self.on_statement)
        await self.bus.serve(RISK_HALT, self.on_halt)

    async def on_statement(self, request: StatementRequest) -> Statement:
        line = StatementLine(
            account=AccountId("default"),
            symbol="BTCUSDT",
            quantity=SignedQty(2 * NANOS),
            cash=Value(-100_000 * NANOS**2),
        )
        return Statement(venue=request.venue, report_seq=1, lines=(line,))

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


async def test_a_venue_that_is_away_is_asked_again_later() -> None:
    alone = World()

    await alone.desk.check()

    assert alone.desk.last is None
    await alone.bus.close()
