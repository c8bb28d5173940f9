"""The sink stores every tick once, waits when it must, and says when it cannot store."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs
from tests.ticks import kinds_in, quotes, trades

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.lake.table import DeltaEvents
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.client import ObjectClient
from trade2026.adapters.objects.place import FolderPlace
from trade2026.core.clock import SystemClock
from trade2026.core.errors import UnavailableError
from trade2026.core.ids import EventId
from trade2026.desk.ticks import TableSink
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.subjects import MARKET_QUOTE, MARKET_TRADE, Event, Stream
from trade2026.ports.bus import StreamState

NEVER_S = 3600.0
PATIENCE_S = 20


class Table(DeltaEvents):
    """The real table, on a storage that can be away."""

    def __init__(self, place: FolderPlace) -> None:
        super().__init__(place, TICKS)
        self.why_away = ""
        self.is_answer_lost = False

    async def open(self, log_id: str) -> None:
        self._require_storage()
        await super().open(log_id)

    async def commit(self) -> int:
        self._require_storage()
        if self.is_answer_lost:
            # It is stored, but who asked for it never hears so.
            self.is_answer_lost = False
            await asyncio.to_thread(self._commit, self._holding.waiting())
            raise UnavailableError("no answer")
        return await super().commit()

    def _require_storage(self) -> None:
        if self.why_away:
            raise UnavailableError(self.why_away)


class Rig:
    """A log and a lake that outlive the sinks on them."""

    def __init__(self, folder: Path) -> None:
        self.place = FolderPlace(path=folder / "objects")
        self.log = MemoryLog()
        self.bus = LocalBus(self.log, SystemClock(), with_codec=True)
        self.table = Table(self.place)
        self._numbers = iter(range(1_000_000))

    async def tell(self, *batches: TradeBatch | QuoteBatch) -> None:
        """Append batches to the log."""
        for batch in batches:
            subject: Event[Any] = MARKET_TRADE if isinstance(batch, TradeBatch) else MARKET_QUOTE
            event_id = EventId(f"e{next(self._numbers)}")
            await self.bus.append(
                subject, batch, event_id=event_id, venue=batch.venue, symbol=batch.symbol
            )

    def sink(self, *, rows_max: int = 1_000, flush_s: float = NEVER_S) -> TableSink:
        """Return a sink with a new table object, as a new process has."""
        self.table = Table(self.place)
        log = structlog.get_logger("test")
        objects = ObjectClient(self.place)

        async def reach() -> None:
            await objects.get("probe")

        return TableSink(self.table, reach, self.bus, log, rows_max=rows_max, flush_s=flush_s)

    @asynccontextmanager
    async def living(self, sink: TableSink) -> AsyncGenerator[None]:
        """Let the sink live as the shell does; in the end it is left as a kill leaves it."""
        await sink.start()
        folds = [
            await self.bus.fold(
                MARKET_TRADE, sink.on_batch, from_seq=await sink.begin(TradeBatch)()
            ),
            await self.bus.fold(
                MARKET_QUOTE, sink.on_batch, from_seq=await sink.begin(QuoteBatch)()
            ),
        ]
        async with asyncio.TaskGroup() as tasks:
            loop = tasks.create_task(sink.run())
            yield
            loop.cancel()
        for fold in folds:
            await fold.stop()

    async def until_stored(self, count: int) -> None:
        """Return when the lake has *count* ticks."""
        async with asyncio.timeout(PATIENCE_S):
            while len(kinds_in(self.place)) < count:  # noqa: ASYNC110 - the lake tells nobody.
                await asyncio.sleep(0.02)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_what_the_log_holds_is_stored_and_what_comes_follows(rig: Rig) -> None:
    await rig.tell(trades(1, 2), quotes(3))

    async with rig.living(rig.sink(flush_s=0.05)):
        await rig.tell(trades(4))
        await rig.until_stored(4)

    assert kinds_in(rig.place) == [("quote", 3), ("trade", 1), ("trade", 2), ("trade", 4)]


async def test_the_next_life_begins_behind_what_is_stored(rig: Rig) -> None:
    await rig.tell(trades(1), quotes(2), trades(3))
    first = rig.sink(flush_s=0.05)
    async with rig.living(first):
        await rig.until_stored(3)
    await rig.tell(quotes(4), trades(5))

    second = rig.sink(flush_s=0.05)
    async with rig.living(second):
        await rig.until_stored(5)
        await asyncio.sleep(0.2)

    assert second.stored_rows == 2
    assert len(kinds_in(rig.place)) == 5


async def test_what_was_held_when_it_died_is_stored_by_the_next_life(rig: Rig) -> None:
    await rig.tell(trades(1), quotes(2))
    async with rig.living(rig.sink()):
        held = rig.table.waiting_rows

    async with rig.living(rig.sink(flush_s=0.05)):
        await rig.until_stored(2)

    assert held == 2
    assert kinds_in(rig.place) == [("quote", 2), ("trade", 1)]


async def test_enough_rows_are_committed_whatever_the_time(rig: Rig) -> None:
    sink = rig.sink(rows_max=3)
    async with rig.living(sink):
        await rig.tell(trades(1, 2), trades(3, 4))
        await rig.until_stored(4)

    assert sink.commit_count == 1


async def test_a_stop_stores_what_is_held(rig: Rig) -> None:
    sink = rig.sink()
    async with rig.living(sink):
        await rig.tell(trades(1))
        async with asyncio.timeout(PATIENCE_S):
            while not sink.waiting_rows:  # noqa: ASYNC110 - the bus tells nobody.
                await asyncio.sleep(0.01)

    await sink.stop()

    assert kinds_in(rig.place) == [("trade", 1)]


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(rig: Rig) -> None:
    sink = rig.sink(flush_s=0.05)
    async with rig.living(sink):
        rig.table.is_answer_lost = True
        await rig.tell(trades(1, 2))
        async with asyncio.timeout(PATIENCE_S):
            while not sink.commit_count:  # noqa: ASYNC110 - as above.
                await asyncio.sleep(0.01)

    assert kinds_in(rig.place) == [("trade", 1), ("trade", 2)]


async def test_while_the_storage_is_away_a_bounded_part_waits_and_nothing_is_lost(
    rig: Rig,
) -> None:
    sink = rig.sink(rows_max=10, flush_s=0.05)
    async with rig.living(sink):
        rig.table.why_away = "no storage"
        await rig.tell(*(trades(number) for number in range(100)))
        async with asyncio.timeout(PATIENCE_S):
            while sink.waiting_rows < 20:  # noqa: ASYNC110 - as above.
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        held, said = sink.waiting_rows, await sink.ping()
        rig.table.why_away = ""
        await rig.until_stored(100)
        healed = await sink.ping()

    assert held == 20
    assert said == "rows wait: no storage"
    assert healed == ""
    assert kinds_in(rig.place) == [("trade", number) for number in range(100)]


async def test_it_is_not_well_before_the_table_is_open(rig: Rig) -> None:
    sink = rig.sink()
    rig.table.why_away = "no storage"
    async with asyncio.TaskGroup() as tasks:
        starting = tasks.create_task(sink.start())
        await asyncio.sleep(0.05)
        said = await sink.ping()
        rig.table.why_away = ""
        await starting

    assert said == "rows wait: no storage"
    assert await sink.ping() == ""


class Forgetful(LocalBus):
    """A bus whose log has discarded its first events."""

    async def stream_state(self, stream: Stream) -> StreamState:
        state = await super().stream_state(stream)
        return msgspec.structs.replace(state, first_seq=5, last_seq=9)


@pytest.mark.parametrize(("stored", "is_told"), [(1, True), (4, False)])
async def test_events_that_the_log_discarded_unread_are_told(
    rig: Rig, stored: int, is_told: bool
) -> None:
    rig.bus = Forgetful(rig.log, SystemClock(), with_codec=True)
    await rig.sink().start()
    rig.table.add(trades(1), stored)
    await rig.table.commit()

    with capture_logs() as logs:
        await rig.sink().start()

    told = [entry for entry in logs if "discarded" in entry["event"]]
    assert bool(told) == is_told
