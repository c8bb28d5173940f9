"""The audit after kills finds what it is there for: a fault of every kind, made by hand."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.e2e import audit
from tests.e2e.audit import Books
from tests.e2e.traffic import SYMBOL

ACKNOWLEDGED = {"k1": "o1", "k2": "o2"}
CASH = Decimal(1000)


def an_order(number: int, status: str, filled: float, left: float) -> dict[str, Any]:
    return {
        "order_id": f"o{number}",
        "client_order_id": f"k{number}",
        "status": status,
        "quantity": 0.3,
        "filled_quantity": filled,
        "remaining_quantity": left,
    }


def a_fill(number: int, order: int, side: str, quantity: float) -> dict[str, Any]:
    return {
        "exec_id": f"f{number}",
        "order_id": f"o{order}",
        "account": "default",
        "symbol": SYMBOL,
        "side": side,
        "quantity": quantity,
        "price": 100,
        "fee": 0.01,
    }


def books() -> Books:
    """Two orders, three fills, and everybody who says the same of them."""
    position = {"account": "default", "symbol": SYMBOL, "quantity": 0.2, "fees": 0.03}
    held = {"symbol": SYMBOL, "inventory": -0.2, "cash": 1020}
    sides = (("agent:mm-1", "account:default"), ("account:default", "agent:mm-1"))
    return Books(
        orders=[an_order(1, "FILLED", 0.3, 0), an_order(2, "PARTIALLY_FILLED", 0.1, 0.2)],
        fills=[a_fill(1, 1, "BUY", 0.1), a_fill(2, 1, "BUY", 0.2), a_fill(3, 2, "SELL", 0.1)],
        positions={"ptrc": [dict(position)], "pnl": [dict(position)]},
        agents=[{"symbols": [held, {"symbol": "other", "inventory": 5, "cash": 7}]}],
        lake=[
            {"life": 0, "seq": seq, "maker": maker, "taker": taker}
            for seq, (maker, taker) in enumerate((*sides, sides[0]))
        ],
    )


def faults_of(found: Books) -> list[str]:
    return [
        *audit.check_orders(found, ACKNOWLEDGED),
        *audit.check_fills(found),
        *audit.check_lake(found),
        *audit.check_conserved(found, CASH),
    ]


def test_whole_books_have_no_fault() -> None:
    assert faults_of(books()) == []


def lose_order(b: Books) -> None:
    b.orders.pop()


def double_order(b: Books) -> None:
    b.orders.append(dict(b.orders[0], order_id="o9"))


def leave_in_motion(b: Books) -> None:
    b.orders[1]["status"] = "PENDING_NEW"


def forget_what_is_left(b: Books) -> None:
    b.orders[1]["remaining_quantity"] = 0.3


def lose_fill(b: Books) -> None:
    b.fills.pop()


def double_fill(b: Books) -> None:
    b.fills.append(dict(b.fills[0]))


def book_twice(b: Books) -> None:
    b.positions["ptrc"][0]["quantity"] = 0.3


def lose_fee(b: Books) -> None:
    b.positions["pnl"][0]["fees"] = 0.02


def lose_position(b: Books) -> None:
    b.positions["pnl"].clear()


def store_twice(b: Books) -> None:
    b.lake.append(dict(b.lake[0]))


def lose_row(b: Books) -> None:
    b.lake.pop()


def make_inventory(b: Books) -> None:
    b.agents[0]["symbols"][0]["inventory"] = -0.199999999


def make_cash(b: Books) -> None:
    b.agents[0]["symbols"][0]["cash"] = 1020.000000001


BREAKS = (
    lose_order,
    double_order,
    leave_in_motion,
    forget_what_is_left,
    lose_fill,
    double_fill,
    book_twice,
    lose_fee,
    lose_position,
    store_twice,
    lose_row,
    make_inventory,
    make_cash,
)


@pytest.mark.parametrize("break_it", BREAKS)
def test_a_fault_is_found(break_it: Callable[[Books], None]) -> None:
    broken = books()
    break_it(broken)

    assert faults_of(broken)
