"""The user's own policy among the checks: it binds, tells every reason, and what it is asked."""

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, a_deposit, a_quote, an_order, px, qty

from trade2026.core.numbers import Qty
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.policy_question import (
    has_say,
    question,
    question_of_change,
    refusals_of,
    unanswered,
)
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle
from trade2026.model.policy import PolicyWord
from trade2026.model.risk import KILL_SWITCH, RefusalCode

ORDER = an_order(order_qty=qty("1"), price=px("50000"))
WORDS = refusals_of(
    [
        PolicyWord(rule="small", message="no small ones", asked="1", limit="2", would_pass="2"),
        PolicyWord(rule="early", message="not before ten"),
    ]
)


@pytest.fixture
def book() -> RiskBook:
    """A book with a deposit and a quote."""
    made = RiskBook(PRISM_INSTRUMENTS)
    made.apply(a_deposit("1000000"), 1)
    made.quote(PRISM, "BTCUSDT", a_quote("49999.99", "50000.01"), NOW_NS)
    return made


def test_an_order_is_refused_for_every_reason_of_the_policy(book: RiskBook) -> None:
    verdict = book.assess(ORDER, NOW_NS, WORDS)

    assert verdict.approved is None
    assert [(one.code, one.text) for one in verdict.refusals] == [
        (RefusalCode.POLICY, "early: not before ten"),
        (RefusalCode.POLICY, "small: no small ones"),
    ]
    told = verdict.refusals[1]
    assert (told.asked, told.limit, told.would_pass) == ("1", "2", "2")
    assert not book.accounts.get("default").reservations


def test_a_policy_that_did_not_answer_refuses(book: RiskBook) -> None:
    (refusal,) = book.assess(ORDER, NOW_NS, unanswered("too slow")).refusals

    assert refusal.code is RefusalCode.POLICY_UNAVAILABLE
    assert "too slow" in refusal.text


def test_without_words_the_order_passes(book: RiskBook) -> None:
    assert book.assess(ORDER, NOW_NS).approved is not None


def test_what_is_approved_and_what_the_kill_switch_closes_is_not_asked_about(
    book: RiskBook,
) -> None:
    closing = replace(ORDER, sent_by=KILL_SWITCH, is_reduce_only=True)
    assert has_say(book, ORDER)
    assert not has_say(book, closing)
    assert has_say(book, replace(closing, is_reduce_only=False))

    book.assess(ORDER, NOW_NS)

    assert not has_say(book, ORDER)


def test_numbers_are_asked_about_exactly(book: RiskBook) -> None:
    asked = question(book, replace(ORDER, order_qty=qty("0.00001")), NOW_NS)

    assert (asked.order.quantity, asked.order.price) == ("0.00001", "50000")
    assert asked.order.stop_price is None
    assert (asked.reference.bid, asked.reference.price) == ("49999.99", "50000.01")
    assert (asked.reference.age_ms, asked.account.equity) == (0, "1000000")
    assert (asked.mode.mode, asked.mode.scope) == ("NORMAL", "global")


def test_without_a_quote_there_is_no_reference(book: RiskBook) -> None:
    asked = question(book, replace(ORDER, symbol="AAPL"), NOW_NS)

    assert (asked.reference.price, asked.reference.age_ms) == (None, None)


def test_a_larger_change_is_asked_about_by_what_is_left_of_it(book: RiskBook) -> None:
    book.assess(ORDER, NOW_NS)

    asked = question_of_change(book, replace(ORDER, order_qty=qty("2")), NOW_NS)

    assert asked is not None
    assert (asked.order.quantity, asked.account.reserved) == ("2", "0")
    assert book.accounts.get("default").reserved > 0


@pytest.mark.parametrize("change", [replace(ORDER, order_qty=qty("0.5")), an_order(order_id="new")])
def test_a_smaller_change_or_none_is_not_asked_about(
    book: RiskBook, change: NewOrderSingle
) -> None:
    book.assess(ORDER, NOW_NS)

    assert question_of_change(book, change, NOW_NS) is None


def test_a_change_to_nothing_is_not_asked_about(book: RiskBook) -> None:
    book.assess(ORDER, NOW_NS)
    nothing = replace(ORDER, order_qty=Qty(0), price=px("49000"))

    assert question_of_change(book, nothing, NOW_NS) is None


def test_a_change_is_refused_by_the_policy_and_a_smaller_one_is_not(book: RiskBook) -> None:
    book.assess(ORDER, NOW_NS)

    larger = book.assess_change(replace(ORDER, order_qty=qty("2")), NOW_NS, WORDS)
    smaller = book.assess_change(replace(ORDER, order_qty=qty("0.5")), NOW_NS, WORDS)

    assert [one.code for one in larger.refusals] == [RefusalCode.POLICY, RefusalCode.POLICY]
    assert smaller.approved is not None
