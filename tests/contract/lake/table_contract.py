"""What every table of events must do, whatever store it is in."""

import asyncio
from typing import Any, Protocol

from tests.spans import measures_at
from tests.ticks import quotes, trades

from trade2026.adapters.lake.prism_rows import PRISM_ANALYTICS
from trade2026.adapters.lake.spec import TableSpec
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.measure import MeasuresBatch
from trade2026.ports.lake import EventTable


class Tables(Protocol):
    """A store that is empty at first."""

    def table(self, spec: TableSpec) -> EventTable:
        """Return a new object for the table of that description, not opened."""
        ...

    async def rows(self, name: str) -> list[dict[str, Any]]:
        """Return what the table holds, by `stream_seq` and `batch_pos`, without nulls."""
        ...


class EventTableContract:
    """The subclass has the fixture `tables`."""

    async def test_what_is_committed_is_there_and_what_is_held_is_not(self, tables: Tables) -> None:
        table = await opened(tables)
        table.add(trades(1, 2), 3)
        table.add(quotes(7), 4)
        stored = await table.commit()
        table.add(trades(9), 5)

        assert stored == 3
        assert table.waiting_rows == 1
        assert await kinds_in(tables) == [("quote", 7), ("trade", 1), ("trade", 2)]

    async def test_an_event_that_is_given_twice_is_held_once(self, tables: Tables) -> None:
        table = await opened(tables)
        table.add(trades(1), 3)
        table.add(trades(1), 3)
        table.add(quotes(7), 3)
        stored = await table.commit()

        assert stored == 2
        assert table.waiting_rows == 0
        assert await kinds_in(tables) == [("quote", 7), ("trade", 1)]

    async def test_the_table_says_how_far_it_has_come(self, tables: Tables) -> None:
        table = await opened(tables)
        table.add(trades(1), 3)
        table.add(quotes(7), 4)
        await table.commit()
        table.add(trades(2), 8)

        found = await opened(tables)

        assert (found.position(TradeBatch), found.position(QuoteBatch)) == (3, 4)

    async def test_an_event_that_is_stored_is_not_stored_again(self, tables: Tables) -> None:
        first = await opened(tables)
        first.add(trades(1), 3)
        await first.commit()
        second = await opened(tables)
        second.add(trades(1), 3)
        second.add(trades(2), 4)

        assert await second.commit() == 1
        assert await kinds_in(tables) == [("trade", 1), ("trade", 2)]

    async def test_rows_that_depend_on_earlier_events_say_where_to_begin(
        self, tables: Tables
    ) -> None:
        first = tables.table(PRISM_ANALYTICS)
        await first.open("log")
        first.add(measures_at(10), 5, needs_seq=2)
        first.add(measures_at(), 6, needs_seq=3)
        assert await first.commit() == 1
        second = tables.table(PRISM_ANALYTICS)
        await second.open("log")

        assert (second.position(MeasuresBatch), second.begins(MeasuresBatch)) == (6, 3)
        # Told again on the way, and known.
        second.add(measures_at(10), 5, needs_seq=2)
        second.add(measures_at(20), 7)
        assert await second.commit() == 1
        third = tables.table(PRISM_ANALYTICS)
        await third.open("log")
        assert second.begins(MeasuresBatch) == third.begins(MeasuresBatch) == 8
        rows = await tables.rows("prism_analytics")
        assert [row["ts_event_ns"] for row in rows] == [10, 20]

    async def test_two_writers_at_once_store_each_event_once(self, tables: Tables) -> None:
        writers = [await opened(tables), await opened(tables)]
        for seq in range(1, 9):
            for writer in writers:
                writer.add(trades(seq), seq)
            await asyncio.gather(*(writer.commit() for writer in writers))

        assert await kinds_in(tables) == [("trade", seq) for seq in range(1, 9)]

    async def test_another_log_counts_from_its_own_beginning(self, tables: Tables) -> None:
        first = await opened(tables)
        first.add(trades(1), 300)
        await first.commit()
        second = tables.table(TICKS)
        await second.open("another")
        second.add(trades(2), 1)

        assert await second.commit() == 1
        assert (await opened(tables)).position(TradeBatch) == 300


async def opened(tables: Tables) -> EventTable:
    """Return the table of ticks, opened for the log called ``one``."""
    table = tables.table(TICKS)
    await table.open("one")
    return table


async def kinds_in(tables: Tables) -> list[tuple[str, int]]:
    """Return kind and number of every tick, sorted."""
    return sorted(
        (row["kind"], row["seq"] if row["kind"] == "quote" else int(row["trade_id"]))
        for row in await tables.rows("market_ticks")
    )
