"""A damaged part of PRISM's measures and of its books: the sink fills both again from the log."""

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.integration.lake.site import Site, servers
from tests.integration.lake.test_killed_measures import (
    expected,
    messages,
    place_of,
    rows_of,
    tell,
    until_stored,
)

from trade2026.adapters.analytics.client import AnalyticsClient

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

DAMAGED = ("prism_analytics", "prism_orderbook_snapshots")
PORTIONS = 4


async def parts_of(site: Site, table: str) -> list[Path]:
    """Return the folders of a table's parts in use, the oldest rows first."""
    found = await AnalyticsClient(site.analytics_place).ask(
        "SELECT path FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table = {table:String} ORDER BY min_block_number",
        parameters={"table": table},
    )
    # The engine's paths are relative to its folder, or whole.
    folder = site.data_dir / "clickhouse" / "store"
    return [folder / path for path in found.decode().split()]


def damage(part: Path, in_use: list[Path]) -> None:
    """Cut the data of a part short, and take away what it was once merged of."""
    for other in part.parent.glob("all_*"):
        if other not in in_use:
            shutil.rmtree(other)
    data = part / "data.bin"
    data.write_bytes(data.read_bytes()[:100])


async def test_what_a_damaged_part_held_comes_back_from_the_log(tmp_path: Path) -> None:
    told = messages()
    part = len(told) // PORTIONS + 1
    async with servers(tmp_path / "data", with_analytics=True) as site:
        bus = await site.bus()
        sink = await site.sink()
        for first in range(0, len(told), part):
            await tell(bus, told[first : first + part], first)
        wanted = await expected(bus)
        await until_stored(site, wanted)
        sink.kill()
        await sink.wait()
        in_use = {name: await parts_of(site, name) for name in DAMAGED}
        await site.analytics.stop()
        for parts in in_use.values():
            await asyncio.to_thread(damage, parts[0], parts)
        await site.analytics.start()
        for name in DAMAGED:
            assert len(await rows_of(site, name)) < len(wanted[name])

        sink = await site.sink()
        await until_stored(site, wanted)
        # Whatever would be stored twice has time to be.
        await asyncio.sleep(1)
        sink.kill()
        await sink.wait()
        await bus.close()
        stored = {name: await rows_of(site, name) for name in wanted}

    for name, rows in wanted.items():
        assert sorted(stored[name], key=place_of) == sorted(rows, key=place_of), name
    log = (site.data_dir / "sink.log").read_text("utf-8")
    assert log.count("parts of the table are damaged") == len(DAMAGED)
