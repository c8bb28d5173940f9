"""Every test of the contract runs in three worlds: local, local with the codec, and NATS."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.contract.bus.worlds import PASSWORD, USER, LocalWorld, NatsWorld, World
from tests.ports import free_port

from trade2026.adapters.infra.nats import NatsServer


@pytest.fixture(scope="session")
def bus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    folder: Path = tmp_path_factory.mktemp("nats")
    server = NatsServer(
        folder,
        client_port=free_port(),
        http_port=free_port(),
        user=USER,
        password=PASSWORD,
    )
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture(
    params=["local", "local-codec", pytest.param("nats", marks=pytest.mark.integration)]
)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    if chosen == "nats":
        # Started here, before the test's event loop runs.
        request.getfixturevalue("bus_server")
    return chosen


@pytest.fixture
async def world(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    here: World
    if kind == "nats":
        here = await NatsWorld.begin(request.getfixturevalue("bus_server"))
    else:
        here = LocalWorld(with_codec=kind == "local-codec")
    yield here
    await here.end()
