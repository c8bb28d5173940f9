"""The library on a real PostgreSQL keeps the contract, and says so when the server is away."""

import asyncio
from collections.abc import AsyncGenerator, Generator

import pytest
from tests.contract.library.library_contract import (
    NOW_NS,
    LibraryContract,
    a_version,
    an_entity,
    keep,
)
from tests.ports import free_port

from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.adapters.stores.library import PostgresLibrary
from trade2026.adapters.stores.postgres import Postgres, migrate
from trade2026.core.clock import SystemClock
from trade2026.core.errors import UnavailableError
from trade2026.ports.library import EntityQuery

pytestmark = pytest.mark.integration

PASSWORD = "not-guessed"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Generator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"), port=port, password=PASSWORD)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def library(server: PostgresServer, port: int) -> AsyncGenerator[PostgresLibrary]:
    assert await server.check() == ""
    database = Postgres(port=port, password=PASSWORD, clock=SystemClock())
    await database.open()
    await migrate(database, now_ns=NOW_NS)
    await database.execute("TRUNCATE entities, entity_versions, entity_requirements")
    yield PostgresLibrary(database)
    await database.close()


class TestPostgresLibrary(LibraryContract):
    """The contract."""


async def test_what_was_kept_is_there_after_a_restart_and_nothing_answers_without(
    server: PostgresServer, library: PostgresLibrary
) -> None:
    alpha = an_entity()
    await keep(library, alpha)

    await server.stop()
    assert not await library.is_reachable()
    with pytest.raises(UnavailableError):
        await library.list(EntityQuery())
    with pytest.raises(UnavailableError):
        await keep(library, an_entity("late"))
    await server.start()

    assert await library.list(EntityQuery()) == [alpha]
    assert await library.versions([alpha.id]) == [a_version(alpha)]
