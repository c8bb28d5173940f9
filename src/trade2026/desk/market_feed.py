"""Market data in: a feed's frames into the log, from PRISM or from a recording.

Everything enters the log of raw frames as it came, with the time at which it reached the
platform. PRISM's live copies wait in a bounded queue; when the log is away for long the
oldest are dropped and counted, and the sequence numbers inside show the gap. A recording
waits for the log instead: nothing of it is ever dropped.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.core.errors import StartError
from trade2026.core.ids import EventId
from trade2026.desk.persistence import append_until_stored
from trade2026.model.market import RawBatch, RawFrame
from trade2026.model.subjects import MARKET_RAW
from trade2026.ports.bus import Bus

BATCH_LIMIT: Final = 500
BATCH_BYTES: Final = 512 << 10
WINDOW_NS: Final = 5 * NS_PER_MS
"""Frames that come within so long share a message."""
QUEUE_LIMIT: Final = 2_000
"""Batches of PRISM that wait for the log: half a minute of six symbols."""

Frames = Iterator[tuple[int, bytes]]
"""Recorded receive times and payloads, in order of receipt."""


class FeedStatus(msgspec.Struct, kw_only=True):
    """How a source does, for people."""

    source: str
    state: str
    """waiting, running, ended, or failed."""
    problem: str = ""
    frame_count: int = 0
    waiting_count: int = 0
    """Batches that the log has not taken yet."""
    dropped_count: int = 0
    """Batches lost because the log was away too long."""


async def _append(bus: Bus, log: FilteringBoundLogger, batch: RawBatch) -> None:
    name = f"{batch.session}.{batch.venue}.{batch.symbol}.{batch.first_index}"
    await append_until_stored(
        bus,
        log,
        MARKET_RAW,
        batch,
        event_id=EventId(name),
        venue=batch.venue,
        symbol=batch.symbol,
    )


class PrismFeed:
    """PRISM's public feed on its way into the log; session and positions stay PRISM's."""

    def __init__(self, bus: Bus, clock: Clock, log: FilteringBoundLogger) -> None:
        self.status = FeedStatus(source="prism", state="waiting")
        self._bus = bus
        self._clock = clock
        self._log = log
        self._queue: deque[RawBatch] = deque()
        self._filled = asyncio.Event()

    def on_batch(self, _: str, batch: RawBatch) -> None:
        """Queue a live copy, stamped with the time of its arrival."""
        now_ns = self._clock.now_ns()
        frames = tuple(RawFrame(ts_recv_ns=now_ns, payload=frame.payload) for frame in batch.frames)
        if len(self._queue) >= QUEUE_LIMIT:
            self._queue.popleft()
            self.status.dropped_count += 1
        self._queue.append(msgspec.structs.replace(batch, frames=frames))
        self.status.waiting_count = len(self._queue)
        self._filled.set()

    async def run(self) -> None:
        """Append what is queued, as long as the service runs."""
        while True:
            await self._filled.wait()
            while self._queue:
                batch = self._queue.popleft()
                self.status.waiting_count = len(self._queue)
                await _append(self._bus, self._log, batch)
                self.status.state = "running"
                self.status.frame_count += len(batch.frames)
            self._filled.clear()


class ReplayFeed:
    """A recording on its way into the log, at its own pace, N times it, or without pause."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        *,
        venue: str,
        symbol: str,
        session: str,
        frames: Callable[[], Frames],
        speed: float,
    ) -> None:
        """Describe the replay; nothing is read.

        Args:
            bus: Where the log is.
            clock: Tells arrival times, and paces.
            log: For people.
            venue: Whose recording it is.
            symbol: Its only instrument.
            session: Names this run; a restart begins the file again under a new name.
            frames: Opens the recording.
            speed: 1 is the recorded pace, 0 no pause at all.
        """
        self.status = FeedStatus(source="replay", state="waiting")
        self._bus = bus
        self._clock = clock
        self._log = log
        self._venue = venue
        self._symbol = symbol
        self._session = session
        self._open = frames
        self._speed = speed
        self._break: StartError | None = None

    async def run(self) -> None:
        """Append the whole recording once; then the feed has ended."""
        self._log.info("replay begins", venue=self._venue, symbol=self._symbol, speed=self._speed)
        self.status.state = "running"
        try:
            if self._speed:
                await self._run_paced()
            else:
                await self._run_unpaced()
        except StartError as error:
            # Starting again would only come to the same place of the same file.
            self.status.state = "failed"
            self.status.problem = str(error)
            self._log.error("replay failed", why=str(error), frames=self.status.frame_count)
            return
        self.status.state = "ended"
        self._log.info("replay ended: the feed is stale now", frames=self.status.frame_count)

    async def _run_unpaced(self) -> None:
        frames = self._open()
        while chunk := await self._read(frames):
            await self._append([payload for _, payload in chunk])

    async def _run_paced(self) -> None:
        frames = self._open()
        chunk = deque(await self._read(frames))
        first_ns = chunk[0][0] if chunk else 0
        begin_ns = self._clock.monotonic_ns()
        while chunk:
            reached_ns = first_ns + int((self._clock.monotonic_ns() - begin_ns) * self._speed)
            due: list[bytes] = []
            while chunk and chunk[0][0] <= reached_ns and len(due) < BATCH_LIMIT:
                due.append(chunk.popleft()[1])
            await self._append(due)
            if not chunk:
                chunk.extend(await self._read(frames))
                continue
            ahead_ns = int((chunk[0][0] - reached_ns) / self._speed)
            if len(due) < BATCH_LIMIT:
                await asyncio.sleep(max(ahead_ns, WINDOW_NS) / NS_PER_S)

    async def _read(self, frames: Frames) -> list[tuple[int, bytes]]:
        """Return the next frames; those before a break, and the break when asked again."""
        if self._break is not None:
            raise self._break
        # Unpacking is done aside, so that the services of this process do not wait for it.
        return await asyncio.to_thread(self._read_aside, frames)

    def _read_aside(self, frames: Frames) -> list[tuple[int, bytes]]:
        chunk: list[tuple[int, bytes]] = []
        try:
            chunk.extend(islice(frames, BATCH_LIMIT))
        except StartError as error:
            self._break = error
        if self._break is not None and not chunk:
            raise self._break
        return chunk

    async def _append(self, payloads: Sequence[bytes]) -> None:
        """Append the frames, in more than one batch if they are large."""
        now_ns = self._clock.now_ns()
        batch: list[RawFrame] = []
        size = 0
        for payload in payloads:
            if batch and size + len(payload) > BATCH_BYTES:
                await self._append_batch(batch)
                batch, size = [], 0
            batch.append(RawFrame(ts_recv_ns=now_ns, payload=payload))
            size += len(payload)
        if batch:
            await self._append_batch(batch)

    async def _append_batch(self, frames: list[RawFrame]) -> None:
        await _append(
            self._bus,
            self._log,
            RawBatch(
                venue=self._venue,
                symbol=self._symbol,
                first_index=self.status.frame_count,
                session=self._session,
                frames=tuple(frames),
                is_replay=True,
            ),
        )
        self.status.frame_count += len(frames)
