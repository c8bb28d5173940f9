"""The door to PostgreSQL: a pool of connections, and the migrations of its tables.

Queries are constant texts with parameters, never put together from input. The migrations are
numbered files, applied in order in one transaction by one process at a time, and recorded
with their checksums: a database that a newer version has changed is refused, not guessed at.

Source: asyncpg documentation; PostgreSQL manual, section 13.3.5 (advisory locks).
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from importlib import resources
from typing import Any, Final, Protocol, TypeVar, cast

import asyncpg
import msgspec

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import StartError, UnavailableError

HOST: Final = "127.0.0.1"
USER: Final = "trade2026"
DATABASE: Final = "trade2026"
POOL_SIZE: Final = 8
TIMEOUT_S: Final = 3.0
CLOSE_S: Final = 1.0

# Any number will do, if everybody who migrates takes the same.
_MIGRATION_LOCK: Final = 2026_0001
_RETRY_S: Final = 0.2
_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)

Row = Mapping[str, Any]
T = TypeVar("T")


class Migration(msgspec.Struct, frozen=True):
    """One numbered change of the tables."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class Session(Protocol):
    """One connection; what a transaction runs on."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return the rows of *query*."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row of *query*, None without any."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run *query* and return its status, such as ``UPDATE 1``."""
        ...


class _Pool(Protocol):
    def acquire(
        self, *, timeout: float
    ) -> contextlib.AbstractAsyncContextManager["_Connection"]: ...

    async def close(self) -> None: ...

    def terminate(self) -> None: ...


class _Connection(Session, Protocol):
    def transaction(self) -> contextlib.AbstractAsyncContextManager[None]: ...


# asyncpg comes without types: what is used of it is typed here.
_CreatePool = Callable[..., Coroutine[Any, Any, _Pool]]
_create_pool: Final = cast("_CreatePool", asyncpg.create_pool)  # pyright: ignore[reportUnknownMemberType]


def shipped_migrations() -> tuple[Migration, ...]:
    """Return the migrations that come with the package, in order."""
    folder = resources.files("trade2026.adapters.stores").joinpath("migrations")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(
        Migration(int(file.name[:4]), file.name, file.read_text("utf-8")) for file in files
    )


class Postgres:
    """A pool of connections to the platform's database; nothing works before `open`."""

    def __init__(self, *, port: int, password: str, clock: Clock, host: str = HOST) -> None:
        self._host = host
        self._port = port
        self._password = password
        self._clock = clock
        self._opened: _Pool | None = None

    async def open(self, *, wait_s: float = 30.0) -> None:
        """Connect, waiting up to *wait_s* for a server that is only just starting.

        Raises:
            UnavailableError: it does not answer in that time.
            StartError: it refuses the user or the password.
        """
        deadline_ns = self._clock.monotonic_ns() + round(wait_s * NS_PER_S)
        where = f"PostgreSQL on port {self._port}"
        while self._opened is None:
            try:
                self._opened = await self._connect()
            except asyncpg.InvalidAuthorizationSpecificationError as error:
                why = f"{where} refuses the password in <data-dir>/secrets: {error}"
                raise StartError(why) from error
            except _AWAY as error:
                if self._clock.monotonic_ns() >= deadline_ns:
                    raise UnavailableError(f"{where}: {error}") from error
                await asyncio.sleep(_RETRY_S)

    def _connect(self) -> Coroutine[Any, Any, _Pool]:
        return _create_pool(
            host=self._host,
            port=self._port,
            user=USER,
            password=self._password,
            database=DATABASE,
            min_size=1,
            max_size=POOL_SIZE,
            timeout=TIMEOUT_S,
            command_timeout=TIMEOUT_S,
            ssl=False,
        )

    @property
    def _pool(self) -> _Pool:
        if self._opened is None:
            raise UnavailableError("PostgreSQL is not connected yet")
        return self._opened

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """Give a connection in a transaction that is committed at the end of the block.

        Raises:
            UnavailableError: the server did not answer; whether the commit happened is unknown.
        """
        with _away():
            async with (
                self._pool.acquire(timeout=TIMEOUT_S) as connection,
                connection.transaction(),
            ):
                yield connection

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return the rows of *query*.

        Raises:
            UnavailableError: the server did not answer.
        """
        with _away():
            async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
                return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row of *query*, None without any.

        Raises:
            UnavailableError: the server did not answer.
        """
        with _away():
            async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
                return await connection.fetchrow(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run *query* and return its status, such as ``UPDATE 1``.

        Raises:
            UnavailableError: the server did not answer; whether it was done is unknown.
        """
        with _away():
            async with self._pool.acquire(timeout=TIMEOUT_S) as connection:
                return await connection.execute(query, *args)

    async def is_reachable(self) -> bool:
        """Return whether a query works at this moment."""
        try:
            await self.fetch("SELECT 1")
        except UnavailableError:
            return False
        return True

    async def close(self) -> None:
        """Leave; a connection that does not end in time is cut."""
        pool, self._opened = self._opened, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await pool.close()
        except _AWAY:
            pool.terminate()


async def migrate(
    database: Postgres, *, now_ns: int, migrations: Sequence[Migration] | None = None
) -> None:
    """Bring the tables to the state that the code expects.

    Args:
        database: where.
        now_ns: when, for the record.
        migrations: instead of the shipped ones; numbered from 1 without a gap.

    Raises:
        StartError: the database is newer than the code, or a migration it has applied is not
            the one that we have.
        UnavailableError: the server did not answer.
    """
    known = shipped_migrations() if migrations is None else tuple(migrations)
    assert [m.number for m in known] == list(range(1, len(known) + 1))
    async with database.transaction() as session:
        # Held to the end of the transaction: another process that migrates waits here.
        await session.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        await session.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY,"
            " name text NOT NULL, checksum text NOT NULL, applied_ns bigint NOT NULL)"
        )
        rows = await session.fetch(
            "SELECT number, name, checksum FROM schema_migrations ORDER BY number"
        )
        _require_ours(rows, known)
        for migration in known[len(rows) :]:
            await session.execute(migration.sql)
            await session.execute(
                "INSERT INTO schema_migrations VALUES ($1, $2, $3, $4)",
                *(migration.number, migration.name, migration.checksum, now_ns),
            )


def _require_ours(applied: Sequence[Row], known: Sequence[Migration]) -> None:
    if len(applied) > len(known):
        raise StartError(
            f"the database was changed by a newer version ({applied[-1]['name']});"
            " start that version, or use another --data-dir"
        )
    for row, migration in zip(applied, known, strict=False):
        if (row["number"], row["checksum"]) != (migration.number, migration.checksum):
            raise StartError(
                f"the database was changed by another {row['name']} than this version's;"
                " start the version that made it, or use another --data-dir"
            )


@contextlib.contextmanager
def _away() -> Generator[None]:
    try:
        yield
    except _AWAY as error:
        raise UnavailableError(f"PostgreSQL: {error or type(error).__name__}") from error
