"""Any order of reports, duplicated, late or illegal, keeps an order's quantities true."""

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.factories import NOW_NS, a_report, an_order

from trade2026.core.errors import IllegalTransitionError
from trade2026.core.ids import EventId, ExecId
from trade2026.core.numbers import Money, Px, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change, change_problem
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.orders import Orders
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.journal import FillTerms, OrderEvent, OrderReported
from trade2026.model.order import DONE, OrdStatus

ORDER_QTY = Qty(10)


class OrderLife(RuleBasedStateMachine):
    """Drive one order; the model is the list of fills that the venue ever told of."""

    reports: Bundle[ExecutionReport] = Bundle("reports")

    def __init__(self) -> None:
        super().__init__()
        self.order = apply(None, decide.received(an_order(order_qty=ORDER_QTY), NOW_NS))
        self.journal: list[OrderEvent] = [decide.received(self.order.request, NOW_NS)]
        self.fills: dict[str, tuple[int, int, int]] = {}
        """By the first name of each fill that stands: quantity, price, fee."""
        self.names: dict[str, str] = {}
        self.booked: list[str] = []
        self.was_done = False
        self.orders = Orders()
        self.orders.apply(self.journal[0])
        self.numbers = count(1)

    @initialize(steps=st.integers(0, 2))
    def begin(self, steps: int) -> None:
        if steps == 1:
            self.step(decide.approved(self.order, Money(0), NOW_NS, venue="PRISM"))
        elif steps:
            self.step(decide.approved(self.order, Money(0), NOW_NS))
            self.step(decide.sent(self.order, "PRISM", NOW_NS))

    @rule(
        target=reports,
        kind=st.sampled_from(ExecType),
        amount=st.integers(1, 12),
        ref=st.integers(0, 20),
    )
    def report(self, kind: ExecType, amount: int, ref: int) -> ExecutionReport:
        is_fill = kind in {ExecType.TRADE, ExecType.TRADE_CORRECT}
        names = ["never", *self.names]
        report = a_report(
            exec_id=ExecId(f"exec-{next(self.numbers)}"),
            exec_type=kind,
            last_qty=Qty(amount if is_fill else 0),
            last_px=Px(7 + amount if is_fill else 0),
            fee=Money(3 if is_fill else 0),
            exec_ref_id=names[ref % len(names)] if kind in UNDOES else "",
            order_qty=Qty(amount) if kind is ExecType.REPLACED else None,
        )
        self.deliver(report)
        return report

    @rule(report=reports)
    def report_again(self, report: ExecutionReport) -> None:
        self.deliver(report)

    @rule(report=reports)
    def journal_a_report_twice(self, report: ExecutionReport) -> None:
        event = OrderReported(
            event_id=EventId("again"),
            account=self.order.request.account,
            order_id=self.order.request.order_id,
            order_seq=self.order.order_seq + 1,
            ts_ns=NOW_NS,
            report=report,
            was=FillTerms(last_qty=Qty(1), last_px=Px(1), fee=Money(1)),
        )
        self.step(event)

    @rule()
    def ask_to_cancel(self) -> None:
        if not decide.cancel_problem(self.order):
            self.step(decide.cancel_requested(self.order, "tess", NOW_NS))

    @rule(total=st.integers(1, 20))
    def ask_to_change(self, total: int) -> None:
        change = Change(order_qty=Qty(total))
        if self.order.sent_ns is not None and not change_problem(self.order, change):
            self.step(
                decide.replace_requested(
                    self.order, change, reserved=Money(0), asked_by="tess", ts_ns=NOW_NS
                )
            )

    @rule(target=reports, is_made=st.booleans())
    def answer_the_change(self, is_made: bool) -> ExecutionReport:
        change = self.order.change
        report = a_report(
            exec_id=ExecId(f"exec-{next(self.numbers)}"),
            exec_type=ExecType.REPLACED if is_made else ExecType.REPLACE_REJECTED,
            order_qty=change.order_qty if change and is_made else None,
            replace_id=change.replace_id if change else "nobody's",
        )
        self.deliver(report)
        return report

    @rule(place=st.integers(0, 100))
    def apply_an_old_event_again(self, place: int) -> None:
        event = self.journal[place % len(self.journal)]

        assert apply(self.order, event) is self.order

    @rule()
    def try_every_step_of_ours(self) -> None:
        for event in (
            decide.approved(self.order, Money(0), NOW_NS),
            decide.approved(self.order, Money(0), NOW_NS, venue="PRISM"),
            decide.refused(self.order, (), NOW_NS),
            decide.failed(self.order, "", NOW_NS),
            decide.order_changed(
                self.order, Change(), reserved=Money(0), asked_by="", ts_ns=NOW_NS
            ),
            decide.triggered(self.order, Px(1), NOW_NS),
            decide.withdrawn(self.order, "", NOW_NS),
            decide.withdrawn(self.order, "", NOW_NS, is_expiry=True),
        ):
            before = self.order
            try:
                after = apply(before, event)
            except IllegalTransitionError:
                continue
            assert not before.is_done
            assert after.cum_qty == before.cum_qty

    def deliver(self, report: ExecutionReport) -> None:
        is_news = report.exec_id not in self.order.exec_ids
        fills = [fill.report for fill in self.orders.fills(limit=1_000)]
        event = decide.judge_report(self.order, report, ts_ns=NOW_NS, fills=fills)
        assert (event is not None) == is_news
        if event is not None:
            assert isinstance(event, OrderReported)
            self.step(event)
            self.book(report)

    def book(self, report: ExecutionReport) -> None:
        """Book it in the model, which knows of fills and nothing else."""
        terms = (report.last_qty, report.last_px, report.fee)
        if report.exec_type is ExecType.TRADE:
            self.names[report.exec_id] = report.exec_id
            self.fills[report.exec_id] = terms
            self.booked.append(report.exec_id)
        elif report.exec_type in UNDOES:
            first = self.names.get(report.exec_ref_id, "")
            if self.fills.pop(first, None) is not None:
                self.names[report.exec_id] = first
                self.booked.append(report.exec_id)
                if report.exec_type is ExecType.TRADE_CORRECT:
                    self.fills[first] = terms

    def step(self, event: OrderEvent) -> None:
        self.journal.append(event)
        self.order = apply(self.order, event)
        self.orders.apply(event)

    @invariant()
    def quantities_are_those_of_the_fills(self) -> None:
        order = self.order
        assert order.cum_qty == sum(qty for qty, _, _ in self.fills.values())
        assert order.cum_value == sum(qty * px for qty, px, _ in self.fills.values())
        assert order.fees == sum(fee for _, _, fee in self.fills.values())
        if order.is_done:
            assert order.leaves_qty == 0
        else:
            assert order.cum_qty + order.leaves_qty == order.request.order_qty
        assert order.asked.order_qty == ORDER_QTY

    @invariant()
    def filled_means_filled(self) -> None:
        assert (self.order.status is OrdStatus.FILLED) == (
            self.order.cum_qty >= self.order.request.order_qty
        )

    @invariant()
    def what_waits_for_the_venue_is_a_change_that_it_did_not_answer(self) -> None:
        if self.order.status is OrdStatus.PENDING_REPLACE:
            assert self.order.change is not None
        if self.order.change is not None:
            answered = {
                event.report.replace_id
                for event in self.journal
                if isinstance(event, OrderReported)
            }
            assert self.order.change.replace_id not in answered

    @invariant()
    def what_is_done_stays_done(self) -> None:
        assert self.order.is_done or not self.was_done
        self.was_done = self.order.status in DONE

    @invariant()
    def folding_the_journal_again_gives_the_same_order(self) -> None:
        again: Order | None = None
        orders = Orders()
        for event in self.journal:
            again = apply(again, event)
            orders.apply(event)
            orders.apply(event)
        assert again == self.order == orders.get(self.order.request.order_id)
        assert [fill.report.exec_id for fill in orders.fills(limit=1_000)] == self.booked

    @invariant()
    def the_journal_is_numbered_without_a_gap(self) -> None:
        assert [event.order_seq for event in self.journal] == list(range(1, len(self.journal) + 1))


TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
