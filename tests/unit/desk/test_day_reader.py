"""Today's books are one fold for all who ask, equal to one made of the whole log."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from tests.books import Books, corrected, taken_back
from tests.factories import NOW_NS, a_deposit

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
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
    """Counts the events that are read from the log, but for single ones that are looked at."""

    read = 0

    async def fold(self, subject: Any, handler: EventHandler, **options: Any) -> Subscription:
        if "until_seq" in options:
            return await super().fold(subject, handler, **options)

        async def count(event: Any, delivery: Any) -> None:
            self.read += 1
            await handler(event, delivery)

        return await super().fold(subject, count, **options)


class World:
    """A log of trades, and who reads days of it."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(NOW_NS)
        self.log = MemoryLog()
        self.bus = CountingBus(self.log, self.clock, with_codec=True)
        self.path = folder / "day.snapshot"
        self.reader = self.started()
        self.books = Books()
        self._told = 0

    def started(self) -> DayReader:
        """Return a reader as it is after a start."""
        return DayReader(
            bus=self.bus,
            clock=self.clock,
            settles_at=settles_at,
            store=SnapshotFiles(self.path),
            log=structlog.get_logger(),
        )

    async def trade(self, count: int, symbol: str = "BTCUSDT") -> int:
        """Let so many trades happen, and return how many events the log has now."""
        for _ in range(count):
            self.books.trade("1", "100", symbol=symbol, ts_event_ns=self.clock.now_ns())
        return await self.tell()

    async def tell(self) -> int:
        """Have the log take what is new in the books, at this moment."""
        for event in self.books.log[self._told :]:
            name = EventId(f"event-{self._told}")
            self._told += 1
            now = msgspec.structs.replace(event, ts_ns=self.clock.now_ns())
            await self.bus.append(ORDERS_EVENT, now, event_id=name, account="default")
        return self._told

    async def counted(self, *days: Any) -> int:
        """Return how many events are read for these days, all asked for at once."""
        before = self.bus.read
        await asyncio.gather(*(self.reader.books(day) for day in days))
        return self.bus.read - before


def told(books: DayBooks) -> object:
    return books.ledger.digest(), books.sheet(), books.owed(), books.ledger.seq


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a log without trades."""
    return World(tmp_path)


async def test_only_what_is_new_is_read_for_today(world: World) -> None:
    before = await world.trade(20)
    assert await world.counted(TODAY) == before

    after = await world.trade(3)

    assert await world.counted(TODAY, TODAY, TODAY) == after - before
    assert await world.counted(TODAY) == 0


async def test_it_comes_to_the_same_as_the_whole_log(world: World) -> None:
    for _ in range(3):
        await world.trade(5)
        await world.reader.books(TODAY)

    found = told(await world.reader.books(TODAY))

    assert found == told(await fold_day(world.bus, TODAY, settles_at))


async def test_another_day_leaves_todays_books_where_they_are(world: World) -> None:
    before = await world.trade(5)
    await world.counted(TODAY)

    assert await world.counted(YESTERDAY) == before
    assert await world.counted(day_of(TimeNs(NOW_NS + 9 * DAY_S * NS_PER_S))) == before
    assert await world.counted(TODAY) == 0


async def test_a_day_that_is_just_over_goes_on_until_the_next_is_asked_for(world: World) -> None:
    await world.trade(5)
    await world.counted(TODAY)
    world.clock.advance(DAY_S * NS_PER_S)
    tomorrow = day_of(world.clock.now_ns())

    assert await world.counted(TODAY) == 0
    assert await world.counted(tomorrow) == 0


async def test_the_next_day_reads_no_more_than_its_own_events(world: World) -> None:
    before = await world.trade(5)
    await world.counted(TODAY)
    world.clock.advance(DAY_S * NS_PER_S)
    after = await world.trade(2)
    tomorrow = day_of(world.clock.now_ns())

    # Whoever asks for the day that is over has it to its end, and nothing of the next.
    assert await world.counted(TODAY) == after - before
    assert await world.counted(tomorrow) == after - before
    again = await world.reader.books(tomorrow)
    assert told(again) == told(await fold_day(world.bus, tomorrow, settles_at))
    assert len(again.sheet().trades) == 2


async def test_a_restart_reads_what_came_after_the_snapshot(world: World) -> None:
    before = await world.trade(20)
    await world.reader.books(TODAY)
    await world.reader.close()
    world.reader = world.started()
    after = await world.trade(3)

    assert await world.counted(TODAY) == after - before

    again = await world.reader.books(TODAY)
    assert told(again) == told(await fold_day(world.bus, TODAY, settles_at))


async def test_a_snapshot_of_a_later_day_is_not_used(world: World) -> None:
    await world.trade(5)
    world.clock.advance(2 * DAY_S * NS_PER_S)
    await world.reader.books(day_of(world.clock.now_ns()))
    await world.reader.close()
    world.clock = VirtualClock(NOW_NS)
    world.reader = world.started()

    again = await world.reader.books(TODAY)

    assert told(again) == told(await fold_day(world.bus, TODAY, settles_at))


@pytest.mark.parametrize("days", [(0, 0, 1), (0, 1, 1), (0, 1, 2), (0, 2, 2)])
async def test_what_is_undone_on_any_day_comes_to_the_same(
    world: World, days: Sequence[int]
) -> None:
    first = world.books.trade("1", "100", symbol="AAPL", ts_event_ns=NOW_NS)
    second = world.books.trade("3", "100", symbol="AAPL", ts_event_ns=NOW_NS)
    undone = (taken_back(first), corrected(second, "2", "90"))
    deeds = [lambda: None, lambda: world.books.undo(undone[0]), lambda: world.books.undo(undone[1])]
    for day, deed in zip(days, deeds, strict=True):
        deed()
        world.clock.set_to(NOW_NS + day * DAY_S * NS_PER_S)
        await world.tell()
        now = day_of(world.clock.now_ns())
        if day % 2:
            await world.reader.close()
            world.reader = world.started()

        found = told(await world.reader.books(now))

        assert found == told(await fold_day(world.bus, now, settles_at))


async def test_what_could_not_be_taken_is_met_again(world: World) -> None:
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


async def test_others_have_their_turn_while_a_day_is_read(world: World) -> None:
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
