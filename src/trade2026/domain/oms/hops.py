"""An order's life in words: one hop for each thing that the logs say of it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.ids import ExecId, OrderId
from trade2026.core.numbers import format_nanos
from trade2026.model.execution import ExecType, ExecutionReport
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
)
from trade2026.model.order import NewOrderSingle
from trade2026.model.position import PositionChanged
from trade2026.model.prism import PrismInput


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an order."""

    at_ns: TimeNs
    """When the log had it: one clock for all hops."""
    after_ms: float
    """Since the first hop."""
    who: str
    """The component that wrote it."""
    what: str


class Trail:
    """The hops of one order; mutable, nothing but memory.

    Args:
        order_id: whose. Everything that is told of another order is passed over.
    """

    def __init__(self, order_id: OrderId) -> None:
        self._order_id = order_id
        self._hops: list[tuple[TimeNs, str, str]] = []
        self._fills: set[ExecId] = set()

    def hops(self) -> list[Hop]:
        """Return all hops, oldest first; those of one moment as they were told."""
        ordered = sorted(self._hops, key=lambda hop: hop[0])
        return [
            Hop(at_ns=at, after_ms=(at - ordered[0][0]) / NS_PER_MS, who=who, what=what)
            for at, who, what in ordered
        ]

    def journalled(self, event: OrderEvent, at_ns: TimeNs) -> None:
        """Take in a step from the log of orders."""
        if event.order_id == self._order_id:
            who = "risk" if isinstance(event, OrderApproved | OrderRefused) else "oms"
            self._hops.append((at_ns, who, words_of_step(event)))
            if isinstance(event, OrderApproved) and event.venue:
                self._hops.append((at_ns, "oms", _sends(event)))

    def entered(self, message: PrismInput, at_ns: TimeNs) -> None:
        """Take in what came to PRISM."""
        asked = message.order or message.cancel or message.replace or message.disowned
        if asked is not None and asked.order_id == self._order_id:
            self._hops.append((at_ns, "PRISM", words_of_input(message)))

    def reported(self, report: ExecutionReport, at_ns: TimeNs) -> None:
        """Take in a venue's report as the venue published it."""
        if report.order_id == self._order_id:
            self._fills.add(report.exec_id)
            self._hops.append((at_ns, report.venue, f"reports: {words_of_report(report)}"))

    def booked(self, changed: PositionChanged, at_ns: TimeNs) -> None:
        """Take in a change of the ledger; reports are to be told before it."""
        if changed.exec_id and changed.exec_id in self._fills:
            position = changed.position
            held = f"{format_nanos(position.quantity)} {position.key.symbol}"
            self._hops.append((at_ns, "ptrc", f"booked: the position is {held}"))


def words_of_order(order: NewOrderSingle) -> str:
    """Return an order's terms."""
    words = [order.side, format_nanos(order.order_qty), order.symbol, order.ord_type]
    if order.price is not None:
        words.append(f"@ {format_nanos(order.price)}")
    if order.stop_px is not None:
        words.append(f"stop {format_nanos(order.stop_px)}")
    return " ".join([*words, order.time_in_force, "of", order.account, "for", order.strategy])


def words_of_report(report: ExecutionReport) -> str:
    """Return what a venue says."""
    words = [str(report.exec_type)]
    if report.exec_type is ExecType.TRADE:
        words.append(f"{format_nanos(report.last_qty)} @ {format_nanos(report.last_px)},")
        words.append(f"fee {format_nanos(report.fee)} {report.fee_asset},")
    words.append(f"{format_nanos(report.leaves_qty)} left")
    if report.text:
        words.append(f"({report.text})")
    return " ".join(words)


def words_of_input(message: PrismInput) -> str:
    """Return what was asked of PRISM."""
    if message.order is not None:
        return "has the order in its log"
    if message.cancel is not None:
        return "has the cancel in its log"
    if message.replace is not None:
        return "has the change in its log"
    return "was asked, and did not know the order"


def words_of_step(event: OrderEvent) -> str:
    """Return what a step of the log of orders says."""
    return _WORDS[type(event)](event)


def words_of_change(event: OrderChanged | ReplaceRequested) -> str:
    """Return which terms become what."""
    parts = (("", event.order_qty), ("@ ", event.price), ("stop ", event.stop_px))
    return " ".join(f"{word}{format_nanos(value)}" for word, value in parts if value is not None)


def _refused(event: OrderRefused) -> str:
    return "refused: " + "; ".join(f"{one.code} {one.text}" for one in event.refusals)


def _sends(event: OrderApproved | OrderSent) -> str:
    return f"sends it to {event.venue}"


def _withdrawn(event: OrderWithdrawn) -> str:
    word = "expired" if event.is_expiry else "withdrawn"
    return f"{word} before it was sent" + (f": {event.text}" if event.text else "")


def _cancelled(event: CancelRequested) -> str:
    why = "its time is over" if event.is_expiry else f"asked by {event.asked_by}"
    return f"cancels it: {why}"


def _changed(event: OrderChanged | ReplaceRequested) -> str:
    return f"changes it to {words_of_change(event)}, asked by {event.asked_by}"


def _journalled(event: OrderReported) -> str:
    surprise = f"; not expected: {event.surprise}" if event.surprise else ""
    return f"journals: {words_of_report(event.report)}{surprise}"


_WORDS: Final[dict[type[OrderEvent], Callable[[Any], str]]] = {
    OrderReceived: lambda event: f"received: {words_of_order(event.request)}",
    OrderApproved: lambda event: f"approved, {format_nanos(event.reserved)} reserved",
    OrderRefused: _refused,
    OrderSent: _sends,
    OrderFailed: lambda event: f"it never reached a venue: {event.text}",
    OrderTriggered: lambda event: f"triggered by a trade at {format_nanos(event.trade_px)}",
    StopMoved: lambda event: f"the stop follows to {format_nanos(event.stop_px)}",
    OrderWithdrawn: _withdrawn,
    CancelRequested: _cancelled,
    OrderChanged: _changed,
    ReplaceRequested: _changed,
    OrderReported: _journalled,
}
