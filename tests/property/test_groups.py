"""Whatever legs trade, refuse or end, a group asks for no more than it should, and settles."""

from itertools import count

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.factories import NOW_NS, a_fill, a_report, an_order

from trade2026.core.ids import ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.group import Due, Duty, traded_too_much, what_is_due
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import OrderReported
from trade2026.model.order import GroupKind, GroupLeg, Side

QTY = 10


class Group(RuleBasedStateMachine):
    """A group at a venue that does what it is asked, at once or late."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = Orders()
        self.numbers = count(1)
        self.ids: list[OrderId] = []
        self.kind = GroupKind.OCO
        self.is_crossed = False
        """Whether a leg traded before what another had traded was taken off it."""
        self.crossing_told = 0

    @initialize(kind=st.sampled_from(GroupKind), exits=st.integers(1, 3), missing=st.booleans())
    def begin(self, kind: GroupKind, exits: int, missing: bool) -> None:
        self.kind = kind
        legs = 3 if kind is GroupKind.BRACKET else 1 + exits
        # A crash leaves out what was to be journalled last: the entry, or a leg of an OCO.
        left_out = {0} if missing else set[int]()
        for number in range(legs):
            if number in left_out:
                continue
            order_id = OrderId(f"leg-{number}")
            request = an_order(
                order_id=order_id,
                cl_ord_id=ClOrdId(f"g-{number}"),
                side=Side.SELL if number else Side.BUY,
                order_qty=Qty(QTY),
                group=GroupLeg(group_id="g", kind=kind, number=number, count=legs),
            )
            self.ids.append(order_id)
            self.orders.apply(decide.received(request, NOW_NS))
            if not self.order(order_id).is_waiting:
                self.send(order_id)
        self.count = legs

    def order(self, order_id: OrderId) -> Order:
        order = self.orders.get(order_id)
        assert order is not None
        return order

    @property
    def legs(self) -> list[Order | None]:
        return [self.orders.get(OrderId(f"leg-{n}")) for n in range(self.count)]

    def send(self, order_id: OrderId) -> None:
        self.orders.apply(decide.approved(self.order(order_id), Money(0), NOW_NS, venue="PRISM"))

    def hear(self, report: ExecutionReport) -> None:
        event = decide.judge_report(
            self.order(report.order_id), report, ts_ns=NOW_NS, legs=self.legs
        )
        assert isinstance(event, OrderReported)
        self.crossing_told += "BOTH_FILLED" in event.surprise
        self.orders.apply(event)

    def word(self, order: Order, exec_type: ExecType, **fields: object) -> None:
        name = ExecId(f"exec-{next(self.numbers)}")
        self.hear(a_report(order.request, exec_id=name, exec_type=exec_type, **fields))

    @rule(place=st.integers(0, 3), amount=st.integers(1, QTY))
    def trade(self, place: int, amount: int) -> None:
        order = self.order(self.ids[place % len(self.ids)])
        if order.sent_ns is None or order.is_done:
            return
        amount = min(amount, order.leaves_qty)
        self.is_crossed |= traded_too_much(order, self.legs, amount) > 0
        fill = a_fill(
            order.request,
            exec_id=ExecId(f"exec-{next(self.numbers)}"),
            last_qty=Qty(amount),
            cum_qty=Qty(order.cum_qty + amount),
        )
        self.hear(fill)

    @rule(place=st.integers(0, 3), end=st.sampled_from([ExecType.CANCELED, ExecType.REJECTED]))
    def end(self, place: int, end: ExecType) -> None:
        order = self.order(self.ids[place % len(self.ids)])
        if order.sent_ns is not None:
            self.word(order, end, cum_qty=order.cum_qty)

    @rule()
    def tend(self) -> None:
        for _ in range(10):
            due = list(what_is_due(self.legs, NOW_NS))
            if not due:
                break
            for one in due:
                self.do(one)
        assert list(what_is_due(self.legs, NOW_NS)) == []
        self.check_settled()

    def do(self, due: Due) -> None:
        order = self.order(due.order.request.order_id)
        order_id = order.request.order_id
        change = Change(order_qty=due.order_qty)
        if due.duty is Duty.START:
            event = decide.order_changed(
                order, change, reserved=Money(0), asked_by="group", ts_ns=NOW_NS
            )
            self.orders.apply(event)
            self.send(order_id)
        elif due.duty is Duty.RESIZE:
            self.orders.apply(
                decide.replace_requested(
                    order, change, reserved=Money(0), asked_by="group", ts_ns=NOW_NS
                )
            )
            waits = self.order(order_id)
            assert waits.change is not None
            self.word(
                waits,
                ExecType.REPLACED,
                cum_qty=waits.cum_qty,
                order_qty=due.order_qty,
                replace_id=waits.change.replace_id,
            )
        elif order.is_waiting:
            self.orders.apply(decide.withdrawn(order, "", NOW_NS))
        else:
            self.orders.apply(decide.cancel_requested(order, "group", NOW_NS))
            self.word(self.order(order_id), ExecType.CANCELED, cum_qty=order.cum_qty)

    def check_settled(self) -> None:
        legs = [leg for leg in self.legs if leg is not None]
        if self.kind is GroupKind.OCO:
            assert len({leg.is_done for leg in legs}) == 1
            bound, exclusive = QTY, legs
        else:
            entry = self.legs[0]
            bound = 0 if entry is None else entry.cum_qty
            exclusive = [leg for leg in legs if leg.request.group and leg.request.group.number]
            if entry is None or (entry.is_done and not entry.cum_qty):
                assert all(leg.is_done for leg in exclusive)
        for leg in exclusive:
            others = sum(o.cum_qty for o in exclusive if o is not leg)
            beside = 0 if self.kind is GroupKind.OTO else others
            works = not (leg.is_done or leg.is_waiting)
            assert not works or leg.leaves_qty + leg.cum_qty + beside == bound

    @invariant()
    def what_crossed_was_told(self) -> None:
        assert bool(self.crossing_told) == self.is_crossed

    @invariant()
    def a_waiting_leg_is_not_resumed(self) -> None:
        for leg in self.legs if self.ids else ():
            if leg is not None and leg.is_waiting:
                assert decide.resume(leg) is decide.Resume.NOTHING


TestGroup = Group.TestCase
TestGroup.settings = settings(max_examples=80, stateful_step_count=20, deadline=None)


def test_an_exit_that_a_crash_left_approved_is_sent_and_never_failed() -> None:
    group = GroupLeg(group_id="g", kind=GroupKind.OTO, number=1, count=2)
    orders = Orders()
    request = msgspec.structs.replace(an_order(), group=group)
    orders.apply(decide.received(request, NOW_NS))
    leg = orders.get(request.order_id)
    assert leg is not None
    orders.apply(decide.approved(leg, Money(0), NOW_NS))
    leg = orders.get(request.order_id)
    assert leg is not None

    assert decide.resume(leg) is decide.Resume.SEND


def test_a_total_that_was_asked_for_and_waits_is_not_asked_for_again() -> None:
    group = GroupLeg(group_id="g", kind=GroupKind.OCO, number=0, count=1)
    orders = Orders()
    request = an_order(order_qty=Qty(QTY), group=group)
    orders.apply(decide.received(request, NOW_NS))

    def leg() -> Order:
        order = orders.get(request.order_id)
        assert order is not None
        return order

    orders.apply(decide.approved(leg(), Money(0), NOW_NS, venue="PRISM"))
    for total, is_due in ((QTY - 1, True), (QTY, False)):
        change = Change(order_qty=Qty(total))
        waits = msgspec.structs.replace(
            leg(),
            change=decide.replace_requested(
                leg(), change, reserved=Money(0), asked_by="group", ts_ns=NOW_NS
            ),
        )
        assert bool(list(what_is_due([waits], NOW_NS))) is is_due
