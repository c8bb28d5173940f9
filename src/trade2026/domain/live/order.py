"""The life of one order at the live gateway, folded from the gateway's log.

An order has a part that goes to the exchange and a part that is hypothetical. It is over when
both are. Quantities after every step::

    order_qty >= cum_qty + leaves_qty        both real; the hypothetical part is neither
    working_qty == what the name that works now was sent with
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import ExecId
from trade2026.core.numbers import Money, Qty, format_nanos
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.live import (
    CancelAsked,
    LiveMode,
    OrderStep,
    OrderTaken,
    PartEnded,
    ReplaceAsked,
    ReplacementTaken,
    Reported,
    ShadowFilled,
)
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest

ENDS = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})


class LiveOrder(msgspec.Struct, kw_only=True):
    """One order as the gateway knows it; mutable."""

    request: NewOrderSingle
    """As it stands, with the changes that were made."""
    route: LiveMode
    client_id: str
    """Its name at the exchange by now."""
    sent_qty: Qty
    """What that name was sent with."""
    sent_ns: TimeNs
    worth: Money
    shadow_qty: Qty
    client_ids: list[str] = []
    """All its names so far."""
    venue_order_id: str = ""
    is_acked: bool = False
    """Whether the exchange has said that it has it under its present name."""
    cum_qty: Qty = Qty(0)
    """What has really traded, under all its names."""
    base_qty: Qty = Qty(0)
    """What had traded before it got its present name."""
    shadow_cum_qty: Qty = Qty(0)
    is_real_done: bool = False
    end: ExecType = ExecType.CANCELED
    """How the part at the exchange ended, once it did."""
    end_text: str = ""
    is_shadow_done: bool = False
    is_done: bool = False
    is_cancel_asked: bool = False
    change: OrderReplaceRequest | None = None
    """What it waits to become: what works is cancelled first."""
    is_replacing: bool = False
    """Whether what takes its place was sent, and the exchange has not said anything of it."""
    reports: list[ExecutionReport] = []
    exec_ids: set[ExecId] = set()

    @property
    def is_sent(self) -> bool:
        """Return whether any of it is meant for the exchange."""
        return bool(self.client_id)

    @property
    def working_qty(self) -> Qty:
        """Return what works, or should, at the exchange."""
        if self.is_real_done:
            return Qty(0)
        return Qty(max(0, self.sent_qty - self.filled_qty))

    @property
    def leaves_qty(self) -> Qty:
        """Return what the platform is told is still open: real and hypothetical."""
        if self.is_done:
            return Qty(0)
        return Qty(self.request.order_qty - self.cum_qty)

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the exchange may have it and has not said so."""
        return self.is_sent and not self.is_acked and not self.is_real_done

    @property
    def is_open_there(self) -> bool:
        """Return whether something of it is, or may be, open at the exchange."""
        return self.is_sent and not self.is_real_done

    @property
    def filled_qty(self) -> Qty:
        """Return what has traded under its present name."""
        return Qty(self.cum_qty - self.base_qty)

    def copy(self) -> "LiveOrder":
        """Return it as it stands; what is done to the one is not done to the other."""
        return msgspec.structs.replace(
            self,
            client_ids=list(self.client_ids),
            reports=list(self.reports),
            exec_ids=set(self.exec_ids),
        )

    def answered(self, replace_id: str) -> bool:
        """Return whether the change of that name was answered."""
        return any(report.replace_id == replace_id for report in self.reports)


def taken(event: OrderTaken) -> LiveOrder:
    """Return the order that *event* begins."""
    is_mock = event.route is LiveMode.MOCK
    shadow = Qty(0 if is_mock else event.order.order_qty - event.sent_qty)
    return LiveOrder(
        request=event.order,
        route=event.route,
        client_id=event.client_id,
        sent_qty=event.sent_qty,
        sent_ns=event.ts_ns,
        worth=event.worth,
        shadow_qty=shadow,
        client_ids=[event.client_id] if event.client_id else [],
        is_real_done=not event.client_id,
        is_shadow_done=shadow == 0,
        # PRISM's affair from the first: nothing of it is ours to follow.
        is_done=is_mock,
    )


def apply(order: LiveOrder, event: OrderStep) -> None:
    """Take one more step of *order*."""
    match event:
        case CancelAsked():
            order.is_cancel_asked = True
        case ReplaceAsked():
            order.change = event.request
        case ReplacementTaken():
            _replaced(order, event)
        case Reported():
            _reported(order, event.report)
        case ShadowFilled():
            order.shadow_cum_qty = Qty(order.shadow_cum_qty + event.last_qty)
        case PartEnded(is_shadow=True):
            order.is_shadow_done = True
        case _:
            order.is_real_done, order.end, order.end_text = True, event.how, event.text


def _replaced(order: LiveOrder, event: ReplacementTaken) -> None:
    order.request = msgspec.structs.replace(
        order.request, order_qty=event.order_qty, price=event.price
    )
    order.client_id, order.sent_qty, order.sent_ns = event.client_id, event.sent_qty, event.ts_ns
    if event.client_id:
        order.client_ids.append(event.client_id)
    order.venue_order_id, order.base_qty = "", order.cum_qty
    order.shadow_qty = Qty(event.order_qty - order.cum_qty - event.sent_qty)
    order.shadow_cum_qty = Qty(0)
    order.is_shadow_done = order.shadow_qty == 0
    order.is_real_done = not event.client_id
    order.is_acked, order.is_replacing = False, bool(event.client_id)
    order.worth, order.end, order.end_text = event.worth, ExecType.CANCELED, ""


def _reported(order: LiveOrder, report: ExecutionReport) -> None:
    assert report.exec_id not in order.exec_ids, report.exec_id
    order.reports.append(report)
    order.exec_ids.add(report.exec_id)
    kind = report.exec_type
    if kind in {ExecType.NEW, ExecType.REPLACED}:
        # Of a part that is only hypothetical the exchange knows nothing.
        order.is_acked = order.is_sent
        order.venue_order_id = report.venue_order_id if order.is_sent else ""
    if kind is ExecType.TRADE:
        order.cum_qty = report.cum_qty
    if kind is ExecType.CANCEL_REJECTED:
        order.is_cancel_asked = False
    if report.replace_id:
        order.change, order.is_replacing = None, False
    if kind in ENDS or (kind is ExecType.TRADE and report.leaves_qty == 0):
        order.is_done = order.is_real_done = order.is_shadow_done = True


def unspent(order: LiveOrder) -> Money:
    """Return what of its worth was never traded under its present name."""
    if order.sent_qty == 0:
        return Money(0)
    left = max(0, order.sent_qty - order.filled_qty)
    return Money(order.worth * left // order.sent_qty)


def ending(order: LiveOrder) -> tuple[ExecType, str] | None:
    """Return how the platform is told that *order* ended, None while it has not.

    What is hypothetical is never told as a fill: the order ends cancelled, and the text says
    what would have traded.
    """
    if order.is_done or not (order.is_real_done and order.is_shadow_done):
        return None
    if order.change is not None and not order.is_cancel_asked:
        # What takes its place comes next.
        return None
    if order.route is LiveMode.LIVE:
        was_taken = bool(order.reports)
        is_late = order.end is ExecType.REJECTED and was_taken
        # A rejection of what the exchange had taken in before is a cancel with a reason.
        kind = ExecType.CANCELED if is_late or order.end is ExecType.TRADE else order.end
        return kind, order.end_text
    would = f"{format_nanos(order.shadow_cum_qty)} of {format_nanos(order.shadow_qty)}"
    text = f"{order.route} {would} would have filled"
    return ExecType.CANCELED, f"{text}; {order.end_text}" if order.end_text else text
