"""Performance and attribution over HTTP, on curves that are read back after a restart."""

from typing import Any

import pytest
import structlog
from tests.apps import app_of, client_of
from tests.books import Books
from tests.factories import NOW_NS, px
from tests.tokens import Mint
from tests.trading import until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import AccountId, EventId
from trade2026.desk.equity import MARKS_WITHIN_NS, NS_PER_HOUR, EquityDesk
from trade2026.edge.performance import performance_routes
from trade2026.edge.positions import pnl_routes
from trade2026.model.subjects import PNL_HOUR, PNL_SNAPSHOT, POSITION_EVENT
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

LOG = structlog.get_logger()
OWN = AccountId("default")


class World:
    """P&L in one life, on a log that outlives it."""

    def __init__(self, log: MemoryLog, clock: VirtualClock) -> None:
        self.clock = clock
        self.bus = LocalBus(log, clock, with_codec=True)
        self.desk = EquityDesk(bus=self.bus, clock=clock, log=LOG)
        self.mint = Mint(clock)
        service = Service(
            name="pnl", routes=[*pnl_routes(self.desk), *performance_routes(self.desk)]
        )
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        self.client = client_of(app_of(service, doorkeeper, clock))

    async def begin(self) -> None:
        await self.bus.fold(POSITION_EVENT, self.desk.on_position)
        await self.bus.fold(PNL_SNAPSHOT, self.desk.on_own_snapshot)
        await self.bus.fold(PNL_HOUR, self.desk.on_own_hour)

    async def get(self, path: str, status: int = 200) -> Any:
        headers = self.mint.bearer(roles=["viewer"], accounts=["*"])
        reply = await self.client.get(path, headers=headers)
        assert reply.status_code == status, reply.text
        return reply.json()


async def a_morning(log: MemoryLog, clock: VirtualClock) -> World:
    """Return an account of 1,000 that bought 10 at 50, over three hours of marks."""
    world = World(log, clock)
    await world.begin()
    books = Books("1000")
    books.trade("10", "50")
    for place, change in enumerate(books.told):
        await world.bus.append(
            POSITION_EVENT, change, event_id=EventId(f"change-{place}"), account="default"
        )
    for mark in ("50", "60", "55"):
        world.desk.equity.mark("BTCUSDT", px(mark), clock.now_ns())
        await world.desk.draw()
        clock.advance(NS_PER_HOUR)
    return world


async def test_the_curve_by_the_hour_is_there_after_a_restart() -> None:
    log, clock = MemoryLog(), VirtualClock(NOW_NS)
    first = await a_morning(log, clock)
    await first.bus.close()

    second = World(log, clock)
    await second.begin()
    async with second.client:
        points = await second.get("/pnl/history?interval=hour")
        seconds = await second.get("/pnl/history")
        found = await second.get("/performance?period=hour")
        await second.get("/pnl/history?interval=week", status=422)
    await second.bus.close()

    assert [point["equity"] for point in points] == [1000, 1100, 1050]
    assert [point["equity"] for point in seconds] == [1000, 1100, 1050]
    # 1000, 1100, 1050, an hour without a point; and now, unmarked, what was paid.
    assert found["periods"] == 4
    assert found["max_drawdown"] == pytest.approx(1000 / 1100 - 1)
    assert found["periods_per_year"] == 8760


async def test_an_hour_is_not_drawn_before_there_are_marks() -> None:
    log, clock = MemoryLog(), VirtualClock(NOW_NS)
    await (await a_morning(log, clock)).bus.close()
    world = World(log, clock)
    await world.begin()
    before = len(world.desk.hours[OWN])

    await world.desk.draw()
    assert len(world.desk.hours[OWN]) == before

    clock.advance(MARKS_WITHIN_NS)
    await world.desk.draw()
    await until(lambda: len(world.desk.hours[OWN]) == before + 1)
    await world.bus.close()


async def test_where_the_gains_came_from_adds_up() -> None:
    world = await a_morning(MemoryLog(), VirtualClock(NOW_NS))
    async with world.client:
        found = await world.get("/attribution?by=symbol")
        minutes = await world.get("/performance?period=minute&days_per_year=252&riskless_rate=0.1")
        await world.get("/attribution?by=luck", status=422)
        await world.get("/attribution?account=nobody", status=404)
        await world.get("/performance?account=nobody", status=404)
    await world.bus.close()

    assert found["rows"] == [{**found["total"], "name": "BTCUSDT"}]
    assert (found["total"]["price"], found["total"]["total"]) == (50, 50)
    assert minutes["periods"] == 180
