"""Busts, corrections and changes by the venue: booked, and told as what they are."""

import msgspec
import pytest
from tests.factories import NOW_NS, a_fill, a_report, an_order, an_unknown, px, qty

from trade2026.core.ids import ExecId
from trade2026.core.numbers import Money, Qty, SignedQty
from trade2026.domain.oms import decide
from trade2026.domain.oms.bust import booked_terms
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.reducing import beyond_position
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import FillTerms, OrderReported, UnknownReported, moves_of
from trade2026.model.order import OrdStatus, Side
from trade2026.model.risk import TradingMode
from trade2026.model.surprise import mode_after


class Life:
    """An order of 10 that was sent, and what was booked of it."""

    def __init__(self) -> None:
        order = apply(None, decide.received(an_order(order_qty=qty("10")), NOW_NS))
        self.order: Order = apply(order, decide.approved(order, Money(0), NOW_NS, venue="PRISM"))
        self.booked: list[ExecutionReport] = []
        self.surprise = ""

    def hear(self, report: ExecutionReport) -> None:
        event = decide.judge_report(self.order, report, ts_ns=NOW_NS, fills=self.booked)
        assert isinstance(event, OrderReported)
        self.surprise = event.surprise
        if moves_of(event):
            self.booked.append(report)
        self.order = apply(self.order, event)

    def fill(self, amount: str, exec_id: str) -> None:
        cum = Qty(self.order.cum_qty + qty(amount))
        self.hear(
            a_fill(
                self.order.request,
                last_qty=qty(amount),
                cum_qty=cum,
                exec_id=ExecId(exec_id),
                fee=Money(7),
            )
        )

    def bust(self, ref: str, cum: str, exec_id: str = "bust") -> None:
        self.hear(
            a_report(
                self.order.request,
                exec_type=ExecType.TRADE_CANCEL,
                exec_id=ExecId(exec_id),
                exec_ref_id=ref,
                cum_qty=qty(cum),
            )
        )

    def correct(self, ref: str, amount: str, cum: str, exec_id: str = "correction") -> None:
        self.hear(
            a_report(
                self.order.request,
                exec_type=ExecType.TRADE_CORRECT,
                exec_id=ExecId(exec_id),
                exec_ref_id=ref,
                last_qty=qty(amount),
                last_px=px("49000"),
                fee=Money(5),
                cum_qty=qty(cum),
            )
        )


def test_a_bust_takes_the_fill_back_to_the_nano() -> None:
    life = Life()
    life.fill("4", "f1")
    before = life.order
    life.fill("3", "f2")

    life.bust("f2", "4")

    assert life.surprise.startswith("FILL_UNDONE: ")
    assert mode_after(life.surprise) is TradingMode.NORMAL
    after = life.order
    sums = (after.cum_qty, after.cum_value, after.fees, after.leaves_qty, after.status)
    assert sums == (
        before.cum_qty,
        before.cum_value,
        before.fees,
        before.leaves_qty,
        OrdStatus.PARTIALLY_FILLED,
    )


def test_a_bust_of_all_that_was_filled_leaves_the_order_working() -> None:
    life = Life()
    life.fill("4", "f1")

    life.bust("f1", "0")

    assert (life.order.status, life.order.leaves_qty) == (OrdStatus.SENT, qty("10"))


@pytest.mark.parametrize("amount", ["10", "4"])
def test_what_is_taken_back_of_a_filled_order_does_not_return_to_the_book(amount: str) -> None:
    life = Life()
    if amount == "4":
        life.fill("6", "f0")
    life.fill(amount, "f1")
    assert life.order.status is OrdStatus.FILLED

    life.bust("f1", "6" if amount == "4" else "0")

    assert (life.order.status, life.order.leaves_qty) == (OrdStatus.CANCELLED, 0)


def test_a_correction_is_booked_and_corrected_again_under_either_name() -> None:
    life = Life()
    life.fill("4", "f1")
    life.correct("f1", "5", "5", "c1")
    life.correct("c1", "6", "6", "c2")
    life.correct("f1", "7", "7", "c3")

    assert life.order.cum_qty == qty("7")
    assert life.order.fees == 5
    life.bust("c2", "0", "b1")
    assert life.order.cum_qty == 0
    life.correct("f1", "1", "1", "c4")
    assert life.surprise.startswith("NO_SUCH_FILL")
    assert life.order.cum_qty == 0


def test_a_correction_to_all_or_beyond_fills_the_order() -> None:
    life = Life()
    life.fill("4", "f1")

    life.correct("f1", "12", "12")

    assert life.order.status is OrdStatus.FILLED
    assert "OVER_FILL" in life.surprise
    assert mode_after(life.surprise) is TradingMode.REDUCE_ONLY
    life.correct("f1", "2", "2", "c2")
    assert life.order.status is OrdStatus.CANCELLED


def test_a_bust_of_a_fill_nobody_knows_moves_nothing_and_limits_the_account() -> None:
    life = Life()
    life.fill("4", "f1")

    life.bust("other", "4")

    assert life.order.cum_qty == qty("4")
    assert mode_after(life.surprise) is TradingMode.REDUCE_ONLY


def test_a_bust_whose_sum_is_another_is_told() -> None:
    life = Life()
    life.fill("4", "f1")

    life.bust("f1", "1")

    assert "CUM_QTY" in life.surprise


def test_nothing_is_known_of_a_trade_that_was_never_told() -> None:
    assert booked_terms([], "f1") is None


def test_a_bust_on_an_unknown_order_moves_what_was_booked() -> None:
    fill = a_fill(last_qty=qty("2"), exec_id=ExecId("f1"), fee=Money(3))
    fill = msgspec.structs.replace(fill, fee_asset="BNB")
    report = a_report(exec_type=ExecType.TRADE_CANCEL, exec_id=ExecId("b1"), exec_ref_id="f1")

    event = decide.judge_report(None, report, ts_ns=NOW_NS, fills=[fill])

    assert isinstance(event, UnknownReported)
    assert moves_of(an_unknown(fill))[0].qty == qty("2")
    assert event.was == FillTerms(
        last_qty=qty("2"),
        last_px=px("50000"),
        fee=Money(3),
        fee_asset="BNB",
        exec_id=ExecId("f1"),
    )
    (undone,) = moves_of(event)
    assert (undone.fee, undone.fee_asset) == (Money(-3), "BNB")


def test_a_change_that_nobody_asked_for_is_booked_and_told() -> None:
    life = Life()
    life.fill("4", "f1")

    life.hear(
        a_report(
            life.order.request,
            exec_type=ExecType.REPLACED,
            exec_id=ExecId("r1"),
            order_qty=qty("6"),
            price=px("49000"),
            cum_qty=qty("4"),
        )
    )

    assert life.surprise.startswith("CHANGED_UNASKED")
    assert (life.order.request.price, life.order.leaves_qty) == (px("49000"), qty("2"))
    assert life.order.asked.order_qty == qty("10")
    life.hear(
        a_report(
            life.order.request,
            exec_type=ExecType.REPLACED,
            exec_id=ExecId("r2"),
            order_qty=qty("4"),
            cum_qty=qty("4"),
        )
    )
    assert life.order.status is OrdStatus.FILLED


def test_a_refused_change_leaves_the_order_and_its_doubt_as_they_were() -> None:
    life = Life()

    life.hear(a_report(life.order.request, exec_type=ExecType.REPLACE_REJECTED))

    assert (life.order.status, life.order.venue_ack_ns) == (OrdStatus.SENT, None)


def test_an_order_whose_time_is_over_is_expired_by_the_venues_word() -> None:
    life = Life()
    life.order = apply(
        life.order, decide.cancel_requested(life.order, "oms", NOW_NS, is_expiry=True)
    )

    life.hear(a_report(life.order.request, exec_type=ExecType.CANCELED))

    assert life.order.status is OrdStatus.EXPIRED


@pytest.mark.parametrize(
    ("held", "gone"),
    [("3", []), ("2", ["order-1"]), ("0", ["order-0", "order-1"]), ("-3", ["order-0", "order-1"])],
)
def test_reduce_only_orders_go_when_too_little_is_held(held: str, gone: list[str]) -> None:
    orders = [
        apply(
            None,
            decide.received(
                an_order(
                    order_id=f"order-{number}",
                    side=Side.SELL,
                    order_qty=qty(size),
                    is_reduce_only=True,
                ),
                NOW_NS,
            ),
        )
        for number, size in enumerate(["1", "2"])
    ]
    sign = -1 if held.startswith("-") else 1

    found = beyond_position(SignedQty(sign * qty(held.removeprefix("-"))), orders)

    assert [order.request.order_id for order in found] == gone


def test_a_reduce_only_order_that_is_going_already_is_left_alone() -> None:
    order = apply(None, decide.received(an_order(is_reduce_only=True), NOW_NS))
    order = apply(order, decide.cancel_requested(order, "tess", NOW_NS))

    assert beyond_position(SignedQty(0), [order]) == []


def test_where_nothing_may_be_opened_orders_of_any_kind_go_that_would() -> None:
    orders = [
        apply(
            None,
            decide.received(
                an_order(order_id=f"order-{side}", side=side, order_qty=qty("1")), NOW_NS
            ),
        )
        for side in Side
    ]

    long, short = (beyond_position(SignedQty(held * qty("1")), orders) for held in (1, -1))

    assert [order.request.side for order in long] == [Side.BUY]
    assert [order.request.side for order in short] == [Side.SELL]
    assert beyond_position(SignedQty(0), orders) == orders
