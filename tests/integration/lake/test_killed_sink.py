"""The sink is killed at random, again and again: the lake holds the recording, each tick once.

A real recorded session goes through the gateway, the normaliser and the message bus; the
sink runs as the process that the platform runs, against a real object storage.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.doors import OpenDoor
from tests.e2e.rig import free_offset
from tests.feeds import SPOT_RECORDING, recorded
from tests.ticks import rows_in, seaweed

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.infra.seaweedfs import SeaweedServer
from trade2026.adapters.lake.reading import summary_of
from trade2026.adapters.lake.tick_rows import rows_of
from trade2026.adapters.recording import read_frames
from trade2026.core.chance import stream
from trade2026.core.clock import SystemClock
from trade2026.core.errors import InvalidInputError
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.subjects import MARKET_QUOTE, MARKET_TRADE
from trade2026.ports.bus import Delivery
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.secrets import BUS_SECRET, BUS_USER, OBJECTS_SECRET, Secrets
from trade2026.shell.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.data, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
TRADES, QUOTES = 9_757, 28_040
DEATHS = 5
PATIENCE_S = 90
SMALL_BATCHES = {
    "TRADE2026_SINK_TICKS_ROWS_MAX": "400",
    "TRADE2026_SINK_TICKS_FLUSH_S": "0.2",
}


class Site:
    """The servers, and the directory that the sink finds them by."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.addresses = LocalAddresses(free_offset())
        self.secrets = Secrets(data_dir)
        self.nats = NatsServer(
            data_dir,
            client_port=self.addresses.port("NATS"),
            http_port=self.addresses.port("NATS", "http"),
            user=BUS_USER,
            password=self.secrets.get(BUS_SECRET),
        )
        password = self.secrets.get(OBJECTS_SECRET)
        self.storage: SeaweedServer = seaweed(data_dir, self.addresses, password)

    async def bus(self) -> NatsBus:
        """Return a bus on the site's server."""
        password = self.secrets.get(BUS_SECRET)
        return await NatsBus.connect(
            url=self.nats.url, user=BUS_USER, password=password, name="t", clock=SystemClock()
        )

    async def sink(self) -> Process:
        """Start the sink as a process."""
        argv = ["-m", "trade2026", "run", "sink-ticks", "--data-dir", str(self.data_dir)]
        argv += ["--port-offset", str(self.addresses.port_offset)]
        environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath, **SMALL_BATCHES}
        log = (self.data_dir / "sink.log").open("ab")
        with log:
            return await asyncio.create_subprocess_exec(
                sys.executable, *argv, stdout=log, stderr=log, stdin=PIPE, env=environment
            )

    def version(self) -> int:
        """Return the version of the table, -1 while there is none."""
        try:
            return summary_of(self.storage.place, "market_ticks").version
        except InvalidInputError:
            return -1

    def row_count(self) -> int:
        """Return how many rows the table has."""
        return summary_of(self.storage.place, "market_ticks").rows


@asynccontextmanager
async def servers(data_dir: Path) -> AsyncGenerator[Site]:
    """Start the servers of a site and stop them."""
    site = Site(data_dir)
    try:
        await site.nats.start()
        await site.storage.start()
        await migrate_streams(site.nats.url, BUS_USER, site.secrets.get(BUS_SECRET))
        yield site
    finally:
        await site.storage.stop()
        await site.nats.stop()


async def publish_recording(site: Site) -> None:
    """Let the gateway and the normaliser bring the whole session onto the bus."""
    bus = await site.bus()
    environment = {
        "TRADE2026_GATEWAY_SOURCE": "replay",
        "TRADE2026_GATEWAY_FILE": str(recorded(SPOT_RECORDING)),
        "TRADE2026_GATEWAY_SPEED": "0",
    }
    around = Surroundings(
        bus=bus, doorkeeper=OpenDoor(), data_dir=site.data_dir, settings=Settings(environment)
    )
    frames = sum(1 for _ in read_frames(recorded(SPOT_RECORDING)))
    try:
        async with running(builds_of(["gateway", "normalizer"]), around) as runtime:
            done = 0
            while done < frames:
                await asyncio.sleep(0.1)
                stats = (await runtime.client("normalizer").get("/stats")).json()
                done = stats[0]["frames"] if stats else 0
    finally:
        await bus.close()


async def logged(site: Site) -> list[dict[str, Any]]:
    """Return every tick of the log as the row it must be, in the order of arrival."""
    found: list[dict[str, Any]] = []

    async def note(batch: TradeBatch | QuoteBatch, delivery: Delivery) -> None:
        rows = rows_of(batch, delivery.stream_seq).to_pylist()
        found.extend(
            {name: value for name, value in row.items() if value is not None} for row in rows
        )

    bus = await site.bus()
    await (await bus.fold(MARKET_TRADE, note)).stop()
    await (await bus.fold(MARKET_QUOTE, note)).stop()
    await bus.close()
    return found


async def until(site: Site, rows: int) -> None:
    """Return when the table has *rows* rows."""
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(site.row_count) < rows:  # noqa: ASYNC110 - it is elsewhere.
            await asyncio.sleep(0.1)


def place_of(row: dict[str, Any]) -> tuple[int, int]:
    return row["stream_seq"], row["batch_pos"]


async def test_a_recorded_session_is_in_the_lake_once_though_the_sink_is_killed(
    tmp_path: Path,
) -> None:
    moments = stream(2026, "kills")
    async with servers(tmp_path / "data") as site, asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publish_recording(site))
        for _ in range(DEATHS):
            sink = await site.sink()
            before = await asyncio.to_thread(site.version)
            async with asyncio.timeout(PATIENCE_S):
                while await asyncio.to_thread(site.version) <= before:
                    assert sink.returncode is None, (site.data_dir / "sink.log").read_text()
                    await asyncio.sleep(0.01)
            await asyncio.sleep(moments.uniform(0, 0.3))
            sink.kill()
            await sink.wait()
        await publishing
        stored_before_the_last_life = await asyncio.to_thread(site.row_count)
        sink = await site.sink()
        await until(site, TRADES + QUOTES)
        # Whatever would be stored twice has time to be.
        await asyncio.sleep(1)
        sink.kill()
        await sink.wait()
        expected = await logged(site)
        rows = rows_in(site.storage.place)

    kinds = Counter(row["kind"] for row in rows)
    assert kinds == {"trade": TRADES, "quote": QUOTES}
    assert sorted(rows, key=place_of) == sorted(expected, key=place_of)
    assert recorded_trades() == sorted(
        (int(row["trade_id"]), row["px"], row["qty"]) for row in rows if row["kind"] == "trade"
    )
    # The deaths were in the middle of it.
    assert 0 < stored_before_the_last_life < TRADES + QUOTES


def recorded_trades() -> list[tuple[int, Any, Any]]:
    """Return the recording's trades, read without the normaliser."""
    found: list[tuple[int, Any, Any]] = []
    for frame in read_frames(recorded(SPOT_RECORDING)):
        if b"@trade" in frame.payload:
            data = msgspec.json.decode(frame.payload)["data"]
            found.append((data["t"], Decimal(data["p"]), Decimal(data["q"])))
    return sorted(found)
