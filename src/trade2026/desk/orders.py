"""The OMS at work: requests in, one step of an order after another, doubts resolved.

Every step of an order is in the log before it has an effect. After a crash the log is folded
again, and orders in doubt are asked about, never guessed.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import (
    InvalidInputError,
    RefusedError,
    Trade2026Error,
    UnavailableError,
)
from trade2026.core.ids import AccountId, ClOrdId, EventId, Ids, OrderId
from trade2026.core.numbers import Money, parse_nanos
from trade2026.desk.ask import OrderAsk
from trade2026.desk.asking import Asking
from trade2026.desk.cancelling import Cancels
from trade2026.desk.changing import Changes
from trade2026.desk.groups import Groups
from trade2026.desk.journal import Journal
from trade2026.desk.locks import Locks
from trade2026.desk.resting import RestingStops
from trade2026.desk.routed import Routed, together
from trade2026.desk.steps import ANSWER_WITHIN_S, Steps
from trade2026.desk.upkeep import Upkeep
from trade2026.desk.venue_rule import VenueRule
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.query import OrderQuery
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS, InstrumentKind
from trade2026.model.journal import CashDeposited
from trade2026.model.order import AT_VENUE, DONE, GroupKind, NewOrderSingle, TimeInForce
from trade2026.model.risk import RiskControl, TradingMode
from trade2026.ports.archive import OrderArchive
from trade2026.ports.bus import Bus, Delivery
from trade2026.ports.calendar import TradingCalendar

T = TypeVar("T")

IN_FLIGHT_LIMIT: Final = 1_000
ASKED_LIMIT: Final = 10_000
"""Orders that senders want cancelled or changed at a time: what waits for the log is bounded."""
SWEEP_EVERY_S: Final = 0.5

_MOVES: Final = UNDOES | {ExecType.TRADE, ExecType.REPLACED}
"""Words after which reduce-only orders may be too large."""
_KINDS: Final = {one.symbol: one.kind for one in PRISM_INSTRUMENTS}


class OmsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts exist, and what they open with."""

    accounts: tuple[str, ...] = ("default",)
    opening_deposit: str = "1000000"
    """In `currency`, journalled once when an account is first seen."""
    currency: str = "USDT"
    live_accounts: tuple[str, ...] = ()
    """Those of `accounts` that trade on the live gateway's exchange, and nowhere else."""
    routed_accounts: tuple[str, ...] = ()
    """Those whose orders go to PRISM or to that exchange, by the rules of routing."""


class OrderDesk:
    """What the OMS does for its senders, for venues, and for orders in doubt."""

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        log: FilteringBoundLogger,
        settings: OmsSettings,
        archive: OrderArchive,
        calendar: TradingCalendar,
    ) -> None:
        locks = self._locks = Locks[OrderId]()
        journal = self.journal = Journal(bus, clock, log, archive)
        steps = self.steps = Steps(journal, bus, clock, log)
        asking = self._asking = Asking(
            journal=journal, steps=steps, locks=locks, bus=bus, clock=clock, log=log
        )
        resting = self.resting = RestingStops(journal, steps, asking, locks)
        self._changes = Changes(journal, bus, clock)
        self._calendar = calendar
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self.venues = VenueRule(settings.live_accounts, settings.routed_accounts)
        self._routed = Routed(bus, journal, self.venues)
        cancels = self.cancels = Cancels(
            journal=journal, steps=steps, asking=asking, resting=resting, locks=locks, clock=clock
        )
        groups = self.groups = Groups(
            journal=journal,
            steps=steps,
            changes=self._changes,
            asking=asking,
            resting=resting,
            locks=locks,
            clock=clock,
            log=log,
        )
        self._upkeep = Upkeep(
            journal=journal,
            cancels=cancels,
            asking=asking,
            groups=groups,
            locks=locks,
            clock=clock,
            spawn=self._spawn,
        )
        self._grouping: dict[tuple[AccountId, ClOrdId], asyncio.Task[list[Order]]] = {}
        self._placing: dict[tuple[AccountId, ClOrdId], asyncio.Task[Order]] = {}
        self._asked_count = 0
        """Orders of which senders want an end or a change that is not done yet."""
        self._clearing: dict[tuple[str, bool, str], asyncio.Task[list[OrderId]]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def submit(self, ask: OrderAsk) -> tuple[Order, bool]:
        """Return the order placed, or the first one under the same key, and whether it is new.

        Raises:
            InvalidInputError: the account does not exist.
            RefusedError: the key belongs to another order.
            UnavailableError: the log did not answer in time; asking again with the same key
                is safe.
        """
        request = await self._request_of(ask)
        key = (request.account, request.cl_ord_id)
        order = self.journal.orders.by_key(*key)
        task = self._placing.get(key)
        is_new = order is None and task is None
        if is_new:
            task = self._start(key, request)
        if task is not None:
            order = await self._answer(task)
        assert order is not None
        if not is_new and not decide.same_request(order, request):
            raise RefusedError(f"client_order_id {request.cl_ord_id} belongs to another order")
        return order, is_new

    def is_placing(self, account: AccountId, cl_ord_id: ClOrdId) -> bool:
        """Return whether an order of that key is on its way to the log."""
        return (account, cl_ord_id) in self._placing

    def has_account(self, account: str) -> bool:
        """Return whether there is such an account."""
        return account in self._settings.accounts

    async def submit_group(self, asks: Sequence[OrderAsk]) -> tuple[list[Order], bool]:
        """Return the legs of a group as they stand, and whether the group is new.

        Args:
            asks: of all legs, in their order; each with its group and the key made of it.

        Raises:
            InvalidInputError: the account does not exist.
            RefusedError: the group's id belongs to other orders.
            UnavailableError: the log did not answer in time; asking again under the same id
                is safe.
        """
        requests = together([await self._request_of(ask) for ask in asks])
        key = (requests[0].account, requests[0].cl_ord_id)
        task = self._grouping.get(key)
        known = [self.journal.orders.by_key(r.account, r.cl_ord_id) for r in requests]
        is_new = task is None and not any(known)
        if is_new:
            task = self._grouping[key] = self._spawn(self.groups.place(requests))
            task.add_done_callback(lambda _: self._grouping.pop(key, None))
        legs = known if task is None else await self._answer(task)
        for leg, request in zip(legs, requests, strict=True):
            if leg is None or not (is_new or decide.same_request(leg, request)):
                raise RefusedError(f"{request.cl_ord_id} belongs to another order or group")
        return [leg for leg in legs if leg is not None], is_new

    async def cancel(self, order_id: OrderId, asked_by: str) -> Order:
        """Ask to cancel what is left of an order, and return it.

        Raises:
            RefusedError: nothing is left of it.
            UnavailableError: too much waits, or the log did not answer; asking again is safe.
        """
        task = self._take_in(1, self.cancels.cancel(order_id, asked_by))
        order, problem = await self._answer(task)
        if problem and order.status in DONE:
            raise RefusedError(problem)
        return order

    async def replace(self, order_id: OrderId, change: Change, asked_by: str) -> Order:
        """Change an open order, and return it: as changed, or waiting for its venue's word.

        Raises:
            InvalidInputError: an order of this type has no such value.
            RefusedError: it cannot be changed so now, or risk refuses.
            UnavailableError: too much waits, or the log or risk did not answer; asking again
                is safe.
        """
        answer = await self._answer(self._take_in(1, self._replace(order_id, change, asked_by)))
        if isinstance(answer, Trade2026Error):
            raise answer
        return answer

    async def recheck(self, order_id: OrderId) -> list[ExecutionReport]:
        """Ask the venue about an order, ended or not; return what the log lacked of its reports.

        Raises:
            UnavailableError: the log did not answer in time; asking again is safe.
        """
        return await self._answer(self._spawn(self._recheck(order_id)))

    async def cancel_all(self, query: OrderQuery, asked_by: str) -> list[OrderId]:
        """Ask to cancel every open order that fits *query*, and return which.

        About those that are to be cancelled already, the sweep asks again.

        Raises:
            UnavailableError: too much waits, or the log did not answer; asking again is safe.
        """
        wanted = [order for order in self.journal.orders.open_orders() if query.wants(order)]
        # One that finds nothing waits as well, until it is answered.
        count = len(wanted) or 1
        return await self._answer(self._take_in(count, self.cancels.each(wanted, asked_by)))

    async def on_report(self, report: ExecutionReport, _: Delivery) -> None:
        """Book what a venue says."""
        async with self._locks.of(report.order_id):
            await self.steps.book(report)
        # Beside the reports: the next one may be what these wait for.
        if report.exec_type in _MOVES:
            await self._beside(self.cancels.keep_reducing(report.account, report.symbol))
        order = self.journal.orders.get(report.order_id)
        if order is not None and order.request.group is not None and self._tasks is not None:
            self._tasks.create_task(self.groups.tend(order))

    async def on_control(self, control: RiskControl, _: Delivery) -> None:
        """Cancel what is open in a scope that was killed; where it may reduce, what would open."""
        if control.cancel_open:
            may_reduce = control.mode is TradingMode.REDUCE_ONLY
            await self.clear(control.scope, control.asked_by, only_openers=may_reduce)

    async def clear(
        self, scope: str, asked_by: str, *, only_openers: bool = False, is_insisting: bool = False
    ) -> list[OrderId]:
        """Ask to cancel the open orders of *scope*, or those that would open; return which.

        The log has all of them when this returns: nobody waits for a venue that is slow, and nobody
        is refused. About those that are to be cancelled already, the sweep asks again. A kill
        *is_insisting*, again and again: a venue that refuses is asked more seldom then.
        """
        insisting = asked_by if is_insisting else ""
        key = (scope, only_openers, insisting)
        if self._tasks is not None and key in self._clearing:
            # Whoever asks again while the log is away waits with the first.
            return await asyncio.shield(self._clearing[key])
        covered = self.cancels.covered(scope, only_openers=only_openers, insisting=insisting)
        if self._tasks is None:
            return await self.cancels.each(covered, asked_by)
        clearing = self._spawn(self.cancels.begin_each(covered, asked_by, self._tell_beside))
        self._clearing[key] = clearing
        clearing.add_done_callback(lambda _: self._clearing.pop(key, None))
        return await asyncio.shield(clearing)

    async def open_accounts(self) -> None:
        """Journal the opening deposit of every account that has none."""
        amount = Money(parse_nanos(self._settings.opening_deposit))
        for account in map(AccountId, self._settings.accounts):
            if not self.journal.orders.cash_opened(account):
                await self.journal.write(
                    CashDeposited(
                        event_id=EventId(f"opening-{account}"),
                        account=account,
                        currency=self._settings.currency,
                        amount=amount,
                        text="opening deposit",
                        ts_ns=self._clock.now_ns(),
                    )
                )

    async def run(self) -> None:
        """Carry out steps, watch stops, end what is over and ask about doubts, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self.resting.run())
            tasks.create_task(self.journal.watch())
            try:
                while True:
                    self._upkeep.sweep()
                    await asyncio.sleep(SWEEP_EVERY_S)
            finally:
                # Who stops begins nothing any more: a late report is read again at the next start.
                self._tasks = None

    def _start(
        self, key: tuple[AccountId, ClOrdId], request: NewOrderSingle
    ) -> asyncio.Task[Order]:
        if len(self._placing) >= IN_FLIGHT_LIMIT:
            raise UnavailableError(f"{IN_FLIGHT_LIMIT} orders are on their way already")
        task = self._spawn(self._place(request))
        self._placing[key] = task
        task.add_done_callback(lambda _: self._placing.pop(key, None))
        return task

    async def _place(self, request: NewOrderSingle) -> Order:
        async with self._locks.of(request.order_id):
            order = await self.steps.place(request)
            self.resting.note(order)
        return await self._asking.pass_on(order)

    async def _replace(
        self, order_id: OrderId, change: Change, asked_by: str
    ) -> Order | Trade2026Error:
        async with self._locks.of(order_id):
            order = before = self.journal.order(order_id)
            group = order.request.group
            is_entry = group is not None and group.kind is not GroupKind.OCO and not group.number
            if group is not None and change.order_qty is not None and not is_entry:
                return InvalidInputError("quantity", "of a leg follows its group")
            try:
                order = await self._changes.change(order, change, asked_by)
            except (InvalidInputError, RefusedError, UnavailableError) as error:
                # A no is an answer, and not the end of the desk.
                return error
            self.resting.note(order)
        return await self._asking.pass_on(order, before)

    async def _recheck(self, order_id: OrderId) -> list[ExecutionReport]:
        order = self.journal.orders.get(order_id)
        # Of what rests with us no venue may be asked: it would never take it afterwards.
        if order is None or order.status not in AT_VENUE:
            return []
        return await self._asking.recheck(order_id)

    def _tell_beside(self, step: Coroutine[Any, Any, object]) -> None:
        if self._tasks is None:
            # The log has what is to be told: the next life's sweep does it.
            step.close()
        else:
            self._tasks.create_task(step)

    async def _beside(self, step: Coroutine[Any, Any, object]) -> None:
        """Have *step* taken by itself; before the desk runs, and where it stops, in line."""
        if self._tasks is None:
            await step
        else:
            self._tasks.create_task(step)

    async def _request_of(self, ask: OrderAsk) -> NewOrderSingle:
        if not self.has_account(ask.account):
            raise InvalidInputError("account", "unknown")
        now_ns = self._clock.now_ns()
        if ask.time_in_force is TimeInForce.DAY:
            kind = _KINDS.get(ask.symbol, InstrumentKind.SPOT)
            # The calendar of an exchange may have to be read from disk first.
            expire_ns = await asyncio.to_thread(self._calendar.day_end_ns, kind, now_ns)
            ask = msgspec.structs.replace(ask, expire_ns=expire_ns)
        elif ask.expire_ns is not None and ask.expire_ns <= now_ns:
            raise InvalidInputError("expire_at", "is over already")
        request = ask.as_request(OrderId(self._ids.new()), now_ns)
        return await self._routed.settle(request, is_auto=ask.is_auto)

    def _spawn(self, step: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        if self._tasks is None:
            step.close()
            raise UnavailableError("the OMS is still reading its log, or stopping")
        # A step belongs to the desk, not to the request: a sender who hangs up stops nothing.
        return self._tasks.create_task(step)

    def _take_in(self, count: int, step: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Spawn *step* for a sender, about so many orders, unless too many wait already."""
        if self._asked_count >= ASKED_LIMIT:
            step.close()
            raise UnavailableError(f"{ASKED_LIMIT} orders are being cancelled or changed already")
        task = self._spawn(step)
        self._asked_count += count
        task.add_done_callback(lambda _: self._let_go(count))
        return task

    def _let_go(self, count: int) -> None:
        self._asked_count -= count

    async def _answer(self, task: asyncio.Task[T]) -> T:
        try:
            return await asyncio.wait_for(asyncio.shield(task), ANSWER_WITHIN_S)
        except TimeoutError:
            text = "the order log does not answer; ask again with the same client_order_id"
            raise UnavailableError(text) from None
