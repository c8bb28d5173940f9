"""Wherever an order goes, its rule named the venue, the venue was well, and it was the best."""

from hypothesis import given
from hypothesis import strategies as st
from tests.factories import an_order

from trade2026.core.numbers import Bps, Px
from trade2026.domain.execution.router import choose, rule_of
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.route import RouteBy, RouteRule, VenueSight

NAMES = ("PRISM", "LIVE", "OTHER")
PXS = st.integers(1, 200).map(Px)
SIGHTS = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(
        VenueSight,
        problem=st.sampled_from(("", "", "ill")),
        bid_px=st.none() | PXS,
        ask_px=st.none() | PXS,
        maker_bps=st.integers(-5, 20).map(Bps),
        taker_bps=st.integers(0, 50).map(Bps),
    ),
)
RULES = st.lists(
    st.builds(
        RouteRule,
        name=st.sampled_from(("one", "two")),
        venues=st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple),
        by=st.sampled_from(RouteBy),
        symbols=st.sampled_from(((), ("BTCUSDT",), ("ETHUSDT",))),
        types=st.sampled_from(((), (OrdType.LIMIT,))),
    ),
    max_size=3,
)


def _at_market(side: Side) -> NewOrderSingle:
    return an_order(side=side, ord_type=OrdType.MARKET, price=None)


def _limited(side: Side, price: Px, *, post: bool) -> NewOrderSingle:
    return an_order(side=side, price=price, is_post_only=post)


MARKET = st.builds(_at_market, st.sampled_from(Side))
LIMIT = st.builds(_limited, st.sampled_from(Side), PXS, post=st.booleans())


@given(MARKET | LIMIT, RULES, SIGHTS)
def test_no_order_leaves_its_rule_or_goes_to_a_venue_that_is_ill(
    order: NewOrderSingle, rules: list[RouteRule], sights: dict[str, VenueSight]
) -> None:
    found = choose(order, rules, sights)
    rule = rule_of(order, rules)

    assert found == choose(order, rules, dict(reversed(sights.items())))
    assert found.rule == rule.name
    assert all(name in found.why for name in rule.venues)
    if found.venue:
        assert found.venue in rule.venues
        assert not sights[found.venue].problem
    elif rule.by is RouteBy.PREFERENCE:
        assert all(name not in sights or sights[name].problem for name in rule.venues)


@given(MARKET, SIGHTS)
def test_no_venue_that_is_well_fills_a_market_order_better(
    order: NewOrderSingle, sights: dict[str, VenueSight]
) -> None:
    rule = RouteRule(name="best", venues=NAMES, by=RouteBy.PRICE)

    def cost(sight: VenueSight) -> int | None:
        if order.side is Side.BUY:
            return None if sight.ask_px is None else sight.ask_px * (10_000 + sight.taker_bps)
        return None if sight.bid_px is None else -sight.bid_px * (10_000 - sight.taker_bps)

    costs = {
        name: found
        for name in NAMES
        if name in sights and not sights[name].problem and (found := cost(sights[name])) is not None
    }
    venue = choose(order, [rule], sights).venue

    assert bool(venue) is bool(costs)
    if costs:
        least = min(costs.values())
        assert venue == next(name for name in NAMES if costs.get(name) == least)
