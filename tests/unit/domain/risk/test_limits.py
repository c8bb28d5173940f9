"""Limits by scope: the tightest binds, a change is folded once, and what it replaces is gone."""

import pytest
from tests.factories import (
    NOW_NS,
    a_control,
    a_deposit,
    a_fill,
    a_limits_set,
    a_quote,
    an_order,
    an_unknown,
    money,
    px,
    qty,
)

from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import value_of_money
from trade2026.domain.risk.account import Holding
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.limit import DEFAULT_LIMITS
from trade2026.domain.risk.limit_book import LimitBook, margins_of
from trade2026.model.booking import SplitBooked
from trade2026.model.instrument import LIVE_INSTRUMENTS, PRISM, PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.risk import (
    LimitValues,
    RefusalCode,
    TradingMode,
    is_covered,
    strategy_scope,
    symbol_scope,
)


@pytest.fixture
def book() -> RiskBook:
    book = RiskBook(PRISM_INSTRUMENTS)
    book.quote(PRISM, "BTCUSDT", a_quote(), NOW_NS)
    book.apply(a_deposit(), 1)
    return book


def codes(book: RiskBook, order: NewOrderSingle) -> list[RefusalCode]:
    return [refusal.code for refusal in book.judge(order, NOW_NS).refusals]


@pytest.mark.parametrize("scope", ["symbol:BTCUSDT", "account:default", "strategy:manual"])
def test_a_limit_of_any_scope_binds_an_order_it_covers(book: RiskBook, scope: str) -> None:
    assert codes(book, an_order()) == []

    book.set_limits(a_limits_set(scope, max_order_qty=qty("0.99999")))

    assert codes(book, an_order()) == [RefusalCode.ORDER_QTY_LIMIT]
    elsewhere = an_order(strategy=StrategyId("other"), symbol="ETHUSDT", account="other")
    assert RefusalCode.ORDER_QTY_LIMIT not in codes(book, elsewhere)


def test_of_all_limits_the_tightest_binds() -> None:
    table = (
        DEFAULT_LIMITS.with_scope("symbol:BTCUSDT", LimitValues(max_open_orders=7, margin_bps=5))
        .with_scope("account:ann", LimitValues(max_open_orders=9, margin_bps=7))
        .with_scope("strategy:fast", LimitValues(max_open_orders=5, margin_bps=6))
    )

    assert table.of("BTCUSDT").max_open_orders == 7
    assert table.of("BTCUSDT", "ann").max_open_orders == 7
    assert table.of("BTCUSDT", "ann", "fast").max_open_orders == 5
    # The larger margin is the tighter one.
    assert table.of("BTCUSDT", "ann", "fast").margin_bps == 7


def test_the_default_is_of_symbols_without_limits_of_their_own() -> None:
    table = DEFAULT_LIMITS.with_scope("default", LimitValues(max_open_orders=3)).with_scope(
        "symbol:AAPL", LimitValues(max_positions=2)
    )

    assert table.of("AAPL").max_open_orders == 3
    assert table.of("BTCUSDT").max_open_orders == 100
    assert table.named() == ["AAPL", "BTCUSDT", "ETHUSDT"]


def test_a_change_takes_the_place_of_the_one_before_and_an_old_one_changes_nothing(
    book: RiskBook,
) -> None:
    book.set_limits(a_limits_set("account:default", 1, max_order_qty=1))
    book.set_limits(a_limits_set("account:default", 2, max_open_orders=9))
    book.set_limits(a_limits_set("account:default", 1, max_order_qty=1))

    assert codes(book, an_order()) == []
    assert book.limit_book.next_ns("account:default", NOW_NS) == NOW_NS + 3
    assert book.limit_book.next_ns("default", NOW_NS) == NOW_NS


def test_a_changed_margin_holds_for_what_is_held_already(book: RiskBook) -> None:
    book.apply(an_unknown(a_fill(last_qty=qty("1"))), 2)
    before = book.view(an_order(), NOW_NS).bound_margin

    book.set_limits(a_limits_set("account:default", margin_bps=2_000))

    assert book.view(an_order(), NOW_NS).bound_margin == 2 * before


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("symbol:BTCUSDT", RefusalCode.SYMBOL_BLOCKED),
        ("strategy:manual", RefusalCode.HALTED),
        ("account:default", RefusalCode.HALTED),
        ("global", RefusalCode.HALTED),
    ],
)
def test_a_halt_of_any_scope_refuses_what_it_covers(
    book: RiskBook, scope: str, code: RefusalCode
) -> None:
    book.modes.control(a_control(1, TradingMode.HALTED, scope))

    assert codes(book, an_order()) == [code]
    assert is_covered(an_order(), scope)
    assert not is_covered(an_order(), symbol_scope("ETHUSDT"))
    assert not is_covered(an_order(), strategy_scope("other"))


def test_an_approval_that_is_held_is_not_repeated_once_its_symbol_is_blocked(
    book: RiskBook,
) -> None:
    assert book.assess(an_order(), NOW_NS).approved is not None

    book.modes.control(a_control(1, TradingMode.HALTED, "symbol:BTCUSDT"))

    (refusal,) = book.assess(an_order(), NOW_NS).refusals
    assert refusal.code is RefusalCode.SYMBOL_BLOCKED


def test_approved_orders_are_counted_and_a_dry_run_is_not(book: RiskBook) -> None:
    book.set_limits(a_limits_set("account:default", max_repeats_per_s=1))
    other = an_order(order_id=OrderId("order-2"))

    assert codes(book, an_order()) == codes(book, other) == []
    book.assess(an_order(), NOW_NS)
    assert codes(book, other) == [RefusalCode.REPEATED_ORDER]


def test_the_account_knows_its_own_best_limits_while_they_are_open(book: RiskBook) -> None:
    book.assess(an_order(price=px("49000"), order_qty=qty("0.1")), NOW_NS)
    low = an_order(order_id=OrderId("order-2"), price=px("48000"), order_qty=qty("0.1"))
    book.assess(low, NOW_NS)
    sell = an_order(order_id=OrderId("order-3"), side=Side.SELL, price=px("49000"))

    assert codes(book, sell) == [RefusalCode.SELF_TRADE]
    assert book.accounts.release(OrderId("order-1"))
    view = book.view(sell, NOW_NS)
    assert (view.own_bid_px, view.own_ask_px) == (px("48000"), None)
    assert (view.open_buy_value, view.open_order_count) == (value_of_money(money("4800")), 1)
    assert view.gross_exposure == money("4800")


def test_an_order_at_the_market_has_no_limit_to_be_met_at(book: RiskBook) -> None:
    market = an_order(ord_type=OrdType.MARKET, price=None, order_qty=qty("0.1"))
    assert book.assess(market, NOW_NS).approved is not None

    view = book.view(market, NOW_NS)

    assert (view.own_bid_px, view.open_order_count) == (None, 1)


def test_the_loss_of_a_position_is_marked_against_its_average_cost(book: RiskBook) -> None:
    book.apply(an_unknown(a_fill(last_qty=qty("1"))), 2)
    book.quote(PRISM, "BTCUSDT", a_quote("38000", "39000"), TimeNs(NOW_NS + 1))

    view = book.view(an_order(), NOW_NS)

    assert view.position_pnl == money("-11500")
    assert (view.position_count, view.net_exposure) == (1, money("38500"))
    split = SplitBooked(
        event_id=EventId("split"),
        account=an_order().account,
        ts_ns=NOW_NS,
        asked_by="tess",
        text="",
        venue=PRISM,
        symbol="BTCUSDT",
        numerator=2,
        denominator=1,
    )
    book.apply(split, 3)
    assert book.view(an_order(), NOW_NS).position_pnl == money("27000")


def test_a_holding_grows_shrinks_and_flips_at_average_cost() -> None:
    held = Holding().after(px("10"), qty("2")).after(px("20"), qty("2"))
    assert held.cost == px("15") * qty("4")

    smaller = held.after(px("99"), -qty("1"))
    assert smaller.cost == px("15") * qty("3")

    flipped = smaller.after(px("99"), -qty("5"))
    assert (flipped.quantity, flipped.cost) == (-qty("2"), -px("99") * qty("2"))


def test_a_flat_symbol_is_not_a_position(book: RiskBook) -> None:
    book.apply(an_unknown(a_fill(last_qty=qty("1"))), 2)
    back = a_fill(an_order(side=Side.SELL), exec_id=ExecId("back"), last_qty=qty("1"))
    book.apply(an_unknown(back), 3)

    assert book.view(an_order(), NOW_NS).position_count == 0


@pytest.mark.parametrize(
    ("symbol", "limit", "binds"),
    [
        ("BTCUSDT-PERP", None, 2_000),
        ("BTCUSDT-PERP", 1_500, 2_000),
        ("BTCUSDT-PERP", 5_000, 5_000),
        ("BTCUSDT", None, 1_000),
        ("BTCUSDT", 1_500, 1_500),
    ],
)
def test_a_future_binds_its_initial_margin_whatever_limits_say(
    symbol: str, limit: int | None, binds: int
) -> None:
    book = LimitBook(DEFAULT_LIMITS, margins_of(LIVE_INSTRUMENTS))
    if limit is not None:
        book.set(a_limits_set(f"symbol:{symbol}", margin_bps=limit))

    assert book.of(symbol, "ann").margin_bps == binds
