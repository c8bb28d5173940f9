"""The orders of the platform: a fold over the log of orders, and the questions asked of it.

Mutable, and nothing but memory: it does no input or output. Applying an event twice changes
nothing. What is open stays in memory. What is done may be forgotten once somebody else keeps
it, and is recalled before another event of it is applied: `take_changes`, `settle`, `forget`
and `recall` are that somebody's calls, in this order. Without them everything is kept.
"""

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import islice

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import SignedQty
from trade2026.domain.oms.kept import Changes, Fill, Held, Kept, Totals, books_fill
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.query import EVERY_ORDER, OrderQuery
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderEvent,
    OrderReported,
    OrderStep,
    UnknownReported,
    does_move,
    moves_of,
)
from trade2026.model.order import DONE, OrdStatus
from trade2026.model.position import UNATTRIBUTED


class _Life:
    """One order that is here, as far as it is known; mutable."""

    __slots__ = ("events", "order", "seq")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.events: list[OrderEvent] = []
        self.seq = 0
        """Where in the log the last event stands, as far as that is known."""


class Orders:
    """Every order that is not forgotten, its life, and its fills."""

    def __init__(self) -> None:
        self._lives: dict[OrderId, _Life] = {}
        self._ids: list[OrderId] = []
        """Sorted, which for UUIDv7 is the order of time: pages are cut from it."""
        self._by_key: dict[tuple[AccountId, ClOrdId], OrderId] = {}
        self._open: dict[OrderId, None] = {}
        """A set that keeps its order, so that a cancel of all goes oldest first."""
        self._reducing: dict[tuple[AccountId, str], dict[OrderId, None]] = {}
        """Those of them that may only reduce: looked for at every fill, and few."""
        self._done: deque[OrderId] = deque()
        """In the order in which they ended or were recalled: the first to be forgotten."""
        self._fills: deque[Fill] = deque()
        self._fills_of: dict[OrderId, list[Fill]] = {}
        """Those of unknown orders too."""
        self._fill_count = 0
        self._gone = Counter[OrdStatus]()
        """How many orders that are not here stand in each status."""
        self._cash_opened: set[AccountId] = set()
        self._unknown: dict[tuple[str, ExecId], UnknownReported] = {}
        self._held: dict[tuple[AccountId, str], SignedQty] = {}
        self._changed: dict[OrderId, None] = {}

    def apply(self, event: JournalEvent, seq: int = 0) -> None:
        """Book the next event of the log; one that was booked before changes nothing.

        Args:
            event: of an order that is here, or its first.
            seq: where it stands in the log; 0 where that does not matter.

        Raises:
            IllegalTransitionError: the event is a step that its order does not allow.
        """
        if isinstance(event, OrderStep):
            life = self._book_order(event)
            if seq > life.seq:
                life.seq = seq
        elif isinstance(event, UnknownReported):
            self._book_unknown(event)
        elif isinstance(event, CashDeposited):
            self._cash_opened.add(event.account)

    def get(self, order_id: str) -> Order | None:
        """Return the order of that id, if it is here."""
        life = self._lives.get(OrderId(order_id))
        return None if life is None else life.order

    def by_key(self, account: str, cl_ord_id: str) -> Order | None:
        """Return the account's order that was sent under the key *cl_ord_id*, if it is here."""
        order_id = self._by_key.get((AccountId(account), ClOrdId(cl_ord_id)))
        return None if order_id is None else self._lives[order_id].order

    def open_orders(self) -> tuple[Order, ...]:
        """Return the open orders, oldest first."""
        return tuple(self._lives[order_id].order for order_id in self._open)

    def reducing(self, account: str, symbol: str) -> tuple[Order, ...]:
        """Return the account's open reduce-only orders in *symbol*, oldest first."""
        ids = self._reducing.get((AccountId(account), symbol), ())
        return tuple(self._lives[order_id].order for order_id in ids)

    def page(
        self, query: OrderQuery = EVERY_ORDER, *, after: str | None = None, limit: int = 100
    ) -> tuple[Order, ...]:
        """Return up to *limit* orders, newest first.

        Args:
            query: which.
            after: the id of the last order of the page before; a new order never shifts a
                later page.
            limit: not negative.
        """
        ids = self._newest_open(after) if query.active_only else self._newest_first(after)
        wanted = (self._lives[order_id].order for order_id in ids)
        return tuple(islice(filter(query.wants, wanted), limit))

    def events_of(self, order_id: str) -> tuple[OrderEvent, ...]:
        """Return the life of an order, in order; empty where there is no such order here."""
        life = self._lives.get(OrderId(order_id))
        return () if life is None else tuple(life.events)

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
            order_id: of one order only, which is here.
            after: the `number` of the last fill of the page before; 0 begins.
            limit: not negative.
        """
        fills: Iterable[Fill]
        if order_id is None:
            fills = self._fills_after(after)
        else:
            fills = self._fills_of.get(OrderId(order_id), ())
        wanted = (
            fill
            for fill in fills
            if fill.number > after and (accounts is None or fill.account in accounts)
        )
        return tuple(islice(wanted, limit))

    @property
    def settled_fill_count(self) -> int:
        """How many fills are somebody else's to keep; `fills` has those behind them."""
        return self._fill_count - len(self._fills)

    def held(self, account: str, symbol: str) -> SignedQty:
        """Return what the account's fills in *symbol* add up to."""
        return self._held.get((AccountId(account), symbol), SignedQty(0))

    def cash_opened(self, account: str) -> bool:
        """Return whether the account ever got a deposit."""
        return account in self._cash_opened

    def is_booked(self, report: ExecutionReport) -> bool:
        """Return whether *report* is in the log already, under its order or as unknown."""
        if (report.venue, report.exec_id) in self._unknown:
            return True
        order = self.get(report.order_id)
        return order is not None and report.exec_id in order.exec_ids

    @property
    def unknown(self) -> tuple[UnknownReported, ...]:
        """Return the reports on orders that the platform does not know, oldest first."""
        return tuple(self._unknown.values())

    def counts(self) -> dict[OrdStatus, int]:
        """Return how many orders stand in each status, forgotten ones too."""
        counts = Counter(life.order.status for life in self._lives.values())
        return {status: counts[status] + self._gone[status] for status in OrdStatus}

    @property
    def count(self) -> int:
        """How many orders are here."""
        return len(self._lives)

    @property
    def ended_count(self) -> int:
        """How many orders are here that ended."""
        return len(self._done)

    @property
    def changed_count(self) -> int:
        """How many orders have changed since they were settled."""
        return len(self._changed)

    def take_changes(self) -> Changes:
        """Return what has changed since it was settled; it stays changed until it is settled."""
        return Changes(
            orders=tuple(self._lives[order_id].order for order_id in self._changed),
            kept=tuple(self._kept(order_id) for order_id in self._changed),
            fills=tuple(self._fills),
            totals=self._totals(),
        )

    def settle(self, changes: Changes) -> None:
        """Take note that *changes* are kept elsewhere; what changed meanwhile stays changed."""
        for order in changes.orders:
            if self._lives[order.request.order_id].order is order:
                del self._changed[order.request.order_id]
        for _ in changes.fills:
            self._fills.popleft()

    def forget(self, before_ns: TimeNs, up_to_seq: int) -> int:
        """Forget settled orders that ended before then, and return how many.

        Args:
            before_ns: of the last event's time.
            up_to_seq: an order with an event behind this place in the log stays.
        """
        forgotten: set[OrderId] = set()
        while self._done:
            order_id = self._done[0]
            life = self._lives[order_id]
            is_recent = life.order.updated_ns >= before_ns or life.seq > up_to_seq
            if is_recent or order_id in self._changed:
                break
            self._drop(life.order)
            forgotten.add(order_id)
            self._done.popleft()
        if forgotten:
            self._ids = [order_id for order_id in self._ids if order_id not in forgotten]
        return len(forgotten)

    def trim(self, ended: int) -> int:
        """Forget all but the newest *ended* orders that ended, and return how many.

        For a reader whom nobody asks about the past: fills are forgotten with them, and no event
        of a forgotten order can be applied any more.
        """
        surplus = max(0, len(self._done) - ended)
        forgotten = {self._done.popleft() for _ in range(surplus)}
        for order_id in forgotten:
            self._drop(self._lives[order_id].order)
        self._ids = [order_id for order_id in self._ids if order_id not in forgotten]
        self._changed.clear()
        self._fills.clear()
        return surplus

    def freeze(self) -> tuple[tuple[Kept, ...], Totals]:
        """Return all orders that are here, and what is known over all."""
        kept = (*self._done, *self._open)
        return tuple(self._kept(order_id) for order_id in kept), self._totals()

    def restore(self, totals: Totals) -> None:
        """Begin from *totals*; the open orders are then recalled."""
        assert not self._lives, "only an empty fold can be restored"
        self._gone = Counter(totals.counts)
        self._fill_count = totals.fill_count
        self._cash_opened = set(totals.cash_opened)
        self._unknown = {(u.report.venue, u.report.exec_id): u for u in totals.unknown}
        self._held = {(h.account, h.symbol): h.quantity for h in totals.held}

    def recall(self, kept: Kept) -> Order:
        """Take back an order that was forgotten, and return it; one that is here stays."""
        order_id = kept.events[0].order_id
        here = self._lives.get(order_id)
        if here is not None:
            return here.order
        order, fills = kept.unfold()
        life = self._take_in(order_id, order)
        life.events += kept.events
        if fills:
            self._fills_of[order_id] = fills
        self._gone[order.status] -= 1
        if order.is_done:
            self._end(order)
        return order

    def _totals(self) -> Totals:
        return Totals(
            counts=self.counts(),
            fill_count=self._fill_count,
            cash_opened=tuple(sorted(self._cash_opened)),
            unknown=self.unknown,
            held=tuple(
                Held(account=account, symbol=symbol, quantity=quantity)
                for (account, symbol), quantity in self._held.items()
            ),
        )

    def _kept(self, order_id: OrderId) -> Kept:
        return Kept(
            events=tuple(self._lives[order_id].events),
            fill_numbers=tuple(fill.number for fill in self._fills_of.get(order_id, ())),
        )

    def _fills_after(self, number: int) -> Iterable[Fill]:
        # Numbers have no gap, so nothing before is walked: a follower asks at every event.
        newer = self._fill_count - number
        if newer <= 0:
            return ()
        if newer < len(self._fills) // 2:
            return reversed(tuple(islice(reversed(self._fills), newer)))
        return islice(self._fills, max(0, len(self._fills) - newer), None)

    def _newest_open(self, after: str | None) -> Iterator[OrderId]:
        """Return the open orders' ids, newest first: few, however many there ever were."""
        ids = sorted(self._open, reverse=True)
        return (order_id for order_id in ids if after is None or order_id < after)

    def _newest_first(self, after: str | None) -> Iterator[OrderId]:
        end = len(self._ids) if after is None else bisect_left(self._ids, OrderId(after))
        return (self._ids[place] for place in range(end - 1, -1, -1))

    def _book_unknown(self, event: UnknownReported) -> None:
        key = (event.report.venue, event.report.exec_id)
        if key in self._unknown:
            return
        self._unknown[key] = event
        if does_move(event):
            moved = sum(move.qty for move in moves_of(event))
            self._book_fill(event, UNATTRIBUTED, moved)

    def _book_order(self, event: OrderEvent) -> _Life:
        order_id = event.order_id
        life = self._lives.get(order_id)
        if life is None:
            life = self._take_in(order_id, apply(None, event))
            life.events.append(event)
            self._changed[order_id] = None
            return life
        before = life.order
        after = apply(before, event)
        if after is before:
            return life
        life.order = after
        life.events.append(event)
        self._changed[order_id] = None
        if after.status in DONE and before.status not in DONE:
            self._end(after)
        if books_fill(event, before):
            moved = (after.cum_qty - before.cum_qty) * event.report.side.sign
            self._book_fill(event, after.request.strategy, moved)
        return life

    def _take_in(self, order_id: OrderId, order: Order) -> _Life:
        key = (order.request.account, order.request.cl_ord_id)
        assert key not in self._by_key, f"{order_id}: the key {key} is another order's"
        self._by_key[key] = order_id
        # Ids come nearly in order, so this is nearly always an append.
        if self._ids and order_id < self._ids[-1]:
            insort(self._ids, order_id)
        else:
            self._ids.append(order_id)
        self._open[order_id] = None
        if order.request.is_reduce_only:
            place = (order.request.account, order.request.symbol)
            self._reducing.setdefault(place, {})[order_id] = None
        life = self._lives[order_id] = _Life(order)
        return life

    def _end(self, order: Order) -> None:
        request = order.request
        self._open.pop(request.order_id, None)
        self._done.append(request.order_id)
        if request.is_reduce_only:
            del self._reducing[request.account, request.symbol][request.order_id]

    def _drop(self, order: Order) -> None:
        order_id = order.request.order_id
        del self._lives[order_id]
        del self._by_key[order.request.account, order.request.cl_ord_id]
        self._fills_of.pop(order_id, None)
        self._gone[order.status] += 1

    def _book_fill(
        self, event: OrderReported | UnknownReported, strategy: StrategyId, moved: int
    ) -> None:
        report = event.report
        self._fill_count += 1
        fill = Fill(
            number=self._fill_count,
            report=report,
            account=event.account,
            strategy=strategy,
            booked_ns=event.ts_ns,
        )
        self._fills.append(fill)
        self._fills_of.setdefault(report.order_id, []).append(fill)
        place = (event.account, report.symbol)
        self._held[place] = SignedQty(self._held.get(place, 0) + moved)
