"""PRISM on a real log: the server is killed under it, then PRISM itself is gone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import structlog
from tests.integration.bus.conftest import Site
from tests.prism import (
    CONFIG,
    INSTRUMENTS,
    Orders,
    a_clock,
    check_floor,
    check_reports,
    make_agents,
)

from trade2026.core.clock import SystemClock
from trade2026.model.execution import ExecutionReport
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.prism import PrismOutcome
from trade2026.model.subjects import EXEC_REPORT, PRISM_OUTCOME
from trade2026.ports.bus import Bus, Delivery
from trade2026.prism.holdings import FeeRates
from trade2026.prism.life import House
from trade2026.prism.limits import Limits
from trade2026.prism.venue import Venue

pytestmark = pytest.mark.integration

CLOCK = SystemClock()
COUNT = 200


@asynccontextmanager
async def _life(bus: Bus) -> AsyncGenerator[Venue]:
    venue = Venue(
        bus=bus,
        clock=CLOCK,
        log=structlog.get_logger(),
        house=House(
            make_exchange=make_agents,
            instruments=INSTRUMENTS,
            fees=FeeRates(),
            limits=Limits(),
            seed=CONFIG.seed,
        ),
    )
    await venue.open()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(loop()) for loop in (venue.run, venue.recorder.run)]
        await asyncio.sleep(0)
        yield venue
        for task in running:
            task.cancel()


async def _read(
    bus: Bus,
) -> tuple[dict[int, tuple[ExecutionReport, bool]], list[ExecutionReport]]:
    told: dict[int, tuple[ExecutionReport, bool]] = {}
    public: list[ExecutionReport] = []

    async def on_outcome(outcome: PrismOutcome, _: Delivery) -> None:
        for report in outcome.reports:
            assert report.report_seq not in told
            told[report.report_seq] = (report, report.report_seq in outcome.direct_seqs)

    async def on_report(report: ExecutionReport, _: Delivery) -> None:
        public.append(report)

    for reading in (bus.fold(PRISM_OUTCOME, on_outcome), bus.fold(EXEC_REPORT, on_report)):
        subscription = await reading
        await subscription.stop()
    return told, public


async def test_a_killed_server_and_a_lost_life_neither_lose_nor_double_a_report(
    site: Site,
) -> None:
    orders = Orders(a_clock())
    acked: list[NewOrderSingle] = []
    bus = await site.bus()
    async with _life(bus) as venue:

        async def submit(number: int) -> None:
            side = Side.BUY if number % 2 else Side.SELL
            account = f"a{number % 3}"
            order = (
                orders.market(side, account=account)
                if number % 4
                else orders.limit(Side.BUY, "50000", account=account)
            )
            assert (await venue.submit(order, is_direct=number % 5 == 0)).is_accepted
            acked.append(order)

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            for number in range(COUNT):
                tasks.create_task(submit(number))
                await asyncio.sleep(0.005)
                if number == COUNT // 2:
                    site.kill()
                    await site.server.start()

    next_bus = await site.bus()
    async with _life(next_bus) as venue:
        told, public = await _read(next_bus)

        assert len(acked) == COUNT
        assert {o.order_id for o in acked} == {r.order_id for r, _ in told.values()}
        assert venue.floor.orders.open_count == 0
        check_floor(venue.floor)
        check_reports(venue.floor, told, public)
