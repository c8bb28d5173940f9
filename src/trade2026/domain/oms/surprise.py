"""What is odd about a report: booked all the same, but a person must hear of it.

Each surprise begins with its code, so that a program can tell an over-fill (after which the
account may only reduce) from a late cancel.
"""

from collections.abc import Iterator
from typing import Final

from trade2026.core.numbers import format_nanos
from trade2026.domain.oms.order import Order
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.order import OrdType, Side
from trade2026.model.surprise import Surprise

_ENDS: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})


def surprises_of(order: Order, report: ExecutionReport) -> Iterator[str]:
    """Yield what contradicts *order* in a *report* that was not applied to it yet."""
    if order.sent_ns is None:
        yield f"{Surprise.NEVER_SENT}: a report on an order that is {order.status}, never sent"
    request = order.request
    ours = (order.venue, request.symbol, request.side)
    theirs = (report.venue, report.symbol, report.side)
    if ours != theirs:
        yield f"{Surprise.OTHER_ORDER}: {' '.join(theirs)} reported, {' '.join(ours)} ordered"
    if report.exec_type is ExecType.TRADE:
        yield from _of_fill(order, report)
    elif report.exec_type in _ENDS:
        yield from _of_end(order, report)
    yield from _of_cum_qty(order, report)


def _of_fill(order: Order, report: ExecutionReport) -> Iterator[str]:
    request = order.request
    cum_qty = order.cum_qty + report.last_qty
    if cum_qty > request.order_qty:
        yield (
            f"{Surprise.OVER_FILL}: {format_nanos(cum_qty)} filled, "
            f"{format_nanos(request.order_qty)} ordered"
        )
    if order.is_done:
        yield f"{Surprise.FILL_AFTER_DONE}: a fill after {order.status}"
    if request.ord_type is OrdType.MARKET or request.price is None:
        return
    worse = (report.last_px - request.price) * request.side.sign
    if worse > 0:
        word = "above" if request.side is Side.BUY else "below"
        yield (
            f"{Surprise.BEYOND_LIMIT}: filled at {format_nanos(report.last_px)}, "
            f"{word} the limit {format_nanos(request.price)}"
        )


def _of_end(order: Order, report: ExecutionReport) -> Iterator[str]:
    if order.is_done:
        yield f"{Surprise.ENDED_TWICE}: {report.exec_type} after {order.status}"
    elif report.exec_type is ExecType.REJECTED and order.venue_ack_ns is not None:
        yield f"{Surprise.REJECTED_LATE}: rejected after the venue had taken it in"


def _of_cum_qty(order: Order, report: ExecutionReport) -> Iterator[str]:
    # A late NEW tells of a time before the fills; every other report tells of all of them.
    if report.exec_type is ExecType.NEW:
        return
    filled = report.last_qty if report.exec_type is ExecType.TRADE else 0
    cum_qty = order.cum_qty + filled
    if report.cum_qty != cum_qty:
        yield (
            f"{Surprise.CUM_QTY}: the venue counts {format_nanos(report.cum_qty)} filled, "
            f"its reports add up to {format_nanos(cum_qty)}"
        )
