"""The kill switch at work: a scope is cleared of open orders, and flattened if asked, and timed.

A job begins with the kill in the log and ends with its report in the log; whoever starts in
between goes on with it. Positions are closed by reduce-only market orders through the OMS, like
any other order; the mode check lets the kill switch's own orders through where all is halted.
A position is closed as soon as nothing is open any more in its account and symbol: a venue that
is slow to cancel holds up no other. Whatever is waited for is waited for beside the rest: neither
a kill nor a place whose venue is silent delays another. What is not flat in time is told of, and
tried on.
"""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import groupby
from typing import Any, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock, TimeNs
from trade2026.core.errors import Trade2026Error, UnavailableError
from trade2026.core.ids import ClOrdId, EventId, Ids
from trade2026.core.newest import Newest
from trade2026.desk.persistence import append_until_stored
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.closing import (
    Closings,
    Place,
    closing_places,
    open_places,
    place_of,
)
from trade2026.model.kill import ClearRequest, CloseRequest, KillReport, KillStatus
from trade2026.model.risk import GLOBAL_SCOPE, KILL_SWITCH, RiskControl, TradingMode
from trade2026.model.subjects import KILL_REPORT, ORDERS_CLEAR, ORDERS_CLOSE, scope_key
from trade2026.ports.bus import Bus, Delivery

STEP_EVERY_S: Final = 0.05
CLEAR_EVERY_NS: Final = NS_PER_S
"""How often the OMS is told again to cancel what is still open."""
CLOSE_EVERY_NS: Final = 250 * NS_PER_MS
"""How often it is tried anew to close what is still held."""
FLAT_WITHIN_NS: Final = 30 * NS_PER_S
"""What is not done by then is told of."""
OLD_NS: Final = 600 * NS_PER_S
"""A kill that flattens nothing and is older is not timed any more after a restart."""
REPORTS_KEPT: Final = 100

Holder = tuple[str, str, str]
"""Whose position is closed: account, strategy and symbol."""
Begin = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
"""Has a deed done by itself, for as long as its owner lives."""


class KillJob:
    """One pull of the switch, until it is done."""

    def __init__(self, control: RiskControl) -> None:
        self.control = control
        self.cancelled_ns: TimeNs | None = None
        self.close_count = 0
        self.refusals: dict[Place, str] = {}
        """Why the last closing order at a place was refused."""
        self.unanswered: dict[Holder, CloseRequest] = {}
        """What was asked to be closed last, and may have been done."""
        self.left: tuple[str, ...] = ()
        self.is_late = False
        """Whether it was told that it takes too long."""
        self.is_clearing = False
        """Whether the OMS is being told to cancel, and has not answered yet."""
        self.is_over = False
        """Whether somebody allowed trading again, or killed anew."""
        self._tried_ns: dict[str | Place, TimeNs] = {}

    def is_ended_by(self, control: RiskControl) -> bool:
        """Return whether *control* ends it: a release, or a kill that asks for no less.

        One that only halts takes nothing back: what a service demands of an account that it
        cannot book must not keep in what a person wanted out.
        """
        mine = self.control
        if control.scope != mine.scope or control.ts_ns <= mine.ts_ns:
            return False
        if control.mode is not TradingMode.HALTED:
            return True
        return control.cancel_open and control.flatten >= mine.flatten

    def is_due(self, what: str | Place, now_ns: TimeNs, every_ns: int) -> bool:
        """Return whether it is time to do *what* again, and remember that it is done."""
        last = self._tried_ns.get(what)
        if last is not None and now_ns - last < every_ns:
            return False
        self._tried_ns[what] = now_ns
        return True

    def attempt(self, wanted: CloseRequest, ids: Ids) -> CloseRequest:
        """Return *wanted* under a new name, or under that by which nobody answered of the same.

        The same asked for again is one order: the OMS gathers none while its log is away. What
        nobody answered and is not wanted any more is left to itself, as is what an earlier life
        asked for: whether it was done or comes late, risk approves no close beyond what is held
        less other closes.
        """
        who = _holder(wanted)
        last = self.unanswered.get(who)
        if last is None or msgspec.structs.replace(last, cl_ord_id=None) != wanted:
            name = ClOrdId(f"{KILL_SWITCH}-{ids.new()}")
            self.unanswered[who] = msgspec.structs.replace(wanted, cl_ord_id=name)
        return self.unanswered[who]

    def answered(self, request: CloseRequest) -> None:
        """Note that what came of an attempt is known: the next one is another."""
        del self.unanswered[_holder(request)]

    def report(
        self, status: KillStatus, now_ns: TimeNs, flat_ns: TimeNs | None = None
    ) -> KillReport:
        """Return what came of it."""
        return KillReport(
            control_id=self.control.control_id,
            scope=self.control.scope,
            is_flattening=self.control.flatten,
            status=status,
            asked_ns=self.control.ts_ns,
            cancelled_ns=self.cancelled_ns,
            flat_ns=flat_ns,
            close_count=self.close_count,
            left=self.left,
            ts_ns=now_ns,
        )


class KillDesk:
    """Carries out kills, and reports on them."""

    def __init__(
        self, *, bus: Bus, clock: Clock, ids: Ids, log: FilteringBoundLogger, risk: RiskDesk
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._risk = risk
        self._book = risk.book
        self._jobs: dict[EventId, KillJob] = {}
        self._closing: dict[Place, KillJob] = {}
        """Where a close is being asked for at this moment, and for which kill."""
        self._reports = Newest[EventId, KillReport](REPORTS_KEPT)

    def under_way(self) -> list[KillReport]:
        """Return how the kills stand that are not done yet, newest first."""
        now_ns = self._clock.now_ns()
        jobs = reversed(self._jobs.values())
        # What it will have been called by now is nobody's concern: only an end has a status.
        return [job.report(KillStatus.NOT_FLAT, now_ns) for job in jobs]

    def reports(self) -> list[KillReport]:
        """Return what came of the newest kills, newest first."""
        return list(reversed(self._reports.values()))

    async def on_report(self, report: KillReport, _: Delivery) -> None:
        """Take out of the log what came of a kill."""
        self._keep(report)

    async def on_control(self, control: RiskControl, delivery: Delivery) -> None:
        """Fold the log of modes; begin with a kill that nobody has reported on."""
        await self._risk.on_control(control, delivery)
        for job in self._jobs.values():
            job.is_over |= job.is_ended_by(control)
        is_kill = control.mode is TradingMode.HALTED and control.cancel_open
        is_known = control.control_id in self._reports or control.control_id in self._jobs
        is_timed = control.flatten or self._clock.now_ns() - control.ts_ns < OLD_NS
        if is_kill and is_timed and not is_known:
            self._jobs[control.control_id] = KillJob(control)

    async def run(self) -> None:
        """Carry out what there is to do, until cancelled; nothing that it began outlives it."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.step(tasks.create_task)
                await asyncio.sleep(STEP_EVERY_S)

    def step(self, begin: Begin) -> None:
        """Have done what every kill under way needs now, and wait for none of it.

        What has been begun for a kill, or at a place, is not begun again before it is over.
        """
        now_ns = self._clock.now_ns()
        for job in list(self._jobs.values()):
            self._advance(job, now_ns, begin)

    def _advance(self, job: KillJob, now_ns: TimeNs, begin: Begin) -> None:
        scope = job.control.scope
        if job.is_over:
            self._finish(job.report(KillStatus.ABANDONED, now_ns), begin)
            return
        if not job.is_late and now_ns - job.control.ts_ns > FLAT_WITHIN_NS:
            job.is_late = True
            begin(self._tell_late(job))
        places = open_places(scope, self._book.accounts.every(), now_ns)
        if not places:
            job.cancelled_ns = job.cancelled_ns or now_ns
        elif not job.is_clearing and job.is_due("clear", now_ns, CLEAR_EVERY_NS):
            job.is_clearing = True
            begin(self._clear(job))
        if job.control.flatten:
            self._flatten(job, now_ns, places, begin)
        elif not places:
            self._finish(job.report(KillStatus.CANCELLED, now_ns), begin)

    def _flatten(
        self, job: KillJob, now_ns: TimeNs, places: frozenset[Place], begin: Begin
    ) -> None:
        """Close what is held, but where orders are still under way.

        Another kill's close counts as well: of two that close the same, one would be refused.
        """
        accounts = self._book.accounts
        found = self._book.closings(job.control.scope)
        job.left = _left(found, job)
        busy = places | closing_places(GLOBAL_SCOPE, accounts.every()) | self._closing.keys()
        for place, requests in groupby(found.requests, place_of):
            if place not in busy and job.is_due(place, now_ns, CLOSE_EVERY_NS):
                self._closing[place] = job
                begin(self._close_at(place, job, list(requests)))
        is_closing = closing_places(job.control.scope, accounts.every()) or any(
            one is job for one in self._closing.values()
        )
        if found.requests or places or is_closing:
            return
        if found.left:
            self._finish(job.report(KillStatus.NOT_FLAT, now_ns), begin)
        else:
            self._finish(job.report(KillStatus.FLAT, now_ns, now_ns), begin)

    async def _clear(self, job: KillJob) -> None:
        # By no person: a venue that has refused one of them is to hear of the kill all the same.
        asked_by = f"{KILL_SWITCH}:{job.control.control_id}"
        request = ClearRequest(scope=job.control.scope, asked_by=asked_by)
        try:
            await self._bus.ask(ORDERS_CLEAR, request)
        except Trade2026Error as error:
            self._log.warning("the OMS does not cancel", scope=job.control.scope, why=str(error))
        finally:
            job.is_clearing = False

    async def _close_at(self, place: Place, job: KillJob, requests: list[CloseRequest]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for request in requests:
                    tasks.create_task(self._close(job, request))
        finally:
            del self._closing[place]

    async def _close(self, job: KillJob, wanted: CloseRequest) -> None:
        request = job.attempt(wanted, self._ids)
        try:
            closed = await self._bus.ask(ORDERS_CLOSE, request)
        except Trade2026Error as error:
            if not isinstance(error, UnavailableError):
                job.answered(request)
            job.refusals[place_of(request)] = str(error)
            self._log.warning("the OMS does not close", symbol=request.symbol, why=str(error))
            return
        job.answered(request)
        job.close_count += 1
        job.refusals[place_of(request)] = closed.refusal

    async def _tell_late(self, job: KillJob) -> None:
        scope, left = job.control.scope, "; ".join(job.left) or "orders are still open"
        text = f"the kill of {scope} is not done after {FLAT_WITHIN_NS // NS_PER_S} s: {left}"
        alert_id = f"{job.control.control_id}-late"
        await self._risk.alerts.tell("HALT", "kill", scope, text, alert_id)

    def _finish(self, report: KillReport, begin: Begin) -> None:
        self._keep(report)
        begin(self._tell_end(report))

    async def _tell_end(self, report: KillReport) -> None:
        await append_until_stored(
            self._bus,
            self._log,
            KILL_REPORT,
            report,
            event_id=EventId(f"{report.control_id}-report"),
            scope=scope_key(report.scope),
        )
        level = "BREACH" if report.status is KillStatus.NOT_FLAT else "WARN"
        text = f"the kill of {report.scope} ended {report.status}{_after(report)}"
        alert_id = f"{report.control_id}-report"
        await self._risk.alerts.tell(level, "kill", report.scope, text, alert_id)

    def _keep(self, report: KillReport) -> None:
        self._jobs.pop(report.control_id, None)
        if report.control_id not in self._reports:
            self._reports.keep(report.control_id, report)


def _holder(request: CloseRequest) -> Holder:
    return request.account, request.strategy, request.symbol


def _left(found: Closings, job: KillJob) -> tuple[str, ...]:
    why = job.refusals
    held = [
        f"{one.account} {one.symbol} {one.side}: {why.get(place_of(one)) or 'being closed'}"
        for one in found.requests
    ]
    return (*held, *found.left)


def _after(report: KillReport) -> str:
    parts = [
        f"{what} after {(at_ns - report.asked_ns) / NS_PER_S:.3f} s"
        for what, at_ns in (("cancelled", report.cancelled_ns), ("flat", report.flat_ns))
        if at_ns is not None
    ]
    return "".join(f", {part}" for part in (*parts, *report.left))
