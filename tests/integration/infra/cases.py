"""One case a server: how a client writes to it, counts, and is refused."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any, Final, Protocol, cast

import asyncpg
import clickhouse_connect
import nats
import obstore
import valkey
from clickhouse_connect.driver.exceptions import DatabaseError
from obstore.exceptions import PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store
from tests.ports import free_port

from trade2026.adapters.infra.clickhouse import WRITER, ClickHouseServer
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.infra.postgres import DATABASE, USER, PostgresServer
from trade2026.adapters.infra.probe import is_port_free
from trade2026.adapters.infra.seaweedfs import ACCESS_KEY, BUCKET, PORT_NAMES, SeaweedServer
from trade2026.adapters.infra.valkey import ValkeyServer

# The characters that configuration files and protocols trip over.
PASSWORD: Final = 'a "b\\c$d#{e}'

# The clients come without types.
_nats_connect = cast("Any", nats.connect)  # pyright: ignore[reportUnknownMemberType]
_asyncpg_connect = cast("Any", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
_valkey = cast("Any", valkey.Valkey)
_clickhouse = cast("Any", clickhouse_connect.get_client)  # pyright: ignore[reportUnknownMemberType]


AnyServer = NatsServer | ValkeyServer | ClickHouseServer | SeaweedServer | PostgresServer


class Case(Protocol):
    """A server with a client of its own."""

    server: AnyServer
    ports: tuple[int, ...]
    stop_code: int
    """How the server ends when it is stopped."""

    async def write(self, count: int) -> None:
        """Write *count* things, each acknowledged."""
        ...

    async def count(self) -> int:
        """Return how many things are there."""
        ...

    async def is_let_in(self, password: str) -> bool:
        """Return whether the server lets a client with *password* in."""
        ...


class NatsCase:
    """Messages in a stream on disk."""

    stop_code = 0

    def __init__(self, data_dir: Path) -> None:
        self.ports = (free_port(), free_port())
        client_port, http_port = self.ports
        self.server: AnyServer = NatsServer(
            data_dir, client_port=client_port, http_port=http_port, user="u", password=PASSWORD
        )

    async def _connect(self) -> Any:
        url = f"nats://127.0.0.1:{self.ports[0]}"
        return await _nats_connect(url, user="u", password=PASSWORD)

    async def write(self, count: int) -> None:
        client = await self._connect()
        log = client.jetstream()
        await log.add_stream(name="T", subjects=["t"])
        for number in range(count):
            await log.publish("t", str(number).encode())
        await client.close()

    async def count(self) -> int:
        client = await self._connect()
        info = await client.jetstream().stream_info("T")
        await client.close()
        return info.state.messages

    async def is_let_in(self, password: str) -> bool:
        # By hand: the client leaves its socket open when it is refused.
        sign_in = {"user": "u", "pass": password, "verbose": False}
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[0])
        writer.write(b"CONNECT " + json.dumps(sign_in).encode() + b"\r\nPING\r\n")
        await reader.readline()
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        assert answer in {b"PONG\r\n", b"-ERR 'Authorization Violation'\r\n"}
        return answer == b"PONG\r\n"


class ValkeyCase:
    """Keys."""

    stop_code = 0

    def __init__(self, data_dir: Path) -> None:
        self.ports = (free_port(),)
        self.server: AnyServer = ValkeyServer(data_dir, port=self.ports[0], password=PASSWORD)

    async def write(self, count: int) -> None:
        with _valkey(port=self.ports[0], password=PASSWORD) as client:
            for number in range(count):
                client.set(str(number), b"")

    async def count(self) -> int:
        with _valkey(port=self.ports[0], password=PASSWORD) as client:
            return client.dbsize()

    async def is_let_in(self, password: str) -> bool:
        with _valkey(port=self.ports[0], password=password) as client:
            try:
                client.ping()
            except valkey.AuthenticationError:
                return False
            return True


class PostgresCase:
    """Rows, each committed."""

    stop_code = 0

    def __init__(self, data_dir: Path) -> None:
        self.ports = (free_port(),)
        self.server: AnyServer = PostgresServer(data_dir, port=self.ports[0], password=PASSWORD)

    async def _connect(self, password: str) -> Any:
        return await _asyncpg_connect(
            host="127.0.0.1",
            port=self.ports[0],
            user=USER,
            database=DATABASE,
            password=password,
            ssl=False,
        )

    async def write(self, count: int) -> None:
        client = await self._connect(PASSWORD)
        await client.execute("CREATE TABLE t (n int)")
        for number in range(count):
            await client.execute("INSERT INTO t VALUES ($1)", number)
        await client.close()

    async def count(self) -> int:
        client = await self._connect(PASSWORD)
        count = await client.fetchval("SELECT count(*) FROM t")
        await client.close()
        return count

    async def is_let_in(self, password: str) -> bool:
        try:
            client = await self._connect(password)
        except asyncpg.InvalidPasswordError:
            return False
        await client.close()
        return True


class ClickHouseCase:
    """Rows, each an INSERT of its own, by the stock client."""

    stop_code = 0

    def __init__(self, data_dir: Path) -> None:
        self.ports = (free_port(),)
        self.server: AnyServer = ClickHouseServer(
            data_dir, port=self.ports[0], password=PASSWORD, reader_password="r"
        )

    def _connect(self, password: str) -> Any:
        return _clickhouse(
            host="127.0.0.1",
            port=self.ports[0],
            username=WRITER,
            password=password,
            database="trade2026",
        )

    async def write(self, count: int) -> None:
        await asyncio.to_thread(self._write, count)

    def _write(self, count: int) -> None:
        with self._connect(PASSWORD) as client:
            client.command("CREATE TABLE t (n Int64) ENGINE = MergeTree ORDER BY n")
            for number in range(count):
                client.insert("t", [[number]], column_names=["n"])

    async def count(self) -> int:
        def count() -> int:
            with self._connect(PASSWORD) as client:
                return client.command("SELECT count() FROM t")

        return await asyncio.to_thread(count)

    async def is_let_in(self, password: str) -> bool:
        def is_let_in() -> bool:
            try:
                self._connect(password).close()
            except DatabaseError:
                return False
            return True

        return await asyncio.to_thread(is_let_in)


class SeaweedCase:
    """Objects in a bucket, by the protocol's own client."""

    stop_code = -signal.SIGKILL

    def __init__(self, data_dir: Path) -> None:
        ports = {name: free_port() for name in PORT_NAMES}
        # The server computes the last from the one before.
        while ports["admin"] + 10_000 > 65_535 or not is_port_free(ports["admin"] + 10_000):
            ports["admin"] = free_port()
        ports["admin_grpc"] = ports["admin"] + 10_000
        self.ports = tuple(ports.values())
        self.server: AnyServer = SeaweedServer(data_dir, ports=ports, password=PASSWORD)

    def _store(self, password: str) -> S3Store:
        return S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{self.ports[0]}",
            access_key_id=ACCESS_KEY,
            secret_access_key=password,
            client_options={"allow_http": True},
        )

    async def write(self, count: int) -> None:
        store = self._store(PASSWORD)
        for number in range(count):
            await obstore.put_async(store, f"case/{number}", b"x")

    async def count(self) -> int:
        return len(await obstore.list(self._store(PASSWORD), "case").collect_async())

    async def is_let_in(self, password: str) -> bool:
        try:
            await obstore.put_async(self._store(password), "key", b"x")
        except (PermissionDeniedError, UnauthenticatedError):
            return False
        return True


CASES: Final[
    dict[str, type[NatsCase | ValkeyCase | ClickHouseCase | SeaweedCase | PostgresCase]]
] = {
    "nats": NatsCase,
    "valkey": ValkeyCase,
    "clickhouse": ClickHouseCase,
    "seaweedfs": SeaweedCase,
    "postgres": PostgresCase,
}
