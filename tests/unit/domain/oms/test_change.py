"""What can be changed of an order, when, and what its journal makes of a change."""

import pytest
from tests.factories import NOW_NS, a_fill, a_report, an_order, px, qty

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import ExecId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change, change_problem, check_fields, is_made
from trade2026.domain.oms.decide import Resume
from trade2026.domain.oms.order import Order, apply
from trade2026.model.execution import ExecType, ExecutionReport, VenueAck
from trade2026.model.journal import OrderEvent, OrderReported
from trade2026.model.order import OrdStatus, OrdType

LARGER = Change(order_qty=qty("12"))


class Life:
    """An order of 10 that works at its venue."""

    def __init__(self, **changes: object) -> None:
        self.request = an_order(order_qty=qty("10"), **changes)
        self.order = apply(None, decide.received(self.request, NOW_NS))
        self.step(decide.approved(self.order, Money(0), NOW_NS))
        self.surprise = ""

    def sent(self) -> "Life":
        self.step(decide.sent(self.order, "PRISM", NOW_NS))
        return self

    def step(self, event: OrderEvent) -> None:
        self.order = apply(self.order, event)

    def ask(self, change: Change = LARGER) -> "Life":
        self.step(
            decide.replace_requested(
                self.order, change, reserved=Money(0), asked_by="tess", ts_ns=NOW_NS
            )
        )
        return self

    def hear(self, report: ExecutionReport) -> "Life":
        event = decide.judge_report(self.order, report, ts_ns=NOW_NS)
        assert isinstance(event, OrderReported)
        self.surprise = event.surprise
        self.step(event)
        return self

    def word(self, exec_type: ExecType, exec_id: str = "w", **fields: object) -> "Life":
        change = self.order.change
        report = a_report(
            self.request,
            exec_id=ExecId(exec_id),
            exec_type=exec_type,
            cum_qty=self.order.cum_qty,
            replace_id=change.replace_id if change else "",
            **fields,
        )
        return self.hear(report)

    def fill(self, amount: str, exec_id: str = "f") -> "Life":
        cum = Qty(qty(amount) + self.order.cum_qty)
        return self.hear(
            a_fill(self.request, exec_id=ExecId(exec_id), last_qty=qty(amount), cum_qty=cum)
        )


def test_a_change_waits_for_the_venues_word_and_then_holds() -> None:
    life = Life().sent().ask()
    assert (life.order.status, life.order.leaves_qty) == (OrdStatus.PENDING_REPLACE, qty("10"))

    life.word(ExecType.REPLACED, order_qty=qty("12"), price=px("50000"))

    assert (life.order.status, life.surprise) == (OrdStatus.SENT, "")
    assert (life.order.request.order_qty, life.order.leaves_qty) == (qty("12"), qty("12"))
    assert life.order.change is None
    assert life.order.asked.order_qty == qty("10")


def test_a_refused_change_leaves_the_order_as_it_was() -> None:
    life = Life().sent().fill("4").ask()

    life.word(ExecType.REPLACE_REJECTED)

    assert life.order.status is OrdStatus.PARTIALLY_FILLED
    assert life.order.request.order_qty == qty("10")
    assert life.order.change is None


def test_a_fill_while_a_change_waits_is_booked_and_the_change_waits_on() -> None:
    life = Life().sent().ask().fill("4")
    assert (life.order.status, life.order.leaves_qty) == (OrdStatus.PENDING_REPLACE, qty("6"))

    life.word(ExecType.REPLACED, order_qty=qty("12"))

    assert life.order.status is OrdStatus.PARTIALLY_FILLED
    assert life.order.leaves_qty == qty("8")


def test_an_order_that_fills_whole_while_a_change_waits_is_filled() -> None:
    life = Life().sent().ask().fill("10")
    assert life.order.status is OrdStatus.FILLED
    assert decide.resume(life.order) is Resume.NOTHING

    life.word(ExecType.REPLACE_REJECTED)

    assert (life.order.status, life.order.change) == (OrdStatus.FILLED, None)


def test_a_cancel_while_a_change_waits_ends_the_order() -> None:
    life = Life().sent().ask()
    life.step(decide.cancel_requested(life.order, "tess", NOW_NS))
    assert decide.resume(life.order) is Resume.ASK_VENUE

    life.word(ExecType.REPLACED, "w1", order_qty=qty("12"))
    assert life.order.status is OrdStatus.PENDING_CANCEL
    life.word(ExecType.CANCELED, "w2")

    assert (life.order.status, life.order.leaves_qty) == (OrdStatus.CANCELLED, 0)


def test_a_refused_cancel_leaves_the_change_waiting() -> None:
    life = Life().sent().word(ExecType.NEW, "n").ask()
    life.step(decide.cancel_requested(life.order, "tess", NOW_NS))
    refused = a_report(
        life.request, exec_id=ExecId("no"), exec_type=ExecType.CANCEL_REJECTED, replace_id=""
    )

    life.hear(refused)

    assert life.order.status is OrdStatus.PENDING_REPLACE
    assert decide.resume(life.order) is Resume.REPLACE_AGAIN


def test_a_venue_that_will_not_take_the_change_in_has_refused_it() -> None:
    life = Life().sent().ask()
    ack = VenueAck(order_id=life.request.order_id, is_accepted=False, text="UNKNOWN_ORDER")

    life.hear(decide.replace_refusal_report(life.order, ack, NOW_NS))

    assert (life.order.status, life.order.change) == (OrdStatus.SENT, None)
    assert life.order.text == "UNKNOWN_ORDER"
    assert life.order.venue_ack_ns is None


def test_a_change_that_was_answered_already_is_a_surprise_when_told_anew() -> None:
    life = Life().sent().ask().word(ExecType.REPLACED, order_qty=qty("12"))

    life.word(ExecType.REPLACED, "again", order_qty=qty("11"))

    assert life.surprise.startswith("CHANGED_UNASKED")


def test_a_stop_that_rests_with_us_is_another_at_once() -> None:
    life = Life(ord_type=OrdType.STOP, price=None, stop_px=px("51000"))

    life.step(
        decide.order_changed(
            life.order,
            Change(stop_px=px("52000"), key="k"),
            reserved=Money(5),
            asked_by="tess",
            ts_ns=NOW_NS,
        )
    )

    assert life.order.is_resting
    assert life.order.request.stop_px == px("52000")
    assert is_made(life.order, Change(stop_px=px("52000"), key="k"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Change(), ""),
        (Change(key="k"), ""),
        (Change(stop_px=px("1")), "stop_price"),
    ],
)
def test_what_a_limit_order_does_not_have_cannot_be_changed(change: Change, field: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        check_fields(an_order(), change)

    assert error.value.field == field


def test_a_stop_without_a_limit_gets_none() -> None:
    stop = an_order(ord_type=OrdType.STOP, price=None, stop_px=px("51000"))

    check_fields(stop, Change(stop_px=px("52000"), order_qty=qty("1")))
    with pytest.raises(InvalidInputError, match="price"):
        check_fields(stop, Change(price=px("1")))


def done() -> Order:
    return Life().sent().fill("10").order


def being_cancelled() -> Order:
    life = Life().sent()
    life.step(decide.cancel_requested(life.order, "tess", NOW_NS))
    return life.order


@pytest.mark.parametrize(
    ("order", "change", "problem"),
    [
        (done(), LARGER, "nothing is left"),
        (being_cancelled(), LARGER, "a cancel"),
        (Life().sent().ask().order, Change(order_qty=qty("13")), "another change"),
        (Life().order, LARGER, "not with its venue"),
        (Life().sent().order, Change(stop_px=px("1")), "its stop was reached"),
        (Life().sent().fill("4").order, Change(order_qty=qty("4")), "4 has traded already"),
        (Life().sent().fill("4").order, Change(order_qty=qty("4.1")), ""),
        (Life().sent().order, LARGER, ""),
    ],
)
def test_what_cannot_be_changed_now_says_why(order: Order, change: Change, problem: str) -> None:
    text = change_problem(order, change)

    assert problem in text
    assert bool(text) == bool(problem)


def test_the_same_change_again_is_made_already() -> None:
    life = Life().sent()
    assert not is_made(life.order, LARGER)
    assert is_made(life.order, Change(order_qty=qty("10")))

    life.ask()
    assert is_made(life.order, LARGER)
    assert not is_made(life.order, Change(order_qty=qty("10")))


def test_a_key_names_one_change_for_good() -> None:
    keyed = Change(order_qty=qty("12"), key="k")
    life = Life().sent().ask(keyed).word(ExecType.REPLACED, "w1", order_qty=qty("12"))
    life.ask(Change(order_qty=qty("11"), key="k2")).word(
        ExecType.REPLACED, "w2", order_qty=qty("11")
    )

    assert is_made(life.order, keyed)
    with pytest.raises(RefusedError, match="another change"):
        is_made(life.order, Change(order_qty=qty("9"), key="k"))
    assert not is_made(life.order, Change(order_qty=qty("9"), key="k3"))
