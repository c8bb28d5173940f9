"""A disk that fills up under the real engine: it says so, nothing is lost, and it goes on."""

import asyncio
import contextlib
import json
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.contract.analytics.conftest import PASSWORD, READER_PASSWORD
from tests.ports import free_port
from tests.ticks import trades

from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace
from trade2026.adapters.analytics.table import ClickHouseEvents
from trade2026.adapters.clickhouse import serve
from trade2026.adapters.infra.clickhouse import WRITER
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.core.errors import UnavailableError

pytestmark = pytest.mark.integration

DISK = "16m"
PATIENCE_S = 60


def _mounts(folder: Path) -> list[str]:
    """Return how to start a process for which a small disk is mounted on *folder*."""
    script = f'mount -t tmpfs -o size={DISK} none "{folder}" && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


class Disk:
    """A server whose store lies on a small disk."""

    def __init__(self, port: int, folder: Path, process: Process) -> None:
        self.place = AnalyticsPlace(f"http://127.0.0.1:{port}", WRITER, PASSWORD)
        # The disk is mounted for that process only.
        self._ballast = Path(f"/proc/{process.pid}/root{folder}/ballast")

    def fill(self) -> None:
        """Leave no room."""
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def empty(self) -> None:
        """Make room."""
        self._ballast.unlink()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncGenerator[Disk]:
    folder = tmp_path / "store"
    folder.mkdir()
    if await asyncio.to_thread(_cannot_mount, folder):
        pytest.skip("a small disk can be mounted by root only")
    port, config = free_port(), tmp_path / "server.json"
    users = {"trade2026": PASSWORD, "reader": READER_PASSWORD}
    config.write_text(json.dumps({"port": port, "folder": str(folder), "users": users}), "utf-8")
    argv = [*_mounts(folder), sys.executable, "-m", serve.__name__, str(config)]
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*argv, stdout=log, stderr=log)
    disk = Disk(port, folder, process)
    await until_ready(AnalyticsClient(disk.place))
    yield disk
    process.terminate()
    async with asyncio.timeout(PATIENCE_S):
        await process.wait()
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8", "replace")


def _cannot_mount(folder: Path) -> bool:
    argv = [*_mounts(folder), "true"]
    return bool(subprocess.run(argv, capture_output=True, check=False).returncode)


async def until_ready(client: AnalyticsClient) -> None:
    """Return when the server answers."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(UnavailableError):
                await client.ask("SELECT 1")
                return
            await asyncio.sleep(0.1)


async def test_a_full_disk_holds_rows_back_and_loses_none(disk: Disk) -> None:
    client = AnalyticsClient(disk.place)
    table = ClickHouseEvents(disk.place, TICKS)
    await table.open("1000000000000000000")
    table.add(trades(*range(100)), 1)
    assert await table.commit() == 100
    disk.fill()

    for seq in (2, 3):
        table.add(trades(*range(100)), seq)
        with pytest.raises(UnavailableError, match=r"ClickHouse: .*NOT_ENOUGH_SPACE"):
            await table.commit()
    # What is there can be read all the same.
    assert await client.ask("SELECT count() FROM market_ticks") == b"100\n"
    disk.empty()

    assert await table.commit() == 200
    found = await client.ask("SELECT count(), uniqExact(stream_seq) FROM market_ticks")
    assert found.split() == [b"300", b"3"]
