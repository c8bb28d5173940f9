"""The clock on the wall is set, back or forward: outsiders trade on, and nothing is doubled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.prism import IOC, SECOND, Orders, Prism, SetClock, living, published, status_of
from tests.unit.prism.test_control import do, pass_time

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.errors import RefusedError
from trade2026.model.execution import ExecType
from trade2026.model.order import NewOrderSingle, Side, TimeInForce
from trade2026.model.prism import ControlKind
from trade2026.model.subjects import PRISM_INPUT, Stream
from trade2026.prism.outside import REMEMBER_NS

BUY = Side.BUY
KEEP = 60 * SECOND


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def an_ioc(orders: Orders) -> NewOrderSingle:
    return orders.limit(BUY, "1000", time_in_force=IOC)


def reports_of(log: MemoryLog, order: NewOrderSingle) -> list[ExecType]:
    return [r.exec_type for r in published(log) if r.order_id == order.order_id]


async def trade_on(prism: Prism, orders: Orders, steps: int) -> list[NewOrderSingle]:
    """Send an order every five seconds, and return them."""
    sent: list[NewOrderSingle] = []
    for _ in range(steps):
        sent.append(an_ioc(orders))
        assert (await prism.venue.submit(sent[-1])).is_accepted
        prism.clock.advance(5 * SECOND)
        await prism.settle()
    return sent


def count_reads(prism: Prism) -> list[int]:
    """Return a list to which every read of the inputs is added, by where it begins."""
    reads: list[int] = []
    fold: Callable[..., Awaitable[Any]] = prism.bus.fold

    async def counted(subject: Any, handler: Any, **more: Any) -> Any:
        if subject is PRISM_INPUT:
            reads.append(more["from_seq"])
        return await fold(subject, handler, **more)

    prism.bus.fold = counted
    return reads


async def test_after_it_is_set_back_the_log_is_read_once_for_all_fresh_orders(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        old = (await trade_on(prism, Orders(clock), 60))[0]
        before = len(reports_of(log, old))
        clock.off_ns = -300 * SECOND
        await prism.settle()
        reads = count_reads(prism)

        fresh = await trade_on(prism, Orders(clock, seed=1), 10)
        assert len(reads) == 1
        await trade_on(prism, Orders(clock, seed=2), 40)
        assert len(reads) <= 3

        assert all(len(reports_of(log, order)) == 2 for order in fresh)
        for order in (old, fresh[0]):
            assert (await prism.venue.submit(order)).is_accepted
            assert len(reports_of(log, order)) == before
            assert (await prism.venue.status(status_of(order))).is_known


async def test_set_back_behind_all_that_is_kept_fresh_orders_are_taken_and_old_ones_are_not(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock, keep_ns=KEEP) as prism:
        await trade_on(prism, Orders(clock), 60)
        assert prism.venue.cut.at_ns > 0
        clock.off_ns = -3_600 * SECOND
        stale = an_ioc(Orders(clock, seed=1))
        await pass_time(prism, 20)
    for seed in (2, 3):
        async with living(log, clock, keep_ns=KEEP) as prism:
            await pass_time(prism, 1)
            (fresh,) = await trade_on(prism, Orders(clock, seed=seed), 1)
            assert len(reports_of(log, fresh)) == 2
            with pytest.raises(RefusedError, match="not known any more"):
                await prism.venue.submit(stale)


async def test_an_order_that_came_while_it_was_ahead_holds_neither_window_nor_cut(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock, keep_ns=KEEP) as prism:
        await do(prism, ControlKind.PAUSE)
        clock.off_ns = 3_600 * SECOND
        (ahead,) = await trade_on(prism, Orders(clock, seed=1), 1)
        clock.off_ns = 0
        await prism.settle()
        await do(prism, ControlKind.START)
        await trade_on(prism, Orders(clock), 40)
        window = prism.venue.floor.orders.window_seq

        assert window is not None
        assert window > len(log.records(Stream.PRISM_INPUT)) // 4
        assert len(reports_of(log, ahead)) == 2
        assert (await prism.venue.submit(ahead)).is_accepted
        assert len(reports_of(log, ahead)) == 2


@pytest.mark.parametrize("off_s", [-7_200, -30, 30, 7_200])
async def test_a_clock_that_is_set_moves_no_market_and_cancels_nothing(
    log: MemoryLog, clock: SetClock, off_s: int
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 5)
        working = Orders(clock).limit(BUY, "50000")
        await prism.venue.submit(working)
        before = prism.venue.floor.exchange.sim_ns
        clock.off_ns = off_s * SECOND
        await prism.settle()
        stood = prism.venue.floor.exchange.sim_ns
        await pass_time(prism, 3)

        assert stood == before
        assert prism.venue.floor.exchange.sim_ns == before + 3 * SECOND
        assert reports_of(log, working) == [ExecType.NEW]


async def test_time_that_was_lost_is_not_traded_through_and_cancels_nothing(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 5)
        working = Orders(clock).limit(BUY, "50000")
        await prism.venue.submit(working)
        before = prism.venue.floor.exchange.sim_ns
        clock.advance(601 * SECOND)
        await prism.settle()
        stood = prism.venue.floor.exchange.sim_ns
        await pass_time(prism, 3)

        assert stood == before
        assert prism.venue.floor.exchange.sim_ns == before + 3 * SECOND
        assert reports_of(log, working) == [ExecType.NEW]


async def test_an_order_whose_time_is_over_by_the_markets_clock_is_told_so(
    log: MemoryLog, clock: SetClock
) -> None:
    clock.off_ns = 3_600 * SECOND
    async with living(log, clock) as prism:
        await pass_time(prism, 2)
    clock.off_ns = 0
    async with living(log, clock) as prism:
        await pass_time(prism, 2)
        order = Orders(clock).limit(
            BUY,
            "50000",
            time_in_force=TimeInForce.GTD,
            expire_ns=clock.now_ns() + 600 * SECOND,
        )
        await prism.venue.submit(order)

    (report,) = [r for r in published(log) if r.order_id == order.order_id]
    assert report.exec_type is ExecType.REJECTED
    assert report.text.startswith("TOO_LATE ")
    assert "the market's time is 2" in report.text


async def test_an_order_sent_again_just_as_memory_lets_go_of_it_is_not_repeated(
    log: MemoryLog, clock: SetClock
) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order, other = an_ioc(orders), an_ioc(orders)
        await prism.venue.submit(order)
        append, is_free = prism.bus.append, asyncio.Event()

        async def slow(*args: Any, **more: Any) -> Any:
            await is_free.wait()
            return await append(*args, **more)

        prism.bus.append = slow
        clock.advance(REMEMBER_NS + SECOND)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(prism.venue.submit(other))
            await asyncio.sleep(0.05)
            tasks.create_task(prism.venue.submit(order))
            await asyncio.sleep(0.05)
            is_free.set()

        assert len(reports_of(log, order)) == 2
