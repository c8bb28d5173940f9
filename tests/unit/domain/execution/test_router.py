"""Where an order goes: its rule first, then who is well, then the rule's own word."""

from typing import Any

import pytest
from tests.factories import an_order, px

from trade2026.core.numbers import Bps
from trade2026.domain.execution.router import DEFAULT_RULE, choose, rule_of
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.route import RouteBy, RouteRule, VenueSight

BEST = RouteRule(name="best", venues=("A", "B"), by=RouteBy.PRICE)
FIRST = RouteRule(name="first", venues=("A", "B"))
WELL = VenueSight()
ILL = VenueSight(problem="BREAKER_OPEN")


def sight(bid: str, ask: str, *, maker: int = 0, taker: int = 0) -> VenueSight:
    return VenueSight(bid_px=px(bid), ask_px=px(ask), maker_bps=Bps(maker), taker_bps=Bps(taker))


def at_market(**changes: Any) -> NewOrderSingle:
    return an_order(ord_type=OrdType.MARKET, price=None, **changes)


@pytest.mark.parametrize(
    ("named", "binds"),
    [
        ({"symbols": ("BTCUSDT",)}, True),
        ({"symbols": ("ETHUSDT", "SOLUSDT")}, False),
        ({"accounts": ("default",), "strategies": ("manual",)}, True),
        ({"accounts": ("default",), "strategies": ("other",)}, False),
        ({"types": (OrdType.LIMIT,)}, True),
        ({"types": (OrdType.MARKET,)}, False),
        ({}, True),
    ],
)
def test_a_rule_binds_what_all_of_its_words_fit(named: dict[str, Any], *, binds: bool) -> None:
    rule = RouteRule(name="one", venues=("A",), **named)

    assert rule_of(an_order(), [rule]) == (rule if binds else DEFAULT_RULE)


def test_the_first_rule_that_fits_wins_over_a_better_price_elsewhere() -> None:
    fixed = RouteRule(name="fixed", venues=("A",))
    sights = {"A": sight("100", "102"), "B": sight("100", "101")}

    assert choose(an_order(), [fixed, BEST], sights).venue == "A"
    assert choose(at_market(), [BEST, fixed], sights).venue == "B"


def test_the_preferred_venue_takes_the_order_while_it_is_well() -> None:
    assert choose(an_order(), [FIRST], {"A": WELL, "B": WELL}).venue == "A"
    failed_over = choose(an_order(), [FIRST], {"A": ILL, "B": WELL})
    assert (failed_over.venue, failed_over.why) == ("B", "A BREAKER_OPEN; B is well")


def test_where_nobody_is_well_it_says_who_and_why_and_goes_nowhere_else() -> None:
    found = choose(an_order(), [FIRST], {"A": ILL, "C": WELL})

    assert (found.venue, found.rule) == ("", "first")
    assert found.why == "A BREAKER_OPEN; B is not a venue"


def test_without_a_rule_it_goes_to_the_simulated_market_or_nowhere() -> None:
    assert choose(an_order(), [], {"PRISM": WELL, "LIVE": WELL}).venue == "PRISM"
    assert choose(an_order(), [], {"PRISM": ILL, "LIVE": WELL}).venue == ""


@pytest.mark.parametrize(("side", "venue"), [(Side.BUY, "A"), (Side.SELL, "B")])
def test_the_price_counts_with_its_fee(side: Side, venue: str) -> None:
    # A asks 100 and takes 5 bps: 100.05; B asks 99.99 and takes 10: 100.08999. A bids 99.9 less
    # 5 bps: 99.85005; B bids 99.96 less 10: 99.86004.
    sights = {"A": sight("99.9", "100", taker=5), "B": sight("99.96", "99.99", taker=10)}

    assert choose(at_market(side=side), [BEST], sights).venue == venue


def test_of_equals_the_rules_order_decides() -> None:
    sights = {"A": sight("99", "100"), "B": sight("99", "100")}
    turned = RouteRule(name="turned", venues=("B", "A"), by=RouteBy.PRICE)

    assert choose(at_market(), [BEST], sights).venue == "A"
    assert choose(at_market(), [turned], sights).venue == "B"


def test_an_order_goes_where_it_trades_before_where_it_rests_for_less() -> None:
    sights = {"A": sight("98", "101"), "B": sight("99", "100", taker=50)}
    order = an_order(price=px("100"))

    found = choose(order, [BEST], sights)

    assert found.venue == "B"
    assert found.why == "A rests at 100 and 0 bps; B trades at 100 and 50 bps"
    post_only = an_order(price=px("100"), is_post_only=True)
    assert choose(post_only, [BEST], sights).venue == "A"


def test_what_rests_everywhere_rests_where_that_costs_least() -> None:
    sights = {"A": sight("98", "101", maker=2), "B": sight("99", "101", maker=-1)}

    assert choose(an_order(price=px("100")), [BEST], sights).venue == "B"


def test_a_venue_without_a_price_gets_no_market_order_by_price() -> None:
    sights = {"A": WELL, "B": sight("99", "100")}

    assert choose(at_market(), [BEST], sights).why.startswith("A quotes no price; ")
    assert choose(at_market(), [BEST], {"A": WELL}).venue == ""
    # A limit order has a price of its own, and rests there.
    assert choose(an_order(price=px("90")), [BEST], {"A": WELL}).venue == "A"
    assert choose(at_market(), [FIRST], {"A": WELL}).venue == "A"
