"""PRISM's way into the log: nothing goes on before the log has it, however long it is away.

An append whose fate is unknown is made again with the same id until it is acknowledged, so
nothing is lost or doubled. Reports go in side by side, as far as their lanes let them.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import BusUnavailableError, CodecError
from trade2026.core.ids import EventId
from trade2026.core.turns import Turn, Turns
from trade2026.model import codec
from trade2026.model.execution import ExecutionReport, lanes_of
from trade2026.model.instrument import PRISM
from trade2026.model.prism import PrismFill, PrismInput, PrismLife, PrismOutcome, PrismSnapshot
from trade2026.model.subjects import (
    EXEC_REPORT,
    PRISM_CONTROL,
    PRISM_INPUT,
    PRISM_LIFE,
    PRISM_OUTCOME,
    PRISM_SNAPSHOT,
    Event,
    Stream,
)
from trade2026.ports.bus import Bus
from trade2026.prism.packing import pack
from trade2026.prism.settlement import Step

PART: Final = "market"
"""The key of outcomes and snapshots: the whole market is one part so far."""
UNLISTED: Final = "unlisted"
"""The key of inputs for symbols that PRISM does not list; they may be no key at all."""

_MOST_IN_ONE: Final = 500
"""Reports in one outcome: about a quarter of what a message may weigh."""
_MOST_BYTES_IN_ONE: Final = 262_144
"""And in bytes of reports; only what hangs together by itself may weigh more."""
AT_ONCE_LIMIT: Final = 128
"""Reports that are on their way into the log at a time."""
_APPEND_WITHIN_S: Final = 2.0
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


class Journal:
    """Appends PRISM's messages, and remembers where the log stands."""

    def __init__(
        self,
        bus: Bus,
        log: FilteringBoundLogger,
        *,
        life: int,
        last_seq: int,
        last_report_place: int,
    ) -> None:
        self.last_seq = last_seq
        """Of the stream of inputs and outcomes."""
        self.last_report_place = last_report_place
        """Of our last report in the stream of reports."""
        self.is_away = False
        self._bus = bus
        self._log = log
        self._life = life
        self._snapshot_count = 0

    async def input(self, message: PrismInput, *, key: str) -> int:
        """Append an input and return its place in the log; *key* is the symbol of an order."""
        if message.control is not None:
            seq = await self._store(PRISM_CONTROL, message, message.input_id, part=PART)
        else:
            seq = await self._store(PRISM_INPUT, message, message.input_id, symbol=key)
        self.last_seq = max(self.last_seq, seq)
        return seq

    async def outcome(self, step: Step) -> None:
        """Append what a step gave, before any of it is published."""
        for reports in _packed(step.groups):
            outcome_id = EventId(f"{PRISM}-{self._life}-outcome-{reports[0].report_seq}")
            seqs = [report.report_seq for report in reports]
            message = PrismOutcome(
                outcome_id=outcome_id,
                reports=tuple(reports),
                direct_seqs=tuple(seq for seq in seqs if seq in step.direct_seqs),
                fills=_by_symbol(step.fills[seq] for seq in seqs if seq in step.fills),
            )
            seq = await self._store(PRISM_OUTCOME, message, outcome_id, part=PART)
            self.last_seq = max(self.last_seq, seq)

    async def publish(self, reports: Iterable[ExecutionReport]) -> None:
        """Append reports for the OMS to take."""
        turns, room = Turns(), asyncio.Semaphore(AT_ONCE_LIMIT)
        async with asyncio.TaskGroup() as publishing:
            for report in reports:
                come = asyncio.Event()
                turn = turns.draw(lanes_of(report), come.set)
                publishing.create_task(self._publish_one(report, turn, come, room))

    async def snapshot(self, snapshot: PrismSnapshot) -> bool:
        """Append a snapshot, unless the log is away or does not take it: the market goes on."""
        try:
            await self._bus.append(
                PRISM_SNAPSHOT, pack(snapshot), event_id=self._next_snapshot_id(), part=PART
            )
        except BusUnavailableError as error:
            self._log.warning("snapshot put off", reason=str(error))
            return False
        except CodecError as error:
            # The last one still is true; a later life has more of the log to read.
            self._log.error("snapshot not taken", reason=str(error))
            return False
        return True

    async def drop_before(self, seq: int) -> bool:
        """Let go of inputs and outcomes before a place; return whether the log has done so."""
        try:
            await self._bus.purge(Stream.PRISM_INPUT, before_seq=seq)
        except BusUnavailableError as error:
            self._log.warning("the log keeps what is too old", reason=str(error))
            return False
        return True

    async def life(self, life: PrismLife) -> None:
        """Append what a life begins with: inputs behind it are its own."""
        seq = await self._store(PRISM_LIFE, pack(life), life.life_id, part=PART)
        self.last_seq = max(self.last_seq, seq)

    async def first_snapshot(self, snapshot: PrismSnapshot) -> None:
        """Append the snapshot that begins a life: the market waits for it."""
        await self._store(PRISM_SNAPSHOT, pack(snapshot), self._next_snapshot_id(), part=PART)

    def _next_snapshot_id(self) -> EventId:
        self._snapshot_count += 1
        return EventId(f"{PRISM}-{self._life}-snapshot-{self._snapshot_count}")

    async def _publish_one(
        self, report: ExecutionReport, turn: Turn, come: asyncio.Event, room: asyncio.Semaphore
    ) -> None:
        await come.wait()
        turn.begin()
        async with room:
            place = await self._store(
                EXEC_REPORT,
                report,
                EventId(report.exec_id),
                venue=report.venue,
                account=report.account,
            )
        turn.end()
        self.last_report_place = max(self.last_report_place, place)

    async def _store(
        self, subject: Event[Any], message: object, event_id: EventId, **keys: str
    ) -> int:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                seq = await self._bus.append(
                    subject, message, event_id=event_id, timeout_s=_APPEND_WITHIN_S, **keys
                )
            except BusUnavailableError as error:
                if not self.is_away:
                    self._log.warning("the log is away, the market waits", reason=str(error))
                self.is_away = True
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                if self.is_away:
                    self._log.info("the log is back, the market goes on")
                self.is_away = False
                return seq


def _by_symbol(fills: Iterable[tuple[str, PrismFill]]) -> dict[str, tuple[PrismFill, ...]]:
    found: dict[str, tuple[PrismFill, ...]] = {}
    for symbol, fill in fills:
        found[symbol] = (*found.get(symbol, ()), fill)
    return found


def _packed(groups: Iterable[list[ExecutionReport]]) -> Iterator[list[ExecutionReport]]:
    pack: list[ExecutionReport] = []
    weight = 0
    for group in groups:
        more = sum(len(codec.encode(report)) for report in group)
        is_many = len(pack) + len(group) > _MOST_IN_ONE
        if pack and (is_many or weight + more > _MOST_BYTES_IN_ONE):
            yield pack
            pack, weight = [], 0
        pack.extend(group)
        weight += more
    if pack:
        yield pack
