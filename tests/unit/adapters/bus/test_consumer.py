"""A process that dies of an event: the log knows, and after some deaths leaves the event alone.

A death is a bus that is left hanging in its handler while another takes over its durable.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.contract.bus.messages import deposit, until

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.subjects import ORDERS_EVENT, Event
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
