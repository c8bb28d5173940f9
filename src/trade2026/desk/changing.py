"""Changes of orders at work: risk holds what is new, and the log has it.

Every method expects that its caller holds the order's lock, and passes on to the venue what is
asked of it afterwards.
"""

from trade2026.core.clock import Clock
from trade2026.core.errors import RefusedError
from trade2026.desk.journal import Journal
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import (
    Change,
    as_changed,
    change_problem,
    check_fields,
    is_made,
)
from trade2026.domain.oms.order import Order
from trade2026.model.risk import RiskChangeRequest
from trade2026.model.subjects import RISK_CHANGE
from trade2026.ports.bus import Bus


class Changes:
    """Changes orders, one order at a time."""

    def __init__(self, journal: Journal, bus: Bus, clock: Clock) -> None:
        self._journal = journal
        self._bus = bus
        self._clock = clock

    async def change(self, order: Order, change: Change, asked_by: str) -> Order:
        """Change *order* where it rests with us, or journal the wish; return how it stands.

        Raises:
            InvalidInputError: an order of this type has no such value.
            RefusedError: it cannot be changed so now, or risk refuses.
            UnavailableError: risk did not answer; the order stands as it did.
        """
        check_fields(order.request, change)
        if not order.is_done and is_made(order, change):
            return order
        problem = change_problem(order, change)
        if problem:
            raise RefusedError(problem)
        changed = as_changed(order.request, change)
        verdict = await self._bus.ask(RISK_CHANGE, RiskChangeRequest(order=changed))
        if verdict.approved is None:
            raise RefusedError("; ".join(f"{r.code} {r.text}" for r in verdict.refusals))
        now_ns = self._clock.now_ns()
        make = decide.order_changed if order.is_resting else decide.replace_requested
        event = make(
            order,
            change,
            reserved=verdict.approved.reserved,
            asked_by=asked_by,
            ts_ns=now_ns,
        )
        return await self._journal.step(event)
