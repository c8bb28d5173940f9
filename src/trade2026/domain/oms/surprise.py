"""What is odd about a report: booked all the same, but a person must hear of it.

Each surprise begins with its code, so that a program can tell an over-fill (after which the
account may only reduce) from a late cancel.
"""

from collections.abc import Sequence
from typing import Final

from trade2026.core.numbers import format_nanos
from trade2026.domain.oms.group import traded_too_much
from trade2026.domain.oms.order import Order
from trade2026.model.execution import BOOKS, UNDOES, ExecType, ExecutionReport
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.journal import FillTerms
from trade2026.model.order import OrdType, Side
from trade2026.model.surprise import Surprise

# To look a member up in its enum costs more than to compare with it.
_NEW: Final = ExecType.NEW
_TRADE: Final = ExecType.TRADE
_ENDS: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})
_NOT_DONE: Final = frozenset({ExecType.CANCEL_REJECTED, ExecType.REPLACE_REJECTED})

SELF_TRADE: Final = "SELF_TRADE"
"""How the text of a venue begins that made an order smaller instead of trading with itself."""


def surprises_of(
    order: Order,
    report: ExecutionReport,
    was: FillTerms | None = None,
    legs: Sequence[Order | None] = (),
) -> list[str]:
    """Return what contradicts *order* in a *report* that was not applied to it yet.

    Args:
        order: before the report.
        report: what the venue said.
        was: what the fill was booked at that it undoes, where there is one.
        legs: of the order's group, where it has one.
    """
    found: list[str] = []
    if order.sent_ns is None:
        found.append(
            f"{Surprise.NEVER_SENT}: a report on an order that is {order.status}, never sent"
        )
    request = order.request
    ours = (order.venue, request.symbol, request.side)
    theirs = (report.venue, report.symbol, report.side)
    if ours != theirs and not _is_mock(ours, theirs):
        found.append(
            f"{Surprise.OTHER_ORDER}: {' '.join(theirs)} reported, {' '.join(ours)} ordered"
        )
    exec_type = report.exec_type
    if exec_type is _TRADE:
        _note_fill(found, order, report)
        too_much = traded_too_much(order, legs, report.last_qty) if legs else 0
        if too_much:
            found.append(
                f"{Surprise.BOTH_FILLED}: {format_nanos(too_much)} more than one leg should"
            )
    elif exec_type in _ENDS:
        found += _of_end(order, report)
    elif exec_type in UNDOES:
        found += _of_undoing(order, report, was)
    elif exec_type in _NOT_DONE and report.text.startswith(Surprise.FORGOTTEN):
        found.append(report.text)
    elif exec_type is ExecType.REPLACED and not _is_expected(order, report):
        found.append(f"{Surprise.CHANGED_UNASKED}: replaced by the venue while {order.status}")
    cum_qty = _cum_qty_after(order, report, was)
    if cum_qty is not None and report.cum_qty != cum_qty:
        found.append(
            f"{Surprise.CUM_QTY}: the venue counts {format_nanos(report.cum_qty)} filled, "
            f"its reports add up to {format_nanos(cum_qty)}"
        )
    return found


def _is_mock(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    # In the gateway's mode MOCK all that is meant for the exchange trades on PRISM, which says so.
    return (ours[0], theirs[0]) == (LIVE, PRISM) and ours[1:] == theirs[1:]


def _is_expected(order: Order, report: ExecutionReport) -> bool:
    is_asked = order.change is not None and order.change.replace_id == report.replace_id
    return is_asked or report.text.startswith(SELF_TRADE)


def _note_fill(found: list[str], order: Order, report: ExecutionReport) -> None:
    request = order.request
    cum_qty = order.cum_qty + report.last_qty
    if cum_qty > request.order_qty:
        found.append(
            f"{Surprise.OVER_FILL}: {format_nanos(cum_qty)} filled, "
            f"{format_nanos(request.order_qty)} ordered"
        )
    if order.is_done:
        found.append(f"{Surprise.FILL_AFTER_DONE}: a fill after {order.status}")
    if request.price is None or request.ord_type is OrdType.MARKET:
        return
    worse = (report.last_px - request.price) * request.side.sign
    if worse > 0:
        word = "above" if request.side is Side.BUY else "below"
        found.append(
            f"{Surprise.BEYOND_LIMIT}: filled at {format_nanos(report.last_px)}, "
            f"{word} the limit {format_nanos(request.price)}"
        )


def _of_end(order: Order, report: ExecutionReport) -> list[str]:
    if order.is_done:
        return [f"{Surprise.ENDED_TWICE}: {report.exec_type} after {order.status}"]
    if report.exec_type is ExecType.REJECTED and order.venue_ack_ns is not None:
        return [f"{Surprise.REJECTED_LATE}: rejected after the venue had taken it in"]
    return []


def _of_undoing(order: Order, report: ExecutionReport, was: FillTerms | None) -> list[str]:
    if was is None:
        return [f"{Surprise.NO_SUCH_FILL}: {report.exec_type} of {report.exec_ref_id or 'nothing'}"]
    undone = (
        f"{Surprise.FILL_UNDONE}: {report.exec_type} of {report.exec_ref_id}, "
        f"{format_nanos(was.last_qty)} at {format_nanos(was.last_px)}"
    )
    found = [undone]
    if report.exec_type is ExecType.TRADE_CORRECT:
        cum_qty = order.cum_qty - was.last_qty + report.last_qty
        if cum_qty > order.request.order_qty:
            found.append(
                f"{Surprise.OVER_FILL}: {format_nanos(cum_qty)} filled, "
                f"{format_nanos(order.request.order_qty)} ordered"
            )
    return found


def _cum_qty_after(order: Order, report: ExecutionReport, was: FillTerms | None) -> int | None:
    """Return what is filled by the reports with this one, where it tells of all of them."""
    exec_type = report.exec_type
    # A late NEW tells of a time before the fills; every other report tells of all of them.
    if exec_type is _NEW or (was is None and exec_type in UNDOES):
        return None
    undone = 0 if was is None else was.last_qty
    return order.cum_qty - undone + (report.last_qty if exec_type in BOOKS else 0)
