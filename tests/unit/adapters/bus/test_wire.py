"""What a server sends is read however it is cut up, and what is no protocol ends the connection."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.bus.messages import until

from trade2026.adapters.bus.message import Message
from trade2026.adapters.bus.wire import UserRefusedError, Wire
from trade2026.core.errors import BusUnavailableError, CodecError

INFO = b'INFO {"server_name":"s","headers":true,"max_payload":1000}\r\n'
HEADERS = {"Trade2026-Error": "refused", "Nats-Msg-Id": "a: b"}
HEAD = b"NATS/1.0\r\nTrade2026-Error: refused\r\nNats-Msg-Id: a: b\r\n\r\n"


@dataclass
class Server:
    """Says what it is told to, and keeps what it hears."""

    info: bytes = INFO
    answers: dict[bytes, bytes] = field(
        default_factory=lambda: {b"PING": b"PONG\r\n"},
    )
    heard: bytes = b""
    port: int = 0
    lost_count: int = 0
    writer: asyncio.StreamWriter | None = None

    async def on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        writer.write(self.info)
        with suppress(ConnectionError):
            while line := await reader.readline():
                self.heard += line
                answer = self.answers.get(line.strip())
                if answer is not None:
                    writer.write(answer)
        writer.close()

    def say(self, content: bytes) -> None:
        assert self.writer is not None, "connected"
        self.writer.write(content)

    def on_lost(self) -> None:
        self.lost_count += 1

    async def wire(self) -> Wire:
        url = f"nats://127.0.0.1:{self.port}"
        return await Wire.open(url, user="u", password="p", name="n", on_lost=self.on_lost)


@asynccontextmanager
async def _served(server: Server) -> AsyncGenerator[Server]:
    async with await asyncio.start_server(server.on_client, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        if server.writer is not None:
            server.writer.close()


class _Sink(asyncio.Transport):
    """Takes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_over = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        self.is_over = True


def _wired(take: Callable[[Message], None]) -> tuple[Wire, _Sink]:
    wire, sink = Wire(lambda: None), _Sink()
    wire.connection_made(sink)
    wire.data_received(INFO)
    wire.subscribe("a.*", take)
    return wire, sink


def _sent(message: Message, sid: str = "1") -> bytes:
    """Return *message* as a server sends it."""
    where = " ".join(word for word in (message.subject, sid, message.reply) if word)
    size = len(message.head) + len(message.data)
    line = f"HMSG {where} {len(message.head)} {size}" if message.head else f"MSG {where} {size}"
    return line.encode() + b"\r\n" + message.head + message.data + b"\r\n"


WORDS = st.text(alphabet="abc.$_-9", min_size=1, max_size=9)
MESSAGES = st.builds(
    Message,
    subject=WORDS,
    reply=WORDS | st.just(""),
    data=st.binary(max_size=40) | st.sampled_from([b"\r\n", b"MSG a 1 1\r\nx\r\n", b"PING\r\n"]),
    head=st.sampled_from([b"", HEAD, b"NATS/1.0 503\r\n\r\n"]),
)


@given(messages=st.lists(MESSAGES, max_size=6), data=st.data())
def test_messages_arrive_whole_and_in_order_however_they_are_cut_up(
    messages: list[Message], data: st.DataObject
) -> None:
    async def hear() -> tuple[list[Message], bytes]:
        taken: list[Message] = []
        wire, sink = _wired(taken.append)
        rest = b"".join(_sent(message) + b"PING\r\n" for message in messages)
        while rest:
            cut = data.draw(st.integers(1, len(rest)))
            wire.data_received(rest[:cut])
            rest = rest[cut:]
        return taken, sink.written

    taken, written = asyncio.run(hear())

    assert taken == messages
    assert written.count(b"PONG\r\n") == len(messages)


@given(
    content=st.binary(max_size=60) | st.text(alphabet="MSGH a1-\r\n", max_size=60).map(str.encode)
)
def test_nonsense_ends_the_connection_or_waits_for_more_and_raises_nothing(content: bytes) -> None:
    async def hear() -> list[Message]:
        taken: list[Message] = []
        wire, _ = _wired(taken.append)
        wire.data_received(content + b"\r\n")
        return taken

    for message in asyncio.run(hear()):
        assert message.subject


@pytest.mark.parametrize(
    "line",
    [
        b"MSG a.b 1 x",
        b"MSG a.b",
        b"MSG a 1 r 4 4",
        b"HMSG a.b 1 9",
        b"HMSG a.b 1 r 9 9 9",
        b"HMSG a.b 1 9 3",
        b"MSG a.b 1 -4",
        b"HELLO",
        b"INFO {",
    ],
)
async def test_what_is_no_protocol_ends_the_connection(line: bytes) -> None:
    wire, sink = _wired(lambda _: None)

    wire.data_received(line + b"\r\n")

    assert sink.is_over
    assert not wire.is_connected


async def test_a_line_without_end_ends_the_connection() -> None:
    wire, sink = _wired(lambda _: None)

    wire.data_received(b"M" * 70_000)

    assert sink.is_over


async def test_a_takers_error_costs_its_message_and_no_other() -> None:
    taken: list[bytes] = []

    def take(message: Message) -> None:
        if message.data == b"bad":
            raise ValueError("defect")
        taken.append(message.data)

    wire, _ = _wired(take)
    wire.data_received(b"".join(_sent(Message("a.b", "", data)) for data in (b"1", b"bad", b"2")))

    assert taken == [b"1", b"2"]
    assert wire.is_connected


async def test_a_message_for_nobody_is_passed_over() -> None:
    taken: list[bytes] = []
    wire, _ = _wired(lambda message: taken.append(message.data))

    wire.data_received(_sent(Message("a.b", "", b"x"), sid="77") + _sent(Message("a.b", "", b"y")))

    assert taken == [b"y"]


async def test_who_has_left_takes_nothing_any_more() -> None:
    taken: list[Message] = []
    wire, sink = Wire(lambda: None), _Sink()
    wire.connection_made(sink)
    leave = wire.subscribe("a", taken.append, queue="q")

    leave()
    wire.data_received(_sent(Message("a", "", b"x")))

    assert taken == []
    assert sink.written == b"SUB a q 1\r\nUNSUB 1\r\n"


def test_headers_and_the_servers_word_are_found() -> None:
    plain, word = Message("a", "", b"", HEAD), Message("a", "", b"", b"NATS/1.0 503\r\n\r\n")

    assert {name: plain.header(name) for name in HEADERS} == HEADERS
    assert (plain.header("Msg-Id"), plain.header("nats"), plain.status) == ("", "", "")
    assert (word.status, word.header("503")) == ("503", "")


async def test_what_is_sent_is_the_protocol() -> None:
    wire, sink = _wired(lambda _: None)
    sink.written = b""

    wire.publish("a.b", b"x")
    wire.publish("a.b", b"xy", reply="r", headers=HEADERS)

    assert sink.written == b"PUB a.b 1\r\nx\r\n" + (
        b"HPUB a.b r %d %d\r\n" % (len(HEAD), len(HEAD) + 2) + HEAD + b"xy\r\n"
    )


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB b 1", "a\tb"])
async def test_no_subject_smuggles_a_line(subject: str) -> None:
    wire, sink = _wired(lambda _: None)
    before = sink.written

    with pytest.raises(CodecError, match="no subject"):
        wire.publish(subject, b"x")
    with pytest.raises(CodecError, match="no subject"):
        wire.publish("a", b"x", reply=subject or " ")
    with pytest.raises(CodecError, match="no subject"):
        wire.subscribe(subject, lambda _: None)
    with pytest.raises(CodecError, match="more than a line"):
        wire.publish("a", b"x", headers={"Name": f"a\r\n{subject}"})

    assert sink.written == before


async def test_more_than_the_server_takes_is_refused_here() -> None:
    wire, _ = _wired(lambda _: None)

    wire.publish("a", b"x" * 1_000)
    with pytest.raises(CodecError, match="too many for a"):
        wire.publish("a", b"x" * 1_001)
    with pytest.raises(CodecError, match="too many for a"):
        wire.publish("a", b"x" * 1_000, headers={"A": "b"})
    # A server that says it anew has changed it.
    wire.data_received(b'INFO {"max_payload":2000,"headers":true}\r\n')
    wire.publish("a", b"x" * 2_000)


async def test_who_publishes_waits_while_the_server_takes_nothing() -> None:
    wire, _ = _wired(lambda _: None)

    wire.pause_writing()
    waiting = asyncio.ensure_future(wire.until_writable())
    await asyncio.sleep(0)
    is_waiting = not waiting.done() and not wire.is_writable
    wire.resume_writing()
    await waiting

    assert is_waiting
    assert wire.is_writable


async def test_a_loss_is_told_once_and_ends_what_is_waited_for() -> None:
    async with _served(Server()) as server:
        wire = await server.wire()
        server.answers.clear()
        pong = asyncio.ensure_future(wire.ping())
        await until(lambda: server.heard.count(b"PING") > 1)
        assert server.writer is not None
        server.writer.close()

        with pytest.raises(BusUnavailableError, match="hung up"):
            await pong
        with pytest.raises(BusUnavailableError, match="hung up"):
            wire.publish("a", b"x")
        assert not wire.is_connected
        assert server.lost_count == 1


async def test_a_user_that_is_not_let_in_is_told_so() -> None:
    server = Server(answers={b"PING": b"-ERR 'Authorization Violation'\r\n"})
    async with _served(server):
        with pytest.raises(UserRefusedError, match="Authorization Violation"):
            await server.wire()


async def test_another_complaint_before_it_is_made_is_no_refusal_of_the_user() -> None:
    server = Server(answers={b"PING": b"-ERR 'maximum connections exceeded'\r\n"})
    async with _served(server):
        with pytest.raises(BusUnavailableError, match="maximum connections") as told:
            await server.wire()
        assert not isinstance(told.value, UserRefusedError)


async def test_a_word_that_python_takes_for_two_names_no_other_taker() -> None:
    taken: list[str] = []
    wire, _ = _wired(lambda message: taken.append(message.subject))

    wire.data_received(b"MSG a.b\x0b1 7 1\r\nx\r\nMSG a.\x0bc 1 1\r\ny\r\n")

    assert taken == ["a.\x0bc"]


async def test_a_user_that_is_let_in_no_more_is_lost_though_nobody_hangs_up() -> None:
    async with _served(Server()) as server:
        wire = await server.wire()
        server.say(b"-ERR 'Authorization Violation'\r\n")
        await until(lambda: server.lost_count == 1)

        with pytest.raises(UserRefusedError):
            wire.publish("a", b"x")


async def test_a_server_that_says_nothing_more_is_left_at_once() -> None:
    wire, sink = _wired(lambda _: None)

    # Without that, what waits to be sent is waited for, though no answer comes any more.
    wire.eof_received()

    assert sink.is_over


async def test_why_the_server_hung_up_is_told() -> None:
    async with _served(Server()) as server:
        wire = await server.wire()
        server.say(b"-ERR 'Stale Connection'\r\n")
        assert server.writer is not None
        await server.writer.drain()
        server.writer.close()
        await until(lambda: server.lost_count == 1)

        with pytest.raises(BusUnavailableError, match="Stale Connection"):
            wire.publish("a", b"x")


async def test_a_server_without_a_limit_has_none() -> None:
    wire, _ = _wired(lambda _: None)

    wire.data_received(b'INFO {"max_payload":-1,"headers":true}\r\n')

    wire.publish("a", b"x" * 2_000_000)


async def test_a_complaint_later_ends_nothing() -> None:
    async with _served(Server()) as server:
        wire = await server.wire()
        taken: list[bytes] = []
        wire.subscribe("a", lambda message: taken.append(message.data))
        server.say(b"-ERR 'Permissions Violation'\r\n+OK\r\n" + _sent(Message("a", "", b"x")))
        await until(lambda: bool(taken))

        assert wire.is_connected
        await wire.close()


@pytest.mark.parametrize(
    "info",
    [
        b'INFO {"headers":true,"max_payload":9,"tls_required":true}\r\n',
        b'INFO {"max_payload":9}\r\n',
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
async def test_a_server_that_is_not_ours_is_told_of(info: bytes) -> None:
    async with _served(Server(info=info)) as server:
        with pytest.raises(BusUnavailableError):
            await server.wire()


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trade2026.adapters.bus.wire.CONNECT_TIMEOUT_S", 0.05)
    async with _served(Server(info=b"")) as server:
        with pytest.raises(TimeoutError):
            await server.wire()


async def test_a_server_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trade2026.adapters.bus.wire.PING_S", 0.02)
    async with _served(Server()) as server:
        wire = await server.wire()
        await asyncio.sleep(0.1)
        is_well = wire.is_connected
        server.answers.clear()
        await until(lambda: server.lost_count == 1)

        assert is_well
        with pytest.raises(BusUnavailableError, match="silent"):
            wire.publish("a", b"x")


async def test_closing_sends_what_is_written() -> None:
    async with _served(Server()) as server:
        wire = await server.wire()
        wire.publish("a", b"last")
        await wire.close()
        await until(lambda: server.heard.endswith(b"last\r\n"))

        with pytest.raises(BusUnavailableError):
            wire.publish("a", b"x")


async def test_closing_does_not_wait_for_a_server_that_reads_nothing() -> None:
    async with _served(Server()) as server:
        wire = await server.wire()
        assert server.writer is not None
        cast("asyncio.ReadTransport", server.writer.transport).pause_reading()
        while wire.is_writable:
            wire.publish("a", b"x" * 1_000)
        async with asyncio.timeout(2):
            await wire.close()

        assert server.lost_count == 1
