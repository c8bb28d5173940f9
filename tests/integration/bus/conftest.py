"""A real server for each test, to be killed."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.bus.worlds import PASSWORD, USER
from tests.ports import free_port

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.core.clock import SystemClock


class Site:
    """A server and the buses on it."""

    def __init__(self, server: NatsServer) -> None:
        self.server = server
        self._buses: list[NatsBus] = []

    async def bus(self) -> NatsBus:
        """Return another bus; the site closes it at the end."""
        bus = await NatsBus.connect(
            url=self.server.url, user=USER, password=PASSWORD, name="test", clock=SystemClock()
        )
        self._buses.append(bus)
        return bus

    def kill(self) -> None:
        """Kill the server with SIGKILL and return when it is dead."""
        process = self.server.process
        assert process is not None
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        while process.is_running:
            pass

    async def end(self) -> None:
        """Close every bus and stop the server."""
        for bus in self._buses:
            await bus.close()
        await self.server.stop()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    server = NatsServer(
        tmp_path, client_port=free_port(), http_port=free_port(), user=USER, password=PASSWORD
    )
    await server.start()
    await migrate_streams(server.url, USER, PASSWORD)
    here = Site(server)
    yield here
    await here.end()
