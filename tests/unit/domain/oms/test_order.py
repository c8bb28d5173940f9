"""An order's life: every step, and every surprise a venue can spring."""

from itertools import product

import msgspec
import pytest
from tests.factories import NOW_NS, a_fill, a_report, an_order, money, px, qty

from trade2026.core.clock import TimeNs
from trade2026.core.errors import IllegalTransitionError
from trade2026.core.ids import ExecId, OrderId
from trade2026.core.numbers import Money, Qty, value_of
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.transition import TRANSITIONS, Trigger, status_after
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import OrderReported
from trade2026.model.order import DONE, OPEN, OrdStatus
from trade2026.model.risk import Refusal, RefusalCode

OUR_STEPS = {
    Trigger.APPROVE,
    Trigger.REFUSE,
    Trigger.SEND,
    Trigger.FAIL,
    Trigger.ASK_CANCEL,
    Trigger.ASK_REPLACE,
    Trigger.AMEND,
    Trigger.FIRE,
    Trigger.TRAIL,
    Trigger.WITHDRAW,
    Trigger.LAPSE,
}
LATER_NS = TimeNs(NOW_NS + 1)


def received() -> Order:
    return apply(None, decide.received(an_order(order_qty=qty("10")), NOW_NS))


def accepted() -> Order:
    order = received()
    return apply(order, decide.approved(order, money("5"), NOW_NS))


def sent() -> Order:
    order = accepted()
    return apply(order, decide.sent(order, "PRISM", NOW_NS))


def test_one_event_approves_and_sends_as_two_do() -> None:
    order = received()
    at_once = apply(order, decide.approved(order, money("5"), LATER_NS, venue="OTHER"))
    by_two = apply(order, decide.approved(order, money("5"), NOW_NS))
    by_two = apply(by_two, decide.sent(by_two, "OTHER", LATER_NS))

    assert (at_once.status, at_once.venue, at_once.sent_ns) == (OrdStatus.SENT, "OTHER", LATER_NS)
    assert msgspec.structs.replace(at_once, order_seq=3) == by_two


def test_what_is_sent_already_is_not_approved_and_sent_again() -> None:
    order = sent()

    with pytest.raises(IllegalTransitionError):
        apply(order, decide.approved(order, money("5"), NOW_NS, venue="PRISM"))


def reported(order: Order, report: ExecutionReport, ts_ns: TimeNs = NOW_NS) -> Order:
    event = decide.judge_report(order, report, ts_ns=ts_ns)
    assert isinstance(event, OrderReported)
    return apply(order, event)


def filled(order: Order, amount: str, exec_id: str = "fill-1") -> Order:
    last_qty = qty(amount)
    return reported(
        order,
        a_fill(
            order.request,
            exec_id=ExecId(exec_id),
            last_qty=last_qty,
            cum_qty=Qty(order.cum_qty + last_qty),
            fee=Money(7),
        ),
    )


def said(order: Order, exec_type: ExecType, exec_id: str = "word-1", **changes: object) -> Order:
    report = a_report(
        order.request,
        exec_id=ExecId(exec_id),
        exec_type=exec_type,
        cum_qty=order.cum_qty,
        **changes,
    )
    return reported(order, report, LATER_NS)


def cancelling(order: Order) -> Order:
    return apply(order, decide.cancel_requested(order, "tess", NOW_NS))


def test_an_order_that_is_received_is_new_and_leaves_its_whole_quantity() -> None:
    order = received()

    assert order.status is OrdStatus.NEW
    assert (order.cum_qty, order.leaves_qty) == (0, qty("10"))
    assert (order.created_ns, order.updated_ns, order.order_seq) == (NOW_NS, NOW_NS, 1)


def test_an_order_that_is_approved_and_sent_is_in_doubt_until_the_venue_speaks() -> None:
    order = sent()

    assert order.status is OrdStatus.SENT
    assert order.sent_ns == NOW_NS
    assert order.venue_ack_ns is None


def test_a_refusal_by_risk_keeps_its_reasons_and_leaves_nothing() -> None:
    order = received()
    refusals = (Refusal(code=RefusalCode.HALTED, text="halted"),)

    order = apply(order, decide.refused(order, refusals, NOW_NS))

    assert order.status is OrdStatus.RISK_REJECTED
    assert order.refusals == refusals
    assert order.leaves_qty == 0


def test_an_order_that_failed_says_why() -> None:
    order = accepted()

    order = apply(order, decide.failed(order, "the platform stopped", NOW_NS))

    assert (order.status, order.text) == (OrdStatus.FAILED, "the platform stopped")


def test_fills_add_up_in_quantity_value_and_fees() -> None:
    order = filled(sent(), "4", "fill-1")

    assert order.status is OrdStatus.PARTIALLY_FILLED
    assert (order.cum_qty, order.leaves_qty) == (qty("4"), qty("6"))

    order = filled(order, "6", "fill-2")

    assert order.status is OrdStatus.FILLED
    assert (order.cum_qty, order.leaves_qty) == (qty("10"), 0)
    assert order.cum_value == value_of(px("50000"), qty("10"))
    assert order.fees == 14


def test_the_acknowledgement_is_timed_and_keeps_the_venues_own_id() -> None:
    order = said(sent(), ExecType.NEW)

    assert order.status is OrdStatus.SENT
    assert order.venue_ack_ns == LATER_NS
    assert order.venue_order_id == "venue-1"


def test_a_later_report_does_not_move_the_acknowledgement() -> None:
    order = filled(sent(), "1")

    order = said(order, ExecType.NEW)

    assert order.venue_ack_ns == NOW_NS


def test_an_acknowledgement_after_a_fill_keeps_the_order_partially_filled() -> None:
    order = filled(sent(), "1")

    order = said(order, ExecType.NEW)

    assert order.status is OrdStatus.PARTIALLY_FILLED
    assert order.leaves_qty == qty("9")


def test_an_event_applied_twice_changes_nothing() -> None:
    before = received()
    event = decide.approved(before, money("5"), NOW_NS)

    once = apply(before, event)

    assert apply(once, event) is once


def test_a_report_journalled_twice_is_counted_once() -> None:
    order = filled(sent(), "4", "fill-1")
    report = a_fill(order.request, exec_id=ExecId("fill-1"), last_qty=qty("4"))
    # Judged by what the order was before the fill, as a second writer would.
    again = decide.judge_report(sent(), report, ts_ns=NOW_NS)
    assert isinstance(again, OrderReported)
    number = order.order_seq + 1

    after = apply(order, msgspec.structs.replace(again, order_seq=number))

    assert after == msgspec.structs.replace(order, order_seq=number)


def test_a_gap_in_the_events_is_a_broken_invariant() -> None:
    order = received()
    event = msgspec.structs.replace(decide.failed(order, "", NOW_NS), order_seq=3)

    with pytest.raises(AssertionError, match="event 3 follows 1"):
        apply(order, event)


def test_events_of_nothing_of_another_order_or_received_again_are_broken_invariants() -> None:
    order = received()
    other = msgspec.structs.replace(decide.failed(order, "", NOW_NS), order_id=OrderId("other"))
    second = msgspec.structs.replace(decide.received(order.request, NOW_NS), order_seq=2)

    with pytest.raises(AssertionError, match="no order was received"):
        apply(None, decide.failed(order, "", NOW_NS))
    with pytest.raises(AssertionError, match="begins with event 2"):
        apply(None, second)
    with pytest.raises(AssertionError, match="another order's event"):
        apply(order, other)
    with pytest.raises(AssertionError, match="received twice"):
        apply(order, second)


def test_a_cancel_is_pending_until_the_venues_word_whatever_fills() -> None:
    order = cancelling(filled(sent(), "1"))
    assert order.status is OrdStatus.PENDING_CANCEL

    order = filled(order, "2", "fill-2")
    assert order.status is OrdStatus.PENDING_CANCEL
    assert (order.cum_qty, order.leaves_qty) == (qty("3"), qty("7"))

    order = said(order, ExecType.CANCELED, text="by the sender")
    assert order.status is OrdStatus.CANCELLED
    assert (order.cum_qty, order.leaves_qty) == (qty("3"), 0)
    assert order.text == "by the sender"


@pytest.mark.parametrize(
    ("fills", "status"), [("0", OrdStatus.SENT), ("1", OrdStatus.PARTIALLY_FILLED)]
)
def test_a_cancel_that_the_venue_refuses_goes_back(fills: str, status: OrdStatus) -> None:
    order = said(sent(), ExecType.NEW, "new-1")
    order = filled(order, fills) if fills != "0" else order
    order = cancelling(order)
    assert order.is_cancel_requested

    order = said(order, ExecType.CANCEL_REJECTED)

    assert order.status is status
    assert not order.is_cancel_requested


def test_a_refused_cancel_does_not_say_that_the_venue_has_the_order() -> None:
    order = said(cancelling(sent()), ExecType.CANCEL_REJECTED, text="unknown order")

    assert order.venue_ack_ns is None
    assert decide.resume(order) is decide.Resume.ASK_VENUE


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (ExecType.CANCELED, OrdStatus.CANCELLED),
        (ExecType.EXPIRED, OrdStatus.EXPIRED),
        (ExecType.REJECTED, OrdStatus.REJECTED),
    ],
)
def test_a_fill_after_the_end_is_booked(end: ExecType, status: OrdStatus) -> None:
    order = said(sent(), end)
    assert order.status is status

    order = filled(order, "4")
    assert order.status is status
    assert (order.cum_qty, order.leaves_qty) == (qty("4"), 0)

    order = filled(order, "6", "fill-2")
    assert order.status is OrdStatus.FILLED
    assert (order.cum_qty, order.leaves_qty) == (qty("10"), 0)


def test_an_over_fill_is_booked() -> None:
    order = filled(filled(sent(), "9"), "3", "fill-2")

    assert order.status is OrdStatus.FILLED
    assert (order.cum_qty, order.leaves_qty) == (qty("12"), 0)


@pytest.mark.parametrize(
    "late", [ExecType.NEW, ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED]
)
def test_nothing_the_venue_says_afterwards_undoes_a_filled_order(late: ExecType) -> None:
    order = said(filled(sent(), "10"), late)

    assert order.status is OrdStatus.FILLED
    assert (order.cum_qty, order.leaves_qty) == (qty("10"), 0)


def test_a_cancel_asked_for_before_the_sending_stays_asked_for() -> None:
    order = cancelling(received())
    order = apply(order, decide.approved(order, money("5"), NOW_NS))
    assert order.status is OrdStatus.PENDING_CANCEL

    order = apply(order, decide.sent(order, "PRISM", NOW_NS))
    assert order.status is OrdStatus.PENDING_CANCEL


def test_an_order_cannot_be_sent_twice() -> None:
    order = sent()

    with pytest.raises(IllegalTransitionError, match="SEND is illegal for an order that is SENT"):
        apply(order, decide.sent(order, "PRISM", NOW_NS))


@pytest.mark.parametrize(
    ("status", "trigger"), list(product(OrdStatus, [t for t in Trigger if t not in OUR_STEPS]))
)
def test_every_word_of_a_venue_has_an_outcome_in_every_status(
    status: OrdStatus, trigger: Trigger
) -> None:
    assert (status, trigger) in TRANSITIONS


@pytest.mark.parametrize(("status", "trigger"), list(product(sorted(DONE), sorted(OUR_STEPS))))
def test_no_step_of_ours_is_legal_once_an_order_is_done(
    status: OrdStatus, trigger: Trigger
) -> None:
    with pytest.raises(IllegalTransitionError):
        status_after(status, trigger)


def test_an_order_that_is_done_never_opens_again() -> None:
    afters = {after for (status, _), after in TRANSITIONS.items() if status in DONE}

    assert OPEN.isdisjoint(afters)
