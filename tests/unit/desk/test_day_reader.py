"""Today's books are one fold for all who ask, equal to one made of the whole log."""

import asyncio
from typing import Any

from tests.books import Books
from tests.factories import NOW_NS, a_deposit

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import EventId
from trade2026.desk.day import DAY_S, DayBooks, fold_day
from trade2026.desk.day_reader import DayReader, day_of
from trade2026.model.instrument import InstrumentKind
from trade2026.model.subjects import ORDERS_EVENT, Stream
from trade2026.ports.bus import EventHandler, Subscription

TODAY = day_of(NOW_NS)
YESTERDAY = day_of(TimeNs(NOW_NS - DAY_S * NS_PER_S))


def settles_at(_: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
    return TimeNs(trade_ns + NS_PER_S)


class CountingBus(LocalBus):
    """Counts the events that are read from the log."""

    read = 0

    async def fold(self, subject: Any, handler: EventHandler, **options: Any) -> Subscription:
        async def count(event: Any, delivery: Any) -> None:
            self.read += 1
            await handler(event, delivery)

        return await super().fold(subject, count, **options)


class World:
    """A log of trades, and who reads days of it."""

    def __init__(self) -> None:
        self.clock = VirtualClock(NOW_NS)
        self.log = MemoryLog()
        self.bus = CountingBus(self.log, self.clock, with_codec=True)
        self.reader = DayReader(self.bus, self.clock, settles_at)
        self.books = Books()
        self._told = 0

    async def trade(self, count: int) -> int:
        """Let so many trades happen, and return how many events the log has now."""
        for _ in range(count):
            self.books.trade("1", "100", ts_event_ns=NOW_NS)
        for event in self.books.log[self._told :]:
            name = EventId(f"event-{self._told}")
            self._told += 1
            await self.bus.append(ORDERS_EVENT, event, event_id=name, account="default")
        return self._told

    async def counted(self, *days: Any) -> int:
        """Return how many events are read for these days, all asked for at once."""
        before = self.bus.read
        await asyncio.gather(*(self.reader.books(day) for day in days))
        return self.bus.read - before


def told(books: DayBooks) -> object:
    return books.ledger.digest(), books.sheet(), books.obligations.owed(), books.ledger.seq


async def test_only_what_is_new_is_read_for_today() -> None:
    world = World()
    before = await world.trade(20)
    assert await world.counted(TODAY) == before

    after = await world.trade(3)

    assert await world.counted(TODAY, TODAY, TODAY) == after - before
    assert await world.counted(TODAY) == 0


async def test_it_comes_to_the_same_as_the_whole_log() -> None:
    world = World()
    for _ in range(3):
        await world.trade(5)
        await world.reader.books(TODAY)

    found = told(await world.reader.books(TODAY))

    assert found == told(await fold_day(world.bus, TODAY, settles_at))


async def test_another_day_leaves_todays_books_where_they_are() -> None:
    world = World()
    before = await world.trade(5)
    await world.counted(TODAY)

    assert await world.counted(YESTERDAY) == before
    assert await world.counted(day_of(TimeNs(NOW_NS + 9 * DAY_S * NS_PER_S))) == before
    assert await world.counted(TODAY) == 0


async def test_a_day_that_is_just_over_goes_on_until_the_next_is_asked_for() -> None:
    world = World()
    before = await world.trade(5)
    await world.counted(TODAY)
    world.clock.advance(DAY_S * NS_PER_S)
    tomorrow = day_of(world.clock.now_ns())

    assert await world.counted(TODAY) == 0
    assert await world.counted(tomorrow) == before
    assert await world.counted(tomorrow) == 0


async def test_what_could_not_be_taken_is_met_again() -> None:
    world = World()
    count = await world.trade(2)
    subject = ORDERS_EVENT.name(account="default")
    world.log.append(Stream.ORDERS, subject, b"\xff", EventId("x"), now_ns=NOW_NS)
    # Another account goes on behind it.
    other = a_deposit(account="other")
    await world.bus.append(ORDERS_EVENT, other, event_id=EventId("other"), account="other")
    first = await world.reader.books(TODAY)
    before = told(first)
    assert first.ledger.seq == count + 2
    await world.trade(2)

    again = await world.reader.books(TODAY)

    assert told(again) == before


async def test_others_have_their_turn_while_a_day_is_read() -> None:
    world = World()
    count = await world.trade(400)
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(world.bus.read)
            await asyncio.sleep(0)

    running = asyncio.ensure_future(others())
    await world.reader.books(TODAY)
    running.cancel()

    # However long the log is, nobody waits for more than a few events of it.
    waits = [b - a for a, b in zip(turns, [*turns[1:], count], strict=True)]
    assert max(waits) <= 64
