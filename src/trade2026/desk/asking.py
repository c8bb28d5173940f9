"""What venues are told and asked of orders: to take one, to cancel, to change, how it stands.

No order's lock is held while an answer is waited for, so that a report that comes meanwhile is
booked in its turn: one that waited would hold up what is behind it. An answer is booked like a
report, by the order as it stands then; a refusal of what is over by then is no news. The way of an
order to its venue is taken by one at a time, so that no cancel overtakes the order itself.
"""

from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import Trade2026Error
from trade2026.core.ids import OrderId
from trade2026.desk.journal import Journal
from trade2026.desk.locks import Locks
from trade2026.desk.steps import Steps
from trade2026.domain.oms import decide
from trade2026.domain.oms.decide import Resume
from trade2026.domain.oms.order import Order
from trade2026.model.execution import ExecutionReport, VenueOrderStatus
from trade2026.model.journal import OrderFailed
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.model.subject import Command
from trade2026.model.subjects import EXEC_CANCEL, EXEC_REPLACE, EXEC_STATUS, EXEC_SUBMIT
from trade2026.ports.bus import Bus

M = TypeVar("M")
R = TypeVar("R")


class Asking:
    """Tells venues of orders, asks about them, and books what they answer.

    Every method expects that its caller holds no order's lock.

    Args:
        journal: the log of orders.
        steps: book what is answered.
        locks: of orders.
        bus: to venues.
        clock: ours.
        log: told of answers that did not come.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        steps: Steps,
        locks: Locks[OrderId],
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._journal = journal
        self._steps = steps
        self._locks = locks
        self._ways = Locks[OrderId]()
        self._bus = bus
        self._clock = clock
        self._log = log

    def is_asking(self, order_id: OrderId) -> bool:
        """Return whether an answer about the order is waited for at this moment."""
        return self._ways.is_held(order_id)

    async def pass_on(self, order: Order, before: Order | None = None) -> Order:
        """Tell its venue what the steps ask for that led to *order*; return how it stands then.

        Args:
            order: after the steps, whose lock was let go just now.
            before: it before them, where it was there.
        """
        order_id = order.request.order_id
        approved = self._steps.take_leaving(order_id)
        if approved is not None:
            await self._hand_over(order, approved)
        elif before is not None and before.order_seq < order.order_seq:
            if order.is_cancel_requested:
                await self._cancel(order_id)
            elif order.change is not None and order.change != before.change:
                await self._change(order_id)
        return self._journal.order(order_id)

    async def settle(self, order_id: OrderId) -> bool:
        """Do what an order needs that a crash or a silent venue left in the middle.

        Returns whether nobody was asked in vain.
        """
        todo = decide.resume(self._journal.order(order_id))
        if todo is Resume.NOTHING:
            return True
        if todo in {Resume.FAIL, Resume.SEND}:
            async with self._locks.of(order_id):
                order = await self._steps.resume(self._journal.order(order_id))
            await self.pass_on(order)
            return True
        is_answered = await self._status(order_id)
        if not is_answered or decide.resume(self._journal.order(order_id)) is not todo:
            return is_answered
        match todo:
            case Resume.CANCEL_AGAIN:
                return await self._cancel(order_id)
            case Resume.REPLACE_AGAIN:
                return await self._change(order_id)
            case _:
                return True

    async def recheck(self, order_id: OrderId) -> list[ExecutionReport]:
        """Return what the log lacked of the venue's reports of an order that it had; now booked."""
        async with self._locks.of(order_id):
            # Whoever is at it may be about to hand it over, and a venue that was asked about an
            # order that it does not have never takes it: after this, the order is at its way first.
            pass
        async with self._ways.of(order_id):
            answer = await self._status_of(self._journal.order(order_id))
        return [] if answer is None else await self._book(order_id, answer)

    async def _hand_over(self, order: Order, approved: RiskApproved[NewOrderSingle]) -> None:
        order_id = order.request.order_id
        async with self._ways.of(order_id):
            # Where no answer comes, it stays SENT, in doubt, and is asked about.
            ack = await self._answer(EXEC_SUBMIT, approved, order_id)
        if ack is not None and not ack.is_accepted:
            async with self._locks.of(order_id):
                order = self._journal.order(order_id)
                if not order.is_done:
                    report = decide.refusal_report(order, ack, self._clock.now_ns())
                    await self._steps.book(report)

    async def _status(self, order_id: OrderId) -> bool:
        """Ask how the order stands, and book it; return whether an answer came."""
        async with self._ways.of(order_id):
            order = self._journal.order(order_id)
            answer = await self._status_of(order)
        if answer is None:
            return False
        await self._book(order_id, answer)
        if answer.is_known:
            return True
        async with self._locks.of(order_id):
            # One that has moved meanwhile is asked about again: the answer may be the older word.
            if self._journal.order(order_id).order_seq == order.order_seq:
                word = decide.disowned(order, self._clock.now_ns())
                if isinstance(word, OrderFailed):
                    await self._journal.step(word)
                else:
                    await self._steps.book(word)
        return True

    async def _cancel(self, order_id: OrderId) -> bool:
        """Pass the wish to cancel on; return whether an answer came."""
        async with self._ways.of(order_id):
            order = self._journal.order(order_id)
            if order.is_done or not order.is_cancel_requested:
                return True
            request = OrderCancelRequest(
                order_id=order_id,
                account=order.request.account,
                venue=order.request.venue,
                symbol=order.request.symbol,
                transact_time_ns=self._clock.now_ns(),
            )
            # Where none comes, the sweep asks again until the venue has said how it stands.
            ack = await self._answer(EXEC_CANCEL, request, order_id)
        if ack is None or ack.is_accepted:
            return ack is not None
        if order.venue_ack_ns is None:
            # It may have overtaken its order, or that never arrived: the wish stands until the
            # venue has said which.
            return await self._status(order_id)
        async with self._locks.of(order_id):
            order = self._journal.order(order_id)
            if not order.is_done:
                report = decide.cancel_refusal_report(order, ack, self._clock.now_ns())
                await self._steps.book(report)
        return True

    async def _change(self, order_id: OrderId) -> bool:
        """Pass the change that the order waits for on; return whether an answer came."""
        async with self._ways.of(order_id):
            order = self._journal.order(order_id)
            change = order.change
            if order.is_done or change is None:
                return True
            request = OrderReplaceRequest(
                order_id=order_id,
                replace_id=change.replace_id,
                account=order.request.account,
                venue=order.request.venue,
                symbol=order.request.symbol,
                order_qty=change.order_qty,
                price=change.price,
                stop_px=change.stop_px,
                transact_time_ns=self._clock.now_ns(),
            )
            # Where none comes, the sweep asks what came of it, and then under the same name again.
            ack = await self._answer(EXEC_REPLACE, request, order_id)
        if ack is not None and not ack.is_accepted:
            async with self._locks.of(order_id):
                order = self._journal.order(order_id)
                if not order.is_done and order.change == change:
                    report = decide.replace_refusal_report(order, ack, self._clock.now_ns())
                    await self._steps.book(report)
        return ack is not None

    async def _book(self, order_id: OrderId, answer: VenueOrderStatus) -> list[ExecutionReport]:
        async with self._locks.of(order_id):
            return [report for report in answer.reports if await self._steps.book(report)]

    async def _status_of(self, order: Order) -> VenueOrderStatus | None:
        request = OrderStatusRequest(
            order_id=order.request.order_id,
            account=order.request.account,
            venue=order.request.venue,
            symbol=order.request.symbol,
        )
        return await self._answer(EXEC_STATUS, request, order.request.order_id)

    async def _answer(self, subject: Command[M, R], request: M, order_id: OrderId) -> R | None:
        try:
            return await self._bus.ask(subject, request)
        except Trade2026Error as error:
            # In doubt: whether it came to the venue is unknown.
            self._log.warning("no answer", order_id=order_id, to=subject.pattern, why=str(error))
            return None
