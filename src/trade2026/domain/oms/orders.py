"""All orders of the platform: a fold over the log of orders, and the questions asked of it.

Mutable, and nothing but memory: it does no input or output. Applying an event twice changes
nothing. Everything is kept, so memory grows with the number of orders and fills.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, ExecId, OrderId, StrategyId
from trade2026.domain.oms.order import Order, apply
from trade2026.model.booking import Booking
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderEvent,
    OrderReported,
    UnknownReported,
)
from trade2026.model.order import OrdStatus
from trade2026.model.position import UNATTRIBUTED


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill, as it was booked."""

    number: int
    """Its place in the order of booking, from 1: the cursor of a page of fills."""
    report: ExecutionReport
    account: AccountId
    strategy: StrategyId
    booked_ns: TimeNs


class Orders:
    """Every order, its life, and every fill."""

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}
        self._ids: list[OrderId] = []
        """Sorted, which for UUIDv7 is the order of time: pages are cut from it."""
        self._by_key: dict[tuple[AccountId, ClOrdId], OrderId] = {}
        self._open: dict[OrderId, None] = {}
        """A set that keeps its order, so that a cancel of all goes oldest first."""
        self._events: dict[OrderId, list[OrderEvent]] = {}
        self._fills: list[Fill] = []
        self._fills_of: dict[OrderId, list[Fill]] = {}
        self._counts: Counter[OrdStatus] = Counter()
        self._cash_opened: set[AccountId] = set()
        self._unknown: dict[tuple[str, ExecId], UnknownReported] = {}

    def apply(self, event: JournalEvent) -> None:
        """Book the next event of the log; one that was booked before changes nothing.

        Raises:
            IllegalTransitionError: the event is a step that its order does not allow.
        """
        match event:
            case CashDeposited():
                self._cash_opened.add(event.account)
            case UnknownReported():
                self._book_unknown(event)
            case Booking():
                pass
            case _:
                self._book_order(event)

    def get(self, order_id: str) -> Order | None:
        """Return the order of that id, if there is one."""
        return self._orders.get(OrderId(order_id))

    def by_key(self, account: str, cl_ord_id: str) -> Order | None:
        """Return the account's order that was sent under the key *cl_ord_id*, if any."""
        order_id = self._by_key.get((AccountId(account), ClOrdId(cl_ord_id)))
        return None if order_id is None else self._orders[order_id]

    def open_orders(self, account: str | None = None) -> tuple[Order, ...]:
        """Return the open orders, of one account or of all, oldest first."""
        orders = (self._orders[order_id] for order_id in self._open)
        return tuple(o for o in orders if account is None or o.request.account == account)

    def page(
        self,
        *,
        accounts: frozenset[str] | None = None,
        symbol: str | None = None,
        status: OrdStatus | None = None,
        active_only: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> tuple[Order, ...]:
        """Return up to *limit* orders, newest first.

        Args:
            accounts: whose orders; None is everybody's.
            symbol: of one symbol only.
            status: of one status only.
            active_only: open orders only.
            after: the id of the last order of the page before; a new order never shifts a
                later page.
            limit: not negative.
        """
        wanted = (
            order
            for order in (self._newest_open(after) if active_only else self._newest_first(after))
            if (accounts is None or order.request.account in accounts)
            and (symbol is None or order.request.symbol == symbol)
            and (status is None or order.status is status)
        )
        return tuple(islice(wanted, limit))

    def events_of(self, order_id: str) -> tuple[OrderEvent, ...]:
        """Return the life of an order, in order; empty where there is no such order."""
        return tuple(self._events.get(OrderId(order_id), ()))

    def fills(
        self,
        *,
        accounts: frozenset[str] | None = None,
        order_id: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> tuple[Fill, ...]:
        """Return up to *limit* fills in the order of booking, those of unknown orders too.

        Args:
            accounts: whose fills; None is everybody's.
            order_id: of one order only.
            after: the `number` of the last fill of the page before; 0 begins.
            limit: not negative.
        """
        if order_id is None:
            # A fill's number is its place, so the page before need not be walked again.
            places = range(max(after, 0), len(self._fills))
            fills: Iterable[Fill] = (self._fills[place] for place in places)
        else:
            fills = self._fills_of.get(OrderId(order_id), ())
        wanted = (
            fill
            for fill in fills
            if fill.number > after and (accounts is None or fill.account in accounts)
        )
        return tuple(islice(wanted, limit))

    def cash_opened(self, account: str) -> bool:
        """Return whether the account ever got a deposit."""
        return account in self._cash_opened

    def is_booked(self, report: ExecutionReport) -> bool:
        """Return whether *report* is in the log already, under its order or as unknown."""
        if (report.venue, report.exec_id) in self._unknown:
            return True
        order = self._orders.get(report.order_id)
        return order is not None and report.exec_id in order.exec_ids

    @property
    def unknown(self) -> tuple[UnknownReported, ...]:
        """Return the reports on orders that the platform does not know, oldest first."""
        return tuple(self._unknown.values())

    def counts(self) -> dict[OrdStatus, int]:
        """Return how many orders stand in each status; all statuses are there."""
        return {status: self._counts[status] for status in OrdStatus}

    def _newest_open(self, after: str | None) -> Iterator[Order]:
        """Return the open orders, newest first: few, however many there ever were."""
        ids = sorted(self._open, reverse=True)
        return (self._orders[i] for i in ids if after is None or i < after)

    def _newest_first(self, after: str | None) -> Iterator[Order]:
        end = len(self._ids) if after is None else bisect_left(self._ids, OrderId(after))
        return (self._orders[self._ids[place]] for place in range(end - 1, -1, -1))

    def _book_unknown(self, event: UnknownReported) -> None:
        key = (event.report.venue, event.report.exec_id)
        if key in self._unknown:
            return
        self._unknown[key] = event
        if event.report.exec_type is ExecType.TRADE:
            self._book_fill(event.report, event.account, UNATTRIBUTED, event.ts_ns)

    def _book_order(self, event: OrderEvent) -> None:
        before = self._orders.get(event.order_id)
        after = apply(before, event)
        if after is before:
            return
        if before is None:
            self._take_in(event.order_id, after)
        else:
            self._counts[before.status] -= 1
        self._counts[after.status] += 1
        self._orders[event.order_id] = after
        self._events[event.order_id].append(event)
        if after.is_done:
            self._open.pop(event.order_id, None)
        # Counted by what was filled, so that a report that is journalled twice is one fill.
        if isinstance(event, OrderReported) and before and after.cum_qty > before.cum_qty:
            self._book_fill(event.report, event.account, after.request.strategy, event.ts_ns)

    def _take_in(self, order_id: OrderId, order: Order) -> None:
        key = (order.request.account, order.request.cl_ord_id)
        assert key not in self._by_key, f"{order_id}: the key {key} is another order's"
        self._by_key[key] = order_id
        # Ids come nearly in order, so this is nearly always an append.
        insort(self._ids, order_id)
        self._open[order_id] = None
        self._events[order_id] = []

    def _book_fill(
        self, report: ExecutionReport, account: AccountId, strategy: StrategyId, ts_ns: TimeNs
    ) -> None:
        fill = Fill(
            number=len(self._fills) + 1,
            report=report,
            account=account,
            strategy=strategy,
            booked_ns=ts_ns,
        )
        self._fills.append(fill)
        self._fills_of.setdefault(report.order_id, []).append(fill)
