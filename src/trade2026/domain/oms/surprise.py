"""What is odd about a report: booked all the same, but a person must hear of it.

Each surprise begins with its code, so that a program can tell an over-fill (after which the
account may only reduce) from a late cancel.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from trade2026.core.numbers import format_nanos
from trade2026.domain.oms.group import traded_too_much
from trade2026.domain.oms.order import Order
from trade2026.model.execution import BOOKS, UNDOES, ExecType, ExecutionReport
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.journal import FillTerms
from trade2026.model.order import OrdType, Side
from trade2026.model.surprise import Surprise

_ENDS: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})

SELF_TRADE: Final = "SELF_TRADE"
"""How the text of a venue begins that made an order smaller instead of trading with itself."""


def surprises_of(
    order: Order,
    report: ExecutionReport,
    was: FillTerms | None = None,
    legs: Sequence[Order | None] = (),
) -> Iterator[str]:
    """Yield what contradicts *order* in a *report* that was not applied to it yet.

    Args:
        order: before the report.
        report: what the venue said.
        was: what the fill was booked at that it undoes, where there is one.
        legs: of the order's group, where it has one.
    """
    if order.sent_ns is None:
        yield f"{Surprise.NEVER_SENT}: a report on an order that is {order.status}, never sent"
    request = order.request
    ours = (order.venue, request.symbol, request.side)
    theirs = (report.venue, report.symbol, report.side)
    # In the gateway's mode MOCK all that is meant for the exchange trades on PRISM, which says so.
    is_mock = (order.venue, report.venue) == (LIVE, PRISM)
    if ours != theirs and not (is_mock and ours[1:] == theirs[1:]):
        yield f"{Surprise.OTHER_ORDER}: {' '.join(theirs)} reported, {' '.join(ours)} ordered"
    exec_type = report.exec_type
    if exec_type is ExecType.TRADE:
        yield from _of_fill(order, report)
        too_much = traded_too_much(order, legs, report.last_qty) if legs else 0
        if too_much:
            yield f"{Surprise.BOTH_FILLED}: {format_nanos(too_much)} more than one leg should"
    elif exec_type in _ENDS:
        yield from _of_end(order, report)
    elif exec_type in UNDOES:
        yield from _of_undoing(order, report, was)
    elif exec_type is ExecType.REPLACED and not _is_expected(order, report):
        yield f"{Surprise.CHANGED_UNASKED}: replaced by the venue while {order.status}"
    yield from _of_cum_qty(order, report, was)


def _is_expected(order: Order, report: ExecutionReport) -> bool:
    is_asked = order.change is not None and order.change.replace_id == report.replace_id
    return is_asked or report.text.startswith(SELF_TRADE)


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


def _of_undoing(order: Order, report: ExecutionReport, was: FillTerms | None) -> Iterator[str]:
    if was is None:
        yield f"{Surprise.NO_SUCH_FILL}: {report.exec_type} of {report.exec_ref_id or 'nothing'}"
        return
    yield (
        f"{Surprise.FILL_UNDONE}: {report.exec_type} of {report.exec_ref_id}, "
        f"{format_nanos(was.last_qty)} at {format_nanos(was.last_px)}"
    )
    if report.exec_type is ExecType.TRADE_CORRECT:
        cum_qty = order.cum_qty - was.last_qty + report.last_qty
        if cum_qty > order.request.order_qty:
            yield (
                f"{Surprise.OVER_FILL}: {format_nanos(cum_qty)} filled, "
                f"{format_nanos(order.request.order_qty)} ordered"
            )


def _of_cum_qty(order: Order, report: ExecutionReport, was: FillTerms | None) -> Iterator[str]:
    # A late NEW tells of a time before the fills; every other report tells of all of them.
    if report.exec_type is ExecType.NEW or (report.exec_type in UNDOES and was is None):
        return
    undone = 0 if was is None else was.last_qty
    cum_qty = order.cum_qty - undone + (report.last_qty if report.exec_type in BOOKS else 0)
    if report.cum_qty != cum_qty:
        yield (
            f"{Surprise.CUM_QTY}: the venue counts {format_nanos(report.cum_qty)} filled, "
            f"its reports add up to {format_nanos(cum_qty)}"
        )
