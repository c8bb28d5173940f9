"""Object storage goes away under the sink: it says so, waits, and loses nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.doors import OpenDoor
from tests.e2e.rig import free_offset
from tests.ticks import kinds_in, seaweed, trades

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.ids import EventId
from trade2026.model.subjects import MARKET_TRADE
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.secrets import OBJECTS_SECRET, Secrets
from trade2026.shell.settings import Settings

pytestmark = pytest.mark.integration

PATIENCE_S = 60


async def lake_check(runtime: Runtime) -> str:
    """Return what the sink's own health says of the lake."""
    said: str = (await runtime.client("sink-ticks").get("/health")).json()["checks"]["lake"]
    return said


async def until(runtime: Runtime, is_so: Callable[[str], bool]) -> None:
    """Return when the sink says what is waited for."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so(await lake_check(runtime)):  # noqa: ASYNC110 - health tells nobody.
            await asyncio.sleep(0.05)


async def test_the_sink_survives_an_outage_of_its_storage(tmp_path: Path) -> None:
    addresses = LocalAddresses(free_offset())
    server = seaweed(tmp_path, addresses, Secrets(tmp_path).get(OBJECTS_SECRET))
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(
        bus=bus,
        doorkeeper=OpenDoor(),
        data_dir=tmp_path,
        addresses=addresses,
        settings=Settings({"TRADE2026_SINK_TICKS_FLUSH_S": "0.1"}),
    )

    async def tell(number: int) -> None:
        keys = {"venue": "BINANCE", "symbol": "BTCUSDT"}
        event_id = EventId(str(number))
        await bus.append(MARKET_TRADE, trades(number), event_id=event_id, timeout_s=1, **keys)

    try:
        await server.start()
        async with running(builds_of(["sink-ticks"]), around) as runtime:
            await tell(1)
            async with asyncio.timeout(PATIENCE_S):
                while not kinds_in(server.place):  # noqa: ASYNC110 - the lake tells nobody.
                    await asyncio.sleep(0.05)
            await server.stop()
            # It knows without having anything to store, and it knows why it cannot.
            await until(runtime, bool)
            for number in range(2, 50):
                await tell(number)
            await until(runtime, lambda said: "rows wait" in said)
            await server.start()
            await until(runtime, lambda said: not said)
            async with asyncio.timeout(PATIENCE_S):
                while len(kinds_in(server.place)) < 49:  # noqa: ASYNC110 - as above.
                    await asyncio.sleep(0.05)
        stored = kinds_in(server.place)
    finally:
        await server.stop()

    assert stored == [("trade", number) for number in range(1, 50)]
