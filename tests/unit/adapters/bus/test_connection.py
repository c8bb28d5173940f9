"""A connection sends in order, nothing too late, and never leaves anybody waiting for ever."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from tests.contract.bus.messages import until

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.wire import Wire
from trade2026.core.errors import BusUnavailableError, CodecError

INFO = b'INFO {"headers":true,"max_payload":1000000}\r\n'
BLOCK = b"x" * 500_000


class Server:
    """Takes what it is sent while it is told to, and answers pings."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.reading = asyncio.Event()
        self.reading.set()
        self.is_away = False
        self.writers: list[asyncio.StreamWriter] = []

    async def on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_away:
            writer.close()
            return
        self.writers.append(writer)
        writer.write(INFO)
        with suppress(ConnectionError):
            while content := await reader.read(65_536):
                self.heard += content
                writer.write(b"PONG\r\n" * content.count(b"PING\r\n"))
                await self.reading.wait()
        writer.close()

    def subjects(self) -> list[bytes]:
        """Return where the messages went, in order."""
        lines = bytes(self.heard).split(b"\r\n")
        return [line.split()[1] for line in lines if line.startswith(b"PUB ")]


@asynccontextmanager
async def _connected(server: Server) -> AsyncGenerator[Connection]:
    async with await asyncio.start_server(server.on_client, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        connection = await Connection.open(
            url=f"nats://127.0.0.1:{port}", user="u", password="p", name="test"
        )
        yield connection
        server.reading.set()
        await connection.close()
        for writer in server.writers:
            writer.close()


async def _fill(server: Server, connection: Connection) -> None:
    """Have more wait to be sent than is taken in."""
    server.reading.clear()
    with suppress(BusUnavailableError):
        while True:
            await connection.publish("full", BLOCK)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trade2026.adapters.bus.connection.SEND_S", 0.1)


async def test_what_its_asker_gave_up_on_is_not_sent_later() -> None:
    server = Server()
    async with _connected(server) as connection:
        await _fill(server, connection)
        with pytest.raises(BusUnavailableError, match="not sent to late"):
            await connection.request("late", b"x", timeout_s=0.05)
        server.reading.set()
        await connection.flush(5)
        await connection.publish("last", b"")
        await until(lambda: b"last" in server.subjects())

    assert b"late" not in server.subjects()


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> list[Wire]:
    """Return the wires that are made from now on."""
    made: list[Wire] = []

    class Seen(Wire):
        def __init__(self, on_lost: Callable[[], None]) -> None:
            super().__init__(on_lost)
            made.append(self)

    monkeypatch.setattr("trade2026.adapters.bus.connection.Wire", Seen)
    return made


async def test_those_who_wait_to_send_are_sent_in_the_order_they_came(wires: list[Wire]) -> None:
    server = Server()
    async with _connected(server) as connection, asyncio.TaskGroup() as group:
        wires[0].pause_writing()
        for number in range(3):
            group.create_task(connection.publish(f"n{number}", b""))
            await asyncio.sleep(0)
        wires[0].resume_writing()
        # In the same turn: whoever comes now has not waited.
        await connection.publish("n3", b"")
        await until(lambda: b"n3" in server.subjects())

    assert server.subjects() == [b"n0", b"n1", b"n2", b"n3"]


async def test_who_waited_looks_again_whether_the_server_takes_anything(wires: list[Wire]) -> None:
    server = Server()
    async with _connected(server) as connection, asyncio.TaskGroup() as group:
        wires[0].pause_writing()
        waiting = group.create_task(connection.publish("first", b""))
        await asyncio.sleep(0)
        wires[0].resume_writing()
        wires[0].pause_writing()
        await connection.flush(1)
        is_waiting = not waiting.done()
        wires[0].resume_writing()
        await waiting

    assert is_waiting


async def test_nothing_is_asked_when_no_time_is_left() -> None:
    server = Server()
    async with _connected(server) as connection:
        with pytest.raises(BusUnavailableError, match="no time is left"):
            await connection.request("late", b"x", timeout_s=0)

    assert b"late" not in server.subjects()


async def test_who_waits_for_a_connection_hears_that_it_was_closed() -> None:
    server = Server()
    async with _connected(server) as connection:
        server.is_away = True
        server.writers[0].close()
        await until(lambda: not connection.is_up)
        waiting = asyncio.ensure_future(connection.until_up())
        await asyncio.sleep(0)
        await connection.close()

        with pytest.raises(BusUnavailableError, match="closed"):
            await waiting
        with pytest.raises(BusUnavailableError, match="closed"):
            await connection.until_up()


async def test_a_lost_connection_comes_back_with_what_was_asked_of_it() -> None:
    server = Server()
    async with _connected(server) as connection:
        back = asyncio.Event()
        connection.listen(back.set)
        await connection.subscribe("news", lambda _: None)
        with pytest.raises(CodecError, match="no subject"):
            await connection.subscribe("no news", lambda _: None)
        del server.heard[:]
        server.writers[0].close()
        async with asyncio.timeout(5):
            await back.wait()
            await connection.until_up()

        assert b"SUB news " in server.heard
        assert connection.failure == ""
