"""What was begun in the log is carried to its end, whoever is cut off: nothing takes its number.

Loops of a service end before its intakes do, so that a report may come after a step was cut off.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from tests.algos import an_algo
from tests.contract.bus.messages import a_deposit
from tests.factories import NOW_NS
from tests.live import PlainExchange, running_gateway
from tests.trading import LOG, PX, Core, PlainVenue, a_resting_ask, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import IllegalTransitionError, StoppingError, UnavailableError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px, Qty, parse_nanos
from trade2026.desk import persistence
from trade2026.desk.persistence import Pen
from trade2026.domain.oms.change import Change
from trade2026.model.journal import CancelRequested, JournalEvent, OrderReported
from trade2026.model.live import LiveMode
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Delivery

PART = Qty(parse_nanos("0.004"))


def breaks(*_: object) -> None:
    raise IllegalTransitionError("cannot be applied")


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


class Notes:
    """What is applied of what a pen writes; the first event cannot be."""

    def __init__(self, log: MemoryLog) -> None:
        self.bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
        self.pen = Pen(self.bus, LOG, ORDERS_EVENT)
        self.applied: list[int] = []

    async def write(self, number: int) -> None:
        def apply(seq: int) -> None:
            assert number != 1, "cannot be applied"
            self.applied.append(seq)

        event = a_deposit("default", number)
        await self.pen.write(event, apply, event_id=event.event_id, account="default")


async def test_after_an_event_that_cannot_be_applied_nothing_is_written_and_everybody_hears(
    log: MemoryLog,
) -> None:
    notes = Notes(log)
    watching = asyncio.ensure_future(notes.pen.watch())
    await notes.write(0)
    assert not watching.done()
    for number in (1, 2):
        with pytest.raises(StoppingError):
            await asyncio.wait_for(notes.write(number), 1)

    assert await notes.bus.last_seq(ORDERS_EVENT.stream) == 2
    assert notes.applied == [1]
    with pytest.raises(StoppingError):
        await asyncio.wait_for(watching, 1)
    await notes.bus.close()


async def test_an_event_that_cannot_be_applied_ends_the_desk_and_its_sender_is_not_told_no(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = Core(log, venue)
    await core.begin()
    running = asyncio.ensure_future(core.run())
    await asyncio.sleep(0)
    order, _ = await core.oms.submit(a_resting_ask())
    order_id = order.request.order_id
    await until(lambda: core.oms.journal.order(order_id).venue_ack_ns is not None)

    monkeypatch.setattr(core.oms.journal.orders, "apply", breaks)
    change = Change(price=Px(PX - PX // 10))
    with pytest.raises(UnavailableError):
        await asyncio.wait_for(core.oms.replace(order_id, change, "tess"), 1)
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(running, 1)

    assert ended.group_contains(StoppingError)
    await core.bus.close()
    core.end()


async def test_an_event_of_an_algorithm_that_cannot_be_applied_ends_its_desk(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = Core(log, venue)
    await core.begin()
    running = asyncio.ensure_future(core.oms.run())
    working = asyncio.ensure_future(core.algos.run())
    await asyncio.sleep(0)
    monkeypatch.setattr(core.algos, "_apply", breaks)
    with pytest.raises(UnavailableError):
        await asyncio.wait_for(core.algos.start(an_algo()), 1)
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(working, 1)

    assert ended.group_contains(StoppingError)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await core.bus.close()
    core.end()


async def test_an_event_of_the_live_gateway_that_cannot_be_applied_ends_it(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def live() -> None:
        async with running_gateway(log, PlainExchange(), VirtualClock(NOW_NS)) as gateway:
            monkeypatch.setattr(gateway.log.state, "apply", breaks)
            with pytest.raises(StoppingError):
                await gateway.raise_to(LiveMode.SHADOW)
            await asyncio.sleep(1)

    with pytest.raises(ExceptionGroup) as ended:
        await live()

    assert ended.group_contains(StoppingError)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)
