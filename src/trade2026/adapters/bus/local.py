"""The bus in one process, without a server: same promises, kept in memory.

With the codec on, every message is encoded and decoded on its way, so that nothing
unsendable slips through a test that a server would stop.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from trade2026.adapters.bus.command import Served
from trade2026.adapters.bus.log_bus import LogBus
from trade2026.adapters.bus.memory import MemoryEventLog, MemoryLog
from trade2026.adapters.bus.watcher import Watcher
from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import BusUnavailableError, CodecError
from trade2026.core.ids import EventId
from trade2026.model import codec
from trade2026.model.subjects import Command, Event, Live, Stream
from trade2026.ports.bus import StreamState, Subscription

PAYLOAD_BYTES_MAX: Final = 1_048_576
"""What a message may weigh, as on a server."""

M = TypeVar("M")
R = TypeVar("R")


class LocalBus(LogBus):
    """A bus over a `MemoryLog`. Buses on the same log reach each other's handlers."""

    def __init__(self, log: MemoryLog, clock: Clock, *, with_codec: bool) -> None:
        """Join the log.

        Args:
            log: What outlives this bus.
            clock: Stamps what this bus appends.
            with_codec: Whether every message is encoded and decoded on its way.
        """
        super().__init__(MemoryEventLog(log))
        self._log = log
        self._clock = clock
        self._with_codec = with_codec

    async def ask(
        self, subject: Command[M, R], request: M, *, timeout_s: float = 2.0, **keys: str
    ) -> R:
        """Return the handler's answer; see `Bus.ask`."""
        name = subject.name(**keys)
        self._check_open()
        served = self._log.served.get(name)
        if not served:
            raise BusUnavailableError(f"nobody serves {name}")
        if self._with_codec:
            request = codec.decode(subject.request, _sendable(request, name))
        answer: R = await served[0].answer(request, timeout_s)
        if self._with_codec:
            answer = codec.decode(subject.reply, codec.encode(answer))
        return answer

    async def append(
        self,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append to the log; see `Bus.append`. An outage that ends in time is waited for."""
        name = subject.name(**keys)
        return await self._append(subject.stream, name, message, event_id, timeout_s=timeout_s)

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
        name, stream = subject.name(**keys), subject.stream
        return await self._append(
            stream, name, message, event_id, timeout_s=timeout_s, after_seq=after_seq
        )

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
        name, stream = subject.name(**keys), subject.stream
        return await self._append(
            stream, name, message, event_id, timeout_s=timeout_s, before_id=before_id
        )

    async def _append(
        self,
        stream: Stream,
        name: str,
        message: object,
        event_id: EventId,
        *,
        timeout_s: float,
        after_seq: int | None = None,
        before_id: EventId | None = None,
    ) -> int:
        self._check_open()
        content = _sendable(message, name) if self._with_codec else message
        # A server's log is a round trip away: let the others run, as they would then.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(timeout_s):
                await self._log.up.wait()
        except TimeoutError as error:
            raise BusUnavailableError(f"the log did not take {name} in time") from error
        now_ns = self._clock.now_ns()
        return self._log.append(
            stream, name, content, event_id, now_ns=now_ns, after_seq=after_seq, before_id=before_id
        )

    def show(self, subject: Live[M], message: M, **keys: str) -> None:
        """Send a live copy; see `Bus.show`."""
        name = subject.name(**keys)
        content = codec.encode(message) if self._with_codec else message
        for wildcard, watcher in self._log.watchers:
            if wildcard == subject.wildcard:
                watcher.offer(name, content)

    async def serve(
        self, subject: Command[M, R], handler: Callable[[M], Awaitable[R]]
    ) -> Subscription:
        """Answer the command's requests; see `Bus.serve`."""
        self._check_open()
        handlers = self._log.served[subject.wildcard]

        async def leave() -> None:
            if served in handlers:
                handlers.remove(served)

        served = Served(subject.wildcard, handler, leave)
        handlers.append(served)
        self._running.append(served)
        return served

    async def watch(self, subject: Live[M], handler: Callable[[str, M], None]) -> Subscription:
        """Call *handler* for live copies; see `Bus.watch`."""
        self._check_open()

        async def leave() -> None:
            if entry in self._log.watchers:
                self._log.watchers.remove(entry)

        watcher = Watcher(subject, handler, leave)
        entry = (subject.wildcard, watcher)
        self._log.watchers.append(entry)
        self._running.append(watcher)
        return watcher

    async def last_seq(self, stream: Stream) -> int:
        """Return the sequence of the newest event in *stream*, 0 when it is empty."""
        return self._log.last_seq(stream)

    async def stream_state(self, stream: Stream) -> StreamState:
        """Return which stream this is and what it holds; see `Bus.stream_state`."""
        return StreamState(
            created_ns=self._log.created_ns,
            first_seq=self._log.first_seq(stream),
            last_seq=self._log.last_seq(stream),
        )

    async def seq_at(self, stream: Stream, at_ns: TimeNs) -> int:
        """Return the first sequence stored at *at_ns* or later; see `Bus.seq_at`."""
        records = self._log.records(stream)
        place = bisect_left(records, at_ns, key=lambda record: record.appended_ns)
        return self._log.first_seq(stream) + place

    async def purge(self, stream: Stream, *, before_seq: int) -> None:
        """Discard what stands before *before_seq* in *stream*; see `Bus.purge`."""
        self._check_open()
        self._log.purge(stream, before_seq)

    async def is_reachable(self) -> bool:
        """Return whether the log answers and every consumer still runs."""
        return self._log.up.is_set() and not self._is_closed and not self._failure()


def _sendable(message: object, name: str) -> bytes:
    content = codec.encode(message)
    if len(content) > PAYLOAD_BYTES_MAX:
        raise CodecError(f"{len(content)} bytes are too many for {name}")
    return content
