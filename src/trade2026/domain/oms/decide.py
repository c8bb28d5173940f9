"""What the order system decides: the next event of an order, and what a restart must do.

Pure: an order and a fact in, an event out. Event ids of our own steps are made of the
order's id and the event's number, so that the log stores the same step once.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty, format_nanos
from trade2026.domain.oms.bust import booked_terms
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.surprise import surprises_of
from trade2026.model.execution import BOOKS, UNDOES, ExecType, ExecutionReport, VenueAck
from trade2026.model.journal import (
    CancelRequested,
    JournalEvent,
    OrderApproved,
    OrderChanged,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
    OrderTriggered,
    OrderWithdrawn,
    ReplaceRequested,
    StopMoved,
    UnknownReported,
)
from trade2026.model.order import NewOrderSingle, OrdStatus, TimeInForce
from trade2026.model.risk import Refusal
from trade2026.model.surprise import Surprise


class Resume(StrEnum):
    """What to do about an order that a restart finds in the journal."""

    NOTHING = "NOTHING"
    FAIL = "FAIL"
    """Journalled but provably never sent: it fails, because its sender may have given up."""
    ASK_VENUE = "ASK_VENUE"
    """Sent, and the venue never said a word: it is asked, never guessed."""
    CANCEL_AGAIN = "CANCEL_AGAIN"
    """A cancel was asked for and is not answered: asking twice does no harm."""
    REPLACE_AGAIN = "REPLACE_AGAIN"
    """A change was asked for and is not answered: the venue makes it once, however often asked."""
    SEND = "SEND"
    """A stop that was reached, or an exit whose entry has traded, and is not sent yet."""


def event_id_of(order_id: OrderId, order_seq: int) -> EventId:
    """Return the id under which the log keeps event number *order_seq* of an order."""
    return EventId(f"{order_id}-{order_seq}")


def received(request: NewOrderSingle, ts_ns: TimeNs) -> OrderReceived:
    """Return the first event of an order."""
    return OrderReceived(
        event_id=event_id_of(request.order_id, 1),
        account=request.account,
        order_id=request.order_id,
        order_seq=1,
        ts_ns=ts_ns,
        request=request,
    )


def approved(order: Order, reserved: Money, ts_ns: TimeNs, *, venue: str = "") -> OrderApproved:
    """Return the event that risk approved *order* and holds *reserved* for it.

    With a *venue* it is about to be handed to it, too.
    """
    # Spelled out, like the other steps that every order goes through: `_next` costs as much
    # as all the rest.
    order_id, order_seq = order.request.order_id, order.order_seq + 1
    return OrderApproved(
        event_id=event_id_of(order_id, order_seq),
        account=order.request.account,
        order_id=order_id,
        order_seq=order_seq,
        ts_ns=ts_ns,
        reserved=reserved,
        venue=venue,
    )


def refused(order: Order, refusals: tuple[Refusal, ...], ts_ns: TimeNs) -> OrderRefused:
    """Return the event that risk refused *order*."""
    return OrderRefused(
        **_next(order, ts_ns),
        refusals=refusals,
    )


def sent(order: Order, venue: str, ts_ns: TimeNs) -> OrderSent:
    """Return the event that *order* is about to be handed to *venue*."""
    order_id, order_seq = order.request.order_id, order.order_seq + 1
    return OrderSent(
        event_id=event_id_of(order_id, order_seq),
        account=order.request.account,
        order_id=order_id,
        order_seq=order_seq,
        ts_ns=ts_ns,
        venue=venue,
    )


def failed(order: Order, text: str, ts_ns: TimeNs) -> OrderFailed:
    """Return the event that *order* provably never reached a venue."""
    return OrderFailed(
        **_next(order, ts_ns),
        text=text,
    )


def cancel_requested(
    order: Order, asked_by: str, ts_ns: TimeNs, *, is_expiry: bool = False
) -> CancelRequested:
    """Return the event that *asked_by* wants what is left of *order* cancelled."""
    return CancelRequested(**_next(order, ts_ns), asked_by=asked_by, is_expiry=is_expiry)


def withdrawn(order: Order, text: str, ts_ns: TimeNs, *, is_expiry: bool = False) -> OrderWithdrawn:
    """Return the event that *order*, which never left, is taken back."""
    return OrderWithdrawn(**_next(order, ts_ns), is_expiry=is_expiry, text=text)


def triggered(order: Order, trade_px: Px, ts_ns: TimeNs) -> OrderTriggered:
    """Return the event that a trade at *trade_px* reached the stop of *order*."""
    return OrderTriggered(**_next(order, ts_ns), trade_px=trade_px)


def stop_moved(order: Order, stop_px: Px, ts_ns: TimeNs) -> StopMoved:
    """Return the event that the trailing stop of *order* now stands at *stop_px*."""
    return StopMoved(**_next(order, ts_ns), stop_px=stop_px)


def order_changed(
    order: Order, change: Change, *, reserved: Money, asked_by: str, ts_ns: TimeNs
) -> OrderChanged:
    """Return the event that *order*, which rests with us, is another."""
    return OrderChanged(
        **_next(order, ts_ns), **_of_change(change), reserved=reserved, asked_by=asked_by
    )


def replace_requested(
    order: Order, change: Change, *, reserved: Money, asked_by: str, ts_ns: TimeNs
) -> ReplaceRequested:
    """Return the event that *asked_by* wants *order* changed at its venue."""
    return ReplaceRequested(
        **_next(order, ts_ns),
        **_of_change(change),
        reserved=reserved,
        asked_by=asked_by,
        # An order's steps are numbered, so no two changes of it have the same name.
        replace_id=str(order.order_seq + 1),
    )


def _of_change(change: Change) -> dict[str, Any]:
    return msgspec.structs.asdict(change)


def _next(order: Order, ts_ns: TimeNs) -> dict[str, Any]:
    """Return what the next event of *order* says beside its own matter."""
    order_seq = order.order_seq + 1
    return {
        "event_id": event_id_of(order.request.order_id, order_seq),
        "account": order.request.account,
        "order_id": order.request.order_id,
        "order_seq": order_seq,
        "ts_ns": ts_ns,
    }


def judge_report(
    order: Order | None,
    report: ExecutionReport,
    *,
    ts_ns: TimeNs,
    fills: Sequence[ExecutionReport] = (),
    legs: Sequence[Order | None] = (),
) -> JournalEvent | None:
    """Return the event to journal for *report*, or None where it was applied before.

    Args:
        order: the order the report names; None where the platform does not know it. An
            order of another account counts as unknown: no account's report moves another's
            order.
        report: what the venue said.
        ts_ns: our time.
        fills: what was booked of the order so far, in its order: fills, busts, corrections.
        legs: of its group, where it has one.
    """
    # Asserted before the log has it: once journalled, every fold would stumble over it.
    assert report.last_qty >= 0, f"{report.exec_id}: a quantity has no sign"
    assert report.last_qty > 0 or report.exec_type not in BOOKS, f"{report.exec_id}: fills nothing"
    was = booked_terms(fills, report.exec_ref_id) if report.exec_type in UNDOES else None
    if order is None or order.request.account != report.account:
        # The id is made from the report's own identity, so that a redelivery is stored once.
        event_id = EventId(f"{report.venue}-{report.exec_id}")
        return UnknownReported(
            event_id=event_id, account=report.account, report=report, ts_ns=ts_ns, was=was
        )
    if report.exec_id in order.exec_ids:
        return None
    request, order_seq = order.request, order.order_seq + 1
    return OrderReported(
        event_id=event_id_of(request.order_id, order_seq),
        account=request.account,
        order_id=request.order_id,
        order_seq=order_seq,
        ts_ns=ts_ns,
        report=report,
        surprise="; ".join(surprises_of(order, report, was, legs)),
        was=was,
        strategy=request.strategy,
    )


def refusal_report(order: Order, ack: VenueAck, ts_ns: TimeNs) -> ExecutionReport:
    """Return the report of a venue that did not take *order* in, which sends none itself."""
    assert not ack.is_accepted
    return _own_report(order, f"{order.request.order_id}-refused", ExecType.REJECTED, ack, ts_ns)


def cancel_refusal_report(order: Order, ack: VenueAck, ts_ns: TimeNs) -> ExecutionReport:
    """Return the report of a venue that refused to take a cancel of *order* in."""
    assert not ack.is_accepted
    # One order may be asked to cancel many times; its journal tells the askings apart.
    exec_id = f"{order.request.order_id}-cancel-refused-{order.order_seq}"
    return _own_report(order, exec_id, ExecType.CANCEL_REJECTED, ack, ts_ns)


def replace_refusal_report(order: Order, ack: VenueAck, ts_ns: TimeNs) -> ExecutionReport:
    """Return the report of a venue that refused to take the change of *order* in."""
    assert not ack.is_accepted
    assert order.change is not None
    replace_id = order.change.replace_id
    exec_id = f"{order.request.order_id}-replace-refused-{replace_id}"
    report = _own_report(order, exec_id, ExecType.REPLACE_REJECTED, ack, ts_ns)
    return msgspec.structs.replace(report, replace_id=replace_id)


def disowned(order: Order, ts_ns: TimeNs) -> OrderFailed | ExecutionReport:
    """Return what to journal or book of an *order* whose venue says that it has none such.

    It never came there where the venue had said nothing of it: then it has failed. Where the venue
    had taken it in, it may have traded or work on, and nobody knows: what was asked of the venue is
    not done, the order stands as it did, and a person hears of it, once.
    """
    if order.venue_ack_ns is None:
        return failed(order, text="the venue never received it", ts_ns=ts_ns)
    asks_cancel = order.is_cancel_requested
    assert asks_cancel or order.change is not None, "asked about because something was asked of it"
    exec_type = ExecType.CANCEL_REJECTED if asks_cancel else ExecType.REPLACE_REJECTED
    text = f"{Surprise.FORGOTTEN}: the venue had taken it in, and knows no such order now"
    ack = VenueAck(order_id=order.request.order_id, is_accepted=False, text=text)
    report = _own_report(order, f"{order.request.order_id}-forgotten", exec_type, ack, ts_ns)
    replace_id = "" if asks_cancel or order.change is None else order.change.replace_id
    return msgspec.structs.replace(report, replace_id=replace_id)


def _own_report(
    order: Order, exec_id: str, exec_type: ExecType, ack: VenueAck, ts_ns: TimeNs
) -> ExecutionReport:
    leaves = Qty(0) if exec_type is ExecType.REJECTED else order.leaves_qty
    return ExecutionReport(
        exec_id=ExecId(exec_id),
        order_id=order.request.order_id,
        venue_order_id=order.venue_order_id,
        account=order.request.account,
        venue=order.venue,
        symbol=order.request.symbol,
        side=order.request.side,
        exec_type=exec_type,
        leaves_qty=leaves,
        cum_qty=order.cum_qty,
        report_seq=0,
        text=ack.text or "refused by the venue",
        ts_event_ns=ts_ns,
    )


def resume(order: Order) -> Resume:
    """Return what a restart must do about *order*; ask again after the venue was asked."""
    if order.is_done or order.is_resting or order.is_waiting:
        return Resume.NOTHING
    if order.sent_ns is None and order.venue_ack_ns is None:
        group = order.request.group
        is_exit = group is not None and group.is_exit
        is_started = order.triggered_ns is not None or (is_exit and _is_approved(order))
        return Resume.SEND if is_started and not order.is_cancel_requested else Resume.FAIL
    if order.venue_ack_ns is None:
        return Resume.ASK_VENUE
    if order.is_cancel_requested:
        return Resume.CANCEL_AGAIN
    if order.change is not None:
        return Resume.REPLACE_AGAIN
    return Resume.NOTHING


def _is_approved(order: Order) -> bool:
    return order.status in {OrdStatus.ACCEPTED, OrdStatus.ROUTING}


def cancel_problem(order: Order) -> str:
    """Return why *order* cannot be cancelled, or an empty text where it can.

    An order that is not sent yet can be: it must then never be sent. A cancel can be asked
    for again while one is pending.
    """
    if not order.is_done:
        return ""
    filled = format_nanos(order.cum_qty)
    return f"the order is {order.status}, {filled} filled: nothing is left to cancel"


def same_request(order: Order, request: NewOrderSingle) -> bool:
    """Return whether *request* asks for what *order* was asked for.

    What the platform adds (its id, its time, the principal) is not compared.
    """
    first = order.asked
    # When a day ends is not the sender's word.
    is_day = first.time_in_force is TimeInForce.DAY
    # Nor is the venue that the platform chose.
    is_routed = bool(first.route and request.route)
    # Without a key of the sender the platform uses the id, so keys are the sender's words.
    as_first = msgspec.structs.replace(
        request,
        order_id=first.order_id,
        transact_time_ns=first.transact_time_ns,
        sent_by=first.sent_by,
        expire_ns=first.expire_ns if is_day else request.expire_ns,
        venue=first.venue if is_routed else request.venue,
        route=first.route if is_routed else request.route,
    )
    return as_first == first
