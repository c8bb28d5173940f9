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
from trade2026.core.numbers import Money, Px, Qty, Value
from trade2026.domain.oms.transition import Trigger, status_after
from trade2026.domain.oms.word import trigger_of
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.journal import (
    CancelRequested,
    OrderApproved,
    OrderChanged,
    OrderEvent,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
    OrderTriggered,
    OrderWithdrawn,
    ReplaceRequested,
    StopMoved,
    moves_of,
)
from trade2026.model.order import (
    DONE,
    STOPS,
    NewOrderSingle,
    OrdStatus,
)
from trade2026.model.risk import Refusal

_OWN_STEPS: Final[dict[type[OrderEvent], Trigger]] = {
    OrderRefused: Trigger.REFUSE,
    OrderFailed: Trigger.FAIL,
    OrderTriggered: Trigger.FIRE,
    StopMoved: Trigger.TRAIL,
    CancelRequested: Trigger.ASK_CANCEL,
    OrderChanged: Trigger.AMEND,
    ReplaceRequested: Trigger.ASK_REPLACE,
}


# To look a member up in its enum costs more than to compare with it.
_APPROVE: Final = Trigger.APPROVE
_SEND: Final = Trigger.SEND
_TRADE: Final = ExecType.TRADE
_CANCEL_REJECTED: Final = ExecType.CANCEL_REJECTED
_REPLACED: Final = ExecType.REPLACED
_REFUSALS: Final = frozenset({ExecType.CANCEL_REJECTED, ExecType.REPLACE_REJECTED})
"""That a venue would not cancel or change does not say that it has the order: it may be unknown."""


class CancelRefusals(msgspec.Struct, frozen=True, kw_only=True):
    """How often a venue has refused the wish of one asker to cancel an order."""

    asked_by: str
    count: int
    last_ns: TimeNs
    """When the last of those words was journalled."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its journal so far leaves it."""

    request: NewOrderSingle
    """What it asks for as it stands: what the venue changed is in it."""
    first: NewOrderSingle | None = None
    """What was asked for at first, where that has changed since."""
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
    is_expiring: bool = False
    """The cancel was asked for because the order's time is over."""
    cancel_asked_by: str = ""
    """Who asked for that last; empty once it is answered."""
    cancel_refusals: tuple[CancelRefusals, ...] = ()
    """How often its venue refused to cancel it, by who had asked."""
    change: ReplaceRequested | None = None
    """What was asked of the venue and not answered yet."""
    keyed_changes: tuple[OrderChanged | ReplaceRequested, ...] = ()
    """Changes that were asked for under a key, so that one asked for twice is made once."""
    triggered_ns: TimeNs | None = None
    """When the market reached the stop that rested with us."""
    exec_ids: frozenset[ExecId] = frozenset()
    """Every report applied, so that one delivered twice counts once."""
    undone_early: tuple[ExecutionReport, ...] = ()
    """Busts and corrections of fills that were not booked when they came, in their order."""

    @property
    def is_done(self) -> bool:
        """Return whether no more quantity can trade, except by a late fill."""
        return self.status in DONE

    @property
    def asked(self) -> NewOrderSingle:
        """Return what was asked for at first."""
        return self.first or self.request

    @property
    def is_stop(self) -> bool:
        """Return whether it rests with us first, until the market reaches it."""
        return self.request.ord_type in STOPS

    @property
    def is_resting(self) -> bool:
        """Return whether it is a stop that waits with us for the market."""
        is_accepted = self.status is OrdStatus.ACCEPTED
        return self.is_stop and is_accepted and self.triggered_ns is None

    @property
    def is_waiting(self) -> bool:
        """Return whether it is a leg that waits with us for the first of its group."""
        group = self.request.group
        return group is not None and group.is_exit and self.status is OrdStatus.NEW


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
    # First what every order goes through, by its exact type: to ask for a class that an event is
    # not of costs five times as much.
    # Neither approval nor sending moves a quantity.
    if type(event) is OrderApproved:
        return _approved(order, event)
    if type(event) is OrderSent:
        return _sent(order, event, order.status)
    if type(event) is OrderReported:
        return _report(order, event)
    assert not isinstance(event, OrderReceived), f"{event.order_id}: received twice"
    if isinstance(event, OrderWithdrawn):
        trigger = Trigger.LAPSE if event.is_expiry else Trigger.WITHDRAW
    else:
        trigger = _OWN_STEPS[type(event)]
    return _step(order, event, trigger, _own_changes(order, event))


def _approved(order: Order, event: OrderApproved) -> Order:
    status = status_after(order.status, _APPROVE)
    if event.venue:
        return _sent(order, event, status)
    return msgspec.structs.replace(
        order, status=status, order_seq=event.order_seq, updated_ns=event.ts_ns
    )


def _sent(order: Order, event: OrderApproved | OrderSent, status: OrdStatus) -> Order:
    return msgspec.structs.replace(
        order,
        status=status_after(status, _SEND),
        order_seq=event.order_seq,
        updated_ns=event.ts_ns,
        venue=event.venue,
        sent_ns=event.ts_ns,
    )


def _own_changes(order: Order, event: OrderEvent) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    match event:
        case OrderRefused():
            changes["refusals"] = event.refusals
        case OrderFailed() | OrderWithdrawn():
            changes["text"] = event.text
        case OrderTriggered():
            changes["triggered_ns"] = event.ts_ns
        case StopMoved():
            changes = _terms(order, stop_px=event.stop_px)
        case CancelRequested():
            changes |= {"is_cancel_requested": True, "is_expiring": event.is_expiry}
            changes["cancel_asked_by"] = event.asked_by
        case OrderChanged():
            changes = _terms(order, event.order_qty, event.price, event.stop_px)
            changes["keyed_changes"] = _keyed(order, event)
        case _:
            assert isinstance(event, ReplaceRequested)
            changes = {"change": event, "keyed_changes": _keyed(order, event)}
    return changes


def _keyed(
    order: Order, event: OrderChanged | ReplaceRequested
) -> tuple[OrderChanged | ReplaceRequested, ...]:
    return (*order.keyed_changes, event) if event.key else order.keyed_changes


def _terms(
    order: Order, order_qty: Qty | None = None, price: Px | None = None, stop_px: Px | None = None
) -> dict[str, Any]:
    """Return the changes that give *order* other terms; what is None stays as it is."""
    given = {"order_qty": order_qty, "price": price, "stop_px": stop_px}
    changes = {name: value for name, value in given.items() if value is not None}
    request = msgspec.structs.replace(order.request, **changes)
    return {"request": request, "first": order.asked}


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


def _step(order: Order, event: OrderEvent, trigger: Trigger, changes: dict[str, Any]) -> Order:
    """Return *order* with *changes*, fields of it by name, and what every step changes."""
    status = status_after(order.status, trigger)
    request: NewOrderSingle = changes.get("request", order.request)
    changes["status"] = status
    changes["order_seq"] = event.order_seq
    changes["leaves_qty"] = 0 if status in DONE else request.order_qty - order.cum_qty
    changes["updated_ns"] = event.ts_ns
    return msgspec.structs.replace(order, **changes)


def _report(order: Order, event: OrderReported) -> Order:
    report = event.report
    if report.exec_id in order.exec_ids:
        # Journalled twice, which the writer avoids: counted once all the same.
        return msgspec.structs.replace(order, order_seq=event.order_seq)
    cum_qty, cum_value, fees = order.cum_qty, order.cum_value, order.fees
    told = order
    if report.exec_type is _TRADE:
        cum_qty = Qty(cum_qty + report.last_qty)
        cum_value = Value(cum_value + report.last_px * report.last_qty)
        fees = Money(fees + report.fee)
    else:
        told = _told(order, event)
        for move in moves_of(event):
            qty = move.qty * report.side.sign
            cum_qty = Qty(cum_qty + qty)
            cum_value = Value(cum_value + move.px * qty)
            fees = Money(fees + move.fee)
    if order.change is not None and report.replace_id == order.change.replace_id:
        told = msgspec.structs.replace(told, change=None)
    order_qty = told.request.order_qty
    trigger = trigger_of(
        order.status,
        event,
        cum_qty=cum_qty,
        order_qty=order_qty,
        is_changing=told.change is not None,
    )
    if order.is_expiring and trigger is Trigger.CANCEL:
        trigger = Trigger.EXPIRE
    status = status_after(order.status, trigger)
    ack_ns = order.venue_ack_ns
    if ack_ns is None and report.exec_type not in _REFUSALS:
        ack_ns = event.ts_ns
    return msgspec.structs.replace(
        told,
        status=status,
        order_seq=event.order_seq,
        cum_qty=cum_qty,
        leaves_qty=0 if status in DONE else order_qty - cum_qty,
        cum_value=cum_value,
        fees=fees,
        venue_order_id=report.venue_order_id or order.venue_order_id,
        text=report.text or order.text,
        updated_ns=event.ts_ns,
        venue_ack_ns=ack_ns,
        exec_ids=order.exec_ids.union((report.exec_id,)),
    )


def _told(order: Order, event: OrderReported) -> Order:
    """Return *order* with what a word that is no fill changes beside quantities and status."""
    report = event.report
    if report.exec_type is _CANCEL_REJECTED:
        return msgspec.structs.replace(
            order,
            is_cancel_requested=False,
            is_expiring=False,
            cancel_asked_by="",
            cancel_refusals=_refused_once_more(order, event.ts_ns),
        )
    if report.exec_type is _REPLACED and not order.is_done:
        terms = _terms(order, report.order_qty, report.price, report.stop_px)
        return msgspec.structs.replace(order, **terms)
    if report.exec_ref_id and event.was is None and report.exec_type in UNDOES:
        return msgspec.structs.replace(order, undone_early=(*order.undone_early, report))
    return order


def _refused_once_more(order: Order, ts_ns: TimeNs) -> tuple[CancelRefusals, ...]:
    who, known = order.cancel_asked_by, order.cancel_refusals
    if not who:
        return known
    count = sum(one.count for one in known if one.asked_by == who)
    others = tuple(one for one in known if one.asked_by != who)
    return (*others, CancelRefusals(asked_by=who, count=count + 1, last_ns=ts_ns))
