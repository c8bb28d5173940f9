"""One ClickHouse for the tests of this folder, emptied before each."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.ports import free_port

from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace
from trade2026.adapters.infra.clickhouse import WRITER, ClickHouseServer

PASSWORD = "not-guessed"
READER_PASSWORD = "only-reads"


class Store:
    """The server, and where it is."""

    def __init__(self, server: ClickHouseServer, port: int, data_dir: Path) -> None:
        self.server = server
        self.data_dir = data_dir
        self.port = port
        self.place = AnalyticsPlace(f"http://127.0.0.1:{port}", WRITER, PASSWORD)


@pytest.fixture(scope="session")
def only_store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    port, data_dir = free_port(), tmp_path_factory.mktemp("clickhouse")
    server = ClickHouseServer(
        data_dir,
        port=port,
        password=PASSWORD,
        reader_password=READER_PASSWORD,
    )
    asyncio.run(server.start())
    yield Store(server, port, data_dir)
    asyncio.run(server.stop())


@pytest.fixture
async def store(only_store: Store) -> Store:
    if await only_store.server.check():
        await only_store.server.start()
    client = AnalyticsClient(only_store.place)
    for name in (await client.ask("SHOW TABLES")).decode().split():
        await client.ask(f"DROP TABLE {name}")
    return only_store
