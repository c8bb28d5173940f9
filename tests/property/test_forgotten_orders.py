"""Orders that leave memory and come back are the same as if they had never left."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order, an_unknown

from trade2026.core.clock import TimeNs
from trade2026.core.ids import ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.kept import Kept, Totals
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.model.booking import Booking
from trade2026.model.execution import UNDOES, ExecType
from trade2026.model.journal import CashDeposited, JournalEvent, UnknownReported

ALL = 10_000
LATER_NS = TimeNs(NOW_NS + 1)


class Forgetting(RuleBasedStateMachine):
    """Drive two folds over one log: one keeps everything, the other forgets what it may."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = Orders()
        self.lean = Orders()
        self.archive: dict[str, Kept] = {}
        self.totals: Totals | None = None
        self.archived_fills: list[int] = []
        self.seq = 0
        self.settled_seq = 0
        self.reports = 0

    @rule(is_sent=st.booleans(), is_reduce_only=st.booleans())
    def place(self, is_sent: bool, is_reduce_only: bool) -> None:
        number = self.seq + 1
        request = an_order(
            order_id=OrderId(f"order-{number:06}"),
            cl_ord_id=ClOrdId(f"key-{number}"),
            order_qty=Qty(4),
            is_reduce_only=is_reduce_only,
        )
        self.book(decide.received(request, NOW_NS))
        if is_sent:
            self.book(
                decide.approved(self.known(request.order_id), Money(1), NOW_NS, venue="PRISM")
            )

    @rule(place=st.integers(0, 1_000), kind=st.sampled_from(ExecType), last=st.integers(1, 4))
    def report(self, place: int, kind: ExecType, last: int) -> None:
        orders = self.whole.page(limit=ALL)
        if not orders:
            return
        order = orders[place % len(orders)]
        self.reports += 1
        exec_id = ExecId(f"exec-{self.reports}")
        if kind in {ExecType.TRADE, *UNDOES}:
            ref = f"exec-{place % self.reports}"
            said = a_fill(order.request, last_qty=Qty(last), exec_id=exec_id, exec_ref_id=ref)
            said = replace(said, exec_type=kind)
        else:
            said = a_report(order.request, exec_type=kind, exec_id=exec_id)
        booked = self.whole.fills(order_id=order.request.order_id, limit=ALL)
        fills = [fill.report for fill in booked]
        event = decide.judge_report(order, said, ts_ns=NOW_NS, fills=fills)
        assert event is not None
        self.book(event)

    @rule(kind=st.sampled_from([ExecType.TRADE, ExecType.NEW]))
    def report_on_nobodys(self, kind: ExecType) -> None:
        self.reports += 1
        changes: dict[str, Any] = {"exec_type": kind, "exec_id": f"exec-{self.reports}"}
        self.book(an_unknown(a_report(order_id=OrderId("nobody"), last_qty=Qty(1), **changes)))

    @rule()
    def deposit(self) -> None:
        self.book(a_deposit())

    @rule()
    def settle_and_forget(self) -> None:
        changes = self.lean.take_changes()
        for order, kept in zip(changes.orders, changes.kept, strict=True):
            self.archive[order.request.order_id] = kept
        self.archived_fills += [fill.number for fill in changes.fills]
        self.totals = changes.totals
        self.settled_seq = self.seq
        self.lean.settle(changes)
        self.lean.forget(LATER_NS, self.seq)
        assert self.lean.count == len(self.lean.open_orders())

    @rule()
    def restart_where_it_was_settled(self) -> None:
        if self.totals is None or self.settled_seq != self.seq:
            return
        self.lean = Orders()
        self.lean.restore(self.totals)
        for order in self.whole.open_orders():
            self.lean.recall(self.archive[order.request.order_id])

    @rule(place=st.integers(0, 1_000))
    def recall(self, place: int) -> None:
        if self.archive:
            kept = list(self.archive.values())[place % len(self.archive)]
            self.lean.recall(kept)

    def known(self, order_id: OrderId) -> Order:
        order = self.whole.get(order_id)
        assert order is not None
        return order

    def book(self, event: JournalEvent) -> None:
        self.seq += 1
        self.whole.apply(event, self.seq)
        is_order = not isinstance(event, CashDeposited | UnknownReported | Booking)
        if is_order and event.order_id in self.archive:
            self.lean.recall(self.archive[event.order_id])
        self.lean.apply(event, self.seq)
        self.lean.apply(event, self.seq)

    @invariant()
    def both_know_the_same(self) -> None:
        assert self.lean.counts() == self.whole.counts()
        assert self.lean.unknown == self.whole.unknown
        assert self.lean.cash_opened("default") == self.whole.cash_opened("default")
        still_open = self.whole.open_orders()
        ids = {o.request.order_id for o in still_open}
        assert {o.request.order_id for o in self.lean.open_orders()} == ids
        reducing = [o for o in still_open if o.request.is_reduce_only]
        for orders in (self.whole, self.lean):
            found = orders.reducing("default", "BTCUSDT")
            assert sorted(found, key=lambda o: o.request.order_id) == reducing
        for order in self.whole.page(limit=ALL):
            order_id = order.request.order_id
            here = self.lean.get(order_id)
            if here is None:
                here, fills = self.archive[order_id].unfold()
                assert tuple(fills) == self.whole.fills(order_id=order_id, limit=ALL)
            else:
                assert self.lean.events_of(order_id) == self.whole.events_of(order_id)
                assert self.lean.fills(order_id=order_id) == self.whole.fills(order_id=order_id)
            assert here == order

    @invariant()
    def no_fill_is_lost(self) -> None:
        behind = [fill.number for fill in self.lean.fills(limit=ALL)]
        assert self.archived_fills + behind == list(range(1, len(self.whole.fills(limit=ALL)) + 1))


TestForgetting = Forgetting.TestCase
TestForgetting.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
