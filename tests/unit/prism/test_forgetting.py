"""What memory lets go of while somebody asks for it: nothing is doubled, denied, or stopped."""

import asyncio
from typing import Any

import pytest
from tests.factories import an_order
from tests.prism import (
    IOC,
    SECOND,
    Orders,
    Prism,
    SetClock,
    cancel_of,
    inputs,
    living,
    published,
    status_of,
)
from tests.unit.prism.test_control import pass_time

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.errors import RefusedError
from trade2026.core.ids import OrderId
from trade2026.model.execution import ExecType, VenueAck
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest, Side
from trade2026.model.prism import PrismSnapshot
from trade2026.prism import outside
from trade2026.prism.journal import Journal
from trade2026.prism.outside import AHEAD_MAX_NS, FORGET_MAX, REMEMBER_NS, OutsideOrders

BUY = Side.BUY
FEW = 8


class Nothing(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        del key, value


@pytest.fixture
def log() -> MemoryLog:
    """Return a log that takes the same message again, as one does after some minutes."""
    log = MemoryLog()
    log._ids = Nothing()  # pyright: ignore[reportPrivateUsage]
    return log


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


@pytest.mark.parametrize("what", ["submit", "status"])
async def test_many_questions_about_a_new_order_that_many_others_push_out_do_it_once(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(outside, "MOST_REMEMBERED", FEW)
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = orders.market(BUY)

        async def ask_and_crowd() -> list[bool]:
            async with asyncio.TaskGroup() as tasks:
                first = tasks.create_task(prism.venue.submit(order))
                if what == "submit":
                    again = [tasks.create_task(prism.venue.submit(order)) for _ in range(6)]
                else:
                    asked = status_of(order)
                    again = [tasks.create_task(prism.venue.status(asked)) for _ in range(6)]
                for _ in range(2_000):
                    tasks.create_task(prism.venue.submit(an_ioc(orders)))
            assert first.result().is_accepted
            answers = [one.result() for one in again]
            return [a.is_accepted if isinstance(a, VenueAck) else a.is_known for a in answers]

        assert await asked_behind_many(prism, orders, ask_and_crowd()) == [True] * 6
        assert kinds_of(log, order).count(ExecType.NEW) == 1
        entered = [one for one in inputs(log) if one.order and one.order.order_id == order.order_id]
        assert len(entered) == 1
        assert not [one for one in inputs(log) if one.disowned is not None]


@pytest.mark.parametrize("ahead_s", [4, 30, 59])
async def test_an_order_made_by_a_clock_that_is_ahead_is_not_repeated(
    log: MemoryLog, clock: SetClock, ahead_s: int
) -> None:
    other = SetClock()
    other.off_ns = ahead_s * SECOND
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
        order = an_ioc(Orders(other))
        await prism.venue.submit(order)
        clock.advance(REMEMBER_NS + 2 * SECOND)
        await pass_time(prism, 2)
        assert prism.venue.floor.orders.get(order.order_id) is None

        assert (await prism.venue.submit(order)).is_accepted
        assert (await prism.venue.status(status_of(order))).is_known
        assert len(kinds_of(log, order)) == 2
        fresh = an_ioc(Orders(clock, seed=3))
        assert (await prism.venue.submit(fresh)).is_accepted
        assert len(kinds_of(log, fresh)) == 2


async def test_an_order_made_while_prism_was_away_before_the_clock_was_set_back_is_not_repeated(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
    clock.advance(50 * SECOND)
    order = an_ioc(Orders(clock))
    clock.off_ns = -3_600 * SECOND
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        await prism.venue.submit(order)
        for _ in range(2):
            clock.advance(REMEMBER_NS + 2 * SECOND)
            await pass_time(prism, 2)
            assert (await prism.venue.submit(order)).is_accepted
            assert len(kinds_of(log, order)) == 2
        clock.off_ns = 0
        await pass_time(prism, 2)
        assert (await prism.venue.submit(order)).is_accepted
    async with living(log, clock) as prism:
        await pass_time(prism, 2)
        assert (await prism.venue.submit(order)).is_accepted

    assert len(kinds_of(log, order)) == 2


async def test_an_order_of_a_clock_that_is_far_ahead_is_refused_and_not_disowned(
    log: MemoryLog, clock: SetClock
) -> None:
    other = SetClock()
    other.off_ns = AHEAD_MAX_NS + 60 * SECOND
    near = SetClock()
    near.off_ns = AHEAD_MAX_NS
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = an_ioc(Orders(other))
        # One that is ahead does not move how far another may be.
        await prism.venue.submit(an_ioc(Orders(near)))

        ack = await prism.venue.submit(order)
        with pytest.raises(RefusedError, match="a minute ahead"):
            await prism.venue.status(status_of(order))

        assert not ack.is_accepted
        assert ack.text.startswith("TOO_EARLY ")
        assert kinds_of(log, order) == []
        clock.advance(120 * SECOND)
        await pass_time(prism, 1)
        assert (await prism.venue.submit(order)).is_accepted


async def test_a_question_from_the_other_world_disowns_nothing(
    log: MemoryLog, clock: SetClock
) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = an_ioc(Orders(clock))
        await prism.venue.submit(order)

        assert not (await prism.venue.status(status_of(order), is_direct=True)).is_known
        clock.advance(REMEMBER_NS + 2 * SECOND)
        await pass_time(prism, 2)
        assert not (await prism.venue.status(status_of(order), is_direct=True)).is_known
        assert (await prism.venue.submit(order)).is_accepted
        assert (await prism.venue.status(status_of(order))).is_known
        assert not [one for one in inputs(log) if one.disowned is not None]


async def test_a_long_busy_time_is_forgotten_bit_by_bit() -> None:
    orders = OutsideOrders()
    orders.tick(0, 0)
    for number in range(2 * FORGET_MAX + 1):
        request = an_order(order_id=OrderId(f"o-{number}"))
        orders.disown(status_of(request), input_seq=number + 1, arrived_ns=0)
    orders.tick(REMEMBER_NS + 1, REMEMBER_NS + 1)

    left: list[int | None] = []
    for _ in range(3):
        orders.forget()
        left.append(orders.window_seq)

    assert left == [FORGET_MAX + 1, 2 * FORGET_MAX + 1, None]


async def test_an_order_made_by_a_clock_ahead_is_found_when_that_time_has_come(
    log: MemoryLog, clock: SetClock
) -> None:
    other = SetClock()
    other.off_ns = 55 * SECOND
    async with living(log, clock, keep_ns=240 * SECOND) as prism:
        await pass_time(prism, 3)
        order = an_ioc(Orders(other))
        await prism.venue.submit(order)
        for seed in range(14):
            clock.advance(10 * SECOND)
            await prism.venue.submit(an_ioc(Orders(clock, seed=seed)))
            await pass_time(prism, 2)

        assert (await prism.venue.submit(order)).is_accepted
        assert len(kinds_of(log, order)) == 2


async def test_an_order_that_is_known_is_so_however_far_the_clock_was_set_back(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(journal: Journal, snapshot: PrismSnapshot) -> bool:
        del journal, snapshot
        return False

    async with living(log, clock) as prism:
        monkeypatch.setattr(Journal, "snapshot", none)
        await pass_time(prism, 120)
        order = an_ioc(Orders(clock))
        await prism.venue.submit(order)
    clock.off_ns = -100 * SECOND
    async with living(log, clock) as prism:
        for _ in range(2):
            assert (await prism.venue.submit(order)).is_accepted
            assert (await prism.venue.status(status_of(order))).is_known
            clock.advance(REMEMBER_NS + 2 * SECOND)
            clock.off_ns -= REMEMBER_NS + 2 * SECOND
            await pass_time(prism, 2)

    assert len(kinds_of(log, order)) == 2
