"""Prices far from the market: judged by what was quoted before, and never passed in silence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty, parse_nanos
from trade2026.domain.compliance.book import DEFAULT_RULES, read_rules
from trade2026.domain.compliance.prices import Prices
from trade2026.domain.compliance.sheet import Breach, Placed, Reference, Sheet, Trade
from trade2026.model.order import Side


def px(text: str) -> Px:
    return Px(parse_nanos(text))


def second(number: float) -> TimeNs:
    return TimeNs(int(number * NS_PER_S))


MARKET = Reference(px=px("100"), age_ns=NS_PER_S)


def fill(at: float = 10, price: str = "100", **changes: Any) -> Trade:
    fields: dict[str, Any] = {
        "exec_id": ExecId(f"exec-{at}"),
        "order_id": OrderId("order"),
        "account": AccountId("a"),
        "strategy": "manual",
        "venue": "PRISM",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "qty": Qty(parse_nanos("1")),
        "px": px(price),
        "fee": Money(0),
        "fee_asset": "USDT",
        "ts_ns": second(at),
        **changes,
    }
    return Trade(**fields)


def order(at: float = 10, price: str | None = "100", **changes: Any) -> Placed:
    fields: dict[str, Any] = {
        "order_id": OrderId(f"order-{at}"),
        "account": AccountId("a"),
        "symbol": "BTCUSDT",
        "is_cancelled_unfilled": False,
        "venue": "PRISM",
        "price": None if price is None else px(price),
        "ts_ns": second(at),
        **changes,
    }
    return Placed(**fields)


def a_sheet(*, trades: tuple[Trade, ...] = (), orders: tuple[Placed, ...] = ()) -> Sheet:
    return Sheet(trades=trades, orders=orders, held=())


def judged(rule: str, sheet: Sheet) -> tuple[Breach, ...]:
    text = f'[[rule]]\nkind = "price_far"\nname = "far"\n{rule}\n'
    return read_rules(text, "a test").judge(sheet)


@pytest.mark.parametrize(
    ("price", "is_far"),
    [
        ("101", False),
        ("101.000000001", True),
        ("99", False),
        ("98.999999999", True),
        ("-100", True),
    ],
)
def test_the_limit_itself_is_allowed_on_both_sides(price: str, is_far: bool) -> None:
    found = judged("max_bps = 100", a_sheet(trades=(fill(price=price, reference=MARKET),)))

    assert bool(found) == is_far


def test_a_breach_says_what_was_paid_and_what_the_market_was() -> None:
    (found,) = judged("max_bps = 100", a_sheet(trades=(fill(price="105", reference=MARKET),)))

    assert found.measured == "500 bps: 105 at a market of 100"
    assert (found.limit, found.evidence, found.kind) == ("100 bps", ("exec-10",), "price_far")


def test_without_a_price_of_the_time_nobody_passes_in_silence() -> None:
    old = Reference(px=px("100"), age_ns=61 * NS_PER_S)
    fresh = Reference(px=px("100"), age_ns=60 * NS_PER_S)
    trades = (
        fill(1),
        fill(2, reference=old),
        fill(3, reference=fresh),
        fill(4, account=AccountId("b")),
    )

    found = judged("max_bps = 100", a_sheet(trades=trades))

    assert [(one.account, one.evidence) for one in found] == [
        ("a", ("exec-1", "exec-2")),
        ("b", ("exec-4",)),
    ]
    assert found[0].measured == "2 fills not judged: the log has no price of their time"
    assert judged("max_bps = 100\nstale_s = 61", a_sheet(trades=(fill(reference=old),))) == ()


def test_orders_are_judged_by_their_limits_where_the_rule_says_so() -> None:
    orders = (
        order(1, "150", reference=MARKET),
        order(2, None),
        order(3, "100", reference=MARKET),
        order(4, "100"),
    )
    sheet = a_sheet(trades=(fill(price="500", reference=MARKET),), orders=orders)

    found = judged('max_bps = 100\nof = "orders"', sheet)

    assert [one.evidence for one in found] == [("order-1",), ("order-4",)]
    assert "1 orders not judged" in found[1].measured


def test_only_a_book_with_such_a_rule_asks_for_prices() -> None:
    assert read_rules(DEFAULT_RULES, "default").stale_ns is None
    rules = '[[rule]]\nkind = "price_far"\nname = "far"\nmax_bps = 100\n'
    assert read_rules(rules, "test").stale_ns == 60 * NS_PER_S
    older = rules.replace("far", "farther", 2).replace("price_farther", "price_far")
    assert read_rules(f"{rules}{older}stale_s = 90", "test").stale_ns == 90 * NS_PER_S


def test_the_reference_is_the_newest_quote_of_before() -> None:
    prices = Prices(a_sheet(trades=(fill(20), fill(10)), orders=(order(5),)))
    for at, price in ((6, "99"), (9.5, "100"), (10, "101"), (10.5, "150"), (30, "200")):
        prices.quote("PRISM", "BTCUSDT", px(price), second(at))

    sheet = prices.sheet()

    # The quote of the very moment counts as before: it had come when the trade happened.
    assert [one.reference for one in sheet.trades] == [
        Reference(px=px("150"), age_ns=second(9.5)),
        Reference(px=px("101"), age_ns=0),
    ]
    assert sheet.orders[0].reference is None


def test_what_comes_after_the_last_quote_is_judged_by_it() -> None:
    prices = Prices(a_sheet(trades=(fill(10), fill(10, symbol="ETHUSDT", exec_id=ExecId("other")))))
    prices.quote("PRISM", "BTCUSDT", px("100"), second(4))
    prices.quote("PRISM", "SOLUSDT", px("7"), second(4))

    references = [one.reference for one in prices.sheet().trades]

    assert references == [Reference(px=px("100"), age_ns=second(6)), None]


def test_the_own_venue_counts_and_another_where_it_never_quoted() -> None:
    prices = Prices(a_sheet(trades=(fill(10), fill(10, venue="LIVE", exec_id=ExecId("live")))))
    prices.quote("BINANCE", "BTCUSDT", px("103"), second(7))
    prices.quote("PRISM", "BTCUSDT", px("100"), second(8))
    prices.quote("BINANCE", "BTCUSDT", px("104"), second(9))

    found = {one.venue: one.reference for one in prices.sheet().trades}

    assert found["PRISM"] == Reference(px=px("100"), age_ns=second(2))
    assert found["LIVE"] == Reference(px=px("104"), age_ns=second(1))


@pytest.mark.parametrize("gone", [None, Px(0)])
def test_a_market_with_an_empty_side_has_no_price(gone: Px | None) -> None:
    prices = Prices(a_sheet(trades=(fill(10),)))
    prices.quote("PRISM", "BTCUSDT", px("100"), second(8))
    prices.quote("PRISM", "BTCUSDT", gone, second(9))

    assert prices.sheet().trades[0].reference is None


@given(price=st.integers(1, 10**12), limit=st.integers(0, 20_000), wider=st.integers(0, 20_000))
def test_a_wider_limit_never_finds_more(price: int, limit: int, wider: int) -> None:
    sheet = a_sheet(trades=(fill(px=Px(price), reference=MARKET),))

    narrow = judged(f"max_bps = {limit}", sheet)
    loose = judged(f"max_bps = {limit + wider}", sheet)

    assert len(loose) <= len(narrow)
