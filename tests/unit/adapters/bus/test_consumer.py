"""A process that dies of an event: the log knows, and after some deaths leaves the event alone.

A death is a bus that is left hanging in its handler while another takes over its durable.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.contract.bus.messages import deposit, until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.errors import BusUnavailableError, StoppingError
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.kill import Cleared, ClearRequest
from trade2026.model.subjects import ORDERS_CLEAR, ORDERS_EVENT, Event
from trade2026.ports.bus import Delivery

TRIES = 2
KILLER = 2


class Lives:
    """One life of the consumer after another on one log."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.handled: list[int] = []
        self.rung: list[str] = []
        self.is_deadly = True
        self.deaths = 0
        self._end = asyncio.Event()
        self._buses: list[LocalBus] = []

    async def begin(self) -> LocalBus:
        """Open a bus on the log and consume."""
        bus = LocalBus(self.log, SystemClock(), with_codec=False)
        self._buses.append(bus)
        await bus.consume(
            ORDERS_EVENT, self._take, durable="sink", on_poison=self._ring, max_tries=TRIES
        )
        return bus

    async def _take(self, event: JournalEvent, _delivery: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        if event.amount == KILLER:
            if not self.is_deadly:
                raise ValueError("harmless so far")
            self.deaths += 1
            await self._end.wait()
        self.handled.append(int(event.amount))

    async def _ring(
        self, _subject: Event[object], _message: object, _delivery: Delivery, reason: str
    ) -> None:
        self.rung.append(reason)

    async def end(self) -> None:
        """Let go of what hangs, and close everything."""
        self._end.set()
        for bus in self._buses:
            await bus.close()


@pytest.fixture
async def lives() -> AsyncIterator[Lives]:
    lives = Lives()
    yield lives
    await lives.end()


async def test_an_event_that_kills_is_poisoned_after_as_many_deaths_as_tries(
    lives: Lives,
) -> None:
    bus = await lives.begin()
    for number in (1, KILLER, 3):
        await deposit(bus, f"account-{number}", number)
    await until(lambda: lives.deaths == 1)

    # Its neighbour is the first event of the second life, and is not taken for the killer.
    for life in range(2, 10):
        if lives.rung:
            break
        await lives.begin()
        await until(lambda life=life: lives.deaths == life or bool(lives.rung))

    await until(lambda: 3 in lives.handled)
    assert lives.rung == [f"{TRIES} processes died while they handled it"]
    assert lives.deaths in {TRIES, TRIES + 1}


async def test_a_parked_event_that_begins_to_kill_is_soon_tried_no_more(lives: Lives) -> None:
    lives.is_deadly = False
    bus = await lives.begin()
    await deposit(bus, "bad", KILLER)
    await until(lambda: bool(lives.rung))
    lives.is_deadly = True

    for life in range(1, TRIES + 1):
        await until(lambda life=life: lives.deaths == life)
        await lives.begin()
    await until(lambda: len(lives.rung) == 2)
    await asyncio.sleep(0.05)

    assert lives.deaths == TRIES
    assert lives.rung[1] == f"{TRIES} processes died while they handled it"


@pytest.mark.parametrize("is_group", [False, True])
async def test_an_event_that_a_service_takes_no_more_at_its_end_is_left_to_its_next_life(
    *, is_group: bool
) -> None:
    log, tried, rung = MemoryLog(), list[int](), list[str]()
    is_first = True

    async def take(event: JournalEvent, _: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        tried.append(int(event.amount))
        if is_first:
            error = StoppingError("nothing is written any more")
            raise ExceptionGroup("side by side", [error]) if is_group else error

    async def ring(_s: Event[object], _m: object, _d: Delivery, reason: str) -> None:
        rung.append(reason)

    bus = LocalBus(log, SystemClock(), with_codec=False)
    consumed = await bus.consume(
        ORDERS_EVENT, take, durable="sink", on_poison=ring, max_tries=TRIES
    )
    await deposit(bus, "one", 1)
    await deposit(bus, "two", 2)
    await until(lambda: bool(tried))
    await asyncio.sleep(0.2)
    assert tried == [1]
    await asyncio.wait_for(consumed.stop(), 1)
    await bus.close()

    is_first = False
    after = LocalBus(log, SystemClock(), with_codec=False)
    await after.consume(ORDERS_EVENT, take, durable="sink", on_poison=ring, max_tries=TRIES)
    await until(lambda: tried == [1, 1, 2])
    await after.close()
    assert rung == []


@pytest.mark.parametrize("is_group", [False, True])
async def test_who_asks_a_service_at_its_end_is_not_told_no(*, is_group: bool) -> None:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)

    async def answer(_: ClearRequest) -> Cleared:
        error = StoppingError("nothing is written any more")
        raise ExceptionGroup("side by side", [error]) if is_group else error

    await bus.serve(ORDERS_CLEAR, answer)
    with pytest.raises(BusUnavailableError):
        await bus.ask(ORDERS_CLEAR, ClearRequest(scope="global", asked_by="tess"))
    await bus.close()
