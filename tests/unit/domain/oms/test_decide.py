"""What the order system decides about reports, restarts, cancels and repeated requests."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, a_fill, a_report, an_order, px, qty
from tests.unit.domain.oms.test_order import (
    accepted,
    cancelling,
    filled,
    received,
    reported,
    said,
    sent,
)

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.domain.oms import decide
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.decide import Resume
from trade2026.domain.oms.order import Order, apply
from trade2026.domain.oms.surprise import Surprise
from trade2026.model.execution import ExecType, ExecutionReport, VenueAck
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.journal import OrderFailed, OrderReported, UnknownReported
from trade2026.model.order import NewOrderSingle, OrdStatus, OrdType, Side

REFUSED = VenueAck(order_id=OrderId("order-1"), is_accepted=False, text="no such symbol")


def judged(order: Order | None, report: ExecutionReport) -> OrderReported | UnknownReported | None:
    event = decide.judge_report(order, report, ts_ns=NOW_NS)
    assert event is None or isinstance(event, OrderReported | UnknownReported)
    return event


def surprise_of(order: Order, report: ExecutionReport) -> str:
    event = judged(order, report)
    assert isinstance(event, OrderReported)
    return event.surprise


def test_event_ids_are_made_of_the_order_and_the_number() -> None:
    order = accepted()

    assert decide.received(order.request, NOW_NS).event_id == "order-1-1"
    assert decide.sent(order, "PRISM", NOW_NS).event_id == "order-1-3"


def test_a_report_that_was_applied_is_not_journalled_again() -> None:
    order = said(sent(), ExecType.NEW, "exec-1")

    assert judged(order, a_report(order.request, exec_id=ExecId("exec-1"))) is None


def test_a_report_on_an_unknown_order_is_kept_under_the_venues_id() -> None:
    event = judged(None, a_report())

    assert isinstance(event, UnknownReported)
    assert (event.event_id, event.account) == ("PRISM-exec-1", "default")


def test_a_report_of_another_account_does_not_touch_the_order() -> None:
    event = judged(sent(), a_report(account=AccountId("other")))

    assert isinstance(event, UnknownReported)
    assert event.account == "other"


def test_an_expected_report_has_no_surprise() -> None:
    order = sent()

    assert surprise_of(order, a_report(order.request)) == ""
    assert surprise_of(order, a_fill(order.request, last_qty=qty("3"))) == ""
    # The price of a fill may always be better than the limit.
    better = a_fill(order.request, last_qty=qty("3"), last_px=px("49999"))
    assert surprise_of(order, better) == ""


def test_a_fill_while_a_cancel_is_pending_is_no_surprise() -> None:
    order = cancelling(sent())

    assert surprise_of(order, a_fill(order.request, last_qty=qty("3"))) == ""


def test_a_late_acknowledgement_is_no_surprise() -> None:
    order = filled(sent(), "3")

    assert surprise_of(order, a_report(order.request)) == ""


def of(order: Order, exec_type: ExecType, **changes: object) -> ExecutionReport:
    values: dict[str, object] = {"cum_qty": order.cum_qty} | changes
    return a_report(order.request, exec_type=exec_type, **values)


@pytest.mark.parametrize(
    ("order", "report", "surprise"),
    [
        (
            filled(sent(), "9"),
            a_fill(sent().request, last_qty=qty("2"), cum_qty=qty("11")),
            "OVER_FILL: 11 filled, 10 ordered",
        ),
        (
            said(sent(), ExecType.CANCELED),
            a_fill(sent().request, last_qty=qty("2")),
            "FILL_AFTER_DONE: a fill after CANCELLED",
        ),
        (
            said(sent(), ExecType.CANCELED),
            of(sent(), ExecType.EXPIRED),
            "ENDED_TWICE: EXPIRED after CANCELLED",
        ),
        (
            said(sent(), ExecType.NEW, "new-1"),
            of(sent(), ExecType.REJECTED),
            "REJECTED_LATE: rejected after the venue had taken it in",
        ),
        (
            accepted(),
            of(accepted(), ExecType.NEW),
            "NEVER_SENT: a report on an order that is ACCEPTED, never sent",
        ),
        (
            sent(),
            of(sent(), ExecType.NEW, symbol="ETHUSDT"),
            "OTHER_ORDER: PRISM ETHUSDT BUY reported, PRISM BTCUSDT BUY ordered",
        ),
        (
            sent(),
            a_fill(sent().request, last_qty=qty("2"), last_px=px("50000.01")),
            "BEYOND_LIMIT: filled at 50000.01, above the limit 50000",
        ),
        (
            sent(),
            a_fill(sent().request, last_qty=qty("2"), cum_qty=qty("5")),
            "CUM_QTY: the venue counts 5 filled, its reports add up to 2",
        ),
        (
            filled(sent(), "3"),
            of(sent(), ExecType.CANCELED, cum_qty=qty("4")),
            "CUM_QTY: the venue counts 4 filled, its reports add up to 3",
        ),
    ],
)
def test_what_contradicts_the_order_is_told(
    order: Order, report: ExecutionReport, surprise: str
) -> None:
    assert surprise_of(order, report) == surprise


def test_what_a_mock_trades_on_prism_is_no_surprise_and_nothing_else_is_let_pass() -> None:
    order = sent()
    order = replace(order, venue=LIVE, request=replace(order.request, venue=LIVE))

    assert surprise_of(order, a_report(order.request, venue=PRISM)) == ""
    other = a_report(order.request, venue=PRISM, symbol="ETHUSDT")
    assert surprise_of(order, other).startswith("OTHER_ORDER")
    assert surprise_of(sent(), a_report(sent().request, venue=LIVE)).startswith("OTHER_ORDER")


def test_a_sell_filled_below_its_limit_is_told() -> None:
    request = an_order(side=Side.SELL)
    order = apply(None, decide.received(request, NOW_NS))
    order = apply(order, decide.approved(order, Money(0), NOW_NS, venue="PRISM"))
    report = a_fill(request, last_qty=qty("1"), last_px=px("49999.99"))

    assert surprise_of(order, report) == ("BEYOND_LIMIT: filled at 49999.99, below the limit 50000")


def test_a_market_order_has_no_limit_to_be_filled_beyond() -> None:
    request = an_order(ord_type=OrdType.MARKET, price=None)
    order = apply(None, decide.received(request, NOW_NS))
    order = apply(order, decide.approved(order, Money(0), NOW_NS, venue="PRISM"))

    assert surprise_of(order, a_fill(request, last_qty=qty("1"), last_px=px("70000"))) == ""


def test_several_surprises_of_one_report_are_all_told() -> None:
    order = said(sent(), ExecType.CANCELED)

    surprise = surprise_of(order, a_fill(order.request, last_qty=qty("11")))

    codes = [part.partition(":")[0] for part in surprise.split("; ")]
    assert codes == [Surprise.OVER_FILL, Surprise.FILL_AFTER_DONE]


@pytest.mark.parametrize(
    ("exec_type", "last_qty"), [(ExecType.TRADE, 0), (ExecType.TRADE, -1), (ExecType.NEW, -1)]
)
def test_a_report_without_a_sane_quantity_never_comes_to_the_journal(
    exec_type: ExecType, last_qty: int
) -> None:
    with pytest.raises(AssertionError):
        judged(sent(), a_report(exec_type=exec_type, last_qty=Qty(last_qty)))


def test_a_venue_that_did_not_take_the_order_in_makes_it_rejected() -> None:
    order = sent()

    report = decide.refusal_report(order, REFUSED, NOW_NS)
    event = judged(order, report)
    assert isinstance(event, OrderReported)
    after = apply(order, event)

    assert (report.exec_id, report.report_seq) == ("order-1-refused", 0)
    assert event.surprise == ""
    assert (after.status, after.text) == (OrdStatus.REJECTED, "no such symbol")
    assert after.leaves_qty == 0


def test_a_venue_that_refuses_a_cancel_leaves_the_order_as_it_was() -> None:
    order = cancelling(filled(sent(), "4"))

    report = decide.cancel_refusal_report(order, REFUSED, NOW_NS)
    event = judged(order, report)
    assert isinstance(event, OrderReported)
    after = apply(order, event)

    assert event.surprise == ""
    assert after.status is OrdStatus.PARTIALLY_FILLED
    assert after.leaves_qty == qty("6")


def test_two_refused_cancels_of_one_order_are_two_reports() -> None:
    first = cancelling(sent())
    second = cancelling(first)

    one = decide.cancel_refusal_report(first, REFUSED, NOW_NS)
    other = decide.cancel_refusal_report(second, REFUSED, NOW_NS)

    assert one.exec_id != other.exec_id


def test_an_order_that_its_venue_never_had_has_failed() -> None:
    order = cancelling(sent())

    event = decide.disowned(order, NOW_NS)

    assert isinstance(event, OrderFailed)
    assert apply(order, event).status is OrdStatus.FAILED


def changing(order: Order) -> Order:
    change = Change(order_qty=qty("8"))
    event = decide.replace_requested(
        order, change, reserved=Money(0), asked_by="tess", ts_ns=NOW_NS
    )
    return apply(order, event)


@pytest.mark.parametrize("ask", [cancelling, changing])
def test_an_order_that_its_venue_had_and_knows_no_more_stands_and_is_told_of(
    ask: Callable[[Order], Order],
) -> None:
    before = filled(said(sent(), ExecType.NEW), "1")
    order = ask(before)

    report = decide.disowned(order, NOW_NS)

    assert isinstance(report, ExecutionReport)
    assert surprise_of(order, report).startswith(f"{Surprise.FORGOTTEN}: ")
    after = reported(order, report)
    assert (after.status, after.leaves_qty) == (OrdStatus.PARTIALLY_FILLED, before.leaves_qty)
    assert decide.resume(after) is Resume.NOTHING
    # A person hears of it once, whatever is asked of it afterwards.
    again = decide.disowned(ask(after), NOW_NS)
    assert isinstance(again, ExecutionReport)
    assert judged(ask(after), again) is None


def test_a_refusal_without_words_gets_some() -> None:
    ack = VenueAck(order_id=OrderId("order-1"), is_accepted=False)

    assert decide.refusal_report(sent(), ack, NOW_NS).text == "refused by the venue"


@pytest.mark.parametrize(
    ("order", "todo"),
    [
        (received(), Resume.FAIL),
        (accepted(), Resume.FAIL),
        (cancelling(accepted()), Resume.FAIL),
        (sent(), Resume.ASK_VENUE),
        (cancelling(sent()), Resume.ASK_VENUE),
        (said(sent(), ExecType.NEW), Resume.NOTHING),
        (filled(sent(), "1"), Resume.NOTHING),
        (cancelling(filled(sent(), "1")), Resume.CANCEL_AGAIN),
        (filled(sent(), "10"), Resume.NOTHING),
        (filled(cancelling(sent()), "10"), Resume.NOTHING),
    ],
)
def test_a_restart_knows_what_each_order_needs(order: Order, todo: Resume) -> None:
    assert decide.resume(order) is todo


@pytest.mark.parametrize(
    "order", [received(), accepted(), sent(), filled(sent(), "1"), cancelling(sent())]
)
def test_every_open_order_can_be_cancelled_also_once_more(order: Order) -> None:
    assert decide.cancel_problem(order) == ""


def test_an_order_that_is_done_cannot_be_cancelled_and_says_why() -> None:
    problem = decide.cancel_problem(filled(sent(), "10"))

    assert problem == "the order is FILLED, 10 filled: nothing is left to cancel"


def test_what_the_platform_adds_does_not_make_another_request() -> None:
    order = received()
    again = an_order(
        order_qty=qty("10"),
        order_id=OrderId("order-2"),
        transact_time_ns=TimeNs(NOW_NS + 5),
        sent_by="tom",
    )

    assert decide.same_request(order, again)


@pytest.mark.parametrize(
    "other",
    [
        an_order(order_qty=qty("9")),
        an_order(order_qty=qty("10"), price=px("50001")),
        an_order(order_qty=qty("10"), side=Side.SELL),
        an_order(order_qty=qty("10"), cl_ord_id=ClOrdId("key-2")),
        an_order(order_qty=qty("10"), ord_type=OrdType.MARKET, price=None),
    ],
)
def test_what_the_sender_says_differently_is_another_request(other: NewOrderSingle) -> None:
    assert not decide.same_request(received(), other)
