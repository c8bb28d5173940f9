"""A client of `/api/stream` over a real socket, and an edge over a log in memory."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import msgspec
from tests.tokens import Mint
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core.clock import SystemClock
from trade2026.shell.builds import builds_of
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.tokens import TokenVerifier

WITHIN_S = 10.0


class Edge:
    """A running edge, its bus, and a mint of tokens it believes."""

    def __init__(self, runtime: Runtime, bus: LocalBus, mint: Mint) -> None:
        self.runtime = runtime
        self.bus = bus
        self.mint = mint

    def client(self, **claims: Any) -> "StreamClient":
        """Return a client with a token of those claims."""
        return StreamClient(self, self.mint.token(**claims))

    def stranger(self, token: str = "") -> "StreamClient":
        """Return a client with no token, or with a text that may be one."""
        return StreamClient(self, token)


@asynccontextmanager
async def an_edge(log: MemoryLog, folder: Path) -> AsyncGenerator[Edge]:
    """Run an edge over *log* until the block ends."""
    clock = SystemClock()
    bus, mint = LocalBus(log, clock, with_codec=True), Mint(clock)
    door = Doorkeeper(TokenVerifier(mint, clock), RegoPolicy())
    around = Surroundings(bus=bus, doorkeeper=door, data_dir=folder)
    async with running(builds_of(["nginx"]), around, http=True) as runtime:
        yield Edge(runtime, bus, mint)
    await bus.close()


class StreamClient:
    """One connection."""

    socket: ClientConnection

    def __init__(self, edge: Edge, token: str) -> None:
        self._url = edge.runtime.url("nginx").replace("http", "ws") + "/api/stream"
        offered = ["trade2026", f"bearer.{token}"] if token else ["trade2026"]
        self._offered = [Subprotocol(one) for one in offered]

    async def __aenter__(self) -> Self:
        self.socket = await connect(self._url, subprotocols=self._offered)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def say(self, **word: Any) -> None:
        """Say something."""
        await self.socket.send(msgspec.json.encode(word).decode())

    async def follow(self, topic: str, **more: Any) -> Any:
        """Subscribe and return the first answer about the topic."""
        await self.say(op="subscribe", topic=topic, **more)
        return await self.next_of(topic)

    async def next(self) -> Any:
        """Return the next message."""
        async with asyncio.timeout(WITHIN_S):
            return msgspec.json.decode(await self.socket.recv())

    async def next_of(self, topic: str) -> Any:
        """Return the next message about *topic*."""
        while True:
            message = await self.next()
            if message.get("topic") == topic:
                return message

    async def events(self, topic: str, count: int) -> list[Any]:
        """Return the next *count* events of a lossless topic."""
        found: list[Any] = []
        while len(found) < count:
            message = await self.next_of(topic)
            assert message["kind"] == "events"
            found += message["events"]
        return found
