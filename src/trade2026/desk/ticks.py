"""Events into a table of the lake: collected, committed in batches, each stored once.

The log is not told what is stored; the table knows. After a death the events behind the
table's own position are read again, so none is lost and none is stored twice.

What waits is bounded: when the storage is away the folds wait too, and the log keeps the
events for as long as it keeps any. Nothing is dropped here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import UnavailableError
from trade2026.model.subjects import Event, Stream
from trade2026.ports.bus import Bus, Delivery, Subscription
from trade2026.ports.lake import EventTable

HELD_FACTOR: Final = 2
"""So many batches may wait before the folds do: one on its way, one being filled."""
TIDY_COMMITS: Final = 100
"""Every so many commits the table is tidied."""
RETRY_FIRST_S: Final = 0.2
RETRY_LAST_S: Final = 5.0
STOP_S: Final = 0.7
"""How long the last commit may take when the process stops; the log has its events anyway."""


Stage = Callable[[Any, int], tuple[msgspec.Struct, int]]
"""Makes of an event and its sequence what the table takes, and says from which event on
another process must read to go on as this one does."""


class TableSink:
    """Takes events from the log into a table."""

    def __init__(
        self,
        table: EventTable,
        reach: Callable[[], Awaitable[object]],
        bus: Bus,
        log: FilteringBoundLogger,
        *,
        rows_max: int,
        flush_s: float,
        stream: Stream = Stream.MARKET,
        stage: Stage | None = None,
    ) -> None:
        """Describe the sink.

        Args:
            table: Where the events go.
            reach: Asks the storage it is on for something; raises `UnavailableError`.
            bus: Whose log is read.
            log: For what goes wrong.
            rows_max: So many rows are committed at once, whatever the time.
            flush_s: After so many seconds what there is is committed.
            stream: Of the log, whose events are taken.
            stage: What the table takes instead of the events.
        """
        self._table = table
        self._reach = reach
        self._bus = bus
        self._log = log
        self._rows_max = rows_max
        self._flush_s = flush_s
        self._stream = stream
        self._stage = stage
        self._is_due = asyncio.Event()
        self._committing = asyncio.Lock()
        self._trouble = "not opened yet"
        self._source: Subscription | None = None
        """What `follow` takes its events from."""
        self.stored_rows = 0
        """Since the process began."""
        self.commit_count = 0
        self.tidied_count = 0

    @property
    def waiting_rows(self) -> int:
        """How many rows wait to be stored."""
        return self._table.waiting_rows

    async def start(self) -> None:
        """Open the table, however long the storage is away."""
        state = await self._until_done(lambda: self._bus.stream_state(self._stream))
        await self._until_done(lambda: self._table.open(str(state.created_ns)))
        reached = self._table.reached
        if self._table.damage:
            self._log.error(
                "parts of the table are damaged: what the log still has is stored again",
                parts=self._table.damage,
                first_seq=state.first_seq,
            )
        if state.first_seq > reached + 1 and state.last_seq:
            # It cannot be known whether there were events of ours among them.
            self._log.error(
                "the log has discarded events that the sink has not read",
                stored_seq=reached,
                first_seq=state.first_seq,
            )

    def begin(self, kind: type[msgspec.Struct]) -> Callable[[], Awaitable[int]]:
        """Return a question for the first event to read for the table's *kind*."""

        async def first() -> int:
            return self._table.begins(kind)

        return first

    async def on_batch(self, batch: msgspec.Struct, delivery: Delivery) -> None:
        """Take an event; waits while too much waits already."""
        seq, needs_seq = delivery.stream_seq, None
        if self._stage is not None:
            batch, needs_seq = self._stage(batch, seq)
        self._table.add(batch, seq, appended_ns=delivery.appended_ns, needs_seq=needs_seq)
        if self.waiting_rows < self._rows_max:
            return
        self._is_due.set()
        if self.waiting_rows >= HELD_FACTOR * self._rows_max:
            await self._commit(at_least=self._rows_max)

    async def follow(self, subject: Event[Any], kind: type[msgspec.Struct]) -> None:
        """Open the table, take the events of *subject* into it, and go on for ever.

        For a table whose storage others must not wait for: it is waited for in here.
        """
        await self.start()
        self._source = await self._bus.fold(
            subject, self.on_batch, from_seq=self._table.begins(kind)
        )
        try:
            await self.run()
        finally:
            await self._source.stop()

    async def run(self) -> None:
        """Commit when enough waits or has waited long enough; tidy up now and then."""
        while True:
            try:
                async with asyncio.timeout(self._flush_s):
                    await self._is_due.wait()
            except TimeoutError:
                pass
            await self._commit(at_least=1)
            if self.commit_count // TIDY_COMMITS > self.tidied_count:
                self.tidied_count = self.commit_count // TIDY_COMMITS
                await self._tidy()

    async def stop(self) -> None:
        """Commit what there is, if that is quickly done."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._commit(at_least=1)
        except TimeoutError:
            self._log.warning("left for the next start", waiting_rows=self.waiting_rows)

    async def ping(self) -> str:
        """Return why nothing can be stored at this moment, empty when it can."""
        if self._source is not None and self._source.stats().is_halted:
            return "halted by an event it cannot handle"
        if self._trouble:
            return self._trouble
        try:
            await self._reach()
        except UnavailableError as error:
            return str(error)
        return ""

    def about(self) -> Mapping[str, Any]:
        """Return what the sink has done."""
        return {
            "rows_stored": self.stored_rows,
            "rows_waiting": self.waiting_rows,
            "commits": self.commit_count,
        }

    async def _commit(self, *, at_least: int) -> None:
        async with self._committing:
            # Somebody else may have done it while we waited for our turn.
            if self.waiting_rows < at_least:
                return
            self._is_due.clear()
            stored = await self._until_done(self._table.commit)
            self.stored_rows += stored
            self.commit_count += 1

    async def _tidy(self) -> None:
        async with self._committing:
            try:
                await self._table.tidy()
            except UnavailableError as error:
                self._log.warning("lake not tidied", reason=str(error))

    async def _until_done(self, work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - work's.
        pause_s = RETRY_FIRST_S
        while True:
            try:
                done = await work()
            except UnavailableError as error:
                if self._trouble != str(error):
                    self._log.warning("rows wait", reason=str(error))
                self._trouble = f"rows wait: {error}"
            else:
                self._trouble = ""
                return done
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_LAST_S)
