"""The bus in one process: outages that are played, and names that cannot be."""

import asyncio

import pytest
from tests.contract.bus.messages import Book, a_deposit, deposit, until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.errors import BusUnavailableError, CodecError
from trade2026.core.ids import EventId
from trade2026.model.subjects import ORDERS_EVENT


def _a_bus(log: MemoryLog) -> LocalBus:
    return LocalBus(log, SystemClock(), with_codec=False)


async def test_an_append_during_an_outage_fails_after_its_time() -> None:
    log = MemoryLog()
    bus = _a_bus(log)
    log.up.clear()

    with pytest.raises(BusUnavailableError):
        await bus.append(
            ORDERS_EVENT, a_deposit("a", 1), event_id=EventId("1"), account="a", timeout_s=0.01
        )

    assert not await bus.is_reachable()


async def test_an_append_waits_for_the_end_of_a_short_outage() -> None:
    log = MemoryLog()
    bus = _a_bus(log)
    log.up.clear()

    async with asyncio.TaskGroup() as group:
        appended = group.create_task(deposit(bus, "a", 1))
        await asyncio.sleep(0.01)
        log.up.set()

    assert appended.result() == 1


async def test_consumers_wait_for_the_end_of_an_outage() -> None:
    log = MemoryLog()
    bus = _a_bus(log)
    book = Book()
    await bus.consume(ORDERS_EVENT, book.take, durable="sink")
    await deposit(bus, "a", 1)
    log.up.clear()
    await asyncio.sleep(0.02)
    before = list(book.seen)

    log.up.set()
    await until(lambda: bool(book.seen))
    await bus.close()

    assert before == []


async def test_the_codec_refuses_what_no_server_would_carry() -> None:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)

    with pytest.raises(CodecError):
        await bus.append(ORDERS_EVENT, object(), event_id=EventId("1"), account="a")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("durable", ["", "two words", "a.b", "*"])
async def test_a_durable_name_is_one_part_of_a_subject(durable: str) -> None:
    bus = _a_bus(MemoryLog())

    with pytest.raises(ValueError, match="cannot name a durable"):
        await bus.consume(ORDERS_EVENT, Book().take, durable=durable)
