"""What the log tells of limits an account, by itself and after every restart."""

import pytest
from tests.factories import NOW_NS, a_control, a_deposit, a_fill, a_quote, an_order, an_unknown, qty

from trade2026.core.ids import ExecId, OrderId
from trade2026.core.numbers import Money
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.domain.risk.book import RiskBook
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.journal import JournalEvent
from trade2026.model.order import Side
from trade2026.model.risk import RefusalCode, TradingMode, account_scope
from trade2026.model.surprise import LIMITING, Surprise, mode_after

ACCOUNT = account_scope("default")


def a_book(*events: JournalEvent) -> RiskBook:
    book = RiskBook(PRISM_INSTRUMENTS)
    book.quote(PRISM, "BTCUSDT", a_quote(), NOW_NS)
    for seq, event in enumerate([a_deposit(), *events], 1):
        book.apply(event, seq)
    return book


def over_filled() -> list[JournalEvent]:
    """Return the life of an order that was filled twice."""
    request, orders = an_order(), Orders()
    events: list[JournalEvent] = []

    def write(event: JournalEvent) -> Order:
        orders.apply(event)
        events.append(event)
        order = orders.get(request.order_id)
        assert order is not None
        return order

    order = write(decide.received(request, NOW_NS))
    order = write(decide.approved(order, Money(0), NOW_NS, venue=PRISM))
    for number in (1, 2):
        report = a_fill(request, exec_id=ExecId(f"exec-{number}"), last_qty=request.order_qty)
        event = decide.judge_report(order, report, ts_ns=NOW_NS)
        assert event is not None
        order = write(event)
    return events


def test_an_over_fill_leaves_the_account_only_to_reduce() -> None:
    book = a_book(*over_filled())

    assert book.modes.mode_over("default") is TradingMode.REDUCE_ONLY


def test_a_report_on_an_unknown_order_leaves_the_account_only_to_reduce() -> None:
    book = a_book(an_unknown(a_fill(last_qty=qty("1"))))

    assert book.modes.mode_over("default") is TradingMode.REDUCE_ONLY


def test_a_person_who_resumed_later_is_not_overruled_by_a_restart() -> None:
    events = over_filled()
    resumed = a_control(1, TradingMode.NORMAL, ACCOUNT)
    book = RiskBook(PRISM_INSTRUMENTS)
    book.modes.control(resumed)
    for seq, event in enumerate([a_deposit(), *events], 1):
        book.apply(event, seq)

    assert book.modes.mode_over("default") is TradingMode.NORMAL


def test_a_surprise_does_not_loosen_a_halt() -> None:
    book = RiskBook(PRISM_INSTRUMENTS)
    book.modes.control(a_control(-1, TradingMode.HALTED, ACCOUNT))
    for seq, event in enumerate([a_deposit(), *over_filled()], 1):
        book.apply(event, seq)

    assert book.modes.mode_over("default") is TradingMode.HALTED


@pytest.mark.parametrize("code", Surprise)
def test_only_what_nobody_approved_limits(code: Surprise) -> None:
    mode = mode_after(f"BEYOND_LIMIT: dear; {code}: odd")

    assert (mode is TradingMode.REDUCE_ONLY) == (code in LIMITING)


def test_nothing_odd_limits_nothing() -> None:
    assert mode_after("") is TradingMode.NORMAL


def test_an_approval_is_not_given_again_after_a_halt() -> None:
    book = a_book()
    first = book.assess(an_order(), NOW_NS)
    again = book.assess(an_order(), NOW_NS)
    book.modes.control(a_control(1, TradingMode.HALTED))
    halted = book.assess(an_order(), NOW_NS)

    assert first.approved is not None
    assert again.approved == first.approved
    assert [refusal.code for refusal in halted.refusals] == [RefusalCode.HALTED]


def test_a_deposit_that_stands_in_the_log_twice_counts_once() -> None:
    book = a_book(a_deposit())
    exposure = book.exposure("default")

    assert exposure is not None
    assert exposure.cash == a_deposit().amount


def test_orders_that_reduced_when_approved_bind_margin_once_they_open() -> None:
    book = a_book(an_unknown(a_fill(last_qty=qty("4"))))
    book.modes.control(a_control(1, TradingMode.NORMAL, ACCOUNT))
    resting = an_order(order_id=OrderId("rests"), side=Side.SELL, order_qty=qty("4"))
    approved = book.assess(resting, NOW_NS).approved
    assert approved is not None
    before = book.exposure("default")

    flat = a_fill(
        an_order(side=Side.SELL, order_qty=qty("4")), exec_id=ExecId("exec-2"), last_qty=qty("4")
    )
    book.apply(an_unknown(flat), 3)
    after = book.exposure("default")

    assert before is not None
    assert after is not None
    # Long 4 and selling 4 leads to flat; flat and selling 4 leads to short 4: ten per cent of it.
    assert after.margin + after.reserved >= 4 * 50_000 * 10**9 // 10
    assert after.open_order_count == 1
