"""The audit at work: the logs are read for deeds, and each becomes the next link of one chain.

There is one writer of the chain: it says after which message of the stream its own comes, and the
log refuses a second writer, whose process then ends. A deed's place in its log stands in its
record, so that a process killed at any moment goes on behind the last deed in the chain: none is
written twice, and none is left out.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import EventId
from trade2026.domain.audit.chain import Head, Sourced, head_of, seal
from trade2026.domain.audit.deeds import (
    deed_of_acknowledgement,
    deed_of_algo,
    deed_of_breach,
    deed_of_kill,
    deed_of_limits,
    deed_of_live,
    deed_of_mode,
    deed_of_prism,
    deed_of_reconciliation,
    deed_of_routes,
    deed_of_rules,
    deed_told,
)
from trade2026.domain.audit.order_deeds import deed_of_order
from trade2026.model.audit import AuditBatch, AuditRecord, Deed
from trade2026.model.live_subjects import LIVE_EVENT
from trade2026.model.post_trade import (
    AUDIT_RECORD,
    AUTHN_DEED,
    COMPLIANCE_BREACH,
    COMPLIANCE_RULES,
    LIBRARY_DEED,
    PRISM_DEED,
    RECONCILIATION,
)
from trade2026.model.route_subjects import EXEC_ROUTES
from trade2026.model.subjects import (
    ALGO_EVENT,
    KILL_REPORT,
    ORDERS_EVENT,
    PRISM_CONTROL,
    RISK_ACK,
    RISK_CONTROL,
    RISK_LIMITS,
    Event,
)
from trade2026.ports.bus import Bus, Delivery

SOURCES: Final[tuple[tuple[Event[Any], Callable[[Any], Deed | None]], ...]] = (
    (ORDERS_EVENT, deed_of_order),
    (ALGO_EVENT, deed_of_algo),
    (RISK_CONTROL, deed_of_mode),
    (RISK_LIMITS, deed_of_limits),
    (EXEC_ROUTES, deed_of_routes),
    (RISK_ACK, deed_of_acknowledgement),
    (KILL_REPORT, deed_of_kill),
    (PRISM_CONTROL, deed_of_prism),
    (PRISM_DEED, deed_told),
    (AUTHN_DEED, deed_told),
    (LIBRARY_DEED, deed_told),
    (LIVE_EVENT, deed_of_live),
    (RECONCILIATION, deed_of_reconciliation),
    (COMPLIANCE_RULES, deed_of_rules),
    (COMPLIANCE_BREACH, deed_of_breach),
)
"""What is read for deeds, and how one is told by an event."""

PART: Final = "chain"
BATCH_MAX: Final = 200
"""Records in one message."""
KEPT: Final = 10_000
"""Newest records that are shown from memory."""
TEXT_MAX: Final = 2_000
"""A longer text of a deed is cut: what strangers sent must not fill a message."""
GATHER_S: Final = 0.1
"""So long deeds are gathered: a message of the chain costs as much as a step of an order."""
RETRY_S: Final = 0.2


class AuditDesk:
    """Writes the chain, and shows its newest records."""

    def __init__(self, bus: Bus, log: FilteringBoundLogger) -> None:
        self._bus = bus
        self._log = log
        self._head = Head()
        self._stream_seq = 0
        self._written: dict[str, int] = {}
        """By source, the last place whose deed is in the chain,"""
        self._cursors: dict[str, int] = {}
        """or waits to be."""
        self._kept: deque[AuditRecord] = deque(maxlen=KEPT)
        self._waiting: deque[Sourced] = deque()
        self._has_waiting = asyncio.Event()
        self._pen = asyncio.Lock()

    @property
    def head(self) -> Head:
        """Return where the chain ends at this moment."""
        return self._head

    def records(self) -> tuple[AuditRecord, ...]:
        """Return the newest records, oldest first; the log has all."""
        return tuple(self._kept)

    async def first_seq(self) -> int:
        """Return from where in its stream the chain must be read to go on with it.

        From there on the newest records are: messages hold one of them or many, so that they
        are looked for by their number, and some of what is read is not kept.
        """
        newest = (await self._bus.stream_state(AUDIT_RECORD.stream)).last_seq
        if not newest:
            return 1
        enough = await self._number_at(newest) - KEPT
        back = max(1, KEPT // BATCH_MAX)
        while back < min(newest, KEPT) and await self._number_at(newest + 1 - back) > enough:
            back *= 2
        return max(1, newest + 1 - back)

    async def on_batch(self, batch: AuditBatch, delivery: Delivery) -> None:
        """Take what is in the chain: at the start what was written before, later one's own."""
        if delivery.stream_seq > self._stream_seq:
            self._take(batch, delivery.stream_seq)

    def seq_after(self, source: Event[Any]) -> Callable[[], Awaitable[int]]:
        """Return a question for the first event of *source* that may not be in the chain."""

        async def begin() -> int:
            return self._cursors.get(source.wildcard, 0) + 1

        return begin

    def reader(
        self, source: Event[Any], deed_of: Callable[[Any], Deed | None]
    ) -> Callable[[Any, Delivery], Awaitable[None]]:
        """Return a handler that has the deeds of *source* written."""

        async def on_event(event: Any, delivery: Delivery) -> None:  # noqa: ANN401 - of the source.
            deed = deed_of(event)
            if deed is not None:
                await self._note(source.wildcard, delivery.stream_seq, deed)

        return on_event

    async def on_poison(
        self, subject: Event[Any], message: object, delivery: Delivery, reason: str
    ) -> None:
        """Have it written that an event cannot be read: nothing is left out without a word."""
        del message
        deed = Deed(
            ts_ns=delivery.appended_ns,
            who="ptrc",
            action="log.unreadable",
            target=f"{delivery.subject} {delivery.stream_seq}",
            result="UNREADABLE",
            text=reason,
        )
        # Later events may be in the chain already: it has a count of its own.
        await self._note(f"unreadable {subject.wildcard}", delivery.stream_seq, deed)

    async def run(self) -> None:
        """Write what waits, all that comes within a moment together."""
        while True:
            await self._has_waiting.wait()
            # Nothing is lost by waiting, since the logs have it, and an order has several deeds.
            await asyncio.sleep(GATHER_S)
            await self._write()

    async def _number_at(self, seq: int) -> int:
        """Return the number of the first record of a message, 0 where it cannot be read."""
        found: list[int] = []

        async def look(batch: AuditBatch, _: Delivery) -> None:
            found.append(batch.records[0].number)

        reading = await self._bus.fold(AUDIT_RECORD, look, from_seq=seq, until_seq=seq + 1)
        await reading.stop()
        return found[0] if found else 0

    async def _note(self, source: str, seq: int, deed: Deed) -> None:
        if seq <= self._cursors.get(source, 0):
            return
        self._cursors[source] = seq
        if len(deed.text) > TEXT_MAX:
            deed = msgspec.structs.replace(deed, text=f"{deed.text[:TEXT_MAX]} …")
        self._waiting.append(Sourced(deed=deed, source=source, source_seq=seq))
        self._has_waiting.set()
        if len(self._waiting) >= BATCH_MAX:
            # Not left to the loop, which begins only when all logs are read.
            await self._write()

    async def _write(self) -> None:
        async with self._pen:
            count = min(len(self._waiting), BATCH_MAX)
            if not count:
                return
            deeds = [self._waiting[place] for place in range(count)]
            records = seal(self._head, deeds)
            here = {one.source: one.source_seq for one in records}
            batch = AuditBatch(records=records, cursors={**self._written, **here})
            stream_seq = await self._append(batch)
            for _ in range(count):
                self._waiting.popleft()
            if not self._waiting:
                self._has_waiting.clear()
            self._take(batch, stream_seq)

    async def _append(self, batch: AuditBatch) -> int:
        event_id = EventId(f"audit-{batch.records[-1].hash}")
        while True:
            try:
                return await self._bus.append_after(
                    self._stream_seq, AUDIT_RECORD, batch, event_id=event_id, part=PART
                )
            except BusUnavailableError as error:
                self._log.warning("audit not written, trying again", why=str(error))
                await asyncio.sleep(RETRY_S)

    def _take(self, batch: AuditBatch, stream_seq: int) -> None:
        self._stream_seq = stream_seq
        self._head = head_of(batch.records[-1])
        self._kept.extend(batch.records)
        self._written = batch.cursors
        for source, seq in batch.cursors.items():
            self._cursors[source] = max(seq, self._cursors.get(source, 0))
