"""A client that does not read holds nobody up, and gets the latest when it does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest
from litestar.exceptions import WebSocketDisconnect
from tests.doors import OpenDoor
from tests.factories import NOW_NS, px, qty

from trade2026.core.clock import VirtualClock
from trade2026.desk.streams_hub import Hub, Kind, Topic
from trade2026.desk.streams_ring import BACKLOG_MAX, Entry
from trade2026.edge import streams
from trade2026.edge.streams import ANSWERS_MAX, TOO_SLOW, Session
from trade2026.model.market import Aggressor, BookSnapshot, Level, Trade
from trade2026.shell.access import DOORKEEPER_KEY

BOOK = "live.book.PRISM.BTCUSDT"
TRADES = Topic(Kind.TRADES, "BTCUSDT")
TRADE = Trade(
    ts_event_ns=NOW_NS,
    ts_recv_ns=NOW_NS,
    trade_id="1",
    px=px("1"),
    qty=qty("1"),
    aggressor_side=Aggressor.BUY,
)


class _App:
    def __init__(self) -> None:
        self.state = {DOORKEEPER_KEY: OpenDoor()}


class Socket:
    """The client's side, in memory: it reads only while `is_reading` is set."""

    def __init__(self) -> None:
        self.app = _App()
        self.said: asyncio.Queue[str | None] = asyncio.Queue()
        self.read: list[Any] = []
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.closed_with = 0

    async def receive_text(self) -> str:
        said = await self.said.get()
        if said is None:
            raise WebSocketDisconnect(detail="left")
        return said

    async def send_data(self, data: str, mode: str) -> None:
        assert mode == "text"
        await self.is_reading.wait()
        self.read.append(msgspec.json.decode(data))

    async def close(self, code: int, reason: str) -> None:
        assert reason
        self.closed_with = code

    def say(self, **word: Any) -> None:
        """Say something."""
        self.said.put_nowait(msgspec.json.encode(word).decode())


@asynccontextmanager
async def talking(hub: Hub) -> AsyncGenerator[Socket]:
    """Run a session until the block ends; the client leaves then."""
    socket = Socket()
    session = Session(cast("Any", socket), hub, VirtualClock(NOW_NS), None)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        yield socket
        socket.said.put_nowait(None)
        socket.is_reading.set()


def a_book(size: int) -> BookSnapshot:
    return BookSnapshot(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        seq=size,
        bids=(Level(px("1"), qty(str(size))),),
        asks=(),
    )


async def until_read(socket: Socket, count: int) -> None:
    async with asyncio.timeout(5):
        while len(socket.read) < count:  # noqa: ASYNC110 - the socket tells of nothing.
            await asyncio.sleep(0.001)


async def test_a_client_that_pauses_gets_one_update_with_the_latest() -> None:
    hub = Hub()
    async with talking(hub) as socket:
        socket.say(op="subscribe", topic="book:BTCUSDT")
        await until_read(socket, 1)
        socket.is_reading.clear()
        for size in range(1, 301):
            hub.on_book(BOOK, a_book(size))
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        socket.is_reading.set()
        await until_read(socket, 2)
        await asyncio.sleep(0.1)

    # At most one message was on its way when the client paused.
    updates = socket.read[1:]
    assert len(updates) <= 2
    assert updates[-1]["data"]["bids"] == {"1": 300}
    assert sum(update["n"] for update in updates) == 300


async def test_changes_come_at_the_rate_and_events_at_once() -> None:
    hub = Hub()
    async with talking(hub) as socket:
        socket.say(op="rate", hz=4)
        socket.say(op="subscribe", topic="book:BTCUSDT")
        socket.say(op="subscribe", topic="trades:BTCUSDT")
        await until_read(socket, 2)
        for number in range(1, 21):
            hub.on_book(BOOK, a_book(number))
            hub.ring(TRADES).append(Entry(number, NOW_NS, TRADE))
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.3)

    events = [e for message in socket.read for e in message.get("events", ())]
    updates = [message for message in socket.read if message["kind"] == "update"]
    assert [event["s"] for event in events] == list(range(1, 21))
    assert len(updates) < len([m for m in socket.read if m["kind"] == "events"])
    assert sum(update["n"] for update in updates) == 20


async def test_a_client_that_events_run_away_from_is_cut_off() -> None:
    hub = Hub()
    async with talking(hub) as socket:
        socket.say(op="subscribe", topic="trades:BTCUSDT")
        await until_read(socket, 1)
        socket.is_reading.clear()
        hub.ring(TRADES).append(Entry(1, NOW_NS, TRADE))
        await asyncio.sleep(0.01)
        for number in range(2, BACKLOG_MAX + 3):
            hub.ring(TRADES).append(Entry(number, NOW_NS, TRADE))
        socket.is_reading.set()
        async with asyncio.timeout(5):
            while not socket.closed_with:  # noqa: ASYNC110 - the socket tells of nothing.
                await asyncio.sleep(0.001)

    assert socket.closed_with == TOO_SLOW
    assert not hub.ring(TRADES).readers


async def test_a_client_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SEND_LIMIT_S", 0.05)
    async with talking(Hub()) as socket:
        socket.is_reading.clear()
        socket.say(op="ping", id=1)
        async with asyncio.timeout(5):
            while not socket.closed_with:  # noqa: ASYNC110 - the socket tells of nothing.
                await asyncio.sleep(0.001)

    assert socket.closed_with == TOO_SLOW


async def test_a_client_that_asks_without_reading_is_cut_off() -> None:
    async with talking(Hub()) as socket:
        socket.is_reading.clear()
        for number in range(ANSWERS_MAX + 2):
            socket.say(op="ping", id=number)
        async with asyncio.timeout(5):
            while not socket.closed_with:  # noqa: ASYNC110 - the socket tells of nothing.
                await asyncio.sleep(0.001)

    assert socket.closed_with == TOO_SLOW


async def test_nothing_is_kept_of_a_client_that_left() -> None:
    hub = Hub()
    async with talking(hub) as socket:
        for topic in ("book:NONE", "trades:NONE"):
            socket.say(op="subscribe", topic=topic)
        await until_read(socket, 2)
        nones = [hub.board(Topic(Kind.BOOK, "NONE")), hub.ring(Topic(Kind.TRADES, "NONE"))]

    assert hub.board(Topic(Kind.BOOK, "NONE")) is not nones[0]
    assert hub.ring(Topic(Kind.TRADES, "NONE")) is not nones[1]
