"""The life of one order: which step may follow which, and what it does to quantities.

An order is a fold over its journal. After every event::

    order_qty == cum_qty + leaves_qty     while the order is open
    leaves_qty == 0                       once it is done

The platform's own steps are checked: one that the status does not allow is refused. What a
venue reports is a fact: it is booked in every status, however late or surprising.
Which status follows which stands in one table, `domain/oms/transition.py`.

Source: FIX 4.4, volume 4, order state change matrices (PENDING states win in precedence).
"""

from typing import Any, Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import ExecId
from trade2026.core.numbers import Money, Qty, Value, value_of
from trade2026.domain.oms.transition import Trigger, status_after
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import (
    CancelRequested,
    OrderApproved,
    OrderEvent,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
)
from trade2026.model.order import DONE, NewOrderSingle, OrdStatus
from trade2026.model.risk import Refusal

_OWN_STEPS: Final[dict[type[OrderEvent], Trigger]] = {
    OrderApproved: Trigger.APPROVE,
    OrderRefused: Trigger.REFUSE,
    OrderSent: Trigger.SEND,
    OrderFailed: Trigger.FAIL,
    CancelRequested: Trigger.ASK_CANCEL,
}

_VENUE_WORDS: Final[dict[ExecType, Trigger]] = {
    ExecType.NEW: Trigger.ACKNOWLEDGE,
    ExecType.CANCELED: Trigger.CANCEL,
    ExecType.REJECTED: Trigger.REJECT,
    ExecType.EXPIRED: Trigger.EXPIRE,
    ExecType.TRIGGERED: Trigger.NOTE,
    ExecType.REPLACED: Trigger.NOTE,
    ExecType.REPLACE_REJECTED: Trigger.NOTE,
    ExecType.TRADE_CANCEL: Trigger.NOTE,
    ExecType.TRADE_CORRECT: Trigger.NOTE,
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its journal so far leaves it."""

    request: NewOrderSingle
    status: OrdStatus
    order_seq: int
    """Number of the last event applied."""
    cum_qty: Qty = Qty(0)
    leaves_qty: Qty
    cum_value: Value = Value(0)
    """Sum of last_px * last_qty. The average price is derived, never kept."""
    fees: Money = Money(0)
    venue: str
    venue_order_id: str = ""
    refusals: tuple[Refusal, ...] = ()
    text: str = ""
    """Why it was refused, cancelled, expired or failed, in the last words given."""
    created_ns: TimeNs
    updated_ns: TimeNs
    sent_ns: TimeNs | None = None
    venue_ack_ns: TimeNs | None = None
    """When the venue's first word about it was journalled; None after sending is in doubt."""
    is_cancel_requested: bool = False
    exec_ids: frozenset[ExecId] = frozenset()
    """Every report applied, so that one delivered twice counts once."""

    @property
    def is_done(self) -> bool:
        """Return whether no more quantity can trade, except by a late fill."""
        return self.status in DONE


def apply(order: Order | None, event: OrderEvent) -> Order:
    """Return the order after *event*; an event applied before changes nothing.

    Args:
        order: None before its `OrderReceived`.
        event: the next of the order's journal, or an earlier one again.

    Raises:
        IllegalTransitionError: the order's status does not allow one of our own steps.
    """
    if order is None:
        assert isinstance(event, OrderReceived), f"{event.order_id}: no order was received"
        return _begin(event)
    assert event.order_id == order.request.order_id, f"{event.order_id}: another order's event"
    if event.order_seq <= order.order_seq:
        return order
    assert event.order_seq == order.order_seq + 1, (
        f"{event.order_id}: event {event.order_seq} follows {order.order_seq}"
    )
    if isinstance(event, OrderReported):
        return _report(order, event)
    assert not isinstance(event, OrderReceived), f"{event.order_id}: received twice"
    return _step(order, event, _OWN_STEPS[type(event)], **_own_changes(event))


def _own_changes(event: OrderEvent) -> dict[str, Any]:
    match event:
        case OrderRefused():
            return {"refusals": event.refusals}
        case OrderSent():
            return {"venue": event.venue, "sent_ns": event.ts_ns}
        case OrderFailed():
            return {"text": event.text}
        case CancelRequested():
            return {"is_cancel_requested": True}
        case _:
            return {}


def _begin(event: OrderReceived) -> Order:
    assert event.order_seq == 1, f"{event.order_id}: begins with event {event.order_seq}"
    assert event.request.order_id == event.order_id
    return Order(
        request=event.request,
        status=OrdStatus.NEW,
        order_seq=1,
        leaves_qty=event.request.order_qty,
        venue=event.request.venue,
        created_ns=event.ts_ns,
        updated_ns=event.ts_ns,
    )


def _step(
    order: Order,
    event: OrderEvent,
    trigger: Trigger,
    **changes: Any,  # noqa: ANN401 - fields of Order, each of its own type.
) -> Order:
    status = status_after(order.status, trigger)
    cum_qty: Qty = changes.get("cum_qty", order.cum_qty)
    leaves = 0 if status in DONE else order.request.order_qty - cum_qty
    return msgspec.structs.replace(
        order,
        status=status,
        order_seq=event.order_seq,
        leaves_qty=Qty(leaves),
        updated_ns=event.ts_ns,
        **changes,
    )


def _report(order: Order, event: OrderReported) -> Order:
    report = event.report
    if report.exec_id in order.exec_ids:
        # Journalled twice, which the writer avoids: counted once all the same.
        return msgspec.structs.replace(order, order_seq=event.order_seq)
    changes: dict[str, Any] = {
        "exec_ids": order.exec_ids | {report.exec_id},
        "venue_order_id": report.venue_order_id or order.venue_order_id,
        "venue_ack_ns": _ack_ns(order, event),
        "text": report.text or order.text,
    }
    if report.exec_type is ExecType.TRADE:
        changes["cum_qty"] = Qty(order.cum_qty + report.last_qty)
        changes["cum_value"] = Value(order.cum_value + value_of(report.last_px, report.last_qty))
        changes["fees"] = Money(order.fees + report.fee)
    if report.exec_type is ExecType.CANCEL_REJECTED:
        changes["is_cancel_requested"] = False
    return _step(order, event, _trigger_of(order, report), **changes)


def _ack_ns(order: Order, event: OrderReported) -> TimeNs | None:
    # That a venue would not cancel does not say that it has the order: it may be unknown there.
    is_word = event.report.exec_type is not ExecType.CANCEL_REJECTED
    return event.ts_ns if is_word and order.venue_ack_ns is None else order.venue_ack_ns


def _trigger_of(order: Order, report: ExecutionReport) -> Trigger:
    if report.exec_type is ExecType.TRADE:
        is_all = order.cum_qty + report.last_qty >= order.request.order_qty
        return Trigger.FILL_ALL if is_all else Trigger.FILL_PART
    if report.exec_type is ExecType.CANCEL_REJECTED:
        return Trigger.KEEP_PART if order.cum_qty else Trigger.KEEP_WHOLE
    return _VENUE_WORDS[report.exec_type]
