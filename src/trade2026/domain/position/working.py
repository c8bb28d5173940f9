"""The orders that work at venues, by the log, to compare them with what the venues say."""

from collections import deque
from typing import Final

import msgspec

from trade2026.core.ids import AccountId, OrderId
from trade2026.core.newest import Newest
from trade2026.core.numbers import Qty
from trade2026.model.execution import UNDOES, ExecType
from trade2026.model.journal import JournalEvent, OrderReported
from trade2026.model.reconciliation import Cause, OrderDifference, Statement

ENDED_KEPT: Final = 20_000
"""Orders whose end is remembered: more than end while a venue is being asked."""
NEWEST_KEPT: Final = 20
"""Orders of an account in a symbol, of which a lost report may be."""

_END: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One order at a venue, as its reports leave it."""

    account: AccountId
    venue: str
    symbol: str
    cum_qty: Qty = Qty(0)
    report_seq: int = 0
    """Of the venue's last word about it; 0 before the first."""


class WorkingState(msgspec.Struct, frozen=True, kw_only=True):
    """All that `WorkingOrders` can be made of again; the newest are lists, oldest first."""

    open: dict[OrderId, Work]
    ended: dict[OrderId, Work]
    newest: dict[AccountId, dict[str, list[OrderId]]]
    """By account and symbol."""
    seqs: dict[AccountId, int]


class WorkingOrders:
    """All orders at venues, by the log; mutable, and bounded by what works."""

    def __init__(self) -> None:
        self._open: dict[OrderId, Work] = {}
        self._ended = Newest[OrderId, Work](ENDED_KEPT)
        self._newest: dict[AccountId, dict[str, deque[OrderId]]] = {}
        self._seqs: dict[AccountId, int] = {}

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Take the next event of its account in the log; one taken before changes nothing."""
        if seq <= self._seqs.get(event.account, 0):
            return
        self._seqs[event.account] = seq
        if isinstance(event, OrderReported):
            self._report(event)

    def has(self, venue: str) -> bool:
        """Return whether an order works at *venue*."""
        return any(one.venue == venue for one in self._open.values())

    def newest(self, account: AccountId, symbol: str) -> tuple[OrderId, ...]:
        """Return the account's newest orders that a venue has had in *symbol*, oldest first."""
        return tuple(self._newest.get(account, {}).get(symbol, ()))

    def freeze(self) -> WorkingState:
        """Return a copy of all that is known."""
        return WorkingState(
            open=dict(self._open),
            ended=dict(self._ended),
            newest={
                account: {symbol: list(names) for symbol, names in places.items()}
                for account, places in self._newest.items()
            },
            seqs=dict(self._seqs),
        )

    def thaw(self, state: WorkingState) -> None:
        """Become what *state* was made of."""
        self._open = dict(state.open)
        self._ended = Newest(ENDED_KEPT, state.ended.items())
        self._newest = {
            account: {symbol: deque(names, NEWEST_KEPT) for symbol, names in places.items()}
            for account, places in state.newest.items()
        }
        self._seqs = dict(state.seqs)

    def compare(self, statement: Statement) -> tuple[OrderDifference, ...]:
        """Return where log and venue do not say the same of an order that works, sorted.

        What the log has heard of an order after the statement was made is on its way to no
        one: such an order is left to the next comparison.
        """
        if statement.orders is None:
            return ()
        told = {one.order_id: one for one in statement.orders}
        found: list[OrderDifference] = []
        for order_id, work in self._open.items():
            is_settled = work.venue == statement.venue and work.report_seq <= statement.report_seq
            theirs = told.get(order_id)
            if not is_settled or (theirs and theirs.cum_qty == work.cum_qty):
                continue
            cause = Cause.ORDER_TRADED if theirs else Cause.ORDER_ENDED
            venue_qty = theirs.cum_qty if theirs else Qty(0)
            found.append(_difference(order_id, work, venue_qty, cause))
        for order_id, theirs in told.items():
            ended = self._ended.get(order_id)
            if order_id in self._open or (ended and ended.report_seq > statement.report_seq):
                continue
            work = ended or Work(
                account=theirs.account, venue=statement.venue, symbol=theirs.symbol
            )
            found.append(_difference(order_id, work, theirs.cum_qty, Cause.ORDER_UNKNOWN))
        return tuple(sorted(found, key=lambda one: one.order_id))

    def _report(self, event: OrderReported) -> None:
        report = event.report
        if report.exec_type in UNDOES:
            return
        order_id, ended = event.order_id, self._ended.get(event.order_id)
        work = ended or self._open.get(order_id)
        if work is None:
            work = Work(account=event.account, venue=report.venue, symbol=report.symbol)
            places = self._newest.setdefault(event.account, {})
            newest = places.setdefault(report.symbol, deque(maxlen=NEWEST_KEPT))
            newest.append(order_id)
        work = msgspec.structs.replace(
            work,
            cum_qty=max(work.cum_qty, report.cum_qty),
            report_seq=max(work.report_seq, report.report_seq),
        )
        is_filled = report.exec_type is ExecType.TRADE and not report.leaves_qty
        if ended is not None or is_filled or report.exec_type in _END:
            self._open.pop(order_id, None)
            self._ended.keep(order_id, work)
        else:
            self._open[order_id] = work


def _difference(order_id: OrderId, work: Work, venue_qty: Qty, cause: Cause) -> OrderDifference:
    return OrderDifference(
        order_id=order_id,
        account=work.account,
        symbol=work.symbol,
        log_qty=work.cum_qty,
        venue_qty=venue_qty,
        cause=cause,
    )
