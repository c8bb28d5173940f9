"""What closes a scope: orders that only reduce, for who holds it, no larger than may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.factories import BTCUSDT, NOW_NS, an_order, money, px, qty

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import OrderId, StrategyId
from trade2026.core.numbers import Money, Px, Qty, SignedQty
from trade2026.domain.risk.account import Holding, Reservation, RiskAccount
from trade2026.domain.risk.closing import Closings, Market, closing_places, closings, open_places
from trade2026.domain.risk.limit import DEFAULT_LIMITS
from trade2026.model.order import Side
from trade2026.model.risk import KILL_SWITCH, RiskApproved

LIMITS = DEFAULT_LIMITS.of("BTCUSDT")
MARKET = Market(instrument=BTCUSDT, limits=LIMITS, mark_px=px("50000"))


def an_account(**shares: str) -> RiskAccount:
    """Return an account of which each strategy holds so much BTCUSDT."""
    account = RiskAccount()
    total = 0
    for strategy, text in shares.items():
        held = qty(text.removeprefix("-")) * (-1 if text.startswith("-") else 1)
        account.share(strategy).move("BTCUSDT", held, 0)
        total += held
    account.hold("BTCUSDT", Holding(quantity=SignedQty(total), last_px=px("50000")))
    return account


def found(account: RiskAccount, scope: str = "global", market: Market = MARKET) -> Closings:
    return closings(scope, [("default", account)], lambda _, __: market)


def told(account: RiskAccount, scope: str = "global") -> list[tuple[str, str, int]]:
    return [(one.strategy, one.side, one.order_qty) for one in found(account, scope).requests]


@pytest.mark.parametrize("scope", ["global", "account:default", "symbol:BTCUSDT"])
def test_everything_in_the_scope_is_closed_for_who_holds_it(scope: str) -> None:
    assert told(an_account(a="1", b="2"), scope) == [
        ("b", Side.SELL, qty("2")),
        ("a", Side.SELL, qty("1")),
    ]
    assert told(an_account(a="-1"), scope) == [("a", Side.BUY, qty("1"))]
    assert told(an_account(a="1", b="-1"), scope) == []


def test_no_more_is_closed_than_the_account_holds() -> None:
    assert told(an_account(a="5", b="-2")) == [("a", Side.SELL, qty("3"))]
    assert told(an_account(a="5", b="-2"), "strategy:a") == [("a", Side.SELL, qty("3"))]
    assert told(an_account(a="5", b="-2"), "strategy:b") == []


@pytest.mark.parametrize("scope", ["account:other", "symbol:ETHUSDT", "strategy:other"])
def test_what_is_elsewhere_is_left_alone(scope: str) -> None:
    assert found(an_account(a="1"), scope) == Closings(requests=(), left=())


def test_a_large_position_is_closed_in_parts_that_may_be_sent() -> None:
    narrow = replace(LIMITS, max_order_qty=qty("0.5"))
    (one,) = found(an_account(a="2"), market=replace(MARKET, limits=narrow)).requests
    assert one.order_qty == qty("0.5")

    poor = replace(LIMITS, max_order_value=money("50000"))
    (one,) = found(an_account(a="2"), market=replace(MARKET, limits=poor)).requests
    assert one.order_qty == qty("0.9")


def test_what_is_too_little_for_an_order_is_told_of() -> None:
    unlisted = replace(MARKET, instrument=None)

    assert found(an_account(a="0.000000001")).left == (
        "default BTCUSDT 0.000000001: too little for an order",
    )
    assert found(an_account(a="-1"), market=unlisted).left == (
        "default BTCUSDT -1: too little for an order",
    )
    assert found(an_account(a="1"), market=replace(MARKET, mark_px=Px(0))).requests == ()


@given(
    shares=st.dictionaries(st.sampled_from("abc"), st.integers(-30, 30), min_size=1),
    scope=st.sampled_from(["global", "strategy:a", "strategy:b"]),
)
def test_closing_never_opens_and_makes_a_wide_scope_flat(
    shares: dict[str, int], scope: str
) -> None:
    account = an_account(**{name: str(held) for name, held in shares.items()})
    wide = replace(LIMITS, max_order_qty=qty("1000"), max_order_value=money("900000000"))
    market = replace(MARKET, instrument=replace(BTCUSDT, max_qty=qty("1000")), limits=wide)

    requests = found(account, scope, market).requests

    net = sum(shares.values()) * 10**9
    moved = sum(one.order_qty * one.side.sign for one in requests)
    assert abs(net + moved) <= abs(net)
    assert (net + moved) * net >= 0
    for one in requests:
        held = shares[one.strategy] * 10**9
        assert held * one.side.sign < 0
        assert one.order_qty <= abs(held)
    if scope == "global":
        assert net + moved == 0


def a_reservation(sent_by: str, *, is_journalled: bool, age_ns: int = 0) -> RiskAccount:
    account = RiskAccount()
    request = an_order(order_id=OrderId("o"), sent_by=sent_by, strategy=StrategyId("a"))
    approved = RiskApproved(
        request=request,
        reserved=Money(0),
        reference_px_nanos=0,
        approved_ns=TimeNs(NOW_NS - age_ns),
    )
    account.reserve(Reservation(approved=approved, leaves_qty=Qty(1), is_journalled=is_journalled))
    return account


HERE = frozenset({("default", "BTCUSDT")})


def test_what_may_still_be_open_is_waited_for_where_it_is() -> None:
    logged = a_reservation("t", is_journalled=True, age_ns=10**12)
    assert open_places("strategy:a", [logged], NOW_NS) == HERE
    assert open_places("global", [a_reservation("t", is_journalled=False)], NOW_NS) == HERE
    old = a_reservation("t", is_journalled=False, age_ns=NS_PER_S)
    assert not open_places("global", [old], NOW_NS)
    assert not open_places("strategy:b", [a_reservation("t", is_journalled=True)], NOW_NS)


def test_the_orders_of_the_kill_switch_are_its_own() -> None:
    own = [a_reservation(KILL_SWITCH, is_journalled=True)]

    assert not open_places("global", own, NOW_NS)
    assert closing_places("global", own) == HERE
    assert not closing_places("global", [a_reservation("t", is_journalled=True)])
