"""The log's server is killed in the middle of a replay: every trade is in the log exactly once."""

import asyncio
import gzip
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from tests import feeds
from tests.doors import OpenDoor
from tests.ports import free_port

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.core.clock import SystemClock
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import MARKET_TRADE
from trade2026.ports.bus import Delivery
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.settings import Settings

pytestmark = pytest.mark.integration

USER: Final = "test"
PASSWORD: Final = "only-for-this-test"
TRADES: Final = 30_000


def a_recording(folder: Path) -> Path:
    """Write a recording of nothing but trades, behind one snapshot."""
    frames = [
        feeds.depth(1, 2),
        *(feeds.trade(number, "100.5", "0.1", 1_000 + number) for number in range(TRADES)),
    ]
    path = folder / "recording.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d %s\n" % pair for pair in enumerate(frames))))
    return path


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    server = NatsServer(
        tmp_path, client_port=free_port(), http_port=free_port(), user=USER, password=PASSWORD
    )
    await server.start()
    await migrate_streams(server.url, USER, PASSWORD)
    yield server
    await server.stop()


async def handled(runtime: Runtime) -> int:
    """Return how many frames the normaliser has taken."""
    stats = (await runtime.client("normalizer").get("/stats")).json()
    return stats[0]["frames"] if stats else 0


async def until_handled(runtime: Runtime, count: int) -> int:
    """Return how many frames the normaliser has taken, once they are *count*."""
    while True:
        found = await handled(runtime)
        if found >= count:
            return found
        await asyncio.sleep(0.01)


async def killed(server: NatsServer) -> None:
    process = server.process
    assert process is not None
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    while process.is_running:  # noqa: ASYNC110 - its end has no event.
        await asyncio.sleep(0.01)


async def test_a_killed_log_loses_and_doubles_nothing(tmp_path: Path, server: NatsServer) -> None:
    environment = {
        "TRADE2026_GATEWAY_SOURCE": "replay",
        "TRADE2026_GATEWAY_FILE": str(a_recording(tmp_path)),
        "TRADE2026_GATEWAY_SPEED": "0",
    }
    bus = await NatsBus.connect(
        url=server.url, user=USER, password=PASSWORD, name="test", clock=SystemClock()
    )
    ids: list[str] = []

    async def note(batch: TradeBatch, _: Delivery) -> None:
        ids.extend(trade.trade_id for trade in batch.records)

    around = Surroundings(
        bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path, settings=Settings(environment)
    )
    try:
        async with (
            asyncio.timeout(120),
            running(builds_of(["gateway", "normalizer"]), around) as runtime,
        ):
            before = await until_handled(runtime, TRADES // 10)
            await killed(server)
            await asyncio.sleep(0.3)
            await server.start()
            await until_handled(runtime, TRADES + 1)
            await (await bus.fold(MARKET_TRADE, note)).stop()
    finally:
        await bus.close()

    assert before < TRADES
    assert ids == [str(number) for number in range(TRADES)]
