"""A message bus and the stores of the sink, and the sink as a process between them."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.rig import free_offset
from tests.ticks import seaweed

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.clickhouse import ClickHouseServer
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.infra.seaweedfs import SeaweedServer
from trade2026.adapters.lake.reading import summary_of
from trade2026.core.clock import SystemClock
from trade2026.core.errors import InvalidInputError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.analytics import analytics_place
from trade2026.shell.secrets import (
    ANALYTICS_READER_SECRET,
    ANALYTICS_SECRET,
    BUS_SECRET,
    BUS_USER,
    OBJECTS_SECRET,
    Secrets,
)

ROOT = Path(__file__).parents[3]
SMALL_BATCHES = {
    "TRADE2026_SINK_TICKS_ROWS_MAX": "400",
    "TRADE2026_SINK_TICKS_FLUSH_S": "0.2",
    "TRADE2026_SINK_TICKS_PRISM_FLUSH_S": "0.2",
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
        self.analytics = ClickHouseServer(
            data_dir,
            port=self.addresses.port("ClickHouse"),
            password=self.secrets.get(ANALYTICS_SECRET),
            reader_password=self.secrets.get(ANALYTICS_READER_SECRET),
        )
        self.analytics_place = analytics_place(self.addresses, self.secrets)

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

    def version(self, table: str = "market_ticks") -> int:
        """Return the version of a table, -1 while there is none."""
        try:
            return summary_of(self.storage.place, table).version
        except InvalidInputError:
            return -1

    def row_count(self, table: str = "market_ticks") -> int:
        """Return how many rows a table has."""
        return summary_of(self.storage.place, table).rows


@asynccontextmanager
async def servers(data_dir: Path, *, with_analytics: bool = False) -> AsyncGenerator[Site]:
    """Start the servers of a site and stop them."""
    site = Site(data_dir)
    try:
        await site.nats.start()
        await site.storage.start()
        if with_analytics:
            await site.analytics.start()
        await migrate_streams(site.nats.url, BUS_USER, site.secrets.get(BUS_SECRET))
        yield site
    finally:
        await site.analytics.stop()
        await site.storage.stop()
        await site.nats.stop()
