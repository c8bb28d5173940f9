"""The library as a service on a real PostgreSQL: healthy when it is, and nothing is forgotten."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.doors import OpenDoor
from tests.ports import free_port

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.core.clock import SystemClock
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.secrets import Secrets

pytestmark = pytest.mark.integration

HEALTH = ("/health", "/api/v1/health")
ENTITIES = "/api/v1/entities"


class Addresses(LocalAddresses):
    """PostgreSQL on a free port."""

    def __init__(self) -> None:
        super().__init__()
        self._port = free_port()

    def port(self, component: str, port: str = "") -> int:
        del component, port
        return self._port


class World:
    """A PostgreSQL of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.addresses = Addresses()
        self.postgres = PostgresServer(
            data_dir,
            port=self.addresses.port("PostgreSQL"),
            password=Secrets(data_dir).get("postgres"),
        )

    def run(self) -> Runtime:
        """Return the service, to be entered."""
        around = Surroundings(
            bus=LocalBus(MemoryLog(), SystemClock(), with_codec=False),
            doorkeeper=OpenDoor(),
            data_dir=self.data_dir,
            addresses=self.addresses,
        )
        return running(builds_of(["library"]), around)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    world = World(tmp_path)
    await world.postgres.start()
    yield world
    await world.postgres.stop()


async def test_both_health_paths_tell_the_truth_and_entities_outlive_everything(
    world: World,
) -> None:
    async with world.run() as runtime:
        client = runtime.client("library")
        well = [await client.get(path) for path in HEALTH]
        made = await client.post(ENTITIES, json={"kind": "model", "name": "alpha"})
        assert world.postgres.pid is not None
        os.kill(world.postgres.pid, signal.SIGKILL)
        await asyncio.sleep(0.3)
        ill = [await client.get(path) for path in HEALTH]
        refused = await client.get(ENTITIES)
    await world.postgres.stop()
    await world.postgres.start()
    async with world.run() as runtime:
        listed = await runtime.client("library").get(ENTITIES)

    for reply in well:
        assert reply.status_code == 200
        assert (reply.json()["status"], bool(reply.json()["timestamp"])) == ("healthy", True)
    assert [reply.status_code for reply in ill] == [503, 503]
    assert [reply.json()["status"] for reply in ill] == ["unhealthy", "unhealthy"]
    assert refused.status_code == 503
    assert listed.json()["entities"] == [made.json()["entity"]]
