"""The three surroundings the bus's contract is tested in, behind one face."""

import asyncio
from typing import Any, Protocol

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import (
    JetStreamError,
    Nothing,
    StoredAnswer,
    StreamInfo,
    call,
    store,
)
from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate
from trade2026.adapters.infra.nats import NatsServer
from trade2026.catalogue.streams import STREAMS
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.ids import EventId
from trade2026.model.subjects import Event, Stream
from trade2026.ports.bus import Bus

USER = "tester"
PASSWORD = "a secret: of the {test}"
STORE_NOT_MADE = 10_049
"""What the server says of a stream whose files it cannot make."""
TRIES = 50


class World(Protocol):
    """A log, and buses on it."""

    async def bus(self) -> Bus:
        """Return another bus on the log; the world closes it at the end."""
        ...

    async def inject(self, subject: Event[Any], data: bytes, **keys: str) -> int:
        """Append bytes that no bus of ours would write."""
        ...

    async def letters(self) -> list[tuple[str, bytes]]:
        """Return the dead letters: subject and bytes."""
        ...

    async def count(self, stream: Stream) -> int:
        """Return how many events the stream holds."""
        ...

    async def end(self) -> None:
        """Close every bus."""
        ...


class LocalWorld:
    """Buses in one process."""

    def __init__(self, *, with_codec: bool) -> None:
        self.log = MemoryLog()
        self._with_codec = with_codec
        self._buses: list[Bus] = []

    async def bus(self) -> Bus:
        bus = LocalBus(self.log, SystemClock(), with_codec=self._with_codec)
        self._buses.append(bus)
        return bus

    async def inject(self, subject: Event[Any], data: bytes, **keys: str) -> int:
        event_id = EventId(f"injected-{len(self.log.records(subject.stream))}")
        name = subject.name(**keys)
        return self.log.append(subject.stream, name, data, event_id, now_ns=TimeNs(0))

    async def letters(self) -> list[tuple[str, bytes]]:
        return [(r.subject, r.content) for r in self.log.records(Stream.DEAD_LETTER)]

    async def count(self, stream: Stream) -> int:
        return len(self.log.records(stream))

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()


async def _migrate(connection: Connection) -> None:
    # The server answers that a stream is gone while its files still go.
    for _ in range(TRIES):
        try:
            await migrate(connection, STREAMS)
        except JetStreamError as error:
            if error.err_code != STORE_NOT_MADE:
                raise
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not make the streams again")


class NatsWorld:
    """Buses on a real server, whose streams are empty at the start."""

    def __init__(self, server: NatsServer, connection: Connection) -> None:
        self._server = server
        self._connection = connection
        self._buses: list[Bus] = []

    @classmethod
    async def begin(cls, server: NatsServer) -> "NatsWorld":
        connection = await Connection.open(
            url=server.url, user=USER, password=PASSWORD, name="test world"
        )
        for stream in Stream:
            try:
                await call(connection, f"STREAM.DELETE.{stream}", None, Nothing, timeout_s=10)
            except JetStreamError:
                continue
        await _migrate(connection)
        return cls(server, connection)

    async def bus(self) -> Bus:
        bus = await NatsBus.connect(
            url=self._server.url, user=USER, password=PASSWORD, name="test", clock=SystemClock()
        )
        self._buses.append(bus)
        return bus

    async def inject(self, subject: Event[Any], data: bytes, **keys: str) -> int:
        name = subject.name(**keys)
        return (await store(self._connection, name, data, headers={}, timeout_s=5)).seq

    async def letters(self) -> list[tuple[str, bytes]]:
        return [
            (letter.message.subject, letter.message.content)
            for seq in range(1, await self.count(Stream.DEAD_LETTER) + 1)
            for letter in [
                await call(
                    self._connection, "STREAM.MSG.GET.DEAD_LETTER", {"seq": seq}, StoredAnswer
                )
            ]
        ]

    async def count(self, stream: Stream) -> int:
        info = await call(self._connection, f"STREAM.INFO.{stream}", None, StreamInfo)
        return info.state.messages

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()
        await self._connection.close()
