"""What every object storage, and the table of ticks on it, must do."""

from typing import Any

import pytest
from tests.contract.lake.table_contract import EventTableContract
from tests.ticks import EVERYTHING, rows_in, trades

from trade2026.adapters.lake.reading import newest_rows, summary_of, table_names
from trade2026.adapters.lake.spec import TableSpec
from trade2026.adapters.lake.table import DeltaEvents
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.client import ObjectClient
from trade2026.adapters.objects.place import Place
from trade2026.core.errors import InvalidInputError
from trade2026.model.market import QuoteBatch, TradeBatch


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


class LakeTables:
    """The tables of a lake."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def table(self, spec: TableSpec) -> DeltaEvents:
        return DeltaEvents(self._place, spec)

    async def rows(self, name: str) -> list[dict[str, Any]]:
        found = newest_rows(self._place, name, limit=EVERYTHING)
        return sorted(found, key=lambda row: (row["stream_seq"], row["batch_pos"]))


class TickTableContract(EventTableContract):
    """The table; the subclass has the fixture `place`, an empty storage."""

    @pytest.fixture
    def tables(self, place: Place) -> LakeTables:
        return LakeTables(place)

    async def test_a_new_table_is_empty_and_stands_before_the_first_event(
        self, place: Place
    ) -> None:
        table = await opened(place)

        assert (table.position(TradeBatch), table.position(QuoteBatch)) == (0, 0)
        assert await table.commit() == 0
        assert await table_names(place) == ["market_ticks"]
        assert rows_in(place) == []
        assert summary_of(place, "market_ticks").rows == 0

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
