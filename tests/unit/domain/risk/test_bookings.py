"""Risk sees what is booked besides fills as the ledger does: the same cash, the same holdings."""

import pytest
from tests.books import Books
from tests.factories import qty

from trade2026.core.numbers import NANOS, money_half_even
from trade2026.domain.risk.book import RiskBook
from trade2026.model.instrument import PRISM_INSTRUMENTS


@pytest.fixture
def books() -> Books:
    """Return books that hold 2 BTC and are short 10 AAPL."""
    books = Books()
    books.trade("2", "100")
    books.trade("-10", "150", symbol="AAPL")
    return books


def seen(books: Books) -> tuple[str, dict[str, int]]:
    risk = RiskBook(PRISM_INSTRUMENTS)
    for seq, event in enumerate(books.log, 1):
        risk.apply(event, seq)
    exposure = risk.exposure("default")
    assert exposure is not None
    return str(exposure.cash), {one.symbol: one.quantity for one in exposure.symbols}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("cash", {"currency": "USDT", "amount": "-250.5"}),
        ("cash", {"currency": "EUR", "amount": "100"}),
        ("rate", {"currency": "EUR", "rate": "1.1"}),
        ("funding", {"amount": "-0.125"}),
        ("dividend", {"symbol": "AAPL", "per_unit": "0.24"}),
        ("split", {"symbol": "AAPL", "numerator": 4, "denominator": 1}),
        ("split", {"symbol": "MSFT", "numerator": 4, "denominator": 1}),
    ],
)
def test_risk_and_the_ledger_agree(books: Books, kind: str, fields: dict[str, object]) -> None:
    books.book(kind, **fields)

    cash, held = seen(books)

    account = books.ledger.account("default")
    assert account is not None
    assert cash == str(money_half_even(account.cash))
    assert held == {p.key.symbol: p.quantity for p in books.ledger.positions()}


def test_a_booking_that_is_journalled_twice_counts_once(books: Books) -> None:
    books.book("cash", currency="USDT", amount="5")
    once = seen(books)

    books.write(books.log[-1])

    assert seen(books) == once
    assert once[1]["BTCUSDT"] == qty("2") == 2 * NANOS
