"""Read a stream in order over NATS, whatever happens to the server or the connection.

An ephemeral pull consumer, read ahead in bounded portions. The server numbers what it
delivers; a number that is not the next one, silence, a lost connection or a consumer that
is gone lead to a new consumer behind the last event received. So nothing is skipped and
nothing is repeated.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import msgspec
import structlog

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import API, ConsumerInfo, call
from trade2026.adapters.bus.log import PREFETCH_LIMIT, Record
from trade2026.adapters.bus.message import Message
from trade2026.adapters.bus.task import Tasks
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import BusUnavailableError
from trade2026.model.subjects import Stream

EXPIRES_S: Final = 30
HEARTBEAT_S: Final = 2
SILENCE_S: Final = 5.0
"""Without a word from the server for so long although one was due, it is asked anew."""
FORGET_S: Final = 60
"""The server forgets a consumer that nobody has read for so long."""
FIRST_PAUSE_S: Final = 0.05
LAST_PAUSE_S: Final = 1.0

_HEARTBEAT: Final = "100"
_ENDED: Final = frozenset({"404", "408"})
"""A portion ended without trouble: no messages, or its time is over."""
_PLAIN_ACK_PARTS: Final = 9
_NUMBERS: Final = count()

_LOG = structlog.get_logger("trade2026.bus")


class PullSource:
    """A reader of one stream's subjects that match a pattern."""

    def __init__(self, connection: Connection, stream: Stream, pattern: str, from_seq: int) -> None:
        self._connection = connection
        self._stream = stream
        self._pattern = pattern
        self.next_seq = max(from_seq, 1)
        """Behind the last event received."""
        self._queue: deque[Record] = deque()
        self._filled = asyncio.Event()
        self._wake = asyncio.Event()
        self._tasks = Tasks()
        self._unsubscribe: Callable[[], Any] | None = None
        self._unlisten: Callable[[], None] | None = None
        self._round = 0
        self._consumer = ""
        self._inbox = ""
        self._delivered_count = 0
        self._requested_count = 0
        self._behind_count = 0
        self.trouble = ""
        """Why a new consumer is needed; empty while all is in step."""
        self._heard_s = 0.0

    async def open(self) -> int:
        """Begin, and return how many events wait. Waits until the log is reachable."""
        self._unlisten = self._connection.listen(lambda: self._note_trouble("reconnected"))
        await self._attach_until_done()
        waiting = self._behind_count
        self._tasks.keep(self._run(), name=f"read {self._pattern}")
        return waiting

    async def wait(self) -> None:
        """Return when an event is there."""
        await self._filled.wait()

    def pop(self) -> Record:
        """Return the next event."""
        record = self._queue.popleft()
        if not self._queue:
            self._filled.clear()
        if self._lacks():
            self._wake.set()
        return record

    async def count_waiting(self) -> int:
        """Return how many events wait; the last that was heard when the log is away."""
        try:
            info = await call(
                self._connection,
                f"CONSUMER.INFO.{self._stream}.{self._consumer}",
                None,
                ConsumerInfo,
            )
        except BusUnavailableError:
            return max(self.pending_count, 1)
        on_the_way = max(info.delivered.consumer_seq - self._delivered_count, 0)
        return info.num_pending + on_the_way + len(self._queue)

    @property
    def pending_count(self) -> int:
        """How many events waited when the server last said so."""
        return len(self._queue) + self._behind_count

    @property
    def is_full(self) -> bool:
        """Whether so much waits here that no more is fetched."""
        return not self._requested_count and not self._lacks()

    async def close(self) -> None:
        """Read no more, and let the server forget the consumer."""
        if self._unlisten is not None:
            self._unlisten()
        await self._tasks.finish(grace_s=0)
        await self._detach()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._wake.wait()
            self._wake.clear()
            silence_s = asyncio.get_running_loop().time() - self._heard_s
            if self._requested_count and silence_s > SILENCE_S:
                self._note_trouble("the server is silent")
            try:
                if self.trouble:
                    await self._attach_until_done()
                elif self._lacks():
                    await self._pull()
            except BusUnavailableError as error:
                self._note_trouble(str(error))
                await asyncio.sleep(FIRST_PAUSE_S)

    def _lacks(self) -> bool:
        return len(self._queue) + self._requested_count <= PREFETCH_LIMIT // 2

    async def _pull(self) -> None:
        batch = PREFETCH_LIMIT - len(self._queue) - self._requested_count
        self._requested_count += batch
        self._heard_s = asyncio.get_running_loop().time()
        body = {
            "batch": batch,
            "expires": EXPIRES_S * NS_PER_S,
            "idle_heartbeat": HEARTBEAT_S * NS_PER_S,
        }
        await self._connection.publish(
            f"{API}.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            msgspec.json.encode(body),
            reply=self._inbox,
        )

    def _note_trouble(self, why: str) -> None:
        self.trouble = why
        self._wake.set()

    async def _attach_until_done(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await self._connection.until_up()
            if self.trouble:
                _LOG.info("event reader attaches again", subject=self._pattern, why=self.trouble)
            try:
                await self._attach()
            except BusUnavailableError as error:
                self.trouble = str(error)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LAST_PAUSE_S)
            else:
                return

    async def _attach(self) -> None:
        """Make a consumer behind the last event received, and ask it for the first portion."""
        await self._detach()
        self._round += 1
        self.trouble = ""
        self._delivered_count = self._requested_count = 0
        number = next(_NUMBERS)
        self._consumer = f"{self._connection.inbox.rpartition('.')[2]}-{number}"
        self._inbox = f"{self._connection.inbox}.e.{number}"
        this_round = self._round

        def take_in_round(message: Message) -> None:
            if this_round == self._round:
                self.take(message)

        self._unsubscribe = await self._connection.subscribe(self._inbox, take_in_round)
        config = {
            "name": self._consumer,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.next_seq,
            "ack_policy": "none",
            "replay_policy": "instant",
            "filter_subject": self._pattern,
            "inactive_threshold": FORGET_S * NS_PER_S,
            "mem_storage": True,
            "num_replicas": 1,
        }
        info = await call(
            self._connection,
            f"CONSUMER.CREATE.{self._stream}.{self._consumer}.{self._pattern}",
            {"stream_name": self._stream, "config": config, "action": "create"},
            ConsumerInfo,
        )
        self._behind_count = info.num_pending
        await self._pull()

    async def _detach(self) -> None:
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is None:
            return
        await unsubscribe()
        with contextlib.suppress(BusUnavailableError):
            verb = f"CONSUMER.DELETE.{self._stream}.{self._consumer}"
            await self._connection.publish(f"{API}.{verb}", b"")

    def take(self, message: Message) -> None:
        """Take in what the server sent: an event, or word of how the portion goes."""
        self._heard_s = asyncio.get_running_loop().time()
        if message.status:
            self._take_status(message)
            return
        place = _Place.of(message.reply)
        if place.delivery != self._delivered_count + 1 or place.seq < self.next_seq:
            self._note_trouble(
                f"delivery {place.delivery} of event {place.seq} came "
                f"after delivery {self._delivered_count} up to event {self.next_seq - 1}"
            )
            # What this consumer still sends is out of step; the next one sends it again.
            self._round += 1
            return
        self._delivered_count += 1
        self._requested_count = max(self._requested_count - 1, 0)
        self.next_seq = place.seq + 1
        self._behind_count = place.pending
        record = Record(
            subject=message.subject,
            seq=place.seq,
            appended_ns=place.appended_ns,
            content=message.data,
            pending_count=place.pending,
        )
        self._queue.append(record)
        self._filled.set()
        if self._lacks():
            self._wake.set()

    def _take_status(self, message: Message) -> None:
        if message.status == _HEARTBEAT:
            last = message.header("Nats-Last-Consumer")
            if last.isdigit() and int(last) > self._delivered_count:
                self._note_trouble(f"deliveries up to {last} were lost on the way")
            return
        if message.status in _ENDED:
            left = message.header("Nats-Pending-Messages")
            unused = int(left) if left.isdigit() else self._requested_count
            self._requested_count = max(self._requested_count - unused, 0)
            self._wake.set()
            return
        self._note_trouble(f"the server ended the consumer: {message.status}")


class _Place(msgspec.Struct, frozen=True):
    """Where a delivered event stands, as the server writes it into the reply subject."""

    seq: int
    delivery: int
    appended_ns: TimeNs
    pending: int

    @classmethod
    def of(cls, reply: str) -> "_Place":
        # $JS.ACK.[domain.account.]stream.consumer.tries.seq.delivery.time.pending[.token]
        parts = reply.split(".")
        first = 5 if len(parts) == _PLAIN_ACK_PARTS else 7
        seq, delivery, appended_ns, pending = map(int, parts[first : first + 4])
        return cls(seq, delivery, TimeNs(appended_ns), pending)
