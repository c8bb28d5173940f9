"""Which events of the log of orders are deeds: what was asked, what came of it, what was booked.

Fills are not: they are in the log of orders and in the ledger, and nobody decided on them.
"""

from typing import Final

from trade2026.core.numbers import format_nanos
from trade2026.model.audit import Deed
from trade2026.model.booking import (
    AnyBooking,
    Booking,
    CashMoved,
    DividendBooked,
    FundingBooked,
    RateSet,
    SplitBooked,
)
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import (
    CancelRequested,
    CashDeposited,
    JournalEvent,
    OrderApproved,
    OrderChanged,
    OrderEvent,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderWithdrawn,
    ReplaceRequested,
    UnknownReported,
)
from trade2026.model.order import NewOrderSingle

RISK: Final = "risk"
OMS: Final = "oms"

_VENUES_WORDS: Final = {
    ExecType.REJECTED: ("order.reject", "REJECTED"),
    ExecType.CANCEL_REJECTED: ("order.refuse_cancel", "REFUSED"),
    ExecType.REPLACE_REJECTED: ("order.refuse_replace", "REFUSED"),
    ExecType.TRADE_CANCEL: ("fill.bust", "OK"),
    ExecType.TRADE_CORRECT: ("fill.correct", "OK"),
}
"""What a venue decided, by the kind of its report."""


def deed_of_order(event: JournalEvent) -> Deed | None:
    """Return the deed that *event* of the log of orders tells of, None where it tells of none."""
    match event:
        case UnknownReported():
            return Deed(
                ts_ns=event.ts_ns,
                who=event.report.venue,
                action="fill.report_unknown",
                target=event.report.exec_id,
                account=event.account,
                result="UNKNOWN_ORDER",
                text=f"order {event.report.order_id}: {_report(event.report)}",
            )
        case CashDeposited():
            return Deed(
                ts_ns=event.ts_ns,
                who=OMS,
                action="cash.deposit",
                target=event.event_id,
                account=event.account,
                text=f"{format_nanos(event.amount)} {event.currency} {event.text}".strip(),
            )
        case Booking():
            return _booking(event)
        case _:
            return _step(event)


def _step(event: OrderEvent) -> Deed | None:
    who, result, text = OMS, "OK", ""
    match event:
        case OrderReceived():
            who, action = event.request.sent_by or OMS, "order.place"
            text = _terms(event.request)
        case OrderApproved():
            who, action, text = RISK, "order.accept", f"reserved {format_nanos(event.reserved)}"
        case OrderRefused():
            who, action = RISK, "order.refuse"
            result = ",".join(one.code for one in event.refusals)
            text = "; ".join(one.text for one in event.refusals)
        case OrderFailed():
            action, result, text = "order.fail", "FAILED", event.text
        case OrderWithdrawn():
            action = "order.withdraw"
            text = f"expired {event.text}".strip() if event.is_expiry else event.text
        case CancelRequested():
            who, action = event.asked_by, "order.cancel"
            text = "its time is over" if event.is_expiry else ""
        case OrderChanged() | ReplaceRequested():
            who, action, text = event.asked_by, "order.replace", _changes(event)
        case OrderReported():
            return _reported(event)
        case _:
            return None
    return _of_order(event, who, action, result, text)


def _changes(event: OrderChanged | ReplaceRequested) -> str:
    new = (("quantity", event.order_qty), ("price", event.price), ("stop", event.stop_px))
    return ", ".join(f"{name} {format_nanos(one)}" for name, one in new if one is not None)


def _reported(event: OrderReported) -> Deed | None:
    report = event.report
    action, result = _VENUES_WORDS.get(report.exec_type, ("", ""))
    if event.surprise:
        action, result = action or "fill.surprise", "SURPRISE"
    if not action:
        return None
    text = " ".join(filter(None, (_report(report), event.surprise)))
    return _of_order(event, report.venue, action, result, text)


def _report(report: ExecutionReport) -> str:
    parts = [str(report.exec_type), report.exec_id]
    if report.last_qty:
        sum_ = f"{format_nanos(report.last_qty)} {report.symbol} at {format_nanos(report.last_px)}"
        parts.append(f"{report.side} {sum_}")
    if report.exec_ref_id:
        parts.append(f"of {report.exec_ref_id}")
    if report.text:
        parts.append(report.text)
    return " ".join(parts)


def _terms(order: NewOrderSingle) -> str:
    parts = [
        str(order.side),
        format_nanos(order.order_qty),
        f"{order.symbol}@{order.venue}",
        str(order.ord_type),
        str(order.time_in_force),
    ]
    prices = (("at", order.price), ("stop", order.stop_px), ("trailing", order.trailing_offset))
    parts += [f"{name} {format_nanos(px)}" for name, px in prices if px is not None]
    parts.append(f"strategy {order.strategy}, key {order.cl_ord_id}")
    return " ".join(parts)


def _of_order(event: OrderEvent, who: str, action: str, result: str, text: str) -> Deed:
    return Deed(
        ts_ns=event.ts_ns,
        who=who,
        action=action,
        target=event.order_id,
        account=event.account,
        result=result,
        text=text,
    )


def _booking(event: AnyBooking) -> Deed:
    match event:
        case FundingBooked():
            place = f"{event.strategy} {event.venue} {event.symbol}"
            action, what = "ledger.fund", f"{format_nanos(event.amount)} on {place}"
        case DividendBooked():
            place = f"{event.symbol}@{event.venue}"
            action, what = "ledger.dividend", f"{format_nanos(event.per_unit)} a unit of {place}"
        case SplitBooked():
            place = f"{event.symbol}@{event.venue}"
            action, what = "ledger.split", f"{event.numerator} for {event.denominator} of {place}"
        case RateSet():
            action, what = "ledger.rate", f"1 {event.currency} is {format_nanos(event.rate)}"
        case CashMoved():
            other = event.counter_account or "outside"
            sum_ = f"{format_nanos(event.amount)} {event.currency}"
            action, what = "ledger.transfer", f"{sum_}, other side {other}"
        case _:
            action, what = "ledger.lot_method", str(event.method)
    return Deed(
        ts_ns=event.ts_ns,
        who=event.asked_by,
        action=action,
        target=event.event_id,
        account=event.account,
        text=f"{what} {event.text}".strip(),
    )
