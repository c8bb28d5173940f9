"""What happens to an order while the log is read for it: forgotten, cut away, or of no hurry."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.factories import px
from tests.prism import IOC, SECOND, Orders, Prism, SetClock, inputs, living, status_of
from tests.unit.prism.test_control import pass_time
from tests.unit.prism.test_forgetting import kinds_of
from tests.unit.prism.test_log_search import DONE, Readings

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.errors import RefusedError
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest, Side
from trade2026.prism.outside import REMEMBER_NS, OutsiderOrder

SET_BACK_NS = 200 * SECOND
HOUR = 3_600 * SECOND


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def a_fresh(clock: SetClock, seed: int) -> NewOrderSingle:
    return Orders(clock, seed=seed).limit(Side.BUY, "1000", time_in_force=IOC)


async def a_forgotten(prism: Prism, clock: SetClock) -> NewOrderSingle:
    order = a_fresh(clock, 1)
    await prism.venue.submit(order)
    clock.advance(REMEMBER_NS + 10 * SECOND)
    await pass_time(prism, 1)
    assert prism.venue.floor.orders.get(order.order_id) is None
    return order


def asking(prism: Prism, what: str, order: NewOrderSingle) -> Coroutine[Any, Any, Any]:
    return prism.venue.submit(order) if what == "submit" else prism.venue.status(status_of(order))


def count_inputs(log: MemoryLog, order: NewOrderSingle) -> int:
    return sum(
        message.order is not None and message.order.order_id == order.order_id
        for message in inputs(log)
    )


async def asked_twice_while_another_is_looked_for(
    prism: Prism, clock: SetClock, order: NewOrderSingle, asks: tuple[str, str]
) -> tuple[Any, Any]:
    """Return both answers about *order*, which memory lets go of before the second comes."""
    old = await a_forgotten(prism, clock)
    clock.off_ns = -SET_BACK_NS
    readings = Readings(prism)
    readings.may_go.clear()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(asking(prism, asks[0], order))
        await asyncio.sleep(0.1)
        second = tasks.create_task(asking(prism, asks[1], order))
        tasks.create_task(prism.venue.status(status_of(old)))
        await asyncio.sleep(0.1)
        readings.one_more.release()
        await first
        await asyncio.sleep(0.1)
        for _ in range(3):
            clock.advance(REMEMBER_NS)
            await pass_time(prism, 1)
        readings.may_go.set()
    return first.result(), second.result()


@pytest.mark.parametrize("again", ["submit", "status"])
async def test_an_order_forgotten_while_the_log_is_read_is_not_repeated_and_not_denied(
    log: MemoryLog, clock: SetClock, again: str
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        clock.off_ns = -SET_BACK_NS
        order = a_fresh(clock, 9)
        clock.off_ns = 0

        _, told = await asked_twice_while_another_is_looked_for(
            prism, clock, order, ("submit", again)
        )

        assert told.is_accepted if again == "submit" else told.is_known
        assert kinds_of(log, order) == DONE


async def test_an_id_disowned_and_forgotten_while_the_log_is_read_stays_so(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        clock.off_ns = -SET_BACK_NS
        order = a_fresh(clock, 9)
        clock.off_ns = 0

        unknown, told = await asked_twice_while_another_is_looked_for(
            prism, clock, order, ("status", "submit")
        )

        assert not unknown.is_known
        assert told.text.startswith("DISOWNED")
        assert count_inputs(log, order) == 0


async def test_an_order_taken_and_forgotten_behind_what_was_read_is_not_repeated(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = a_fresh(clock, 9)
        old = await a_forgotten(prism, clock)
        readings = Readings(prism)
        readings.may_go.clear()
        prism.bus.pauses_at, prism.bus.pause_over = prism.bus.count, asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(prism.venue.submit(order))
            await asyncio.sleep(0.1)
            again = tasks.create_task(prism.venue.submit(order))
            tasks.create_task(prism.venue.status(status_of(old)))
            await asyncio.sleep(0.1)
            for _ in range(2):
                # The inputs, for the first and for the others, whose outcomes are not read yet.
                readings.one_more.release()
                await asyncio.sleep(0.1)
            assert prism.bus.is_paused
            prism.bus.pause_over.set()
            await first
            for _ in range(3):
                clock.advance(REMEMBER_NS)
                await pass_time(prism, 1)
            assert prism.venue.floor.orders.get(order.order_id) is None
            assert not again.done()
            readings.may_go.set()

        assert again.result().is_accepted
        assert kinds_of(log, order) == DONE


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize("what", ["submit", "status"])
async def test_an_order_that_is_cut_away_while_it_is_looked_for_is_called_neither_new_nor_unknown(
    log: MemoryLog, clock: SetClock, what: str, *, is_read: bool
) -> None:
    async with living(log, clock, keep_ns=240 * SECOND) as prism:
        await pass_time(prism, 1)
        order = a_fresh(clock, 9)
        await prism.venue.submit(order)

        for seed in range(8):
            await traded_on(prism, clock, seed)
        assert prism.venue.floor.orders.get(order.order_id) is None
        readings = Readings(prism)
        readings.may_go.clear()
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(_refused(asking(prism, what, order)))
            if is_read:
                # Its input; its outcome is gone when that is read.
                readings.one_more.release()
            await asyncio.sleep(0.1)
            for seed in range(8, 40):
                await traded_on(prism, clock, seed)
            assert count_inputs(log, order) == 0
            readings.may_go.set()

        assert "is not known any more" in asked.result()
        assert kinds_of(log, order) == DONE


async def traded_on(prism: Prism, clock: SetClock, seed: int) -> None:
    clock.advance(20 * SECOND)
    await prism.venue.submit(a_fresh(clock, 100 + seed))
    await pass_time(prism, 2)


def a_change(order: NewOrderSingle, replace_id: str) -> OrderReplaceRequest:
    return OrderReplaceRequest(
        order_id=order.order_id,
        replace_id=replace_id,
        account=order.account,
        venue=order.venue,
        symbol=order.symbol,
        price=px(f"100{replace_id}"),
        transact_time_ns=order.transact_time_ns,
    )


async def _refused(asking: Coroutine[Any, Any, Any]) -> str:
    with pytest.raises(RefusedError) as raised:
        await asking
    return str(raised.value)


async def test_a_fresh_order_waits_for_a_slow_log_where_the_clock_was_set_back_behind_the_cut(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock, keep_ns=240 * SECOND) as prism:
        for seed in range(30):
            await traded_on(prism, clock, seed)
        assert prism.venue.cut.log_seq
        clock.off_ns = -10_000 * SECOND
        order = a_fresh(clock, 9)
        readings = Readings(prism)
        readings.may_go.clear()
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(prism.venue.submit(order))
            await asyncio.sleep(0.1)
            await pass_time(prism, 6)
            readings.may_go.set()

        assert asked.result().is_accepted
        assert count_inputs(log, order) == 1


@pytest.mark.parametrize("is_asked_early", [False, True])
async def test_of_an_order_of_many_reports_no_less_is_told_than_memory_has(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch, *, is_asked_early: bool
) -> None:
    def has_two(order: OutsiderOrder) -> bool:
        return order.report_count > 1

    monkeypatch.setattr(OutsiderOrder, "is_partly_known", property(has_two))
    async with living(log, clock, keep_ns=240 * SECOND) as prism:
        order = Orders(clock, seed=1).limit(Side.BUY, "1000")
        await prism.venue.submit(order)
        await prism.venue.replace(a_change(order, "0"))
        if is_asked_early:
            await prism.venue.status(status_of(order))
        await prism.venue.replace(a_change(order, "1"))
        for seed in range(6):
            await traded_on(prism, clock, seed)
        readings = Readings(prism)
        readings.may_go.clear()
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(prism.venue.status(status_of(order)))
            await asyncio.sleep(0.1)
            # Its input, if it is read; its outcomes are cut away before they are.
            readings.one_more.release()
            for seed in range(6, 40):
                await traded_on(prism, clock, seed)
            assert count_inputs(log, order) == 0
            await prism.venue.replace(a_change(order, "2"))
            readings.may_go.set()

        remembered = prism.venue.floor.orders.get(order.order_id)
        assert remembered is not None
        again = await prism.venue.status(status_of(order))
        assert asked.result().reports == again.reports == tuple(remembered.reports)
        assert len(again.reports) == 4


async def test_fresh_orders_do_not_wait_until_the_log_is_read_for_another(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        old = await a_forgotten(prism, clock)
        clock.off_ns = -SET_BACK_NS
        await prism.venue.submit(a_fresh(clock, 9))
        readings = Readings(prism)
        readings.may_go.clear()
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(prism.venue.status(status_of(old)))
            await asyncio.sleep(0.1)
            ack = await prism.venue.submit(a_fresh(clock, 10))
            was_reading = not asked.done()
            readings.may_go.set()

        assert was_reading
        assert ack.is_accepted
        assert asked.result().is_known


async def test_who_goes_away_at_whatever_step_leaves_no_reader_behind(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        old = await a_forgotten(prism, clock)
        sources = log._sources  # pyright: ignore[reportPrivateUsage]
        begin_count, answered_at = len(sources), -1
        for steps in range(100):
            async with asyncio.TaskGroup() as tasks:
                asked = tasks.create_task(prism.venue.status(status_of(old)))
                for _ in range(steps):
                    await asyncio.sleep(0)
                if asked.done():
                    answered_at = steps
                asked.cancel()
            assert len(sources) == begin_count
            if answered_at >= 0:
                break

        assert answered_at > 8


async def test_who_goes_away_while_the_log_is_away_leaves_no_reader_behind(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        old = await a_forgotten(prism, clock)
        await prism.venue.status(status_of(old))
        await prism.venue.submit(a_fresh(clock, 2))
        sources = log._sources  # pyright: ignore[reportPrivateUsage]
        begin_count = len(sources)
        log.up.clear()
        for _ in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await prism.venue.status(status_of(old))
        log.up.set()

        assert (await prism.venue.status(status_of(old))).is_known
        assert len(sources) == begin_count


async def test_orders_of_many_hours_are_found_by_few_readings(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        sent: list[NewOrderSingle] = []
        for seed in range(6):
            sent.append(a_fresh(clock, seed))
            await prism.venue.submit(sent[-1])
            clock.advance(2 * HOUR)
            await pass_time(prism, 1)
        readings = Readings(prism)
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(prism.venue.status(status_of(one))) for one in sent]

        assert all(one.result().is_known for one in asked)
        assert len(readings.begins) <= 2
