"""The hot cache on a real Valkey: it is filled, and filled again once killed and emptied."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.doors import OpenDoor
from tests.factories import a_quote
from tests.ports import free_port
from tests.unit.desk.test_hot_cache import a_change, quotes

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.infra.valkey import ValkeyServer
from trade2026.adapters.stores.valkey import ValkeyCache
from trade2026.core.clock import SystemClock
from trade2026.core.ids import EventId
from trade2026.desk.hot_cache import HotPosition
from trade2026.model import codec
from trade2026.model.market import Quote
from trade2026.model.subjects import MARKET_QUOTE, POSITION_EVENT
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.secrets import Secrets

pytestmark = pytest.mark.integration

QUOTE_KEY = "hot.quote.PRISM.BTCUSDT"
POSITION_KEY = "hot.position.default.BTCUSDT"
WAIT_S = 20.0
STEP_S = 0.05


class Addresses(LocalAddresses):
    """Everything on a free port of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._ports: dict[str, int] = {}

    def port(self, component: str, port: str = "") -> int:
        del port
        return self._ports.setdefault(component, free_port())

    def metrics_port(self, component: str) -> int | None:
        return self.port(f"metrics of {component}")


class World:
    """A log, a Valkey, and a client that looks into it."""

    def __init__(self, data_dir: Path) -> None:
        self.addresses = Addresses()
        self.data_dir = data_dir
        password = Secrets(data_dir).get("valkey")
        port = self.addresses.port("Valkey")
        self.valkey = ValkeyServer(data_dir, port=port, password=password)
        self.cache = ValkeyCache(port=port, password=password)
        self.bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
        self._count = 0

    def run(self, *, http: bool = False) -> Runtime:
        """Return the service, to be entered; with *http* it listens."""
        around = Surroundings(
            bus=self.bus,
            doorkeeper=OpenDoor(),
            data_dir=self.data_dir,
            addresses=self.addresses,
        )
        return running(builds_of(["hot_cache"]), around, http=http)

    async def close(self) -> None:
        """End everything."""
        await self.cache.close()
        await self.valkey.stop()
        await self.bus.close()

    async def tell(self, quantity: str, bid: str) -> None:
        """Append a quote and a position."""
        self._count += 1
        event_id = EventId(str(self._count))
        batch = quotes(a_quote(bid, str(int(bid) + 2), seq=self._count))
        await self.bus.append(
            MARKET_QUOTE, batch, event_id=event_id, venue="PRISM", symbol="BTCUSDT"
        )
        change = a_change(quantity, "50000", seq=self._count)
        await self.bus.append(POSITION_EVENT, change, event_id=event_id, account="default")

    async def stored(self) -> tuple[int, int] | None:
        """Return the sequence of the stored quote and the stored quantity in whole units."""
        quote, held = await self.cache.get_many([QUOTE_KEY, POSITION_KEY])
        if quote is None or held is None:
            return None
        quantity = codec.decode(HotPosition, held).positions[0].quantity
        return codec.decode(Quote, quote).seq, quantity // 10**9


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    world = World(tmp_path)
    await world.valkey.start()
    yield world
    await world.close()


async def until(found: Callable[[], Awaitable[Any]], expected: object) -> None:
    """Return once *found* returns what is expected."""
    seen: object = None
    for _ in range(round(WAIT_S / STEP_S)):
        seen = await found()
        if seen == expected:
            return
        await asyncio.sleep(STEP_S)
    raise AssertionError(f"{seen} never became {expected}")


async def test_a_killed_and_emptied_valkey_is_filled_again_and_reads_go_on(world: World) -> None:
    async with world.run() as runtime:
        client = runtime.client("hot_cache")

        async def status() -> Any:
            return (await client.get("/health")).json()["status"]

        async def is_stored() -> Any:
            return (await client.get("/quote/BTCUSDT")).json()["is_stored"]

        await world.tell("2", "50000")
        await until(world.stored, (1, 2))
        await until(status, "healthy")

        assert world.valkey.pid is not None
        os.kill(world.valkey.pid, signal.SIGKILL)
        await until(status, "degraded")
        await world.tell("3", "50100")
        await until(is_stored, expected=False)
        quote = await client.get("/quote/BTCUSDT")
        position = await client.get("/position/default/BTCUSDT")
        health = await client.get("/health")
        await world.valkey.stop()
        shutil.rmtree(world.data_dir / "valkey")
        await world.valkey.start()

        await until(world.stored, (2, 3))
        await until(status, "healthy")
        healed = await client.get("/quote/BTCUSDT")

    assert (quote.json()["quote"]["bid"], quote.json()["is_stored"]) == (50100, False)
    assert position.json()["quantity"] == 3
    assert health.status_code == 200
    assert healed.json()["is_stored"] is True


async def test_a_valkey_emptied_while_it_runs_is_filled_again(world: World) -> None:
    async with world.run():
        await world.tell("2", "50000")
        await until(world.stored, (1, 2))
        for key in (QUOTE_KEY, POSITION_KEY):
            await world.cache.forget(key)
        await forget_marks(world)

        await until(world.stored, (1, 2))


async def forget_marks(world: World) -> None:
    """Forget the writers' marks, as an emptied server has."""
    client: Any = world.cache._client  # pyright: ignore[reportPrivateUsage] - to see all keys
    for key in await client.keys("hot.mark.*"):
        await world.cache.forget(key.decode())


async def test_the_next_life_begins_with_what_valkey_has(world: World) -> None:
    async with world.run():
        await world.tell("2", "50000")
        await until(world.stored, (1, 2))
    world.bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)

    async with world.run() as runtime:
        quote = await runtime.client("hot_cache").get("/quote/BTCUSDT")
        position = await runtime.client("hot_cache").get("/position/default/BTCUSDT")

    assert quote.json()["quote"]["bid"] == 50000
    # The log is the truth about positions, and this log has none.
    assert position.status_code == 404
