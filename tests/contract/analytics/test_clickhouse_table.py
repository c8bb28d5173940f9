"""ClickHouse keeps the contract of a table of events."""

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.contract.analytics.conftest import Store
from tests.contract.lake.table_contract import EventTableContract
from tests.spans import measures_at
from tests.ticks import trades

from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace
from trade2026.adapters.analytics.table import ClickHouseEvents
from trade2026.adapters.lake.prism_rows import PRISM_ANALYTICS
from trade2026.adapters.lake.spec import TableSpec
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.core.errors import UnavailableError
from trade2026.model.measure import MeasuresBatch

pytestmark = pytest.mark.integration


async def rows_in(place: AnalyticsPlace, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table with their times in nanoseconds, without nulls."""
    query = (
        "SELECT * REPLACE (toUnixTimestamp64Nano(ts_event_ns) AS ts_event_ns,"  # noqa: S608
        f" toUnixTimestamp64Nano(ts_recv_ns) AS ts_recv_ns) FROM {name}"
        " ORDER BY stream_seq, batch_pos"
    )
    text = await AnalyticsClient(place).ask(query, answer_format="JSONEachRow")
    rows = [json.loads(line, parse_float=Decimal) for line in text.splitlines()]
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


class ClickHouseTables:
    """The tables of the analytics store."""

    def __init__(self, place: AnalyticsPlace) -> None:
        self._place = place

    def table(self, spec: TableSpec) -> ClickHouseEvents:
        return ClickHouseEvents(self._place, spec)

    async def rows(self, name: str) -> list[dict[str, Any]]:
        return await rows_in(self._place, name)


class TestClickHouseTable(EventTableContract):
    """The table."""

    @pytest.fixture
    def tables(self, store: Store) -> ClickHouseTables:
        return ClickHouseTables(store.place)


async def opened(store: Store) -> ClickHouseEvents:
    table = ClickHouseEvents(store.place, TICKS)
    await table.open("one")
    return table


async def test_numbers_are_exact_and_times_have_nanoseconds(store: Store) -> None:
    table = await opened(store)
    table.add(trades(10**17 + 1), 1)
    await table.commit()

    text = await AnalyticsClient(store.place).ask(
        "SELECT px, qty, ts_event_ns, toTypeName(px), toTypeName(ts_event_ns) FROM market_ticks",
        answer_format="TSVRaw",
    )

    assert text.decode().rstrip("\n").split("\t") == [
        "100000000.000000001",
        "200000000.000000002",
        "2027-12-05 09:46:40.000000001",
        "Nullable(Decimal(38, 9))",
        "DateTime64(9, 'UTC')",
    ]


async def test_what_cannot_be_stored_stays_held(store: Store) -> None:
    table = await opened(store)
    table.add(trades(1), 1)
    await store.server.stop()

    with pytest.raises(UnavailableError):
        await table.commit()
    held = table.waiting_rows
    await store.server.start()

    assert held == 1
    assert await table.commit() == 1


async def test_a_commit_whose_answer_was_lost_is_not_stored_again(store: Store) -> None:
    table = await opened(store)
    table.add(trades(1), 1)
    # It came to another process's attention, and was carried out.
    other = await opened(store)
    other.add(trades(1), 1)
    await other.commit()
    table.add(trades(2), 2)

    await table.commit()

    count = await AnalyticsClient(store.place).ask(
        "SELECT count(), uniqExact(stream_seq) FROM market_ticks"
    )
    assert count.split() == [b"2", b"2"]


async def test_an_inbox_that_lost_a_part_of_the_rows_moves_none(store: Store) -> None:
    class Emptied(ClickHouseEvents):
        times = 0

        async def _ask(self, query: str, **further: Any) -> bytes:
            if query.startswith("INSERT INTO market_ticks (") and self.times == 0:
                self.times += 1
                await super()._ask("ALTER TABLE market_ticks_inbox DELETE WHERE stream_seq = 1")
            return await super()._ask(query, **further)

    table = Emptied(store.place, TICKS)
    await table.open("one")
    table.add(trades(1), 1)
    table.add(trades(2), 2)

    await table.commit()

    rows = await AnalyticsClient(store.place).ask("SELECT stream_seq FROM market_ticks ORDER BY 1")
    assert (table.times, rows.split()) == (1, [b"1", b"2"])


async def test_a_commit_is_one_part_and_the_inbox_is_empty_behind_it(store: Store) -> None:
    table = await opened(store)
    for seq in range(1, 400):
        table.add(trades(*range(100), day=20_000 + seq), seq)
    await table.commit()

    client = AnalyticsClient(store.place)
    parts = await client.ask(
        "SELECT count(), sum(rows) FROM system.parts WHERE active AND table = 'market_ticks'"
    )
    assert parts.split() == [b"1", b"39900"]
    assert await client.ask("SELECT count() FROM market_ticks_inbox") == b"0\n"


async def test_events_without_rows_do_not_hold_the_position_back(store: Store) -> None:
    table = ClickHouseEvents(store.place, PRISM_ANALYTICS)
    await table.open("log")
    table.add(measures_at(), 4, needs_seq=2)

    assert await table.commit() == 0
    assert table.position(MeasuresBatch) == 4
    assert table.begins(MeasuresBatch) == 2


async def test_a_table_of_an_older_version_gets_its_new_columns(store: Store) -> None:
    table = await opened(store)
    table.add(trades(1), 1)
    await table.commit()
    client = AnalyticsClient(store.place)
    for name in ("market_ticks", "market_ticks_inbox"):
        await client.ask(f"ALTER TABLE {name} DROP COLUMN side, DROP COLUMN qty")

    table = await opened(store)
    table.add(trades(2), 2)
    await table.commit()

    found = await client.ask("SELECT stream_seq, qty, side FROM market_ticks ORDER BY stream_seq")
    assert found.decode().splitlines() == ["1\t\\N\t\\N", "2\t0.000000004\tSELL"]
