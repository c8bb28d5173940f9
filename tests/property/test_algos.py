"""Whatever fills, rejects, cancels and crashes come, children add up to their parent.

A parent is worked in front of a venue that does anything at any time: fills in parts, refuses,
ends orders by itself, cancels late, and fills what it said was cancelled. At every step what has
traded, what works and what is left add up to the parent; no child is sent beyond what is left
or after the end was ordered; and what is traded too much is never more than what came late.
"""

from collections.abc import Sequence

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.algos import an_algo
from tests.factories import BTCUSDT, NOW_NS, px

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import Px, Qty, Value
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.asking import Terms, as_changed, check_request
from trade2026.domain.execution.curve import learn
from trade2026.domain.execution.due import Due, Duty, what_is_due
from trade2026.domain.execution.parent import Child, Parent, apply, with_child
from trade2026.domain.execution.report import report_of
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import AlgoEvent, AlgoName, AlgoStatus, Seen
from trade2026.model.risk import RefusalCode

LOT = BTCUSDT.lot_size
PX = px("50000")
LOTS = st.integers(1, 40_000)


class Working(RuleBasedStateMachine):
    """One parent, and the orders that its children are."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[AlgoEvent] = []
        self.orders: dict[int, Child] = {}
        """What the log of orders says of each child that is in it."""
        self.late_qty = 0
        self.most_qty = 0
        """The largest quantity that was ever asked for."""
        self.sent_when_over: list[int] = []
        self.now_ns = NOW_NS
        self.volume = 0

    @initialize(name=st.sampled_from(AlgoName), lots=st.integers(1_000, 200_000))
    def begin(self, name: AlgoName, lots: int) -> None:
        self.most_qty = total = lots * LOT
        request = an_algo(
            name=name,
            order_qty=Qty(total),
            price=PX if name is AlgoName.ICEBERG else None,
            display_qty=Qty(max(LOT * 200, total // 5 // LOT * LOT)),
            rate_bps=2_000,
            urgency=3_000_000_000,
        )
        check_request(request, BTCUSDT, NOW_NS)
        curve = learn({}, request.start_ns, request.end_ns) if name is AlgoName.VWAP else None
        self.parent = apply(None, step.started(request, Seen(mid_px=PX), curve, NOW_NS))
        self.log.append(step.started(request, Seen(mid_px=PX), curve, NOW_NS))
        self.look()

    @rule(seconds=st.sampled_from([0, 1, 3, 10, 25, 70]), lots=LOTS)
    def wait(self, seconds: int, lots: int) -> None:
        self.now_ns = TimeNs(self.now_ns + seconds * NS_PER_S)
        self.volume += lots * LOT
        self.look()

    @rule()
    def look(self) -> None:
        self.see()
        for due in list(self.due()):
            self.do(due)

    @rule(asked=st.sampled_from(["pause", "resume", "cancel", "halt"]))
    def steer(self, asked: str) -> None:
        self.see()
        parent, seen = self.parent, self.seen()
        is_open = parent.status in {AlgoStatus.RUNNING, AlgoStatus.PAUSED}
        if asked == "pause" and parent.status is AlgoStatus.RUNNING:
            self.write(step.paused(parent, "tess", seen, self.now_ns))
        elif asked == "resume" and parent.status is AlgoStatus.PAUSED:
            self.write(step.resumed(parent, "tess", seen, self.now_ns))
        elif asked in {"cancel", "halt"} and is_open:
            ends_as = AlgoStatus.CANCELLED if asked == "cancel" else AlgoStatus.STOPPED
            event = step.ending(
                parent, ends_as, asked, asked_by="tess", seen=seen, ts_ns=self.now_ns
            )
            self.write(event)

    @rule(lots=LOTS, px_lots=st.integers(0, 500), seconds=st.integers(1, 200))
    def replace(self, lots: int, px_lots: int, seconds: int) -> None:
        self.see()
        is_limited = self.parent.request.price is not None
        terms = Terms(
            order_qty=Qty(lots * LOT),
            price=Px(PX + px_lots * BTCUSDT.tick_size) if is_limited else None,
            end_ns=TimeNs(self.now_ns + seconds * NS_PER_S),
        )
        try:
            request = as_changed(self.parent, terms)
            check_request(request, BTCUSDT, self.now_ns)
        except (InvalidInputError, RefusedError):
            return
        self.most_qty = max(self.most_qty, request.order_qty)
        self.write(step.replaced(self.parent, request, "tess", self.seen(), self.now_ns))

    @precondition(lambda self: self.open())
    @rule(data=st.data(), part=st.integers(1, 4))
    def fill(self, data: st.DataObject, part: int) -> None:
        number = data.draw(st.sampled_from(self.open()))
        order = self.orders[number]
        self.trade(number, max(1, order.leaves_qty * part // 4))

    @precondition(lambda self: self.open())
    @rule(
        data=st.data(),
        code=st.sampled_from([None, RefusalCode.ORDER_RATE, RefusalCode.HALTED]),
        is_refused=st.booleans(),
    )
    def end(self, data: st.DataObject, code: RefusalCode | None, is_refused: bool) -> None:
        number = data.draw(st.sampled_from(self.open()))
        order = self.orders[number]
        self.orders[number] = msgspec.structs.replace(
            order,
            leaves_qty=Qty(0),
            is_refused=is_refused and not order.cum_qty,
            codes=() if code is None or order.cum_qty else (code,),
        )

    @precondition(lambda self: self.ended())
    @rule(data=st.data(), lots=st.integers(1, 50))
    def fill_late(self, data: st.DataObject, lots: int) -> None:
        number = data.draw(st.sampled_from(self.ended()))
        self.late_qty += lots * LOT
        order = self.orders[number]
        self.orders[number] = msgspec.structs.replace(
            order,
            cum_qty=Qty(order.cum_qty + lots * LOT),
            cum_value=Value(order.cum_value + PX * lots * LOT),
            is_refused=False,
        )

    @rule()
    def restart(self) -> None:
        parent: Parent | None = None
        for event in self.log:
            parent = apply(parent, event)
        assert parent is not None
        for number in range(len(parent.children)):
            parent = with_child(parent, number, self.orders[number])
        self.see()
        assert parent == self.parent

    @invariant()
    def everything_adds_up(self) -> None:
        if not self.log:
            return
        self.see()
        parent = self.parent
        assert parent.filled_qty + parent.working_qty + parent.left_qty == (
            parent.request.order_qty
        )
        assert parent.filled_qty == sum(child.cum_qty for child in self.orders.values())
        assert self.sent_when_over == []
        shown = parent.report
        if shown is not None:
            assert shown.filled_qty + shown.left_qty == parent.request.order_qty

    @invariant()
    def no_more_is_sent_than_is_left(self) -> None:
        if not self.log:
            return
        assert self.parent.committed_qty <= self.most_qty + self.late_qty

    def see(self) -> None:
        for number, child in self.orders.items():
            self.parent = with_child(self.parent, number, child)

    def seen(self) -> Seen:
        return Seen(mid_px=PX, volume_qty=Qty(self.volume))

    def due(self) -> Sequence[Due]:
        moment = Moment(now_ns=self.now_ns, volume_qty=Qty(self.volume))
        algorithm = BY_NAME[self.parent.request.name]
        return list(what_is_due(self.parent, algorithm, moment, BTCUSDT, PX))

    def do(self, due: Due) -> None:
        match due.duty:
            case Duty.SLICE:
                if self.parent.status is not AlgoStatus.RUNNING:
                    self.sent_when_over.append(len(self.orders))
                number = len(self.parent.children)
                assert due.order_qty % LOT == 0
                self.write(step.sliced(self.parent, due.order_qty, self.seen(), self.now_ns))
                self.orders[number] = msgspec.structs.replace(
                    self.parent.children[number], is_sent=True
                )
            case Duty.CANCEL:
                # Asked; the venue ends it when it likes.
                order = self.orders[due.number]
                assert not order.is_cancel_asked
                self.orders[due.number] = msgspec.structs.replace(order, is_cancel_asked=True)
            case Duty.STOP:
                event = step.ending(
                    self.parent,
                    due.status,
                    due.text,
                    asked_by="tess",
                    seen=self.seen(),
                    ts_ns=self.now_ns,
                )
                self.write(event)
            case Duty.END:
                algorithm = BY_NAME[self.parent.request.name]
                report = report_of(self.parent, algorithm, self.seen(), self.now_ns)
                self.write(step.ended(self.parent, report, self.now_ns))
        self.see()

    def write(self, event: AlgoEvent) -> None:
        self.log.append(event)
        self.parent = apply(self.parent, event)
        assert apply(self.parent, event) is self.parent

    def trade(self, number: int, lots: int) -> None:
        order = self.orders[number]
        self.orders[number] = msgspec.structs.replace(
            order,
            leaves_qty=Qty(order.leaves_qty - lots),
            cum_qty=Qty(order.cum_qty + lots),
            cum_value=Value(order.cum_value + PX * lots),
        )

    def open(self) -> list[int]:
        return [n for n, order in self.orders.items() if order.leaves_qty]

    def ended(self) -> list[int]:
        return [n for n, order in self.orders.items() if not order.leaves_qty]


TestWorking = Working.TestCase
