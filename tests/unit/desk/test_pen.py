"""What was begun in the log is carried to its end, whoever is cut off: nothing takes its number.

Loops of a service end before its intakes do, so that a report may come after a step was cut off.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from tests.factories import NOW_NS
from tests.trading import Core, PlainVenue, a_resting_ask, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Qty, parse_nanos
from trade2026.desk import persistence
from trade2026.model.journal import CancelRequested, JournalEvent, OrderReported
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Delivery

PART = Qty(parse_nanos("0.004"))


@asynccontextmanager
async def stopping_core(log: MemoryLog, venue: PlainVenue) -> AsyncGenerator[tuple[Core, OrderId]]:
    """Run a core until a cancel is in the log whose answer is not there, and its loops end."""
    core = Core(log, venue)
    await core.begin()
    running = asyncio.ensure_future(core.run())
    await asyncio.sleep(0)
    order, _ = await core.oms.submit(a_resting_ask())
    order_id = order.request.order_id
    await until(lambda: core.oms.journal.order(order_id).venue_ack_ns is not None)
    core.bus.tells.clear()
    core.bus.pauses_at, core.bus.is_mute = core.bus.count, True
    asking = asyncio.ensure_future(core.oms.cancel(order_id, "tess"))
    await until(lambda: core.bus.is_paused)
    running.cancel()
    try:
        yield core, order_id
    finally:
        log.up.set()
        core.bus.tells.set()
        await asyncio.gather(running, asking, return_exceptions=True)
        await core.bus.close()
        core.end()


async def steps_in(log: MemoryLog, order_id: OrderId) -> list[JournalEvent]:
    """Return the life of an order as the log has it."""
    steps: list[JournalEvent] = []

    async def on_event(event: JournalEvent, _: Delivery) -> None:
        if getattr(event, "order_id", "") == order_id:
            steps.append(event)

    bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
    await bus.fold(ORDERS_EVENT, on_event)
    await bus.close()
    return steps


async def test_a_report_that_follows_a_step_cut_off_in_the_log_is_in_the_log_too(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with stopping_core(log, venue) as (core, order_id):
        await venue.fill(order_id, PART)
        await until(lambda: core.oms.journal.order(order_id).cum_qty == PART)

        steps = await steps_in(log, order_id)
        fills = [s.report.last_qty for s in steps if isinstance(s, OrderReported)]
        assert sum(fills) == PART
        assert any(isinstance(step, CancelRequested) for step in steps)
        assert list(core.oms.journal.orders.events_of(order_id)) == steps


async def test_whoever_is_cut_off_while_the_log_is_away_leaves_a_pen_that_writes_no_more(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "END_WITHIN_S", 0.05)
    async with stopping_core(log, venue) as (core, order_id):
        log.up.clear()
        await asyncio.sleep(0.2)
        log.up.set()
        await venue.fill(order_id, PART)
        await asyncio.sleep(0.1)

        # What is not booked is not acknowledged either: the next life gets the report again.
        assert not any(
            isinstance(s, OrderReported) and s.report.last_qty
            for s in await steps_in(log, order_id)
        )
        assert core.oms.journal.order(order_id).cum_qty == 0

    after = Core(log, venue, life=1)
    await after.begin()
    await until(lambda: after.oms.journal.order(order_id).cum_qty == PART)
    fills = [
        s
        for s in await steps_in(log, order_id)
        if isinstance(s, OrderReported) and s.report.last_qty
    ]
    assert len(fills) == 1
    await after.bus.close()
    after.end()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)
