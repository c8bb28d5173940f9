"""What the gateway lets through: its caps only ever take away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.factories import BTCUSDT, NOW_NS, an_order, money, px, qty
from tests.live import RULES, TODAY

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money, Px, Qty
from trade2026.domain.live.name import client_id_of
from trade2026.domain.live.rules import (
    cap_of,
    cap_problem,
    day_loss,
    day_of,
    filter_problem,
    kind_problem,
    price_problem,
    sent_part,
    worth_of,
)
from trade2026.model.live import LiveMode
from trade2026.model.order import OrdType, TimeInForce

AMOUNTS = st.integers(0, 10**15)


@pytest.mark.parametrize(
    ("days", "percent"), [(None, 0), (-1, 10), (0, 10), (1, 25), (2, 50), (3, 100), (400, 100)]
)
def test_the_ramp_lets_more_through_day_by_day(days: int | None, percent: int) -> None:
    armed = None if days is None else TODAY.number - days

    cap = cap_of(RULES, replace(TODAY, armed_number=armed))

    assert cap == RULES.daily_notional * percent // 100


@given(sent=AMOUNTS, worth=AMOUNTS, cap=AMOUNTS, less=AMOUNTS, lost=AMOUNTS, loss_cap=AMOUNTS)
def test_a_tighter_cap_never_lets_more_through(  # noqa: PLR0917 - drawn by Hypothesis
    sent: int, worth: int, cap: int, less: int, lost: int, loss_cap: int
) -> None:
    day = replace(TODAY, sent=Money(sent), lost=Money(lost))
    wide = replace(RULES, daily_notional=Money(cap + less), daily_loss=Money(loss_cap + less))
    tight = replace(RULES, daily_notional=Money(cap), daily_loss=Money(loss_cap))

    if not cap_problem(tight, day, Money(worth), reduces=False):
        assert not cap_problem(wide, day, Money(worth), reduces=False)


def test_the_caps_bind_at_their_edge_and_spare_what_only_reduces() -> None:
    full = replace(TODAY, sent=Money(cap_of(RULES, TODAY) - 10))
    lost = replace(TODAY, lost=RULES.daily_loss)

    assert cap_problem(RULES, full, Money(10), reduces=False) == ""
    assert cap_problem(RULES, full, Money(11), reduces=False).startswith("DAILY_NOTIONAL")
    assert cap_problem(RULES, lost, Money(1), reduces=False).startswith("DAILY_LOSS")
    assert (
        cap_problem(RULES, replace(lost, lost=Money(lost.lost - 1)), Money(1), reduces=False) == ""
    )
    assert cap_problem(RULES, full, Money(11), reduces=True) == ""
    assert cap_problem(RULES, lost, Money(1), reduces=True) == ""


@given(
    ordered=st.integers(1, 10**12),
    percent=st.integers(1, 100),
    most=st.integers(1, 10**12),
    lot=st.integers(1, 10**6),
)
def test_a_canary_sends_no_more_than_its_share_and_its_most(
    ordered: int, percent: int, most: int, lot: int
) -> None:
    rules = replace(RULES, canary_pct=percent, canary_max_qty=Qty(most))

    sent = sent_part(rules, LiveMode.CANARY, Qty(ordered), Qty(lot))

    assert 0 <= sent <= min(most, ordered * percent // 100)
    assert sent % lot == 0
    assert sent_part(rules, LiveMode.LIVE, Qty(ordered), Qty(lot)) == ordered
    for mode in (LiveMode.MOCK, LiveMode.SHADOW):
        assert sent_part(rules, mode, Qty(ordered), Qty(lot)) == 0


def test_no_cap_is_passed_by_naming_a_price() -> None:
    one = qty("1")
    market = an_order(price=None, ord_type=OrdType.MARKET)

    assert worth_of(market, one, px("60000")) == money("60000")
    assert worth_of(an_order(price=px("1")), one, px("60000")) == money("60000")
    assert worth_of(an_order(price=px("70000")), one, px("60000")) == money("70000")


def test_what_no_exchange_is_asked_for() -> None:
    assert kind_problem(an_order()) == ""
    assert kind_problem(an_order(ord_type=OrdType.STOP)) == "NOT_SUPPORTED STOP"
    assert kind_problem(an_order(time_in_force=TimeInForce.DAY)) == "NOT_SUPPORTED DAY"
    assert kind_problem(an_order(display_qty=qty("0.1"))) == "NOT_SUPPORTED icebergs"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"instrument": None}, "UNKNOWN_SYMBOL"),
        ({"instrument": replace(BTCUSDT, is_trading=False)}, "NOT_TRADING"),
        ({"price": px("50000.001")}, "TICK_SIZE"),
        ({"price": None}, ""),
        ({"qty": qty("0.000001")}, "LOT_SIZE"),
        ({"qty": Qty(0)}, "MIN_QTY"),
        ({"qty": qty("9001")}, "MAX_QTY"),
        ({"qty": qty("9001"), "instrument": replace(BTCUSDT, max_qty=Qty(0))}, ""),
        ({"worth": money("4.999999999")}, "MIN_NOTIONAL"),
        ({"worth": money("5")}, ""),
    ],
)
def test_the_exchanges_filters_are_met_exactly(changes: dict[str, object], code: str) -> None:
    asked: dict[str, object] = {
        "qty": qty("0.01"),
        "price": px("50000"),
        "instrument": BTCUSDT,
        "worth": money("500"),
        **changes,
    }

    found = filter_problem(**asked)  # pyright: ignore[reportArgumentType]

    assert found.split(" ")[0] == code


@pytest.mark.parametrize(
    ("reference", "mid", "age_ns", "code"),
    [
        ("60000", "60000", 0, ""),
        ("60600", "60000", 0, ""),
        ("60600.01", "60000", 0, "OTHER_MARKET"),
        ("59399.99", "60000", 0, "OTHER_MARKET"),
        ("0", "60000", 0, ""),
        ("60000", None, 0, "NO_PRICE"),
        ("60000", "0", 0, "NO_PRICE"),
        ("60000", "60000", RULES.stale_ns, ""),
        ("60000", "60000", RULES.stale_ns + 1, "STALE_PRICE"),
    ],
)
def test_nothing_is_sent_on_a_price_of_another_market_or_time(
    reference: str, mid: str | None, age_ns: int, code: str
) -> None:
    mid_px = None if mid is None else px(mid)

    found = price_problem(RULES, px(reference), mid_px, age_ns)

    assert found.split(" ")[0] == code


def test_the_days_loss_is_what_cash_and_holdings_come_to() -> None:
    spent = -60_000 * 10**18

    assert day_loss(spent, {"BTCUSDT": 10**9}, {"BTCUSDT": px("59000")}) == money("1000")
    assert day_loss(spent, {"BTCUSDT": 10**9}, {"BTCUSDT": px("61000")}) == money("-1000")
    assert day_loss(spent, {"BTCUSDT": 10**9}, {}) == money("60000")
    # Rounded against us.
    assert day_loss(-1, {}, {}) == 1
    assert day_of(NOW_NS) == NOW_NS // (86_400 * 10**9)


def test_a_name_is_made_of_the_orders_id_and_fits_every_exchange() -> None:
    first, again = client_id_of(OrderId("a")), client_id_of(OrderId("a"))
    others = {client_id_of(OrderId("a"), "1"), client_id_of(OrderId("b")), first}

    assert first == again
    assert len(others) == 3
    assert all(len(one) == 32 and one.isalnum() for one in others)


def test_a_price_is_not_asked_of_what_has_none() -> None:
    assert worth_of(an_order(price=None), Qty(0), Px(1)) == 0
