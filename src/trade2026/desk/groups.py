"""Groups of orders at work: placed so that no part is alone, and tended as their legs trade.

What is due is decided in `domain/oms/group.py` from the orders themselves. Here it is done, one
group at a time, after every report on a leg and at every sweep.
"""

from collections.abc import Sequence
from typing import TypeAlias

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import InvalidInputError, RefusedError, UnavailableError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.desk.asking import Asking
from trade2026.desk.changing import Changes
from trade2026.desk.journal import Journal
from trade2026.desk.locks import Locks
from trade2026.desk.resting import RestingStops
from trade2026.desk.steps import Steps
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.group import GROUP, Due, Duty, what_is_due
from trade2026.domain.oms.order import Order
from trade2026.model.order import NewOrderSingle, OrdStatus

GroupKey: TypeAlias = tuple[str, str]


class Groups:
    """Places and tends groups.

    Args:
        journal: the log of orders.
        steps: of one order.
        changes: of one order.
        asking: tells venues.
        resting: watches stops.
        locks: of orders.
        clock: for how long a sender has waited.
        log: told of what could not be done.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        steps: Steps,
        changes: Changes,
        asking: Asking,
        resting: RestingStops,
        locks: Locks[OrderId],
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._journal = journal
        self._steps = steps
        self._changes = changes
        self._asking = asking
        self._resting = resting
        self._locks = locks
        self._clock = clock
        self._log = log
        self._groups = Locks[GroupKey]()
        self._asked: dict[OrderId, Qty] = {}
        """The total last asked for of each leg: what a venue declines it declines again."""

    async def place(self, requests: Sequence[NewOrderSingle]) -> list[Order]:
        """Journal all legs, those that wait first, let the others go, and return all."""
        began_ns = self._clock.monotonic_ns()
        async with self._groups.of(key_of(requests[0])):
            # Whoever looks meanwhile waits for this lock, and so never sees a part of the group.
            for request in sorted(requests, key=lambda r: _number(r) == 0):
                await self._steps.receive(request)
            for request in requests:
                order = self._journal.order(request.order_id)
                if not order.is_waiting:
                    await self._start(order, began_ns)
        await self.tend(self._journal.order(requests[0].order_id))
        return [self._journal.order(request.order_id) for request in requests]

    def is_due(self, order: Order) -> bool:
        """Return whether anything is due of the group of *order*."""
        legs = self._journal.orders.legs_of(order.request.order_id)
        return any(True for _ in what_is_due(legs, self._clock.now_ns()))

    async def tend(self, order: Order) -> None:
        """Do what is due of the group of *order*; what cannot be done now is due again."""
        async with self._groups.of(key_of(order.request)):
            legs = self._journal.orders.legs_of(order.request.order_id)
            for leg in legs:
                if leg is not None and leg.is_done:
                    self._asked.pop(leg.request.order_id, None)
            for due in list(what_is_due(legs, self._clock.now_ns())):
                await self._do(due)

    async def _do(self, due: Due) -> None:
        order_id = due.order.request.order_id
        async with self._locks.of(order_id):
            order = self._journal.order(order_id)
            if order.order_seq != due.order.order_seq:
                # It has moved meanwhile: what is due now, the next look says.
                return
            match due.duty:
                case Duty.START:
                    await self._start_exit(order, due)
                case Duty.RESIZE:
                    await self._resize(order, due.order_qty)
                case Duty.CANCEL:
                    await self._steps.cancel(order, GROUP)
            after = self._journal.order(order_id)
            self._resting.note(after)
        await self._asking.pass_on(after, order)

    async def _start(self, order: Order, began_ns: int) -> None:
        async with self._locks.of(order.request.order_id):
            order = self._journal.order(order.request.order_id)
            if order.status is not OrdStatus.NEW:
                return
            order = await self._steps.go_on(order, began_ns)
            self._resting.note(order)
        await self._asking.pass_on(order)

    async def _start_exit(self, order: Order, due: Due) -> None:
        if order.request.order_qty != due.order_qty:
            event = decide.order_changed(
                order,
                Change(order_qty=due.order_qty),
                reserved=Money(0),
                asked_by=GROUP,
                ts_ns=self._clock.now_ns(),
            )
            order = await self._journal.step(event)
        began_ns = self._clock.monotonic_ns()
        order = await self._steps.go_on(order, began_ns, is_last_word=due.is_last_word)
        if order.status is OrdStatus.RISK_REJECTED:
            reasons = [refusal.text for refusal in order.refusals]
            self._log.error("exit refused", order_id=order.request.order_id, why=reasons)

    async def _resize(self, order: Order, order_qty: Qty) -> None:
        order_id = order.request.order_id
        if self._asked.get(order_id) == order_qty or order.change is not None:
            return
        try:
            await self._changes.change(order, Change(order_qty=order_qty), GROUP)
        except (InvalidInputError, RefusedError, UnavailableError) as error:
            self._log.warning("leg not resized", order_id=order_id, why=str(error))
            return
        self._asked[order_id] = order_qty


def key_of(request: NewOrderSingle) -> GroupKey:
    """Return what a leg's group is known by."""
    assert request.group is not None
    return (request.account, request.group.group_id)


def _number(request: NewOrderSingle) -> int:
    assert request.group is not None
    return request.group.number
