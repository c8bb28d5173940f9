"""Every kind of event has words, and an order's trail holds its own hops, in time, and no other."""

from typing import Any, get_args

import msgspec
import pytest
from tests.factories import NOW_NS, a_fill, a_report, an_order, money, px, qty

from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.ids import EventId, ExecId, OrderId
from trade2026.core.numbers import SignedQty, Value
from trade2026.domain.oms.hops import Trail, words_of_step
from trade2026.model.journal import (
    CancelRequested,
    OrderApproved,
    OrderChanged,
    OrderEvent,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
    OrderTriggered,
    OrderWithdrawn,
    ReplaceRequested,
    StopMoved,
)
from trade2026.model.order import OrderCancelRequest, OrderReplaceRequest, OrderStatusRequest
from trade2026.model.position import Position, PositionChanged, PositionKey
from trade2026.model.prism import PrismInput
from trade2026.model.risk import Refusal, RefusalCode

ORDER = an_order(stop_px=px("49000"))
FILL = a_fill(ORDER, last_qty=qty("0.5"), last_px=px("50000"), fee=money("2.5"))


def step(kind: type[OrderEvent], **fields: Any) -> OrderEvent:
    common: dict[str, Any] = {
        "event_id": EventId("e"),
        "account": ORDER.account,
        "order_id": ORDER.order_id,
        "order_seq": 1,
        "ts_ns": NOW_NS,
    }
    return kind(**common, **fields)


CHANGE: dict[str, Any] = {"reserved": money("1"), "asked_by": "tess"}
SAID: list[tuple[OrderEvent, str]] = [
    (
        step(OrderReceived, request=ORDER),
        "received: BUY 1 BTCUSDT LIMIT @ 50000 stop 49000 GTC of default for manual",
    ),
    (step(OrderReceived, request=an_order(price=None)), "received: BUY 1 BTCUSDT LIMIT GTC of "),
    (step(OrderApproved, reserved=money("50025")), "approved, 50025 reserved"),
    (
        step(
            OrderRefused,
            refusals=(
                Refusal(
                    code=RefusalCode.ORDER_QTY_LIMIT,
                    text="too large",
                    asked="2",
                    limit="1",
                    would_pass="1",
                ),
            ),
        ),
        "refused: ORDER_QTY_LIMIT too large",
    ),
    (step(OrderSent, venue="PRISM"), "sends it to PRISM"),
    (step(OrderFailed, text="away"), "it never reached a venue: away"),
    (step(OrderTriggered, trade_px=px("49000")), "triggered by a trade at 49000"),
    (step(StopMoved, stop_px=px("49500")), "the stop follows to 49500"),
    (step(OrderWithdrawn, text="asked"), "withdrawn before it was sent: asked"),
    (step(OrderWithdrawn, is_expiry=True), "expired before it was sent"),
    (step(CancelRequested, asked_by="tess"), "cancels it: asked by tess"),
    (step(CancelRequested, asked_by="oms", is_expiry=True), "cancels it: its time is over"),
    (
        step(OrderChanged, **CHANGE, order_qty=qty("2"), stop_px=px("48000")),
        "changes it to 2 stop 48000, asked by tess",
    ),
    (
        step(ReplaceRequested, **CHANGE, price=px("49999"), replace_id="r"),
        "changes it to @ 49999, asked by tess",
    ),
    (step(OrderReported, report=a_report(ORDER, text="WHY")), "journals: NEW 1 left (WHY)"),
    (
        step(OrderReported, report=FILL, surprise="over-fill"),
        "journals: TRADE 0.5 @ 50000, fee 2.5 USDT, 0.5 left; not expected: over-fill",
    ),
]


@pytest.mark.parametrize(("event", "words"), SAID)
def test_a_step_is_told_in_words(event: OrderEvent, words: str) -> None:
    assert words_of_step(event).startswith(words)


def test_every_kind_of_step_has_words() -> None:
    assert {type(event) for event, _ in SAID} == set(get_args(OrderEvent))


def at(ms: int) -> TimeNs:
    return TimeNs(NOW_NS + ms * NS_PER_MS)


def an_input(**fields: Any) -> PrismInput:
    return PrismInput(input_id=EventId("i"), enters_ns=NOW_NS, **fields)


def a_change(exec_id: str) -> PositionChanged:
    key = PositionKey(ORDER.account, ORDER.strategy, ORDER.venue, ORDER.symbol)
    return PositionChanged(
        position=Position(key=key, quantity=SignedQty(-qty("0.5"))),
        cash=Value(0),
        deposits=Value(0),
        exec_id=ExecId(exec_id),
        journal_seq=1,
        ts_ns=NOW_NS,
    )


def test_one_event_that_approves_and_sends_is_two_hops() -> None:
    trail = Trail(ORDER.order_id)
    trail.journalled(step(OrderApproved, reserved=money("1"), venue="PRISM"), at(1))

    found = [(hop.who, hop.what) for hop in trail.hops()]
    assert found == [("risk", "approved, 1 reserved"), ("oms", "sends it to PRISM")]


def test_a_trail_has_the_orders_hops_in_time_and_no_others() -> None:
    trail = Trail(ORDER.order_id)
    trail.journalled(step(OrderSent, venue="PRISM"), at(2))
    trail.journalled(step(OrderApproved, reserved=money("1")), at(1))
    trail.journalled(step(OrderReceived, request=ORDER), at(0))
    trail.entered(an_input(order=ORDER), at(3))
    trail.reported(FILL, at(4))
    trail.booked(a_change(FILL.exec_id), at(6))
    # Of somebody else.
    other = OrderId("other")
    trail.journalled(msgspec.structs.replace(SAID[4][0], order_id=other), at(1))
    trail.entered(an_input(order=an_order(order_id=other)), at(1))
    trail.entered(an_input(), at(1))
    trail.reported(a_report(order_id=other, exec_id=ExecId("x")), at(1))
    trail.booked(a_change("x"), at(1))
    trail.booked(a_change(""), at(1))

    hops = trail.hops()

    assert [(hop.after_ms, hop.who) for hop in hops] == [
        (0, "oms"), (1, "risk"), (2, "oms"), (3, "PRISM"), (4, "PRISM"), (6, "ptrc")
    ]  # fmt: skip
    assert hops[-1].what == "booked: the position is -0.5 BTCUSDT"
    assert Trail(other).hops() == []


def test_all_that_comes_to_prism_is_told() -> None:
    asked: dict[str, Any] = {
        "order_id": ORDER.order_id,
        "account": ORDER.account,
        "venue": ORDER.venue,
        "symbol": ORDER.symbol,
    }
    replace = OrderReplaceRequest(**asked, replace_id="r", transact_time_ns=NOW_NS)
    cancel = OrderCancelRequest(**asked, transact_time_ns=NOW_NS)
    trail = Trail(ORDER.order_id)

    trail.entered(an_input(order=ORDER), at(0))
    trail.entered(an_input(cancel=cancel), at(1))
    trail.entered(an_input(replace=replace), at(2))
    trail.entered(an_input(disowned=OrderStatusRequest(**asked)), at(3))

    assert [hop.what for hop in trail.hops()] == [
        "has the order in its log",
        "has the cancel in its log",
        "has the change in its log",
        "was asked, and did not know the order",
    ]
