"""What memory lets go of while somebody asks for it: nothing is doubled, denied, or stopped."""

import asyncio
from typing import Any

import pytest
from tests.prism import (
    IOC,
    SECOND,
    Orders,
    Prism,
    SetClock,
    cancel_of,
    living,
    published,
    status_of,
)
from tests.unit.prism.test_control import pass_time

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.ids import OrderId
from trade2026.model.execution import ExecType
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest, Side
from trade2026.prism import outside
from trade2026.prism.outside import REMEMBER_NS

BUY = Side.BUY
FEW = 8


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def an_ioc(orders: Orders) -> NewOrderSingle:
    return orders.limit(BUY, "1000", time_in_force=IOC)


def kinds_of(log: MemoryLog, order: NewOrderSingle) -> list[ExecType]:
    return [r.exec_type for r in published(log) if r.order_id == order.order_id]


async def asked_behind_many(prism: Prism, orders: Orders, asked: Any) -> Any:
    """Return the answer to *asked*, which comes while more orders wait than are remembered."""
    append, is_free = prism.bus.append, asyncio.Event()

    async def slow(*args: Any, **more: Any) -> Any:
        await is_free.wait()
        return await append(*args, **more)

    prism.bus.append = slow
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(prism.venue.submit(an_ioc(orders)))
        await asyncio.sleep(0.05)
        for _ in range(300):
            tasks.create_task(prism.venue.submit(an_ioc(orders)))
        await asyncio.sleep(0.05)
        answer = tasks.create_task(asked)
        await asyncio.sleep(0.05)
        is_free.set()
    return answer.result()


@pytest.mark.parametrize("what", ["submit", "status", "cancel", "replace"])
async def test_who_asks_for_an_order_in_the_round_in_which_it_grows_old_is_answered(
    log: MemoryLog, clock: SetClock, what: str
) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = orders.market(BUY)
        await prism.venue.submit(order)
        told = kinds_of(log, order)
        clock.advance(REMEMBER_NS + SECOND)
        if what == "submit":
            assert (await prism.venue.submit(order)).is_accepted
        elif what == "status":
            status = await prism.venue.status(status_of(order))
            assert [r.exec_type for r in status.reports] == told
        elif what == "cancel":
            assert (await prism.venue.cancel(cancel_of(order))).is_accepted
        else:
            request = OrderReplaceRequest(
                order_id=order.order_id,
                replace_id="again",
                account=order.account,
                venue=order.venue,
                symbol=order.symbol,
                order_qty=order.order_qty,
                transact_time_ns=order.transact_time_ns,
            )
            assert (await prism.venue.replace(request)).is_accepted

        assert ExecType.TRADE in told
        assert kinds_of(log, order)[: len(told)] == told
        assert kinds_of(log, order).count(ExecType.TRADE) == told.count(ExecType.TRADE)
        assert (await prism.venue.submit(an_ioc(orders))).is_accepted


async def test_an_order_pushed_out_by_many_while_it_waits_is_not_repeated(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = an_ioc(orders)
        await prism.venue.submit(order)
        monkeypatch.setattr(outside, "MOST_REMEMBERED", FEW)

        ack = await asked_behind_many(prism, orders, prism.venue.submit(order))

        assert ack.is_accepted
        assert prism.venue.floor.orders.get(order.order_id) is None
        assert len(kinds_of(log, order)) == 2


async def test_an_order_pushed_out_by_many_while_it_is_asked_for_is_told_and_not_disowned(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = an_ioc(orders)
        await prism.venue.submit(order)
        monkeypatch.setattr(outside, "MOST_REMEMBERED", FEW)

        status = await asked_behind_many(prism, orders, prism.venue.status(status_of(order)))

        assert status.is_known
        assert [r.exec_type for r in status.reports] == kinds_of(log, order)


async def test_an_order_that_was_disowned_stays_so_while_many_push_that_out(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = an_ioc(orders)
        assert not (await prism.venue.status(status_of(order))).is_known
        monkeypatch.setattr(outside, "MOST_REMEMBERED", FEW)

        ack = await asked_behind_many(prism, orders, prism.venue.submit(order))

        assert not ack.is_accepted
        assert not prism.venue.floor.orders.is_disowned(OrderId(order.order_id))
        assert kinds_of(log, order) == []


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_an_order_on_its_way_while_the_clock_is_set_back_is_not_repeated(
    log: MemoryLog, clock: SetClock, *, is_restarted: bool
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 2)
        order = an_ioc(Orders(clock))
        clock.off_ns = -3_600 * SECOND
        await prism.venue.submit(order)
        before = kinds_of(log, order)
        clock.advance(REMEMBER_NS + 2 * SECOND)
        await pass_time(prism, 2)
        assert prism.venue.floor.orders.get(order.order_id) is None
        if not is_restarted:
            assert (await prism.venue.submit(order)).is_accepted
    if is_restarted:
        async with living(log, clock) as prism:
            await pass_time(prism, 2)
            assert (await prism.venue.submit(order)).is_accepted

    assert len(before) == 2
    assert kinds_of(log, order) == before
