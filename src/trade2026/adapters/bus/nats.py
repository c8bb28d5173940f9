"""The bus over NATS: commands by request and reply, events in JetStream, live copies as they go.

A command whose handler is on the same bus object is called directly, without encoding. One
that travels carries the moment until which its asker waits; a server of it that gets it
later leaves it alone, so nothing happens that the asker has already given up on.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar

from trade2026.adapters.bus.command import Served
from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import (
    WRONG_LAST_ID,
    WRONG_LAST_SEQ,
    JetStreamError,
    Nothing,
    StoredAnswer,
    StreamInfo,
    call,
    store,
)
from trade2026.adapters.bus.log_bus import LogBus
from trade2026.adapters.bus.message import Message
from trade2026.adapters.bus.nats_log import EXPECTED_ID, EXPECTED_SEQ, MSG_ID, NatsEventLog
from trade2026.adapters.bus.task import Tasks
from trade2026.adapters.bus.watcher import Watcher
from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import BusUnavailableError, CodecError, RefusedError, SupersededError
from trade2026.core.ids import EventId
from trade2026.model import codec
from trade2026.model.subjects import Command, Event, Live, Stream
from trade2026.ports.bus import StreamState, Subscription

M = TypeVar("M")
R = TypeVar("R")

ERROR: Final = "Trade2026-Error"
ERROR_TEXT: Final = "Trade2026-Error-Text"
DEADLINE: Final = "Trade2026-Deadline-Ns"
UNAVAILABLE: Final = "unavailable"
REFUSED: Final = "refused"
TEXT_LIMIT: Final = 1_000

APPEND_TRY_S: Final = 0.5
"""The first wait for the log's word; each further one is twice as long."""
APPEND_PAUSE_S: Final = 0.02
OUTBOX_LIMIT: Final = 5_000
PING_TIMEOUT_S: Final = 1.0
PURGE_TIMEOUT_S: Final = 10.0
ANSWER_S: Final = 60.0
"""For requests that say nothing of a deadline."""

_SUPERSEDED: Final = frozenset({WRONG_LAST_ID, WRONG_LAST_SEQ})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class NatsBus(LogBus):
    """A bus on one NATS connection."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        """Use an open connection; `connect` makes one."""
        super().__init__(NatsEventLog(connection))
        self._connection = connection
        self._clock = clock
        self._served: dict[str, Served] = {}
        self._tasks = Tasks()
        self._outbox: deque[tuple[str, bytes]] = deque(maxlen=OUTBOX_LIMIT)
        self._outbox_filled = asyncio.Event()
        self._tasks.keep(self._send_copies(), name="bus live copies")

    @classmethod
    async def connect(
        cls,
        *,
        url: str,
        user: str,
        password: str,
        name: str,
        clock: Clock,
        timeout_s: float = 10.0,
    ) -> Self:
        """Connect to the server; afterwards a lost connection comes back by itself.

        Args:
            url: Such as ``nats://127.0.0.1:4222``.
            user: The server's user.
            password: The user's password.
            name: How the server lists the connection.
            clock: For the deadlines of commands.
            timeout_s: How long to try.

        Raises:
            StartError: the server refuses the user.
            BusUnavailableError: no server answered in time.
        """
        connection = await Connection.open(
            url=url, user=user, password=password, name=name, timeout_s=timeout_s
        )
        return cls(connection, clock)

    async def ask(
        self, subject: Command[M, R], request: M, *, timeout_s: float = 2.0, **keys: str
    ) -> R:
        """Return the handler's answer; see `Bus.ask`."""
        self._check_open()
        name = subject.name(**keys)
        served = self._served.get(name)
        if served is not None:
            here: R = await served.answer(request, timeout_s)
            return here
        data = codec.encode(request)
        deadline_ns = self._clock.now_ns() + int(timeout_s * NS_PER_S)
        end_s = asyncio.get_running_loop().time() + timeout_s
        await self._connection.until_up(timeout_s)
        message = await self._connection.request(
            name,
            data,
            timeout_s=end_s - asyncio.get_running_loop().time(),
            headers={DEADLINE: str(deadline_ns)},
        )
        return _read_reply(subject, message)

    async def append(
        self,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append to the log; see `Bus.append`. Outages shorter than the time limit are bridged."""
        headers = {MSG_ID: event_id, "Nats-Expected-Stream": subject.stream.value}
        return await self._append(subject.name(**keys), codec.encode(message), headers, timeout_s)

    async def append_after(
        self,
        after_seq: int,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append behind *after_seq* or not at all; see `Bus.append_after`."""
        headers = {
            MSG_ID: event_id,
            "Nats-Expected-Stream": subject.stream.value,
            EXPECTED_SEQ: str(after_seq),
        }
        name, data = subject.name(**keys), codec.encode(message)
        try:
            return await self._append(name, data, headers, timeout_s)
        except SupersededError:
            # The server looks at what is expected before it looks for a repetition: what
            # stands there may be ours, stored by a try whose answer was lost.
            newest = await call(
                self._connection,
                f"STREAM.MSG.GET.{subject.stream}",
                {"last_by_subj": name},
                StoredAnswer,
            )
            if newest.message.content != data:
                raise
            return newest.message.seq

    async def append_behind(
        self,
        before_id: EventId,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append right behind *before_id* or not at all; see `Bus.append_behind`."""
        headers = {
            MSG_ID: event_id,
            "Nats-Expected-Stream": subject.stream.value,
            EXPECTED_ID: before_id,
        }
        return await self._append(subject.name(**keys), codec.encode(message), headers, timeout_s)

    async def _append(
        self, name: str, data: bytes, headers: dict[str, str], timeout_s: float
    ) -> int:
        self._check_open()
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout_s
        try_s = APPEND_TRY_S
        while True:
            left_s = end_s - loop.time()
            try:
                ack = await store(
                    self._connection, name, data, headers=headers, timeout_s=min(left_s, try_s)
                )
            except BusUnavailableError as error:
                if isinstance(error, JetStreamError) and error.err_code in _SUPERSEDED:
                    raise SupersededError(str(error)) from error
                if end_s - loop.time() <= APPEND_PAUSE_S:
                    raise BusUnavailableError(f"the log did not take {name}: {error}") from error
                await asyncio.sleep(APPEND_PAUSE_S)
                with contextlib.suppress(BusUnavailableError):
                    await self._connection.until_up(end_s - loop.time())
                self._check_open()
                try_s *= 2
            else:
                return ack.seq

    def show(self, subject: Live[M], message: M, **keys: str) -> None:
        """Send a live copy; see `Bus.show`. When the server is away it is gone."""
        self._outbox.append((subject.name(**keys), codec.encode(message)))
        self._outbox_filled.set()

    async def _send_copies(self) -> None:
        while True:
            await self._outbox_filled.wait()
            self._outbox_filled.clear()
            while self._outbox:
                name, data = self._outbox.popleft()
                if self._connection.is_up:
                    with contextlib.suppress(BusUnavailableError, CodecError):
                        await self._connection.publish(name, data)
            await asyncio.sleep(0)

    async def serve(
        self, subject: Command[M, R], handler: Callable[[M], Awaitable[R]]
    ) -> Subscription:
        """Answer the command's requests; see `Bus.serve`.

        Raises:
            ValueError: this bus serves the subject already.
        """
        self._check_open()
        name = subject.wildcard
        if name in self._served:
            raise ValueError(f"{name} is served already")

        async def leave() -> None:
            self._served.pop(name, None)
            await unsubscribe()

        served = Served(name, handler, leave)

        def take(message: Message) -> None:
            self._tasks.keep(self._answer(served, subject, message), name=f"request {name}")

        unsubscribe = await self._connection.subscribe(name, take, queue="serve")
        # The subscription is at the server before anybody is told that it is served.
        await self._connection.flush(PING_TIMEOUT_S)
        self._served[name] = served
        self._running.append(served)
        return served

    async def _answer(self, served: Served, subject: Command[Any, Any], message: Message) -> None:
        timeout_s = ANSWER_S
        deadline = message.header(DEADLINE)
        if deadline.isdigit():
            timeout_s = (int(deadline) - self._clock.now_ns()) / NS_PER_S
            if timeout_s <= 0:
                return
        headers: dict[str, str] | None = None
        data = b""
        try:
            request = codec.decode(subject.request, message.data)
        except CodecError as error:
            headers = _error_headers(REFUSED, error)
        else:
            try:
                data = codec.encode(await served.answer(request, timeout_s))
            except RefusedError as error:
                headers = _error_headers(REFUSED, error)
            except (BusUnavailableError, CodecError) as error:
                # An answer that cannot be sent leaves the outcome unknown to the asker.
                headers = _error_headers(UNAVAILABLE, error)
        if message.reply:
            with contextlib.suppress(BusUnavailableError, CodecError):
                await self._connection.publish(message.reply, data, headers=headers)

    async def watch(self, subject: Live[M], handler: Callable[[str, M], None]) -> Subscription:
        """Call *handler* for live copies; see `Bus.watch`."""
        self._check_open()

        async def leave() -> None:
            await unsubscribe()

        watcher = Watcher(subject, handler, leave)

        def take(message: Message) -> None:
            watcher.offer(message.subject, message.data)

        unsubscribe = await self._connection.subscribe(subject.wildcard, take)
        await self._connection.flush(PING_TIMEOUT_S)
        self._running.append(watcher)
        return watcher

    async def last_seq(self, stream: Stream) -> int:
        """Return the sequence of the newest event in *stream*; see `Bus.last_seq`.

        Raises:
            BusUnavailableError: the log did not answer.
        """
        info = await call(self._connection, f"STREAM.INFO.{stream}", None, StreamInfo)
        return info.state.last_seq

    async def stream_state(self, stream: Stream) -> StreamState:
        """Return which stream this is and what it holds; see `Bus.stream_state`.

        Raises:
            BusUnavailableError: the log did not answer.
        """
        info = await call(self._connection, f"STREAM.INFO.{stream}", None, StreamInfo)
        # The library of dates stops at microseconds; as a name of the stream they are enough.
        created_us = (info.created - _EPOCH) // _MICROSECOND
        return StreamState(
            created_ns=TimeNs(created_us * 1_000),
            first_seq=info.state.first_seq,
            last_seq=info.state.last_seq,
        )

    async def seq_at(self, stream: Stream, at_ns: TimeNs) -> int:
        """Return the first sequence stored at *at_ns* or later; see `Bus.seq_at`.

        Raises:
            BusUnavailableError: the log did not answer.
        """
        at = _EPOCH + at_ns // 1_000 * _MICROSECOND
        state = await self.stream_state(stream)
        # Of a stream that never held anything the server says that it begins at 0.
        first, end = max(1, state.first_seq), state.last_seq + 1
        while first < end:
            middle = (first + end) // 2
            # Of a sequence that is gone the next that is left is asked about.
            ask = {"seq": middle, "next_by_subj": ">"}
            answer = await call(self._connection, f"STREAM.MSG.GET.{stream}", ask, StoredAnswer)
            if answer.message.time < at:
                first = answer.message.seq + 1
            else:
                end = middle
        return first

    async def purge(self, stream: Stream, *, before_seq: int) -> None:
        """Discard what stands before *before_seq* in *stream*; see `Bus.purge`.

        Raises:
            BusUnavailableError: the log did not answer; whether it has done so is unknown.
        """
        # Told to purge beyond its end, the server would leave sequences out.
        end_seq = await self.last_seq(stream) + 1
        body = {"seq": min(before_seq, end_seq)}
        verb = f"STREAM.PURGE.{stream}"
        await call(self._connection, verb, body, Nothing, timeout_s=PURGE_TIMEOUT_S)

    async def is_reachable(self) -> bool:
        """Return whether the log answers and every part of the bus still runs."""
        if self._failure() or self._tasks.failure or self._connection.failure:
            return False
        try:
            await call(self._connection, "INFO", None, Nothing, timeout_s=PING_TIMEOUT_S)
        except BusUnavailableError:
            return False
        return True

    async def close(self) -> None:
        """Stop every subscription after the event in hand, and leave."""
        await super().close()
        # What was answered or shown a moment ago is still on its way out.
        await self._connection.flush(0.3)
        await self._tasks.finish(grace_s=0)
        await self._connection.close()


def _error_headers(kind: str, error: Exception) -> dict[str, str]:
    return {ERROR: kind, ERROR_TEXT: " ".join(str(error).split())[:TEXT_LIMIT]}


def _read_reply(subject: Command[M, R], message: Message) -> R:
    text = message.header(ERROR_TEXT)
    kind = message.header(ERROR)
    if kind == REFUSED:
        raise RefusedError(text)
    if kind:
        raise BusUnavailableError(text)
    try:
        return codec.decode(subject.reply, message.data)
    except CodecError as error:
        # The handler has acted, but what it said is lost.
        raise BusUnavailableError(f"unreadable answer on {subject.pattern}: {error}") from error
