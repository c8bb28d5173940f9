"""What is due of a parent: children within what is left, cancels, and an end for a reason."""

import msgspec
import pytest
from tests.execution import PX, after, begun, due, filled, replaced, sliced
from tests.factories import BTCUSDT, px, qty

from trade2026.core.numbers import Px, Qty
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.due import CHILDREN_MOST, Due, Duty
from trade2026.domain.execution.parent import Child, Parent, apply, with_child
from trade2026.domain.execution.report import report_of
from trade2026.model.algo import AlgoName, AlgoStatus
from trade2026.model.risk import RefusalCode


def duties(found: list[Due]) -> list[Duty]:
    return [one.duty for one in found]


def paused(parent: Parent) -> Parent:
    return apply(parent, step.paused(parent, "tess", parent.seen, after(1)))


def ending(parent: Parent, status: AlgoStatus = AlgoStatus.CANCELLED) -> Parent:
    event = step.ending(parent, status, "why", asked_by="tess", seen=parent.seen, ts_ns=after(1))
    return apply(parent, event)


def refused(parent: Parent, number: int, *codes: RefusalCode) -> Parent:
    child = Child(leaves_qty=Qty(0), is_refused=True, codes=codes, text="no")
    return with_child(parent, number, child)


def an_iceberg(display: str = "0.2") -> Parent:
    return begun(name=AlgoName.ICEBERG, price=PX, display_qty=qty(display))


def test_nothing_is_due_before_the_start_and_a_slice_with_it() -> None:
    parent = begun(start_ns=after(20))

    assert due(parent, 19) == []
    assert duties(due(parent, 20)) == [Duty.SLICE]


def test_the_next_child_waits_for_the_next_slice() -> None:
    parent = filled(sliced(begun(), qty("0.1"), 0), 0)

    assert due(parent, 9) == []
    assert [one.order_qty for one in due(parent, 10)] == [qty("0.1")]


def test_what_a_slice_did_not_trade_is_part_of_the_next() -> None:
    parent = sliced(begun(), qty("0.1"), 0)
    parent = with_child(parent, 0, Child(leaves_qty=Qty(0), cum_qty=qty("0.04")))

    assert due(parent, 9) == []
    assert [one.order_qty for one in due(parent, 10)] == [qty("0.16")]


def test_in_the_last_slice_it_is_tried_again_but_not_at_once() -> None:
    parent = sliced(begun(), qty("0.5"), 55)
    parent = with_child(parent, 0, Child(leaves_qty=Qty(0), cum_qty=qty("0.4")))

    assert due(parent, 55) == []
    assert [one.order_qty for one in due(parent, 56)] == [qty("0.2")]


def test_what_works_is_not_sent_again() -> None:
    parent = sliced(begun(), qty("0.1"), 0)

    assert [one.order_qty for one in due(parent, 10)] == [qty("0.1")]


def test_a_child_is_whole_lots_within_what_a_venue_takes() -> None:
    parent = begun(order_qty=qty("0.00100"), slice_ns=7_000_000_000)
    small = msgspec.structs.replace(BTCUSDT, max_qty=qty("0.00010"))

    assert [one.order_qty for one in due(parent, 0)] == [qty("0.00011")]
    assert [one.order_qty for one in due(parent, 30, instrument=small)] == [qty("0.0001")]


def test_a_child_that_is_worth_too_little_waits_for_more() -> None:
    # 0.0006 in six slices: each is worth 5, which is just enough at 50,000 and not below.
    parent = begun(order_qty=qty("0.0006"))

    assert [one.order_qty for one in due(parent, 0)] == [qty("0.0001")]
    assert due(parent, 0, mid=px("49999")) == []
    assert [one.order_qty for one in due(parent, 10, mid=px("49999"))] == [qty("0.0002")]
    assert duties(due(parent, 0, mid=Px(0))) == [Duty.SLICE]


def test_a_remainder_too_small_to_trade_goes_with_the_child_before_it() -> None:
    parent = begun(order_qty=qty("0.00065"))
    parent = filled(sliced(parent, qty("0.0005"), 45), 0)

    assert [one.order_qty for one in due(parent, 50)] == [qty("0.00015")]
    parent = begun(order_qty=qty("0.00025"), end_ns=after(20))
    assert [one.order_qty for one in due(parent, 0)] == [qty("0.00012")]
    parent = begun(order_qty=qty("0.00018"), end_ns=after(20), slice_ns=5_000_000_000)
    assert [one.order_qty for one in due(parent, 10)] == [qty("0.00018")]


def test_a_remainder_that_cannot_be_traded_at_all_is_left() -> None:
    parent = filled(sliced(begun(), qty("0.59995"), 0), 0)

    assert due(parent, 59) == []
    assert [one.status for one in due(parent, 60)] == [AlgoStatus.EXPIRED]


def test_an_iceberg_sends_the_next_part_when_the_last_is_gone() -> None:
    parent = sliced(an_iceberg(), qty("0.2"), 0)

    assert due(parent, 5) == []
    parent = filled(parent, 0)
    assert due(parent, 0) == []
    assert [one.order_qty for one in due(parent, 1)] == [qty("0.2")]


def test_what_rests_at_another_price_is_cancelled_first() -> None:
    parent = sliced(an_iceberg(), qty("0.2"), 0)
    request = msgspec.structs.replace(parent.request, price=px("50001"))
    parent = apply(parent, step.replaced(parent, request, "tess", parent.seen, after(2)))

    assert due(parent, 3) == [Due(duty=Duty.CANCEL, number=0)]
    parent = with_child(parent, 0, replaced(parent.children[0], is_cancel_asked=True))
    assert due(parent, 4) == []
    parent = with_child(parent, 0, replaced(parent.children[0], leaves_qty=Qty(0)))
    assert [one.order_qty for one in due(parent, 4)] == [qty("0.2")]


def test_late_fills_take_the_newest_children_off() -> None:
    parent = sliced(begun(), qty("0.3"), 0)
    parent = sliced(parent, qty("0.1"), 10)
    parent = sliced(parent, qty("0.2"), 20)
    parent = with_child(parent, 0, Child(leaves_qty=Qty(0), cum_qty=qty("0.35"), is_sent=True))

    assert parent.left_qty == -qty("0.05")
    assert due(parent, 30) == [Due(duty=Duty.CANCEL, number=2)]


def test_a_child_on_its_way_is_not_cancelled_before_it_is_an_order() -> None:
    parent = begun()
    parent = apply(parent, step.sliced(parent, qty("0.1"), parent.seen, after(0)))

    assert due(ending(parent), 2) == []


def test_a_pause_cancels_what_works_and_sends_nothing() -> None:
    parent = sliced(filled(sliced(begun(), qty("0.1"), 0), 0), qty("0.1"), 10)

    assert due(paused(parent), 30) == [Due(duty=Duty.CANCEL, number=1)]
    assert due(paused(begun()), 30) == []
    assert duties(due(paused(begun()), 60)) == [Duty.STOP]


def test_a_parent_that_ends_waits_until_nothing_works() -> None:
    parent = ending(sliced(begun(), qty("0.1"), 0))

    assert due(parent, 2) == [Due(duty=Duty.CANCEL, number=0)]
    parent = filled(parent, 0)
    assert duties(due(parent, 2)) == [Duty.END]


def test_a_fill_after_the_end_changes_the_report() -> None:
    parent = ending(begun())
    report = report_of(parent, BY_NAME[AlgoName.TWAP], parent.seen, after(2))
    parent = apply(parent, step.ended(parent, report, after(2)))

    assert due(parent, 3) == []
    parent = msgspec.structs.replace(
        parent, children=(Child(leaves_qty=Qty(0), cum_qty=qty("0.1")),)
    )
    assert duties(due(parent, 3)) == [Duty.END]


def test_it_ends_when_all_has_traded() -> None:
    parent = filled(sliced(begun(), qty("0.6"), 0), 0)

    assert [one.status for one in due(parent, 1)] == [AlgoStatus.COMPLETED]


@pytest.mark.parametrize(
    "code", [RefusalCode.HALTED, RefusalCode.REDUCE_ONLY, RefusalCode.SYMBOL_BLOCKED]
)
def test_one_refusal_because_trading_was_stopped_ends_it(code: RefusalCode) -> None:
    parent = refused(sliced(begun(), qty("0.1"), 0), 0, code)

    assert due(parent, 10) == [Due(duty=Duty.STOP, status=AlgoStatus.STOPPED, text="no")]


def test_five_other_refusals_in_a_row_end_it() -> None:
    parent = filled(sliced(begun(), qty("0.01"), 0), 0)
    for number in range(1, 6):
        assert duties(due(parent, 10)) == [Duty.SLICE]
        parent = refused(sliced(parent, qty("0.01"), 0), number, RefusalCode.ORDER_RATE)

    assert [one.status for one in due(parent, 10)] == [AlgoStatus.STOPPED]
    parent = with_child(parent, 3, Child(leaves_qty=Qty(0), cum_qty=qty("0.01")))
    assert duties(due(parent, 10)) == [Duty.SLICE]


def test_it_is_not_cut_into_children_without_end() -> None:
    done = Child(leaves_qty=Qty(0))
    parent = msgspec.structs.replace(begun(), children=(done,) * (CHILDREN_MOST - 1))

    assert duties(due(parent, 10)) == [Duty.SLICE]
    last = Child(leaves_qty=qty("0.1"), is_sent=True)
    parent = msgspec.structs.replace(parent, children=(*parent.children, last))
    assert due(parent, 20) == []
    parent = filled(parent, CHILDREN_MOST - 1)
    assert [one.status for one in due(parent, 20)] == [AlgoStatus.STOPPED]
