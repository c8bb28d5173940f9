"""The ledger's page tells what the ledger does: its tables are worked through."""

from pathlib import Path

import pytest
from tests.books import Books, by_method

from trade2026.core.numbers import NANOS, format_nanos

PAGE = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text("utf-8")


def tables() -> list[list[list[str]]]:
    """Return the tables of the page, as rows of cells, heads first."""
    found: list[list[list[str]]] = []
    before = ""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and not before.startswith("|"):
            found.append([cells])
        elif line.startswith("|") and not line.startswith("|---"):
            found[-1].append(cells)
        before = line
    return found


def amount_and_price(words: str) -> tuple[str, str]:
    side, amount, _, at = words.split()
    return (amount if side == "buy" else f"-{amount}"), at


TRADES = [table for table in tables() if table[0][0] == "trade"]


@pytest.mark.parametrize("table", TRADES)
@pytest.mark.parametrize("method", ["AVERAGE", "FIFO", "LIFO"])
def test_the_trades_of_the_page_gain_what_it_says(table: list[list[str]], method: str) -> None:
    column = table[0].index(method)
    books = by_method(method)

    gains = [
        books.gained(lambda row=row: books.trade(*amount_and_price(row[0]))) for row in table[1:]
    ]

    assert gains == [row[column] for row in table[1:]]
    assert books.position.quantity == 0


def test_both_tables_of_trades_are_worked_through() -> None:
    assert [len(table) for table in TRADES] == [7, 6]


def test_the_entry_of_the_page_is_the_entry_of_the_trade() -> None:
    (table,) = (table for table in tables() if table[0] == ["account", "amount"])
    books = Books()
    books.trade("1", "100")
    books.trade("-1", "110", fee="0.05")

    entry = books.ledger.entries("default")[-1]

    shown = [[f"`{p.account}`", format_nanos(p.amount // NANOS)] for p in entry.postings]
    assert shown == table[1:]


def test_a_fee_in_the_base_asset_leaves_what_the_page_says() -> None:
    books = Books()

    books.trade("1", "100", fee="0.01", fee_asset="BTC")

    position = books.position
    assert format_nanos(position.quantity) == "0.99"
    assert position.cost == 100 * position.quantity * NANOS
    assert position.fees == NANOS**2
