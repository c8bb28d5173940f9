"""The steps of one order in the log: placed, wished to be cancelled, booked.

Each method expects that its caller holds the order's lock, so that one step follows another.
What a step means is decided in `domain/oms/decide.py`; here it is carried out. What a venue is to
hear of it, `asking.py` tells it right after, without that lock.
"""

from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import Trade2026Error
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px
from trade2026.desk.journal import Journal
from trade2026.domain.oms import decide
from trade2026.domain.oms.bust import undoings_due
from trade2026.domain.oms.decide import Resume
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.working import working_request
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.journal import OrderReported
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import (
    Refusal,
    RefusalCode,
    RiskApproved,
    RiskRequest,
)
from trade2026.model.subjects import RISK_CHECK
from trade2026.ports.bus import Bus

ANSWER_WITHIN_S: Final = 5.0
"""An order that is not journalled and approved by then is never sent: its sender got a 503."""

FILLS_MOST: Final = 1_000_000
"""Of one order: all of them."""

APPROVAL_FRESH_NS: Final = NS_PER_S // 10
"""An approval older than this is asked for again before sending: trading may be halted now."""


class Steps:
    """Carries out the steps of orders, one order at a time."""

    def __init__(self, journal: Journal, bus: Bus, clock: Clock, log: FilteringBoundLogger) -> None:
        self._journal = journal
        self._bus = bus
        self._clock = clock
        self._log = log
        self._leaving: dict[OrderId, RiskApproved[NewOrderSingle]] = {}
        self.surprise_count = 0
        """Reports that nobody expected: over-fills, unknown orders, contradictions."""

    async def place(self, request: NewOrderSingle) -> Order:
        """Journal the order, ask risk, and have it leave; return how it stands.

        A stop rests here instead, until the market reaches it.
        """
        began_ns = self._clock.monotonic_ns()
        order = await self.receive(request)
        return await self.go_on(order, began_ns)

    async def receive(self, request: NewOrderSingle) -> Order:
        """Journal the order, and nothing more."""
        event = decide.received(request, ts_ns=self._clock.now_ns())
        return await self._journal.step(event)

    async def go_on(self, order: Order, began_ns: int, *, is_last_word: bool = True) -> Order:
        """Ask risk about an order that was received, have it leave, and return how it stands.

        Args:
            order: received, and nothing more.
            began_ns: when its sender began to wait, by the monotonic clock.
            is_last_word: whether a refusal is final; otherwise the order waits on.
        """
        write, request = self._journal.step, order.request
        approved, refusals = await self._ask_risk(request)
        now_ns = self._clock.now_ns()
        if approved is None:
            if not is_last_word:
                return order
            return await write(decide.refused(order, refusals=refusals, ts_ns=now_ns))
        venue = "" if order.is_stop else request.venue
        order = await write(decide.approved(order, approved.reserved, now_ns, venue=venue))
        # The log may have kept us waiting: what was decided long ago is not acted upon.
        why_not = await self._why_not_now(request, began_ns)
        if why_not:
            end = decide.withdrawn if order.is_resting else decide.failed
            return await write(end(order, why_not, self._clock.now_ns()))
        return order if order.sent_ns is None else self._leave(order, approved)

    def take_leaving(self, order_id: OrderId) -> RiskApproved[NewOrderSingle] | None:
        """Return what is to be handed to the order's venue now, once."""
        return self._leaving.pop(order_id, None)

    async def fire(self, order: Order, trade_px: Px) -> Order:
        """Have a stop leave that the market has reached, and return how it stands."""
        order = await self._journal.step(decide.triggered(order, trade_px, self._clock.now_ns()))
        return await self._send_reached(order)

    async def _send_reached(self, order: Order) -> Order:
        write, began_ns = self._journal.step, self._clock.monotonic_ns()
        # What it was approved for is long ago: the reservation is held, the mode may be another.
        approved, refusals = await self._ask_risk(order.request)
        if approved is None:
            if any(refusal.code is RefusalCode.RISK_UNAVAILABLE for refusal in refusals):
                # The sweep tries again: a stop is not given up because nobody answers.
                return order
            text = "not sent: " + "; ".join(refusal.text for refusal in refusals)
            return await write(decide.failed(order, text=text, ts_ns=self._clock.now_ns()))
        now_ns = self._clock.now_ns()
        order = await write(decide.sent(order, venue=order.request.venue, ts_ns=now_ns))
        why_not = await self._why_not_by_now(order.request, began_ns, is_doubt_a_no=False)
        if why_not:
            return await write(decide.failed(order, text=why_not, ts_ns=self._clock.now_ns()))
        return self._leave(order, approved)

    async def move_stop(self, order: Order, stop_px: Px) -> Order:
        """Journal where a trailing stop stands by now, and return the order."""
        return await self._journal.step(decide.stop_moved(order, stop_px, self._clock.now_ns()))

    async def cancel(self, order: Order, asked_by: str, *, is_expiry: bool = False) -> Order:
        """Journal the wish to cancel, which is then to be passed on, and return the order.

        What no venue has ends at once, and what a venue has by the venue's word.
        """
        now_ns = self._clock.now_ns()
        if order.is_resting or order.is_waiting:
            text = "its time is over" if is_expiry else f"cancelled by {asked_by}"
            event = decide.withdrawn(order, text, now_ns, is_expiry=is_expiry)
            return await self._journal.step(event)
        event = decide.cancel_requested(order, asked_by=asked_by, ts_ns=now_ns, is_expiry=is_expiry)
        return await self._journal.step(event)

    async def book(self, report: ExecutionReport) -> bool:
        """Book what a venue says, once; a surprise is booked too, and counted.

        What took a fill back before it came is booked after it, also where that was cut off.

        Returns whether it was not booked before.
        """
        is_new = await self._book(report)
        order = self._journal.orders.get(report.order_id)
        if order is not None and order.undone_early and report.exec_type is ExecType.TRADE:
            for undoing in undoings_due(order.undone_early, report):
                await self._book(undoing)
        return is_new

    async def _book(self, report: ExecutionReport) -> bool:
        orders = self._journal.orders
        if orders.is_booked(report):
            return False
        event = decide.judge_report(
            orders.get(report.order_id),
            report,
            ts_ns=self._clock.now_ns(),
            fills=[fill.report for fill in orders.fills_of(report.order_id, limit=FILLS_MOST)]
            if report.exec_type in UNDOES
            else (),
            legs=orders.legs_of(report.order_id),
        )
        if event is None:
            return False
        await self._journal.write(event)
        if not isinstance(event, OrderReported) or event.surprise:
            # Risk reads it in the log too: it limits the account and raises the alarm.
            self.surprise_count += 1
            self._log.error("surprise", order_id=report.order_id, exec_id=report.exec_id)
        return True

    async def resume(self, order: Order) -> Order:
        """Do what an order needs that never left: it fails, or leaves after all; return it."""
        match decide.resume(order):
            case Resume.FAIL:
                text = "not sent: the platform stopped before it could be"
                now_ns = self._clock.now_ns()
                return await self._journal.step(decide.failed(order, text=text, ts_ns=now_ns))
            case Resume.SEND:
                return await self._send_reached(order)
            case _:
                return order

    async def _why_not_now(self, request: NewOrderSingle, began_ns: int) -> str:
        """Return why an approved order must not be sent any more, or an empty text."""
        if self._clock.monotonic_ns() - began_ns > ANSWER_WITHIN_S * NS_PER_S:
            return "not sent: the sender was told that the platform is unavailable"
        return await self._why_not_by_now(request, began_ns, is_doubt_a_no=True)

    async def _why_not_by_now(
        self, request: NewOrderSingle, began_ns: int, *, is_doubt_a_no: bool
    ) -> str:
        """Return what risk has against an order by now that it approved a while ago, if anything.

        Args:
            request: of the order.
            began_ns: when that approval was asked for at the earliest, by the monotonic clock.
            is_doubt_a_no: whether risk that does not answer is against it. A stop that was reached
                protects somebody: it is not given up for that.
        """
        if self._clock.monotonic_ns() - began_ns < APPROVAL_FRESH_NS:
            return ""
        _, refusals = await self._ask_risk(request)
        if not is_doubt_a_no:
            refusals = tuple(r for r in refusals if r.code is not RefusalCode.RISK_UNAVAILABLE)
        return "not sent: " + "; ".join(r.text for r in refusals) if refusals else ""

    def _leave(self, order: Order, approved: RiskApproved[NewOrderSingle]) -> Order:
        request = working_request(order.request)
        self._leaving[order.request.order_id] = msgspec.structs.replace(approved, request=request)
        return order

    async def _ask_risk(
        self, request: NewOrderSingle
    ) -> tuple[RiskApproved[NewOrderSingle] | None, tuple[Refusal, ...]]:
        try:
            verdict = await self._bus.ask(RISK_CHECK, RiskRequest(order=request))
        except Trade2026Error as error:
            # In doubt, refuse: an order that nobody checked goes nowhere.
            text = f"risk did not answer: {error}"
            return None, (Refusal(code=RefusalCode.RISK_UNAVAILABLE, text=text),)
        return verdict.approved, verdict.refusals
