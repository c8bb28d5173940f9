"""The store of users on a real PostgreSQL keeps the contract, also across a crash of the server."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from tests.contract.users.users_contract import (
    NOW_NS,
    UsersContract,
    a_user,
    rotate,
    signed_in,
)
from tests.ports import free_port

from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.adapters.stores.postgres import Migration, Postgres, migrate, shipped_migrations
from trade2026.adapters.stores.users import PostgresUsers
from trade2026.core.clock import SystemClock
from trade2026.core.errors import StartError, UnavailableError
from trade2026.ports.users import Outcome

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
async def database(server: PostgresServer, port: int) -> AsyncGenerator[Postgres]:
    assert await server.check() == ""
    database = Postgres(port=port, password=PASSWORD, clock=SystemClock())
    await database.open()
    await database.execute("DROP SCHEMA public CASCADE")
    await database.execute("CREATE SCHEMA public")
    yield database
    await database.close()


@pytest.fixture
async def users(database: Postgres) -> PostgresUsers:
    await migrate(database, now_ns=NOW_NS)
    return PostgresUsers(database)


class TestPostgresUsers(UsersContract):
    """The contract."""


async def test_migrations_run_once_and_are_recorded(database: Postgres) -> None:
    await asyncio.gather(*(migrate(database, now_ns=NOW_NS + n) for n in range(4)))

    rows = await database.fetch("SELECT number, name, checksum FROM schema_migrations")
    assert [(row["number"], row["name"], row["checksum"]) for row in rows] == [
        (m.number, m.name, m.checksum) for m in shipped_migrations()
    ]


async def test_a_later_migration_is_applied_to_what_is_there(database: Postgres) -> None:
    first = Migration(1, "0001_a.sql", "CREATE TABLE a (n integer)")
    second = Migration(2, "0002_b.sql", "ALTER TABLE a ADD COLUMN m integer; CREATE TABLE b ()")
    await migrate(database, now_ns=NOW_NS, migrations=[first])
    await database.execute("INSERT INTO a VALUES (7)")

    await migrate(database, now_ns=NOW_NS, migrations=[first, second])

    row = await database.fetchrow("SELECT n, m FROM a")
    assert row is not None
    assert (row["n"], row["m"]) == (7, None)


async def test_a_newer_database_is_refused_in_one_line(database: Postgres) -> None:
    newer = Migration(2, "0002_newer.sql", "CREATE TABLE newer ()")
    first = Migration(1, "0001_a.sql", "CREATE TABLE a ()")
    await migrate(database, now_ns=NOW_NS, migrations=[first, newer])

    with pytest.raises(StartError, match=r"newer version \(0002_newer\.sql\)") as refused:
        await migrate(database, now_ns=NOW_NS, migrations=[first])

    assert "\n" not in str(refused.value)


async def test_a_changed_migration_is_refused(database: Postgres) -> None:
    await migrate(database, now_ns=NOW_NS, migrations=[Migration(1, "0001_a.sql", "SELECT 1")])

    with pytest.raises(StartError, match=r"another 0001_a\.sql"):
        await migrate(database, now_ns=NOW_NS, migrations=[Migration(1, "0001_a.sql", "SELECT 2")])


async def test_a_wrong_password_is_told_in_one_line(server: PostgresServer, port: int) -> None:
    assert await server.check() == ""

    with pytest.raises(StartError, match="refuses the password"):
        await Postgres(port=port, password="guessed", clock=SystemClock()).open()


async def test_a_server_that_does_not_come_is_unavailable() -> None:
    database = Postgres(port=free_port(), password=PASSWORD, clock=SystemClock())

    with pytest.raises(UnavailableError):
        await database.open(wait_s=0.3)
    assert not await database.is_reachable()
    await database.close()


async def test_what_was_answered_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    port = free_port()
    server = PostgresServer(tmp_path, port=port, password=PASSWORD)
    await server.start()
    database = Postgres(port=port, password=PASSWORD, clock=SystemClock())
    await database.open()
    await migrate(database, now_ns=NOW_NS)
    users = PostgresUsers(database)
    await signed_in(users)
    await rotate(users, "first", "second")

    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.sleep(0.3)
    assert not await users.is_reachable()
    with pytest.raises(UnavailableError):
        await users.create(a_user("late"))
    await server.stop()
    await server.start()

    assert await users.is_reachable()
    assert [user.name for user in await users.all()] == ["tess"]
    assert (await rotate(users, "first", "x")).outcome is Outcome.REUSED
    await database.close()
    await server.stop()
