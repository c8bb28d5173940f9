"""A taker of events: in order, at least once, with the rules for poison.

Folds and durable consumers are one thing here; a durable one also keeps a cursor in the
log. Both read the log in order. JetStream's own durable consumers are not used, because
after a death they hand out what was not acknowledged *behind* what is new, and one halted
account would fill their window of unacknowledged messages; either breaks a promise of
`ports/bus.py`.

A key (a full subject name) whose event is poisoned under `Poison.HALT` is parked: other
keys go on. A durable tries the parked event again from time to time and, once it is
handled, catches up on the key from the log; one that killed its processes is left alone
until another version of this package comes. A fold leaves a key parked until the restart
that folds anew.

Where lanes are named, events are handled side by side as far as those allow: see `ahead.py`.
Only as long as a death is looked into, and for parked keys, one event follows another even so.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from trade2026.adapters.bus.ahead import Ahead
from trade2026.adapters.bus.cursor import CursorKeeper
from trade2026.adapters.bus.handling import End, Handling, Outcome
from trade2026.adapters.bus.log import Burial, EventLog, Halted, Once, Record
from trade2026.adapters.bus.task import Tasks
from trade2026.core.errors import BusUnavailableError
from trade2026.model.subjects import Event, Poison
from trade2026.ports.bus import EventHandler, LanesOf, PoisonHandler, QueueStats

STOP_GRACE_S: Final = 5.0
TURN_COUNT: Final = 32
"""Events handled before the other tasks of the process certainly get their turn."""

RETRY_FIRST_S: Final = 1.0
RETRY_LAST_S: Final = 30.0
RETRY_TURN_S: Final = 0.01
RETRY_SLICE: Final = 200
"""Events of a released key handled in one go, before other keys get their turn."""

_LOG = structlog.get_logger("trade2026.bus")


@dataclass
class _Parked:
    seq: int
    """First event of the key that is not handled."""
    due_s: float
    """When to try again, on the loop's clock."""
    pause_s: float = RETRY_FIRST_S
    alarmed_seq: int = 0
    deaths: int = 0


class Consumer:
    """A running fold or durable consumer of one event's subjects."""

    def __init__(
        self,
        log: EventLog,
        subject: Event[Any],
        handler: EventHandler,
        *,
        on_poison: PoisonHandler | None,
        max_tries: int,
        durable: str = "",
        lanes: LanesOf | None = None,
        from_seq: int = 1,
        until_seq: int | None = None,
    ) -> None:
        self._log = log
        self._subject = subject
        self._max_tries = max_tries
        self._from_seq = from_seq
        self._until_seq = until_seq
        self.is_stopped = False
        self._name = durable or f"fold:{subject.pattern}"
        self._handling = Handling(self._name, subject, handler, on_poison)
        self._keeper = CursorKeeper(log, durable, self._lose) if durable else None
        self._parked: dict[str, _Parked] = {}
        self._source = log.read(subject.stream, subject.wildcard, from_seq)
        self._seq = 0
        self._is_lost = False
        self._is_idle = False
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._lanes = lanes
        self._ahead = Ahead(self._try, self._conclude, self._tasks)
        self._taken_seq = 0
        self._patience: asyncio.Timeout | None = None
        """While the next event is waited for beside what is in hand."""
        self._behind = 0
        self._caught_up = asyncio.Event()

    async def start(self) -> None:
        """Take up the place and begin."""
        if self._keeper is not None:
            await self._keeper.load()
            self._seq = self._keeper.seq
            now_s = asyncio.get_running_loop().time()
            self._parked = {
                key: _Parked(seq=halted.seq, due_s=now_s, deaths=halted.deaths)
                for key, halted in self._keeper.parked.items()
            }
            from_seq = self._keeper.seq + 1
            self._source = self._log.read(self._subject.stream, self._subject.wildcard, from_seq)
            self._tasks.keep(self._keeper.run(), name=f"cursor {self._name}")
        if self._lanes is not None:
            self._tasks.keep(self._ahead.run(), name=f"conclude {self._name}")
        self._behind = await self._source.open()
        if not self._behind:
            self._caught_up.set()
        self._task = self._tasks.keep(self._run(), name=f"consume {self._name}")

    async def catch_up(self) -> None:
        """Return when everything that waited at the start has been handled.

        Raises:
            BusUnavailableError: the consumer ended before that.
        """
        assert self._task is not None, "started"
        task = self._task
        waiter = self._tasks.start(self._caught_up.wait(), name=f"catch up {self._name}")
        while not self._caught_up.is_set():
            await asyncio.wait({task, waiter}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            if task.done() and not self._caught_up.is_set():
                waiter.cancel()
                raise BusUnavailableError(f"{self._name} ended before it had caught up")
            # The log may forget events that waited at the start: then none are left to come.
            if self._is_idle and not await self._source.count_waiting() and self._is_idle:
                self._caught_up.set()

    async def _run(self) -> None:
        taken = 0
        while not self._handling.stopping.is_set():
            record = await self._next()
            if record is None:
                await self._ahead.drained()
                if not self._handling.stopping.is_set():
                    await self._retry_due()
                continue
            await self._take(record)
            self._behind -= 1
            is_far = self._until_seq is not None and record.seq >= self._until_seq
            if self._behind <= 0 or not record.pending_count or is_far:
                self._caught_up.set()
            taken += 1
            if taken % TURN_COUNT == 0:
                await asyncio.sleep(0)

    async def _next(self) -> Record | None:
        """Return the next event, or None when a parked key is to be tried again first."""
        due_s = self._next_retry_s()
        self._is_idle = True
        try:
            if due_s is None and self._lanes is None:
                await self._source.wait()
            else:
                async with asyncio.timeout_at(due_s) as self._patience:
                    await self._source.wait()
        except TimeoutError:
            return None
        finally:
            self._is_idle, self._patience = False, None
        if due_s is not None and due_s <= asyncio.get_running_loop().time():
            return None
        return self._source.pop()

    async def _take(self, record: Record) -> None:
        assert record.seq > self._taken_seq, f"{self._name}: {record.seq} after {self._taken_seq}"
        self._taken_seq = record.seq
        # At a start only: nothing is ahead yet.
        is_careful = self._keeper is not None and self._keeper.is_careful
        if self._lanes is not None and not is_careful:
            record = msgspec.structs.replace(record, once=record.once or Once())
            lanes = self._handling.lanes(record, self._lanes)
            if lanes is not None:
                if self._keeper is not None and not self._ahead:
                    await self._keeper.foresee(record.seq)
                await self._ahead.begin(record, lanes)
                return
            # Nobody knows what stands in order with it.
            await self._ahead.drained()
            if self._handling.stopping.is_set():
                return
        if record.subject in self._parked:
            self._pass(record)
            return
        deaths = 0
        if self._keeper is not None:
            deaths = await self._keeper.announce(record.seq) - 1
            if self._is_lost:
                return
            if deaths >= self._max_tries:
                reason = f"{deaths} processes died while they handled it"
                await self._poison(record, reason, deaths=deaths)
                return
        outcome = await self._handling.handle(
            record, tries=self._max_tries, is_redelivered=deaths > 0
        )
        await self._conclude(record, outcome)

    async def _try(self, record: Record) -> Outcome | None:
        if self._is_lost:
            return Outcome(End.LEFT)
        if record.subject in self._parked:
            return None
        return await self._handling.handle(record, tries=self._max_tries, is_redelivered=False)

    async def _conclude(self, record: Record, outcome: Outcome | None) -> bool:
        """Do what follows from an event's outcome, in its place; return whether to go on."""
        if self._is_lost:
            return False
        if outcome is None:
            # Those before it in its lanes are concluded by now.
            outcome = await self._try(record)
        is_late = record.subject in self._parked
        if outcome is None or outcome.end is End.HANDLED or (outcome.end is End.FAILED and is_late):
            # Of a halted key, the log has it for the catching up.
            self._pass(record)
        elif outcome.end is End.FAILED:
            await self._poison(record, outcome.reason)
        return self._seq == record.seq

    def _pass(self, record: Record) -> None:
        self._seq = record.seq
        if self._keeper is not None:
            self._keeper.advance(record.seq, suspect_seq=self._ahead.oldest_seq)

    async def _poison(self, record: Record, reason: str, *, deaths: int = 0) -> None:
        match self._subject.poison:
            case Poison.DEAD_LETTER:
                burial = Burial(stream=self._subject.stream, taker=self._name, reason=reason)
                await self._log.bury(record, burial)
                # Told before it is passed, so that a death in between tells it again.
                if not await self._handling.is_told(record, reason):
                    return
            case Poison.HALT:
                self._park(record, reason)
                self._parked[record.subject].deaths = deaths
                self._note_parked()
        self._pass(record)

    def _park(self, record: Record, reason: str) -> None:
        now_s = asyncio.get_running_loop().time()
        parked = self._parked.setdefault(record.subject, _Parked(seq=record.seq, due_s=now_s))
        parked.due_s = now_s + parked.pause_s
        parked.pause_s = min(parked.pause_s * 2, RETRY_LAST_S)
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(self._next_retry_s())
        if parked.alarmed_seq != record.seq:
            parked.alarmed_seq = record.seq
            # Beside the flow: other keys go on while nobody hears the alarm yet.
            self._tasks.keep(self._alarm(record, reason), name=f"alarm {self._name}")
        self._note_parked()

    async def _alarm(self, record: Record, reason: str) -> None:
        await self._handling.is_told(record, reason)

    def _note_parked(self) -> None:
        if self._keeper is not None:
            self._keeper.parked = {
                key: Halted(parked.seq, parked.deaths) for key, parked in self._parked.items()
            }
            self._keeper.advance(self._seq)

    def _next_retry_s(self) -> float | None:
        if self._keeper is None:
            return None
        due = (p.due_s for p in self._parked.values() if self._may_retry(p) or not p.alarmed_seq)
        return min(due, default=None)

    def _may_retry(self, parked: _Parked) -> bool:
        return parked.deaths < self._max_tries

    async def _retry_due(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for key, parked in list(self._parked.items()):
            if parked.due_s > now_s:
                continue
            if self._may_retry(parked):
                await self._retry(key, parked)
            elif not parked.alarmed_seq:
                await self._alarm_anew(key, parked)

    async def _retry(self, key: str, parked: _Parked) -> None:
        assert self._keeper is not None, "only durable consumers try parked keys again"
        # Counted before the try and taken back after it: a death in between stays counted.
        parked.deaths += 1
        self._note_parked()
        await self._keeper.save()
        try:
            if await self._is_released(key, parked):
                del self._parked[key]
                _LOG.info("key released", consumer=self._name, subject=key)
        finally:
            parked.deaths = 0
            self._note_parked()

    async def _alarm_anew(self, key: str, parked: _Parked) -> None:
        """Ring for a killer parked by an earlier process, which may have died before it rang."""
        source = self._log.read(self._subject.stream, key, parked.seq)
        try:
            await source.open()
            await source.wait()
            self._park(source.pop(), f"{parked.deaths} processes died while they handled it")
        finally:
            await source.close()

    async def _is_released(self, key: str, parked: _Parked) -> bool:
        """Try a parked key's events from the log; True when none is left up to our place."""
        source = self._log.read(self._subject.stream, key, parked.seq)
        try:
            left, loop = await source.open(), asyncio.get_running_loop()
            began_s = loop.time()
            for _ in range(min(left, RETRY_SLICE)):
                await source.wait()
                record = source.pop()
                if record.seq > self._seq:
                    return True
                is_known = record.seq == parked.alarmed_seq
                outcome = await self._handling.handle(
                    record, tries=1 if is_known else self._max_tries, is_redelivered=True
                )
                if outcome.end is not End.HANDLED:
                    if outcome.end is End.FAILED:
                        self._park(record, outcome.reason)
                    return False
                parked.seq = record.seq + 1
                parked.pause_s = RETRY_FIRST_S
                left -= 1
            # What is left has its turn after the other keys, which get as much time as it had.
            parked.due_s = loop.time() + max(RETRY_TURN_S, loop.time() - began_s)
            return left <= 0
        finally:
            await source.close()

    def _lose(self) -> None:
        self._is_lost = True
        _LOG.error("consumer taken over by another process", consumer=self._name)
        self._handling.stopping.set()
        if self._task is not None and not self._is_handling:
            self._task.cancel()

    @property
    def failure(self) -> str:
        """Why the consumer has ended by itself; empty while all is well."""
        if self._is_lost:
            return f"{self._name} was taken over by another process"
        return self._tasks.failure

    async def stop(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """Finish the event in hand, write down the place, and take no more."""
        self._handling.stopping.set()
        task = self._task
        if task is asyncio.current_task():
            # Called by the handler itself: the loop ends when it returns.
            return
        try:
            if task is not None and not task.done():
                await self._end(task, grace_s)
            await self._ahead.finish(grace_s=grace_s)
            await self._tasks.finish(grace_s=0)
            if self._keeper is not None and not self._is_lost and task is not None:
                await self._keeper.finish(timeout_s=0.5)
        finally:
            self.is_stopped = True
            await self._source.close()

    @property
    def _is_handling(self) -> bool:
        """Whether the consumer's own task waits for the handler: then nothing is ahead."""
        return self._handling.in_hand_count > 0 and self._ahead.is_idle

    async def _end(self, task: asyncio.Task[None], grace_s: float) -> None:
        try:
            if self._is_handling:
                await asyncio.wait({task}, timeout=grace_s)
        finally:
            task.cancel()
        await asyncio.wait({task}, timeout=1.0)

    def stats(self) -> QueueStats:
        """Return how the consumer keeps up."""
        return QueueStats(
            name=self._name,
            pending_count=self._source.pending_count
            + max(len(self._ahead), self._handling.in_hand_count),
            handled_count=self._handling.handled_count,
            dropped_count=0,
            failed_count=self._handling.failed_count,
            is_slow=self._source.is_full,
            is_halted=bool(self._parked) or bool(self.failure),
        )
