"""The log in memory: what a server would keep, for tests and for runs in one process.

It outlives the buses on it: closing a `LocalBus` and opening another on the same
`MemoryLog` is a restart. Nothing is discarded but by a purge, and the id of an event is
remembered as long as the event. Clearing `up` is an outage, setting it ends the outage.
"""

import asyncio
from collections import defaultdict
from typing import Any

import msgspec

from trade2026.adapters.bus.command import Served
from trade2026.adapters.bus.log import PREFETCH_LIMIT, Burial, Cursor, Record, matches
from trade2026.adapters.bus.watcher import Watcher
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.errors import BusUnavailableError, SupersededError
from trade2026.core.ids import EventId
from trade2026.model import codec
from trade2026.model.subjects import Stream


class MemoryLog:
    """Streams, cursors and the meeting place of the buses of one process."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        """Whether the log answers; cleared to play an outage."""
        self.up.set()
        self.served: dict[str, list[Served]] = defaultdict(list)
        self.watchers: list[tuple[str, Watcher]] = []
        self.created_ns = SystemClock().now_ns()
        self._streams: dict[Stream, list[Record]] = defaultdict(list)
        self._purged: dict[Stream, int] = defaultdict(int)
        """How many events were discarded, from the first on."""
        self._newest: dict[str, int] = {}
        """By full subject name, its last event."""
        self._newest_id: dict[Stream, EventId] = {}
        self._ids: dict[tuple[Stream, EventId], int] = {}
        self._cursors: dict[str, Cursor] = {}
        self._owners: dict[str, object] = {}
        self._sources: dict[MemorySource, None] = {}
        """In the order in which they came, so that runs repeat."""

    def append(
        self,
        stream: Stream,
        subject: str,
        content: Any,  # noqa: ANN401 - a message or its bytes.
        event_id: EventId,
        *,
        now_ns: TimeNs,
        after_seq: int | None = None,
        before_id: EventId | None = None,
    ) -> int:
        """Store *content* once per *event_id* and return its sequence; see `Bus.append`.

        Raises:
            SupersededError: *after_seq* is not the newest event of *subject*, or *before_id* not
                that of the stream.
            BusUnavailableError: an outage is being played.
        """
        if not self.up.is_set():
            raise BusUnavailableError("the log does not answer")
        known = self._ids.get((stream, event_id))
        if known is not None:
            return known
        newest = self._newest.get(subject, 0)
        if after_seq not in {None, newest}:
            raise SupersededError(f"{subject} stands at {newest}, not {after_seq}")
        if before_id not in {None, self._newest_id.get(stream)}:
            raise SupersededError(f"{stream} does not end with {before_id}")
        records = self._streams[stream]
        record = Record(
            subject=subject,
            seq=self.last_seq(stream) + 1,
            appended_ns=now_ns,
            content=content,
            pending_count=0,
        )
        records.append(record)
        self._ids[stream, event_id] = record.seq
        self._newest[subject] = record.seq
        self._newest_id[stream] = event_id
        for source in self._sources:
            source.note(stream, record)
        return record.seq

    def records(self, stream: Stream) -> list[Record]:
        """Return the stream's events that are kept, oldest first; the list grows with the log."""
        return self._streams[stream]

    def first_seq(self, stream: Stream) -> int:
        """Return the sequence of the oldest event kept, or of the next one to come."""
        return self._purged[stream] + 1

    def last_seq(self, stream: Stream) -> int:
        """Return the sequence of the newest event that there ever was, 0 for none."""
        return self._purged[stream] + len(self._streams[stream])

    def purge(self, stream: Stream, before_seq: int) -> None:
        """Discard what stands before *before_seq*.

        Raises:
            BusUnavailableError: an outage is being played.
        """
        if not self.up.is_set():
            raise BusUnavailableError("the log does not answer")
        count = min(before_seq - 1, self.last_seq(stream)) - self._purged[stream]
        if count <= 0:
            return
        gone = self._streams[stream][:count]
        del self._streams[stream][:count]
        self._purged[stream] += count
        seqs = {record.seq for record in gone}
        self._ids = {
            key: seq for key, seq in self._ids.items() if key[0] is not stream or seq not in seqs
        }
        for source in self._sources:
            source.lose(stream, gone)

    def add_source(self, source: "MemorySource") -> None:
        """Tell *source* of new events."""
        self._sources[source] = None

    def remove_source(self, source: "MemorySource") -> None:
        """Tell *source* no more."""
        self._sources.pop(source, None)

    def cursor(self, durable: str, owner: object) -> Cursor:
        """Return where *durable* stands and make *owner* the only one who may move it."""
        self._owners[durable] = owner
        return self._cursors.get(durable, Cursor())

    def move_cursor(self, durable: str, owner: object, cursor: Cursor) -> bool:
        """Keep where *durable* stands, unless *owner* no longer holds it."""
        if self._owners.get(durable) is not owner:
            return False
        self._cursors[durable] = cursor
        return True


class MemorySource:
    """A reader of a `MemoryLog`."""

    def __init__(self, log: MemoryLog, stream: Stream, pattern: str, from_seq: int) -> None:
        self._log = log
        self._stream = stream
        self._pattern = pattern
        self._index = max(from_seq, 1) - 1
        self._left = 0
        self._filled = asyncio.Event()

    async def open(self) -> int:
        """Begin, and return how many events wait."""
        await self._log.up.wait()
        self._left = sum(
            record.seq > self._index and self._is_mine(record)
            for record in self._log.records(self._stream)
        )
        if self._left:
            self._filled.set()
        self._log.add_source(self)
        return self._left

    def note(self, stream: Stream, record: Record) -> None:
        """Hear of a new event."""
        if stream is self._stream and record.seq > self._index and self._is_mine(record):
            self._left += 1
            self._filled.set()

    def lose(self, stream: Stream, gone: list[Record]) -> None:
        """Hear of events that were discarded."""
        if stream is self._stream:
            self._left -= sum(record.seq > self._index and self._is_mine(record) for record in gone)
            if not self._left:
                self._filled.clear()

    def _is_mine(self, record: Record) -> bool:
        return matches(self._pattern, record.subject)

    async def wait(self) -> None:
        """Return when an event is there and the log answers."""
        await self._filled.wait()
        await self._log.up.wait()

    def pop(self) -> Record:
        """Return the next event."""
        records, first = self._log.records(self._stream), self._log.first_seq(self._stream)
        self._index = max(self._index, first - 1)
        while True:
            record = records[self._index - first + 1]
            self._index += 1
            if self._is_mine(record):
                break
        self._left -= 1
        if not self._left:
            self._filled.clear()
        return msgspec.structs.replace(record, pending_count=self._left)

    async def count_waiting(self) -> int:
        """Return how many events wait."""
        return self._left

    @property
    def pending_count(self) -> int:
        """How many events wait."""
        return self._left

    @property
    def is_full(self) -> bool:
        """Whether more events wait than a consumer of a server would fetch ahead."""
        return self._left >= PREFETCH_LIMIT

    async def close(self) -> None:
        """Read no more."""
        self._log.remove_source(self)


class MemoryEventLog:
    """What a bus's consumers see of a `MemoryLog`; the bus is the owner of its cursors."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def read(self, stream: Stream, pattern: str, from_seq: int) -> MemorySource:
        """Return a reader of the subjects that match *pattern*, from *from_seq* on."""
        return MemorySource(self._log, stream, pattern, from_seq)

    async def load_cursor(self, durable: str) -> Cursor:
        """Return where *durable* stands, and take it over."""
        return self._log.cursor(durable, self)

    async def save_cursor(self, durable: str, cursor: Cursor) -> bool:
        """Keep where *durable* stands; False when another bus has taken it over."""
        await self._log.up.wait()
        return self._log.move_cursor(durable, self, cursor)

    async def bury(self, record: Record, burial: Burial) -> None:
        """Store the event in the dead-letter stream, once."""
        await self._log.up.wait()
        content = record.content
        letter = content if isinstance(content, bytes) else codec.encode(content)
        event_id = EventId(f"{burial.taker}/{burial.stream}/{record.seq}")
        self._log.append(
            Stream.DEAD_LETTER,
            f"dead.{record.subject}",
            letter,
            event_id,
            now_ns=record.appended_ns,
        )
