"""One connection to a NATS server, as the protocol has it: what is read goes straight to its taker.

No message has a queue, a task or a dictionary of its own: an order is some 25 that come and 12 that
go, so what each costs here is a good part of what an order costs (decision 13).

Source: NATS documentation, "Client Protocol", read 2026-11.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Final, Self, cast
from urllib.parse import urlsplit

import msgspec
import structlog

from trade2026.adapters.bus.attempt import Attempt, reason_of
from trade2026.adapters.bus.message import LINE_END, Message, Take, check_subject, head_of
from trade2026.core.errors import BusUnavailableError, CodecError

DEFAULT_PORT: Final = 4222
CONNECT_TIMEOUT_S: Final = 1.0
CLOSE_S: Final = 0.5
PING_S: Final = 5.0
UNANSWERED_LIMIT: Final = 2
"""A server that has left so many pings unanswered when the next is due is given up."""
LINE_LIMIT: Final = 64 * 1024
"""What is longer than that and no line is no protocol: a server's longest tells of its cluster."""
UNSENT_LIMIT: Final = 2 * 1024 * 1024
"""While more than that waits to be sent, who publishes waits too; bytes."""

_REFUSED: Final = "authorization violation"

_LOG = structlog.get_logger("trade2026.bus")


class UserRefusedError(BusUnavailableError):
    """The server does not let this user in."""


class _Info(msgspec.Struct, frozen=True):
    """What the server says of itself; it says it again when it changes."""

    max_payload: int
    headers: bool = False
    tls_required: bool = False


class Wire(asyncio.Protocol):
    """A connection for as long as it lasts; `open` makes one.

    Args:
        on_lost: called once when it is over, for whatever reason.
    """

    def __init__(self, on_lost: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._at = 0
        self._takers: dict[bytes, Take] = {}
        self._sids = count(1)
        self._pongs: deque[asyncio.Future[None] | None] = deque()
        self._unanswered_count = 0
        self._alive: asyncio.TimerHandle | None = None
        self._info: asyncio.Future[_Info] = loop.create_future()
        self._max_payload = 0
        self._writable = asyncio.Event()
        self._closed = asyncio.Event()
        self._why = ""
        """Why it is over; empty while it is not."""
        self._complaint = ""
        """The server's last one, while it has not said that all is well."""

    @classmethod
    async def open(
        cls, url: str, *, user: str, password: str, name: str, on_lost: Callable[[], None]
    ) -> Self:
        """Connect, and return when the server has let *user* in.

        Raises:
            UserRefusedError: it does not.
            BusUnavailableError: it speaks in a way that is not ours.
            OSError: nobody is there.
            TimeoutError: nobody answered in time.
        """
        place = urlsplit(url)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, self = await loop.create_connection(
                lambda: cls(on_lost), place.hostname or "", place.port or DEFAULT_PORT
            )
            with contextlib.ExitStack() as undo:
                undo.callback(self._end, "it was not made")
                self._introduce(await self._info, user=user, password=password, name=name)
                await self.ping()
                undo.pop_all()
        self._keep_alive()
        return self

    @property
    def is_connected(self) -> bool:
        """Whether it lasts."""
        return not self._why

    @property
    def is_writable(self) -> bool:
        """Whether what is published is sent soon."""
        return self._writable.is_set()

    async def until_writable(self) -> None:
        """Return when it is sent soon, or all is over."""
        await self._writable.wait()

    def publish(
        self,
        subject: str,
        data: bytes,
        *,
        reply: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a message to whoever is there.

        Raises:
            BusUnavailableError: the connection is over.
            CodecError: the message is larger than the server takes, *subject* or *reply* is
                none, or a header is more than a line.
        """
        head = head_of(headers) if headers else b""
        size = len(head) + len(data)
        if 0 < self._max_payload < size:
            raise CodecError(f"{size} bytes are too many for {subject}")
        check_subject(subject)
        where = subject
        if reply:
            check_subject(reply)
            where = f"{subject} {reply}"
        if head:
            self._write(
                b"".join((f"HPUB {where} {len(head)} {size}\r\n".encode(), head, data, LINE_END))
            )
        else:
            self._write(b"".join((f"PUB {where} {size}\r\n".encode(), data, LINE_END)))

    def subscribe(self, subject: str, take: Take, *, queue: str = "") -> Callable[[], None]:
        """Call *take* for every message on *subject*, and return what ends that.

        Raises:
            BusUnavailableError: the connection is over.
            CodecError: *subject* is none.
        """
        check_subject(subject)
        sid = str(next(self._sids)).encode()
        where = f"{subject} {queue}" if queue else subject
        self._write(b"SUB %b %b\r\n" % (where.encode(), sid))
        self._takers[sid] = take

        def leave() -> None:
            if self._takers.pop(sid, None) is not None and self.is_connected:
                self._write(b"UNSUB %b\r\n" % sid)

        return leave

    async def ping(self) -> None:
        """Return when the server has taken all that was sent before.

        Raises:
            BusUnavailableError: the connection is over.
        """
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._write(b"PING\r\n")
        self._pongs.append(pong)
        await pong

    async def close(self) -> None:
        """Send what is written, and leave; both within `CLOSE_S`."""
        self._why = self._why or "it was closed"
        if self._transport is not None:
            self._transport.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._closed.wait()
        finally:
            if not self._closed.is_set():
                self._end(self._why)
        await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; see `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=UNSENT_LIMIT)
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait that nothing comes any more; see `asyncio.Protocol`."""
        lost = "the server hung up" if exc is None else reason_of(exc)
        self._why = self._why or self._complaint or lost
        if self._alive is not None:
            self._alive.cancel()
        waiting = [pong for pong in self._pongs if pong is not None]
        self._pongs.clear()
        for future in (self._info, *waiting):
            if not future.done():
                future.set_exception(self._over())
                # Nobody need be waiting for it any more.
                future.exception()
        self._writable.set()
        self._closed.set()
        self._on_lost()

    def eof_received(self) -> None:
        """Hang up too: no answer comes any more; see `asyncio.Protocol`."""
        self._end(self._complaint or "the server hung up")

    def pause_writing(self) -> None:
        """Have who publishes wait; see `asyncio.Protocol`."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let them go on; see `asyncio.Protocol`."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Hand on every message that is whole by now; see `asyncio.Protocol`."""
        self._rest, self._at = self._rest[self._at :] + data, 0
        while not self._why:
            begun = self._at
            with Attempt() as attempt:
                self._read()
            if attempt.error is None:
                return
            if self._at == begun:
                self._end(reason_of(attempt.error))
            # A taker's defect costs its message, and no other.
            _LOG.error("message not taken", why=reason_of(attempt.error), exc_info=attempt.error)

    def _read(self) -> None:
        read, takers = self._rest, self._takers
        while not self._why:
            end = read.find(LINE_END, self._at)
            if end < 0:
                if len(read) - self._at > LINE_LIMIT:
                    self._end("the server sends no lines")
                return
            has_head = read.startswith(b"H", self._at)
            if not has_head and not read.startswith(b"M", self._at):
                line, self._at = read[self._at : end], end + 2
                self._control(line)
                continue
            # By spaces alone, as the server does: a subject may hold what Python takes for one.
            words = read[self._at : end].split(b" ")
            least = 5 if has_head else 4
            size = head_size = -1
            if len(words) in {least, least + 1}:
                with contextlib.suppress(ValueError):
                    size = int(words[-1])
                    head_size = int(words[-2]) if has_head else 0
            if not 0 <= head_size <= size:
                self._end(f"the server sends {read[self._at : end][:80]!r}")
                return
            begin = end + 2
            last = begin + size
            if len(read) < last + 2:
                return
            self._at = last + 2
            take = takers.get(words[2])
            if take is not None:
                subject, reply = words[1], words[3] if len(words) > least else b""
                body = begin + head_size
                take(
                    Message(subject.decode(), reply.decode(), read[body:last], read[begin:body])
                    if has_head
                    else Message(subject.decode(), reply.decode(), read[begin:last])
                )

    def _control(self, line: bytes) -> None:
        verb, _, text = line.partition(b" ")
        match verb.upper():
            case b"PING":
                self._write(b"PONG\r\n")
            case b"PONG":
                self._unanswered_count, self._complaint = 0, ""
                pong = self._pongs.popleft() if self._pongs else None
                if pong is not None and not pong.done():
                    pong.set_result(None)
            case b"INFO":
                self._learn(text)
            case b"-ERR":
                self._complain(text.decode("utf-8", "replace").strip("' "))
            case b"+OK":
                pass
            case _:
                self._end(f"the server sends {line[:80]!r}")

    def _learn(self, text: bytes) -> None:
        try:
            info = msgspec.json.decode(text, type=_Info)
        except msgspec.MsgspecError as error:
            self._end(f"the server tells of itself what cannot be read: {error}")
            return
        self._max_payload = info.max_payload
        if not self._info.done():
            self._info.set_result(info)

    def _complain(self, text: str) -> None:
        _LOG.warning("message bus complains", reason=text)
        self._complaint = text
        if self._alive is None or text.lower() == _REFUSED:
            # Nobody is let in, or nobody any more.
            self._end(text)

    def _introduce(self, info: _Info, *, user: str, password: str, name: str) -> None:
        if info.tls_required or not info.headers:
            raise BusUnavailableError("the server wants TLS, or knows no headers")
        options = {
            "verbose": False,
            "pedantic": False,
            "headers": True,
            "no_responders": True,
            "protocol": 1,
            "lang": "python",
            "version": "1",
            "name": name,
            "user": user,
            "pass": password,
        }
        self._write(b"CONNECT %b\r\n" % msgspec.json.encode(options))

    def _keep_alive(self) -> None:
        if self._why or self._unanswered_count >= UNANSWERED_LIMIT:
            self._end("the server is silent")
            return
        self._unanswered_count += 1
        self._write(b"PING\r\n")
        self._pongs.append(None)
        self._alive = asyncio.get_running_loop().call_later(PING_S, self._keep_alive)

    def _write(self, content: bytes) -> None:
        if self._why or self._transport is None:
            raise self._over()
        self._transport.write(content)

    def _end(self, why: str) -> None:
        """Hang up at once; `connection_lost` follows."""
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()

    def _over(self) -> BusUnavailableError:
        why = self._why or "there is no connection"
        kind = UserRefusedError if why.lower() == _REFUSED else BusUnavailableError
        return kind(f"the message bus: {why}")
