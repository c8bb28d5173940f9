"""Whatever outsiders send to a market, it makes and destroys nothing, and repeats itself."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.prism.markets import (
    START_NS,
    Outside,
    a_config,
    outside_totals,
    play,
    totals,
)

from trade2026.core.clock import NS_PER_S
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.prism.market import FIRST_OUTSIDER, Market

STEPS = {i.symbol: (int(i.tick_size), int(i.lot_size)) for i in PRISM_INSTRUMENTS}

ORDERS = st.lists(
    st.builds(
        Outside,
        after_ns=st.integers(0, 20 * NS_PER_S),
        symbol=st.sampled_from(["BTCUSDT", "AAPL"]),
        number=st.integers(1, 2**63 - 1),
        side=st.sampled_from(Side),
        ord_type=st.sampled_from([OrdType.MARKET, OrdType.LIMIT]),
        time_in_force=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        ticks=st.integers(1, 50) | st.integers(14_900, 15_100) | st.integers(5_990_000, 6_010_000),
        lots=st.integers(0, 500) | st.integers(0, 10**9),
        owner=st.integers(FIRST_OUTSIDER, FIRST_OUTSIDER + 2),
    ),
    max_size=20,
)


@settings(max_examples=20, deadline=None)  # The first example compiles.
@given(ORDERS, st.integers(1, 30 * NS_PER_S))
def test_cash_and_inventory_only_change_hands(orders: list[Outside], step_ns: int) -> None:
    market, again = (Market(a_config(), start_ns=START_NS) for _ in range(2))
    before = totals(market)
    ends = START_NS + 30 * NS_PER_S

    events = play(market, orders, until_ns=ends, step_ns=max(step_ns, NS_PER_S // 10))

    after, outside = totals(market), outside_totals(market, events)
    for symbol in market.symbols:
        tick, lot = STEPS[symbol]
        assert after[symbol][0] + outside[symbol][0] * tick * lot == before[symbol][0]
        assert after[symbol][1] + outside[symbol][1] * lot == before[symbol][1]
    assert events.tobytes() == play(again, orders, until_ns=ends, step_ns=NS_PER_S).tobytes()
