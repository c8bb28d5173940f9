"""What every object storage, and the table of ticks on it, must do."""

import asyncio

import pytest
from tests.spans import measures_at
from tests.ticks import kinds_in, quotes, rows_in, trades

from trade2026.adapters.lake.prism_rows import PRISM_ANALYTICS
from trade2026.adapters.lake.reading import newest_rows, summary_of, table_names
from trade2026.adapters.lake.table import DeltaEvents
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.client import ObjectClient
from trade2026.adapters.objects.place import Place
from trade2026.core.errors import InvalidInputError
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.measure import MeasuresBatch


class StorageContract:
    """The objects; the subclass has the fixture `place`, an empty storage."""

    async def test_what_is_put_is_given_back_until_it_is_replaced(self, place: Place) -> None:
        objects = ObjectClient(place)
        await objects.put("a/b", b"first")
        await objects.put("a/b", b"second")

        assert await objects.get("a/b") == b"second"
        assert await objects.get("a/c") is None

    async def test_folders_are_the_names_with_something_below(self, place: Place) -> None:
        objects = ObjectClient(place)
        for key in ("f/b/1", "f/a/x/2", "f/file", "g/c/3"):
            await objects.put(key, b"")

        assert await objects.folders("f") == ["a", "b"]
        assert await objects.folders("nothing") == []


class TickTableContract:
    """The table; the subclass has the fixture `place`, an empty storage."""

    async def test_a_new_table_is_empty_and_stands_before_the_first_event(
        self, place: Place
    ) -> None:
        table = await opened(place)

        assert (table.position(TradeBatch), table.position(QuoteBatch)) == (0, 0)
        assert await table.commit() == 0
        assert await table_names(place) == ["market_ticks"]
        assert rows_in(place) == []
        assert summary_of(place, "market_ticks").rows == 0

    async def test_what_is_committed_is_there_and_what_is_held_is_not(self, place: Place) -> None:
        table = await opened(place)
        table.add(trades(1, 2), 3)
        table.add(quotes(7), 4)
        stored = await table.commit()
        table.add(trades(9), 5)

        assert stored == 3
        assert table.waiting_rows == 1
        assert kinds_in(place) == [("quote", 7), ("trade", 1), ("trade", 2)]

    async def test_an_event_that_is_given_twice_is_held_once(self, place: Place) -> None:
        table = await opened(place)
        table.add(trades(1), 3)
        table.add(trades(1), 3)
        table.add(quotes(7), 3)
        stored = await table.commit()

        assert stored == 2
        assert table.waiting_rows == 0
        assert kinds_in(place) == [("quote", 7), ("trade", 1)]

    async def test_the_table_says_how_far_it_has_come(self, place: Place) -> None:
        table = await opened(place)
        table.add(trades(1), 3)
        table.add(quotes(7), 4)
        await table.commit()
        table.add(trades(2), 8)

        found = await opened(place)

        assert (found.position(TradeBatch), found.position(QuoteBatch)) == (3, 4)

    async def test_an_event_that_is_stored_is_not_stored_again(self, place: Place) -> None:
        first = await opened(place)
        first.add(trades(1), 3)
        await first.commit()
        second = await opened(place)
        second.add(trades(1), 3)
        second.add(trades(2), 4)

        assert await second.commit() == 1
        assert kinds_in(place) == [("trade", 1), ("trade", 2)]

    async def test_rows_that_depend_on_earlier_events_say_where_to_begin(
        self, place: Place
    ) -> None:
        first = DeltaEvents(place, PRISM_ANALYTICS)
        await first.open("log")
        first.add(measures_at(10), 5, needs_seq=2)
        first.add(measures_at(), 6, needs_seq=3)
        assert await first.commit() == 1
        second = DeltaEvents(place, PRISM_ANALYTICS)
        await second.open("log")

        assert (second.position(MeasuresBatch), second.begins(MeasuresBatch)) == (6, 3)
        # Told again on the way, and known.
        second.add(measures_at(10), 5, needs_seq=2)
        second.add(measures_at(20), 7)
        assert await second.commit() == 1
        third = DeltaEvents(place, PRISM_ANALYTICS)
        await third.open("log")
        assert second.begins(MeasuresBatch) == third.begins(MeasuresBatch) == 8
        rows = newest_rows(place, "prism_analytics", limit=9)
        assert [row["ts_event_ns"] for row in rows] == [10, 20]

    async def test_two_writers_at_once_store_each_event_once(self, place: Place) -> None:
        writers = [await opened(place), await opened(place)]
        for seq in range(1, 9):
            for writer in writers:
                writer.add(trades(seq), seq)
            await asyncio.gather(*(writer.commit() for writer in writers))

        assert kinds_in(place) == [("trade", seq) for seq in range(1, 9)]

    async def test_another_log_counts_from_its_own_beginning(self, place: Place) -> None:
        first = await opened(place)
        first.add(trades(1), 300)
        await first.commit()
        second = DeltaEvents(place, TICKS)
        await second.open("another")
        second.add(trades(2), 1)

        assert await second.commit() == 1
        assert (await opened(place)).position(TradeBatch) == 300

    async def test_tidying_merges_files_and_changes_no_row(self, place: Place) -> None:
        table = await opened(place)
        for seq in range(1, 6):
            table.add(trades(seq), seq)
            await table.commit()
        before = rows_in(place)

        await table.tidy()

        table.add(trades(6), 6)
        await table.commit()
        assert rows_in(place)[:-1] == before
        assert summary_of(place, "market_ticks").files == 2
        assert (await opened(place)).position(TradeBatch) == 6

    async def test_the_newest_rows_are_found_over_files_days_and_symbols(
        self, place: Place
    ) -> None:
        table = await opened(place)
        table.add(trades(1, 2, 3, day=20_001), 1)
        await table.commit()
        table.add(trades(4, 5, symbol="ETH/USD x", day=20_000), 2)
        await table.commit()

        newest = newest_rows(place, "market_ticks", limit=2)
        of_symbol = newest_rows(place, "market_ticks", limit=1, symbol="ETH/USD x")

        assert [row["trade_id"] for row in newest] == ["2", "3"]
        assert [row["trade_id"] for row in of_symbol] == ["5"]
        summary = summary_of(place, "market_ticks")
        assert (summary.rows, summary.files, summary.symbols) == (5, 2, 2)
        assert (summary.first_day, summary.last_day) == ("2024-10-04", "2024-10-05")

    async def test_a_table_that_is_not_there_is_said_to_be_so(self, place: Place) -> None:
        with pytest.raises(InvalidInputError, match="no table 'market_tocks'"):
            newest_rows(place, "market_tocks", limit=1)


async def opened(place: Place) -> DeltaEvents:
    """Return the table at *place*, opened for the log called ``one``."""
    table = DeltaEvents(place, TICKS)
    await table.open("one")
    return table
