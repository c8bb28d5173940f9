"""Parent orders at work: children are decided on, written down, sent and followed.

What is due is decided in `domain/execution/due.py`. Here it is done, one step of a parent after
another, after every report on a child and some times a second. A child is in the parent's log
before it is sent, and its key is made of the parent's id and its number: whatever crashes, the
same child is the same order. Of one that was written down and has no order, none will come.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import InvalidInputError, RefusedError, Trade2026Error, UnavailableError
from trade2026.desk.algo_child import NEVER_SENT, ask_of, child_of, parent_of
from trade2026.desk.algo_market import AlgoMarket
from trade2026.desk.algo_parents import Parents, ParentsState
from trade2026.desk.orders import OrderDesk
from trade2026.desk.persistence import Pen
from trade2026.desk.snapshots import Keeper
from trade2026.desk.steps import ANSWER_WITHIN_S
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.asking import Terms, as_changed, check_request, same_request
from trade2026.domain.execution.due import Due, Duty, what_is_due
from trade2026.domain.execution.parent import Parent, with_child
from trade2026.domain.execution.report import report_of
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import (
    ALGORITHMS,
    AlgoEnded,
    AlgoEvent,
    AlgoName,
    AlgoReport,
    AlgoRequest,
    AlgoStatus,
    Seen,
)
from trade2026.model.execution import ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS, Instrument
from trade2026.model.risk import RiskControl, TradingMode, scopes_over
from trade2026.model.subjects import ALGO_EVENT
from trade2026.ports.bus import Bus, Delivery

T = TypeVar("T")

STEP_EVERY_S: Final = 0.25
ROUNDS_MOST: Final = 4
"""Of what is due at once: to cancel, to end, and to report."""

_LISTED: Final = {(one.venue, one.symbol): one for one in PRISM_INSTRUMENTS}


class Algos:
    """Works parent orders."""

    def __init__(
        self, *, bus: Bus, clock: Clock, log: FilteringBoundLogger, orders: OrderDesk
    ) -> None:
        self.market = AlgoMarket(bus)
        self._pen = Pen(bus, log, ALGO_EVENT)
        self._clock = clock
        self._log = log
        self._orders = orders
        self._parents = Parents()
        self._active: dict[str, None] = {}
        self._linked: set[str] = set()
        """Whose children are as their orders are, and not as when they were decided on."""
        self._halts: dict[str, str] = {}
        """Whose end was ordered by risk and is not written yet, with the reason."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._starting = asyncio.Lock()
        self._tasks: asyncio.TaskGroup | None = None

    def get(self, algo_id: str) -> Parent | None:
        """Return the parent of that id, if there is one."""
        return self._parents.get(algo_id)

    def newest(self) -> list[Parent]:
        """Return every parent that is kept, newest first."""
        return self._parents.newest()

    def keeper(self) -> Keeper[ParentsState]:
        """Return the fold of the log of parents as its snapshots see it."""
        return self._parents.keeper(on_thaw=self._take_on)

    def report(self, parent: Parent) -> AlgoReport:
        """Return what came of *parent*, or what has come of it so far."""
        if parent.report is not None:
            return parent.report
        now_ns = self._clock.now_ns()
        seen = self.market.seen(parent.request.algo_id, now_ns)
        return report_of(parent, BY_NAME[parent.request.name], seen, now_ns)

    async def start(self, request: AlgoRequest) -> tuple[Parent, bool]:
        """Return the parent begun, or the first one under the same key, and whether it is new.

        Raises:
            InvalidInputError: it cannot be worked so; the field is named.
            RefusedError: the key belongs to another parent.
            UnavailableError: the log did not answer in time; asking again with the same key
                is safe.
        """
        return await self._answer(self._start(request))

    async def pause(self, algo_id: str, asked_by: str) -> Parent:
        """Stop sending, cancel what works, and return the parent.

        Raises:
            RefusedError: it is not running.
            UnavailableError: the log did not answer in time; asking again is safe.
        """
        return await self._answer(self._pause(algo_id, asked_by))

    async def resume(self, algo_id: str, asked_by: str) -> Parent:
        """Go on with what is left over the time that is left; see `pause`."""
        return await self._answer(self._resume(algo_id, asked_by))

    async def replace(self, algo_id: str, terms: Terms, asked_by: str) -> Parent:
        """Give a parent other terms, and return it.

        Raises:
            InvalidInputError: it cannot be worked so; the field is named.
            RefusedError: it has ended or ends, or has traded as much already.
            UnavailableError: the log did not answer in time; asking again is safe.
        """
        return await self._answer(self._replace(algo_id, terms, asked_by))

    async def cancel(self, algo_id: str, asked_by: str) -> Parent:
        """Send nothing more, cancel what works, and return the parent; see `pause`."""
        return await self._answer(self._cancel(algo_id, asked_by))

    async def on_event(self, event: AlgoEvent, _: Delivery) -> None:
        """Fold the log of parents; what was applied when it was written changes nothing now."""
        self._apply(event)
        if isinstance(event, AlgoEnded):
            # By the log's order alone, so that every life forgets the same.
            self._linked.difference_update(self._parents.end(event.algo_id))

    async def on_report(self, report: ExecutionReport, delivery: Delivery) -> None:
        """Have the OMS book what a venue says, and look at the parent of what it is about."""
        await self._orders.on_report(report, delivery)
        order = self._orders.journal.orders.get(report.order_id)
        place = None if order is None else parent_of(order)
        if place is not None and self._tasks is not None:
            self._tasks.create_task(self.look(*place))

    async def on_control(self, control: RiskControl, delivery: Delivery) -> None:
        """End every parent that trading is halted or limited for, and have the OMS cancel."""
        ended: list[str] = []
        if control.mode is not TradingMode.NORMAL:
            text = f"{control.mode} {control.scope}: {control.reason}"
            for algo_id in self._active:
                request = self._parents[algo_id].request
                if control.scope in scopes_over(request.account, request.strategy, request.symbol):
                    # From here on no child leaves, whatever its parent is about to do.
                    self._halts.setdefault(algo_id, text)
                    ended.append(algo_id)
        await self._orders.on_control(control, delivery)
        for algo_id in ended:
            await self.look(algo_id)

    async def look(self, algo_id: str, number: int | None = None) -> Parent | None:
        """Do what is due of a parent, of whose children *number* has moved, and return it."""
        if self._parents.get(algo_id) is None:
            return None
        try:
            async with self._lock(algo_id):
                for _ in range(ROUNDS_MOST):
                    if not await self._step(algo_id, number):
                        break
        except UnavailableError as error:
            self._log.warning("algorithm waits", algo_id=algo_id, why=str(error))
        return self._parents.get(algo_id)

    async def run(self) -> None:
        """Take every parent on, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._pen.watch())
            try:
                while True:
                    for algo_id in list(self._active):
                        if not self._lock(algo_id).locked():
                            tasks.create_task(self.look(algo_id))
                    await asyncio.sleep(STEP_EVERY_S)
            finally:
                self._tasks = None

    async def _start(self, request: AlgoRequest) -> tuple[Parent, bool]:
        async with self._starting:
            parent = self._parents.begun_as(request)
            if parent is not None:
                if not same_request(parent.asked, request):
                    text = f"client_algo_id {request.cl_algo_id} belongs to another algorithm"
                    raise RefusedError(text)
                return parent, False
            if not self._orders.has_account(request.account):
                raise InvalidInputError("account", "unknown")
            self._orders.venues.require(request.account, request.venue)
            now_ns = self._clock.now_ns()
            check_request(request, _LISTED.get((request.venue, request.symbol)), now_ns)
            is_vwap = request.name is AlgoName.VWAP
            curve = self.market.curve(request) if is_vwap else None
            seen = self.market.begin(request)
            parent = await self._write(step.started(request, seen, curve, now_ns))
        return await self.look(request.algo_id) or parent, True

    async def _pause(self, algo_id: str, asked_by: str) -> Parent:
        async with self._lock(algo_id):
            parent = self._look(algo_id)
            if parent.status is AlgoStatus.RUNNING:
                now_ns = self._clock.now_ns()
                await self._write(step.paused(parent, asked_by, self._seen(algo_id), now_ns))
            elif parent.status is not AlgoStatus.PAUSED:
                raise RefusedError(f"it is {parent.status}")
        return await self._settle(algo_id)

    async def _resume(self, algo_id: str, asked_by: str) -> Parent:
        async with self._lock(algo_id):
            parent = self._look(algo_id)
            if parent.status is AlgoStatus.PAUSED:
                now_ns = self._clock.now_ns()
                await self._write(step.resumed(parent, asked_by, self._seen(algo_id), now_ns))
            elif parent.status is not AlgoStatus.RUNNING:
                raise RefusedError(f"it is {parent.status}")
        return await self._settle(algo_id)

    async def _replace(self, algo_id: str, terms: Terms, asked_by: str) -> Parent:
        async with self._lock(algo_id):
            parent, now_ns = self._look(algo_id), self._clock.now_ns()
            request = as_changed(parent, terms)
            instrument = _LISTED.get((request.venue, request.symbol))
            check_request(request, instrument, now_ns)
            if request != parent.request:
                event = step.replaced(parent, request, asked_by, self._seen(algo_id), now_ns)
                await self._write(event)
        return await self._settle(algo_id)

    async def _cancel(self, algo_id: str, asked_by: str) -> Parent:
        async with self._lock(algo_id):
            parent = self._look(algo_id)
            if parent.is_done:
                raise RefusedError(f"it is {parent.status}")
            if parent.status is not AlgoStatus.ENDING:
                await self._end_as(parent, AlgoStatus.CANCELLED, "cancelled", asked_by)
        return await self._settle(algo_id)

    async def _settle(self, algo_id: str) -> Parent:
        await self.look(algo_id)
        return self._parents[algo_id]

    async def _step(self, algo_id: str, number: int | None) -> bool:
        """Do what is due now, and return whether there was anything."""
        parent = self._look(algo_id, number)
        halt = self._halts.get(algo_id)
        if halt is not None and not parent.is_done and parent.status is not AlgoStatus.ENDING:
            await self._end_as(parent, AlgoStatus.STOPPED, halt, "risk")
            return True
        request = parent.request
        is_working = parent.status in {AlgoStatus.RUNNING, AlgoStatus.PAUSED}
        seen = self._seen(algo_id) if is_working else parent.seen
        found = list(
            what_is_due(
                parent,
                BY_NAME[request.name],
                Moment(now_ns=self._clock.now_ns(), volume_qty=seen.volume_qty),
                _instrument(request),
                seen.mid_px,
            )
        )
        for due in found:
            await self._do(self._parents[algo_id], due, seen)
        return bool(found)

    async def _do(self, parent: Parent, due: Due, seen: Seen) -> None:
        now_ns = self._clock.now_ns()
        match due.duty:
            case Duty.SLICE:
                number = len(parent.children)
                parent = await self._write(step.sliced(parent, due.order_qty, seen, now_ns))
                await self._send(parent, number, due)
            case Duty.CANCEL:
                await self._cancel_child(parent, due.number)
            case Duty.STOP:
                await self._end_as(parent, due.status, due.text, ALGORITHMS)
            case Duty.END:
                end_ns = now_ns if parent.report is None else parent.report.end_ns
                report = report_of(parent, BY_NAME[parent.request.name], seen, end_ns)
                await self._write(step.ended(parent, report, now_ns))

    async def _send(self, parent: Parent, number: int, due: Due) -> None:
        request = parent.request
        if request.algo_id not in self._halts:
            ask = ask_of(request, BY_NAME[request.name], number, due.order_qty)
            try:
                await self._orders.submit(ask)
            except Trade2026Error as error:
                self._log.warning(
                    "child in doubt", algo_id=request.algo_id, number=number, why=str(error)
                )
        self._look(request.algo_id, number)

    async def _cancel_child(self, parent: Parent, number: int) -> None:
        request = parent.request
        order = self._orders.journal.orders.by_key(request.account, request.key_of(number))
        assert order is not None, "only what was sent is cancelled"
        # One that has ended meanwhile is seen by the next look.
        with contextlib.suppress(RefusedError):
            await self._orders.cancel(order.request.order_id, ALGORITHMS)

    async def _end_as(self, parent: Parent, status: AlgoStatus, text: str, asked_by: str) -> None:
        seen = self._seen(parent.request.algo_id)
        now_ns = self._clock.now_ns()
        event = step.ending(parent, status, text, asked_by=asked_by, seen=seen, ts_ns=now_ns)
        await self._write(event)

    def _look(self, algo_id: str, number: int | None = None) -> Parent:
        """Return a parent with its children as they stand: all that may trade, and *number*."""
        parent = self._parents[algo_id]
        for place, child in enumerate(parent.children):
            if algo_id in self._linked and child.is_done and place != number:
                continue
            key = parent.request.key_of(place)
            order = self._orders.journal.orders.by_key(parent.request.account, key)
            if order is not None:
                parent = with_child(parent, place, child_of(order))
            elif not self._orders.is_placing(parent.request.account, key):
                parent = with_child(parent, place, NEVER_SENT)
        self._linked.add(algo_id)
        self._parents.put(parent)
        return parent

    async def _write(self, event: AlgoEvent) -> Parent:
        def apply(_: int) -> None:
            self._apply(event)

        await self._pen.write(event, apply, event_id=event.event_id, account=event.account)
        return self._parents[event.algo_id]

    def _apply(self, event: AlgoEvent) -> None:
        algo_id = event.algo_id
        before = self._parents.get(algo_id)
        parent = self._parents.apply(event)
        if parent is None or parent is before:
            return
        if parent.is_done:
            self._active.pop(algo_id, None)
            self._halts.pop(algo_id, None)
            self.market.leave(parent.request)
        elif algo_id not in self._active:
            self._take_on(parent)

    def _take_on(self, parent: Parent) -> None:
        self._active[parent.request.algo_id] = None
        self.market.follow(parent.request, parent.seen)

    def _seen(self, algo_id: str) -> Seen:
        return self.market.seen(algo_id, self._clock.now_ns())

    def _lock(self, algo_id: str) -> asyncio.Lock:
        lock = self._locks.get(algo_id)
        if lock is None:
            lock = self._locks[algo_id] = asyncio.Lock()
        return lock

    async def _answer(self, work: Coroutine[Any, Any, T]) -> T:
        if self._tasks is None:
            work.close()
            raise UnavailableError("the OMS is still reading its log, or stopping")
        # A step belongs to the desk, not to the request: a sender who hangs up stops nothing.
        task = self._tasks.create_task(_as_value(work))
        try:
            answer = await asyncio.wait_for(asyncio.shield(task), ANSWER_WITHIN_S)
        except TimeoutError:
            raise UnavailableError("the log of algorithms does not answer; ask again") from None
        if isinstance(answer, Trade2026Error):
            raise answer
        return answer


async def _as_value(work: Coroutine[Any, Any, T]) -> T | Trade2026Error:
    try:
        return await work
    except Trade2026Error as error:
        # A no is an answer, and not the end of the desk.
        return error


def _instrument(request: AlgoRequest) -> Instrument:
    return _LISTED[request.venue, request.symbol]
