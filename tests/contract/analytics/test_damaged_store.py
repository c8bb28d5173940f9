"""A damaged store says so, and what the log still has is there again: against the real engine."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.analytics.conftest import PASSWORD, READER_PASSWORD
from tests.contract.analytics.test_clickhouse_table import rows_in
from tests.ports import free_port
from tests.ticks import trades

from trade2026.adapters.analytics.aside import set_aside_unreadable
from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace
from trade2026.adapters.analytics.table import ClickHouseEvents
from trade2026.adapters.infra.clickhouse import WRITER, ClickHouseServer
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.core.errors import QueryRefusedError, StartError, UnavailableError
from trade2026.model.market import TradeBatch

pytestmark = pytest.mark.integration

LOG_ID = "1000000000000000000"
EVENTS = 5
Damage = Callable[[Path], None]


class Site:
    """A server with events in parts of their own, which is stopped and damaged."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self.data_dir = data_dir
        self.place = AnalyticsPlace(f"http://127.0.0.1:{self.port}", WRITER, PASSWORD)
        self.client = AnalyticsClient(self.place)
        self.server = ClickHouseServer(
            data_dir, port=self.port, password=PASSWORD, reader_password=READER_PASSWORD
        )

    async def opened(self) -> ClickHouseEvents:
        table = ClickHouseEvents(self.place, TICKS)
        await table.open(LOG_ID)
        return table

    async def tell(self, table: ClickHouseEvents, first: int, last: int = EVENTS) -> int:
        """Give events to *table* as a log does, and return how many rows were new."""
        for seq in range(first, last + 1):
            table.add(trades(seq, seq + 100), seq)
        return await table.commit()

    async def rows(self) -> list[dict[str, Any]]:
        """Return the rows without what they say of the commit they came with."""
        return [
            {name: value for name, value in row.items() if name not in {"reached_seq", "needs_seq"}}
            for row in await rows_in(self.place, TICKS.name)
        ]

    async def seqs(self) -> list[int]:
        return [row["stream_seq"] for row in await rows_in(self.place, TICKS.name)]

    def part_of(self, seq: int) -> Path:
        return next(self.data_dir.rglob(f"all_{seq}_{seq}_0"))

    def said(self) -> str:
        return (self.data_dir / "logs" / "clickhouse.log").read_text("utf-8", "replace")


EVERYTHING = [seq for seq in range(1, EVENTS + 1) for _ in range(2)]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    made = Site(tmp_path / "data")
    await made.server.start()
    await made.opened()
    # The same table, whose parts are not merged: the tests damage one or the other.
    made_by = await made.client.ask(f"SHOW CREATE TABLE {TICKS.name}", answer_format="TSVRaw")
    await made.client.ask(f"DROP TABLE {TICKS.name}")
    await made.client.ask(f"{made_by.decode()}, max_bytes_to_merge_at_max_space_in_pool = 1")
    for seq in range(1, EVENTS + 1):
        await made.tell(await made.opened(), seq, seq)
    yield made
    await made.server.stop()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def flip(path: Path, place: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 0xFF
    path.write_bytes(data)


def truncated(part: Path) -> None:
    truncate(part / "data.bin")


def without_marks(part: Path) -> None:
    (part / "data.cmrk4").unlink()


def with_other_columns(part: Path) -> None:
    flip(part / "columns.txt")


def with_other_checksums(part: Path) -> None:
    flip(part / "checksums.txt")


def flip_begin(path: Path) -> None:
    flip(path, 3)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [truncated, without_marks, with_other_columns, with_other_checksums]
)
@pytest.mark.parametrize("lost", [[2], [EVENTS], [1, 3, EVENTS], [1, 2, 3, 4, EVENTS]])
async def test_what_a_damaged_part_held_is_stored_again(
    site: Site, damage: Damage, lost: list[int]
) -> None:
    before = await site.rows()
    await site.server.stop()
    for seq in lost:
        damage(site.part_of(seq))
    await site.server.start()
    assert f"market_ticks/broken-on-start_all_{lost[0]}_" in site.said()
    assert len(await site.seqs()) == 2 * (EVENTS - len(lost))

    table = await site.opened()
    assert table.damage.count("broken-on-start") == len(lost)
    assert table.begins(TradeBatch) == 1
    assert await site.tell(table, 1) == 2 * len(lost)

    assert await site.rows() == before
    # Once: the next start goes on where this one ended.
    table = await site.opened()
    assert (table.damage, table.begins(TradeBatch)) == ("", EVENTS + 1)
    assert await site.tell(table, EVENTS + 1, EVENTS + 1) == 2


async def test_a_mend_that_was_interrupted_begins_anew_and_nothing_is_doubled(site: Site) -> None:
    before = await site.rows()
    await site.server.stop()
    for seq in (2, 4):
        truncate(site.part_of(seq) / "data.bin")
    await site.server.start()
    assert await site.tell(await site.opened(), 1, 3) == 2

    table = await site.opened()
    assert table.begins(TradeBatch) == 1
    assert await site.tell(table, 1, EVENTS + 2) == 2 + 4

    assert (await site.rows())[: len(before)] == before
    assert (await site.opened()).damage == ""


async def test_what_the_log_has_no_more_stays_missing_and_the_rest_goes_on(site: Site) -> None:
    await site.server.stop()
    for seq in (1, 3):
        truncate(site.part_of(seq) / "data.bin")
    await site.server.start()

    assert await site.tell(await site.opened(), 2, EVENTS + 1) == 2 + 2

    assert await site.seqs() == [seq for seq in range(2, EVENTS + 2) for _ in range(2)]
    assert (await site.opened()).damage == ""


async def test_flipped_bytes_are_found_set_aside_and_stored_again(site: Site) -> None:
    before = await site.rows()
    await site.server.stop()
    flip(site.part_of(3) / "data.bin")
    await site.server.start()
    with pytest.raises(QueryRefusedError, match="damaged; run: trade2026 analytics --check"):
        await site.rows()
    # Nobody else's tables are touched, nor what can be read.
    assert (await site.opened()).damage == ""

    assert await set_aside_unreadable(site.client, TICKS.name) == ["all_3_3_0"]
    assert await set_aside_unreadable(site.client, TICKS.name) == []

    table = await site.opened()
    assert table.damage == "all_3_3_0"
    assert await site.tell(table, 1) == 2
    assert await site.rows() == before


@pytest.mark.parametrize("path", ["market_ticks.sql", "trade2026.sql"])
@pytest.mark.parametrize("damage", [flip_begin, empty])
async def test_damaged_metadata_are_named_with_what_to_do(
    site: Site, path: str, damage: Damage
) -> None:
    await site.server.stop()
    damage(next(site.data_dir.rglob(path)))

    with pytest.raises(StartError, match="To begin anew, move that folder away"):
        await site.server.start()

    assert f"{path}" in site.said()
    store = site.data_dir / "clickhouse" / "store"
    await asyncio.to_thread(shutil.move, store, store.with_name("damaged"))
    await site.server.start()
    table = await site.opened()
    assert table.begins(TradeBatch) == 1
    assert await site.tell(table, 1) == len(EVERYTHING)


async def test_a_folder_that_cannot_be_written_is_one_line(site: Site) -> None:
    await site.server.stop()
    spool = site.data_dir / "clickhouse" / "store" / "spool"
    spool.rmdir()
    spool.touch()

    with pytest.raises(StartError, match=r"cannot write in .*: File exists; make room"):
        await site.server.start()
    assert "Traceback" not in site.said()
    spool.unlink()
    await site.server.start()
    assert await site.seqs() == EVERYTHING


async def test_data_that_cannot_be_kept_stay_held(site: Site) -> None:
    table = await site.opened()
    spool = site.data_dir / "clickhouse" / "store" / "spool"
    spool.rmdir()

    with pytest.raises(UnavailableError, match="the data cannot be kept: No such file"):
        await site.tell(table, EVENTS + 1, EVENTS + 1)
    assert await site.seqs() == EVERYTHING
    spool.mkdir()

    assert await table.commit() == 2
    assert "Traceback" not in site.said()
    assert list(spool.iterdir()) == []
