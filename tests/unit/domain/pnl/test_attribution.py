"""Attribution: rows by strategy, symbol and venue add up to the account's P&L, exactly."""

import pytest
from tests.books import Books
from tests.factories import NOW_NS, px

from trade2026.core.ids import StrategyId
from trade2026.core.numbers import NANOS, format_nanos
from trade2026.domain.pnl.attribution import By
from trade2026.domain.pnl.equity import Equity
from trade2026.domain.position.ledger import Ledger


@pytest.fixture
def equity() -> Equity:
    """Return an account that two strategies traded two symbols on, marked at the last fills."""
    books = Books()
    books.trade("2", "100", strategy=StrategyId("one"), fee="0.5")
    books.trade("-1", "110", strategy=StrategyId("one"), fee="0.1", fee_asset="BNB")
    books.trade("-10", "50", symbol="AAPL", strategy=StrategyId("two"), fee="0.25")
    books.book("funding", amount="-1", strategy=StrategyId("one"))
    books.book("dividend", symbol="AAPL", per_unit="0.1")
    books.book("rate", currency="BNB", rate="600")
    equity, ledger = Equity(), Ledger()
    for seq, event in enumerate(books.log, 1):
        for change in ledger.apply(event, seq):
            equity.apply(change)
    equity.mark("BTCUSDT", px("120"), NOW_NS)
    equity.mark("AAPL", px("45"), NOW_NS)
    return equity


def rows(equity: Equity, by: By) -> dict[str, dict[str, str]]:
    found = equity.attribution("default", by)
    assert found is not None
    words = ("price", "fees", "funding", "dividends", "total")
    return {
        row.name: {word: format_nanos(getattr(row, word) // NANOS) for word in words}
        for row in found
    }


def test_each_strategy_has_its_components(equity: Equity) -> None:
    assert rows(equity, By.STRATEGY) == {
        "one": {"price": "30", "fees": "60.5", "funding": "-1", "dividends": "0", "total": "-31.5"},
        "two": {"price": "50", "fees": "0.25", "funding": "0", "dividends": "-1", "total": "48.75"},
    }


@pytest.mark.parametrize("by", By)
def test_the_rows_come_to_the_p_and_l(equity: Equity, by: By) -> None:
    found = equity.attribution("default", by)
    seen = equity.snapshot("default", NOW_NS)

    assert found is not None
    assert seen is not None
    assert sum(row.total for row in found) == (seen.equity - seen.deposits - seen.fx) * NANOS
    names = {By.SYMBOL: ["AAPL", "BTCUSDT"], By.VENUE: ["PRISM"], By.TOTAL: ["total"]}
    assert [row.name for row in found] == names.get(by, ["one", "two"])


def test_an_unknown_account_has_none() -> None:
    assert Equity().attribution("nobody", By.TOTAL) is None
