"""Orders that become others: how a change is judged, and what is held while it waits.

Until the venue has said which of the two it works, an order may trade as it stood and as it
shall be: so the worse of both is held. What a change makes larger is judged by every check,
with what the order itself holds given back first; what it makes smaller is never refused
for what it is worth.

Source: Rule 15c3-5 (SEC 2010), controls apply to changes of orders as to orders.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money, Qty
from trade2026.domain.risk.account import Reservation, RiskAccount
from trade2026.domain.risk.check import RiskCheck, RiskView, sized
from trade2026.domain.risk.checks import RISK_CHECKS, filters, order_limits, policy
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import OrderChanged, ReplaceRequested
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import Refusal, RefusalCode, RiskApproved, RiskVerdict

T = TypeVar("T")

_OF_THE_WHOLE: Final[frozenset[RiskCheck]] = frozenset({filters.check, order_limits.check})
"""Checks of an order's total, as a venue makes them; the others look at what is left."""

_ABOUT_CHANGES: Final = frozenset({ExecType.REPLACED, ExecType.REPLACE_REJECTED})


def assess(
    account: RiskAccount,
    order: NewOrderSingle,
    now_ns: TimeNs,
    view_of: Callable[[NewOrderSingle], RiskView],
) -> RiskVerdict:
    """Judge a change of an open order, and hold what it needs beside what is held already.

    Args:
        account: whose order it is.
        order: as it shall be.
        now_ns: the moment of asking, which counts as that of one order more.
        view_of: what the checks see of an order's account and market.
    """
    held = account.reservations.get(order.order_id)
    if held is None or order.order_qty <= held.traded_qty:
        text = "nothing would be left of the order"
        return RiskVerdict(refusals=(Refusal(code=RefusalCode.RISK_UNAVAILABLE, text=text),))
    left = what_is_left(order, held, now_ns)
    verdict = without(account, held, lambda: judge_change(order, left, held, view_of(left)))
    if verdict.approved is not None:
        account.pace.note_change(left)
        account.reserve(with_change(held, verdict.approved))
    return verdict


def without(account: RiskAccount, held: Reservation, look: Callable[[], T]) -> T:
    """Return what *look* finds while nothing is held for an order."""
    account.release(held.approved.request.order_id)
    found = look()
    account.reserve(held)
    return found


def book_change(account: RiskAccount, event: OrderChanged | ReplaceRequested) -> None:
    """Hold what the log says of a change; nothing for a leg that is not approved yet."""
    held = account.reservations.get(event.order_id)
    if held is not None:
        account.reserve(after_event(held, event))


def book_word(account: RiskAccount, report: ExecutionReport) -> None:
    """Hold what a venue's word leaves to hold."""
    if (
        report.exec_type in _ABOUT_CHANGES
        and (held := account.reservations.get(report.order_id)) is not None
    ):
        account.reserve(after_report(held, report))


def what_is_left(order: NewOrderSingle, held: Reservation, now_ns: TimeNs) -> NewOrderSingle:
    """Return the part of the changed *order* that is still to trade, asked for at *now_ns*."""
    return msgspec.structs.replace(
        order,
        order_qty=Qty(order.order_qty - held.traded_qty),
        transact_time_ns=now_ns,
    )


def is_larger(order: NewOrderSingle, held: Reservation) -> bool:
    """Return whether *order* asks for anything more than what is held for: then it is judged.

    Another price is more, whichever way it goes: it may be off the collar, or meet an own
    order.
    """
    stands = held.approved.request
    same_prices = (order.price, order.stop_px) == (stands.price, stands.stop_px)
    return order.order_qty > stands.order_qty or not same_prices


def judge_change(
    order: NewOrderSingle, left: NewOrderSingle, held: Reservation, view: RiskView
) -> RiskVerdict:
    """Judge a change.

    Args:
        order: as it shall be.
        left: of it, still to trade.
        held: for it as it stands; in *view* nothing is held for it.
        view: of what is left.
    """
    larger = is_larger(order, held)
    checks = RISK_CHECKS if larger else (filters.check,)
    whole, rest = sized(order, view), sized(left, view)
    found = (check(whole if check in _OF_THE_WHOLE else rest, view) for check in checks)
    refusals: tuple[Refusal, ...] = tuple(refusal for refusal in found if refusal is not None)
    if refusals:
        others = policy.further(view) if larger else ()
        return RiskVerdict(refusals=(*refusals, *others))
    reserved = rest.needed
    approved = RiskApproved(
        request=order,
        reserved=reserved if larger else Money(min(reserved, held.reserved)),
        reference_px_nanos=view.reference_px(order.side) or 0,
        approved_ns=left.transact_time_ns,
    )
    return RiskVerdict(approved=approved)


def with_change(held: Reservation, approved: RiskApproved[NewOrderSingle]) -> Reservation:
    """Return *held* while an approved change waits; the log does not have it yet."""
    left = Qty(approved.request.order_qty - held.traded_qty)
    change = Reservation(approved=approved, leaves_qty=left, is_journalled=False, whole_qty=left)
    return msgspec.structs.replace(held, change=change)


def with_terms(
    request: NewOrderSingle, terms: OrderChanged | ReplaceRequested | ExecutionReport
) -> NewOrderSingle:
    """Return *request* with the values that *terms* names."""
    given = {"order_qty": terms.order_qty, "price": terms.price, "stop_px": terms.stop_px}
    said = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(request, **said)


def after_event(held: Reservation, event: OrderChanged | ReplaceRequested) -> Reservation:
    """Return *held* after the log has a change: it is made at once, or waits for the venue."""
    approved = RiskApproved(
        request=with_terms(held.approved.request, event),
        reserved=event.reserved,
        reference_px_nanos=held.approved.reference_px_nanos,
        approved_ns=event.ts_ns,
    )
    changed = with_change(held, approved).change
    assert changed is not None
    changed = msgspec.structs.replace(changed, is_journalled=True)
    if isinstance(event, OrderChanged):
        return changed
    return msgspec.structs.replace(
        held, change=msgspec.structs.replace(changed, replace_id=event.replace_id)
    )


def after_report(held: Reservation, report: ExecutionReport) -> Reservation:
    """Return *held* after a venue's word: a change is made, is refused, or was its own."""
    is_answer = held.change is not None and held.change.replace_id == report.replace_id
    if report.exec_type is ExecType.REPLACE_REJECTED:
        return msgspec.structs.replace(held, change=None if is_answer else held.change)
    base, waits = held, held.change
    if held.change is not None and is_answer:
        base, waits = held.change, None
    request = with_terms(base.approved.request, report)
    return msgspec.structs.replace(
        base,
        approved=msgspec.structs.replace(base.approved, request=request),
        leaves_qty=Qty(max(0, request.order_qty - held.traded_qty)),
        whole_qty=base.whole,
        replace_id="",
        change=waits,
    )
