"""Orders that only the log knows: many questions, one reading, and each reads on."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
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
    living,
    published,
    status_of,
)
from tests.unit.prism.test_control import pass_time
from tests.unit.prism.test_forgetting import kinds_of

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.errors import BusUnavailableError, RefusedError
from trade2026.core.ids import OrderId
from trade2026.model.execution import ExecType, VenueOrderStatus
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.subjects import PRISM_INPUT, PRISM_OUTCOME, Stream
from trade2026.prism import log_search, outside
from trade2026.prism.log_search import LogSearch
from trade2026.prism.outside import REMEMBER_NS

ORDERS = 6
DONE = [ExecType.NEW, ExecType.EXPIRED]
"""Of an order that is filled at once or not at all."""


class Readings:
    """Counts what is read of the log, and holds it up, or keeps it from being read."""

    def __init__(self, prism: Prism) -> None:
        self.begins: list[int] = []
        """Where each reading of the inputs began."""
        self.outcome_count = 0
        self.end_count = 0
        """How often was asked where the log ends."""
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.one_more = asyncio.Semaphore(0)
        """Lets one reading through while none may go."""
        self.is_away = False
        self._fold: Callable[..., Awaitable[Any]] = prism.bus.fold
        self._last_seq = prism.bus.last_seq
        prism.bus.fold, prism.bus.last_seq = self.fold, self.last_seq

    async def last_seq(self, stream: Stream) -> int:
        self.end_count += stream is Stream.PRISM_INPUT
        return await self._last_seq(stream)

    async def fold(self, subject: Any, handler: Any, **more: Any) -> Any:
        if subject is PRISM_INPUT:
            self.begins.append(more["from_seq"])
        self.outcome_count += subject is PRISM_OUTCOME
        await self._turn()
        if self.is_away:
            raise BusUnavailableError("the log is away")
        return await self._fold(subject, handler, **more)

    async def _turn(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            ways = [
                tasks.create_task(self.may_go.wait()),
                tasks.create_task(self.one_more.acquire()),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def prism(log: MemoryLog, clock: SetClock) -> AsyncGenerator[Prism]:
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        yield prism


@pytest.fixture
async def forgotten(prism: Prism, clock: SetClock) -> list[NewOrderSingle]:
    """Return orders that are done, and old enough that only the log knows them."""
    orders = Orders(clock)
    sent = [orders.limit(Side.BUY, "1000", time_in_force=IOC) for _ in range(ORDERS)]
    for order in sent:
        await prism.venue.submit(order)
    clock.advance(REMEMBER_NS + 10 * SECOND)
    await pass_time(prism, 1)
    assert not any(prism.venue.floor.orders.get(order.order_id) for order in sent)
    return sent


def kinds(status: VenueOrderStatus) -> list[ExecType]:
    return [report.exec_type for report in status.reports]


async def test_all_who_ask_while_the_log_is_read_are_answered_by_one_more_reading(
    prism: Prism, forgotten: list[NewOrderSingle]
) -> None:
    readings = Readings(prism)
    readings.may_go.clear()
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(prism.venue.status(status_of(order)))
            for _ in range(50)
            for order in forgotten
        ]
        await asyncio.sleep(0.1)
        readings.may_go.set()

    assert all(one.result().is_known for one in asked)
    assert all(kinds(one.result()) == DONE for one in asked)
    # One for the places of the ids, one for who came first, one for all others.
    assert len(readings.begins) <= 3
    assert readings.outcome_count <= 2
    assert readings.end_count <= 3


async def test_what_was_found_before_is_not_told_twice_when_the_log_is_read_for_an_older_one(
    prism: Prism, forgotten: list[NewOrderSingle]
) -> None:
    await prism.venue.status(status_of(forgotten[-1]))
    readings = Readings(prism)
    readings.may_go.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(prism.venue.status(status_of(forgotten[1])))
        await asyncio.sleep(0.1)
        both = [
            tasks.create_task(prism.venue.status(status_of(forgotten[number])))
            for number in (0, -1)
        ]
        await asyncio.sleep(0.1)
        readings.may_go.set()

    assert [kinds(one.result()) for one in both] == [DONE, DONE]


async def test_who_asks_again_has_the_log_read_on_and_not_again(
    prism: Prism, forgotten: list[NewOrderSingle], clock: SetClock
) -> None:
    await prism.venue.status(status_of(forgotten[0]))
    await prism.venue.submit(Orders(clock, seed=1).limit(Side.BUY, "1000", time_in_force=IOC))
    end = await prism.bus.last_seq(PRISM_INPUT.stream)
    readings = Readings(prism)

    again = await prism.venue.status(status_of(forgotten[0]))
    at_the_end = await prism.venue.status(status_of(forgotten[0]))

    assert kinds(again) == kinds(at_the_end) == DONE
    assert len(readings.begins) == 1
    assert end - 2 < readings.begins[0] <= end


async def test_what_an_order_of_many_reports_does_later_is_told_to_who_asks_again(
    log: MemoryLog, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        order = orders.limit(Side.BUY, "1000")
        await prism.venue.submit(order)
        monkeypatch.setattr(outside.OutsiderOrder, "is_partly_known", property(lambda _: True))
        before = await prism.venue.status(status_of(order))
        await prism.venue.cancel(cancel_of(order))

        after = await prism.venue.status(status_of(order))

        assert kinds(before) == [ExecType.NEW]
        assert list(after.reports) == [r for r in published(log) if r.order_id == order.order_id]
        assert kinds(after) == [ExecType.NEW, ExecType.CANCELED]


async def test_who_goes_away_takes_the_answer_of_no_other_along(
    prism: Prism, forgotten: list[NewOrderSingle]
) -> None:
    readings = Readings(prism)
    readings.may_go.clear()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(prism.venue.status(status_of(forgotten[0])))
        await asyncio.sleep(0.1)
        others = [tasks.create_task(prism.venue.status(status_of(one))) for one in forgotten]
        await asyncio.sleep(0.1)
        first.cancel()
        readings.may_go.set()

    assert first.cancelled()
    assert all(one.result().is_known for one in others)


async def test_while_the_log_is_away_nothing_is_said_and_afterwards_all_is(
    prism: Prism, forgotten: list[NewOrderSingle]
) -> None:
    readings = Readings(prism)
    readings.is_away = True
    for ask in (prism.venue.status(status_of(forgotten[0])), prism.venue.submit(forgotten[0])):
        with pytest.raises(BusUnavailableError):
            await ask
    readings.is_away = False

    assert kinds(await prism.venue.status(status_of(forgotten[0]))) == DONE
    assert (await prism.venue.submit(forgotten[0])).is_accepted


@pytest.mark.parametrize("bound", ["MOST_KEPT", "MOST_REPORTS_KEPT"])
async def test_what_was_found_is_kept_for_the_last_asked_and_no_more(
    prism: Prism,
    forgotten: list[NewOrderSingle],
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
) -> None:
    monkeypatch.setattr(log_search, bound, 4)
    for order in forgotten:
        await prism.venue.status(status_of(order))
    readings = Readings(prism)

    newest = await prism.venue.status(status_of(forgotten[-1]))
    newest_begins = list(readings.begins)
    oldest = await prism.venue.status(status_of(forgotten[0]))

    assert kinds(newest) == kinds(oldest) == DONE
    assert newest_begins == []
    assert len(readings.begins) == 1


async def test_what_was_found_before_a_cut_that_took_more_is_read_anew(
    prism: Prism, forgotten: list[NewOrderSingle]
) -> None:
    cut_seq, order_id = 0, forgotten[0].order_id
    search = LogSearch(prism.bus, lambda: cut_seq)
    whole = await search.find(order_id, from_seq=1)
    cut_seq = whole.until_seq + 1

    after = await search.find(order_id, from_seq=cut_seq + 1)

    assert whole.is_known
    assert not after.is_known


async def test_an_id_that_says_no_time_is_looked_for_in_all_that_is_kept(
    log: MemoryLog, clock: SetClock
) -> None:
    order = an_order(order_id=OrderId("named-by-hand"), time_in_force=IOC)
    fresh = an_order(order_id=OrderId("another-by-hand"), time_in_force=IOC)
    async with living(log, clock) as prism:
        await pass_time(prism, 1)
        readings = Readings(prism)
        await prism.venue.submit(order)
        told = kinds_of(log, order)
        assert readings.begins == []
        clock.advance(REMEMBER_NS + 10 * SECOND)
        await pass_time(prism, 1)

        assert (await prism.venue.submit(order)).is_accepted
        assert kinds_of(log, order) == told
        assert kinds(await prism.venue.status(status_of(order))) == told
        assert (await prism.venue.submit(fresh)).is_accepted
        assert kinds_of(log, fresh) == told


async def test_an_id_that_says_no_time_may_have_come_before_the_cut(
    log: MemoryLog, clock: SetClock
) -> None:
    order = an_order(order_id=OrderId("named-by-hand"), time_in_force=IOC)
    async with living(log, clock, keep_ns=240 * SECOND) as prism:
        await prism.venue.submit(order)
        for seed in range(30):
            clock.advance(20 * SECOND)
            await prism.venue.submit(
                Orders(clock, seed=seed).limit(Side.BUY, "1000", time_in_force=IOC)
            )
            await pass_time(prism, 2)
        assert prism.venue.cut.log_seq

        for ask in (prism.venue.submit(order), prism.venue.status(status_of(order))):
            with pytest.raises(RefusedError, match="is not known any more"):
                await ask
