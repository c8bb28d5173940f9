"""The market moves, remembers and conserves; outsiders trade in it like anybody else."""

import numpy as np
import pytest
from tests.unit.prism.markets import (
    HOUR_NS,
    START_NS,
    Outside,
    a_config,
    a_market,
    enter,
    outside_totals,
    play,
    totals,
)

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px, SignedQty, Value
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.model.prism import PartyHolding
from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.market import FIRST_OUTSIDER, Market

BTC = "BTCUSDT"
BTC_TICK = 10**7
BTC_LOT = 10**4
UNITS = {
    instrument.symbol: instrument.tick_size * instrument.lot_size
    for instrument in PRISM_INSTRUMENTS
}


def some_orders(count: int) -> list[Outside]:
    """Return market and limit orders, and cancels, spread over ten minutes."""
    luck = np.random.default_rng(3)
    orders: list[Outside] = []
    for number in range(1, count + 1):
        side = Side.BUY if luck.random() < 0.5 else Side.SELL
        market = bool(luck.random() < 0.4)
        orders.append(
            Outside(
                after_ns=int(luck.integers(0, 600 * NS_PER_S)),
                symbol=BTC,
                number=number,
                owner=FIRST_OUTSIDER + number % 3,
                side=side,
                ord_type=OrdType.MARKET if market else OrdType.LIMIT,
                time_in_force=TimeInForce.GTC if luck.random() < 0.7 else TimeInForce.FOK,
                ticks=0 if market else 6_000_000 + int(luck.integers(-3_000, 3_000)),
                lots=int(luck.integers(1, 200_000)),
            )
        )
        if luck.random() < 0.3:
            orders.append(Outside(after_ns=590 * NS_PER_S, symbol=BTC, number=number))
    return orders


def test_the_same_seed_and_orders_give_the_same_events() -> None:
    ends = START_NS + 600 * NS_PER_S

    runs = [
        play(
            Market(a_config(), start_ns=START_NS), some_orders(200), until_ns=ends, step_ns=HOUR_NS
        )
        for _ in range(2)
    ]

    assert runs[0].tobytes() == runs[1].tobytes()
    assert len(runs[0]) > 30_000


@pytest.mark.parametrize("step_ns", [NS_PER_S, 37_000_001, 250 * NS_PER_S])
def test_how_time_is_cut_changes_nothing(step_ns: int) -> None:
    ends = START_NS + 120 * NS_PER_S
    orders = [order for order in some_orders(200) if order.after_ns < 120 * NS_PER_S]

    whole = play(Market(a_config(), start_ns=START_NS), orders, until_ns=ends, step_ns=HOUR_NS)
    sliced = play(Market(a_config(), start_ns=START_NS), orders, until_ns=ends, step_ns=step_ns)

    assert whole.tobytes() == sliced.tobytes()


def test_another_seed_or_another_life_is_another_market() -> None:
    markets = [
        Market(a_config(), start_ns=START_NS),
        Market(a_config(seed=8), start_ns=START_NS),
        Market(a_config(), start_ns=START_NS, life=1),
    ]

    for market in markets:
        market.run_until(START_NS + 60 * NS_PER_S)

    assert len({market.drain().tobytes() for market in markets}) == 3


def test_an_outsiders_trade_leaves_other_symbols_alone() -> None:
    ends = START_NS + 60 * NS_PER_S
    alone = play(Market(a_config(), start_ns=START_NS), (), until_ns=ends, step_ns=HOUR_NS)
    visited = play(
        Market(a_config(), start_ns=START_NS), some_orders(300), until_ns=ends, step_ns=HOUR_NS
    )

    def others(events: np.ndarray) -> np.ndarray:
        return events[(events["symbol"] != 0) & (events["time_ns"] <= ends)]

    # Field by field: what stands between the fields of a copy is anything.
    assert np.array_equal(others(alone), others(visited))
    assert alone[alone["symbol"] == 0].tobytes() != visited[visited["symbol"] == 0].tobytes()


def test_trading_moves_cash_and_inventory_but_makes_none() -> None:
    market = Market(a_config(), start_ns=START_NS)
    before = totals(market)

    events = play(market, some_orders(300), until_ns=START_NS + 3 * HOUR_NS, step_ns=600 * NS_PER_S)

    after, outside = totals(market), outside_totals(market, events)
    assert outside[BTC][1] != 0
    for symbol in market.symbols:
        cash, inventory = after[symbol]
        lot = UNITS[symbol] // BTC_TICK
        assert cash + outside[symbol][0] * UNITS[symbol] == before[symbol][0]
        assert inventory + outside[symbol][1] * lot == before[symbol][1] == 0


def test_events_are_contiguous_per_symbol_and_ordered_in_time() -> None:
    market = Market(a_config(), start_ns=START_NS)

    events = play(market, some_orders(50), until_ns=START_NS + 600 * NS_PER_S, step_ns=NS_PER_S)

    assert np.all(np.diff(events["time_ns"]) >= 0)
    for index in range(len(market.symbols)):
        seq = events[events["symbol"] == index]["seq"]
        assert np.array_equal(seq, np.arange(1, len(seq) + 1))


def test_events_wait_for_whoever_drains_late() -> None:
    late, often = a_market(), a_market()

    late.run_until(late.sim_ns + HOUR_NS)
    events = play(often, (), until_ns=late.sim_ns, step_ns=10 * NS_PER_S)

    assert len(events) > 100_000
    assert late.drain().tobytes() == events.tobytes()


def test_books_that_grow_change_nothing_but_their_size() -> None:
    ends = START_NS + 60 * NS_PER_S
    # Far below the market, where nobody looks: more than a new book has room for.
    crowd = [
        Outside(5 * NS_PER_S, BTC, number=number, ticks=1 + number % 700, lots=1)
        for number in range(1, 3_001)
    ]

    alone = play(Market(a_config(), start_ns=START_NS), (), until_ns=ends, step_ns=HOUR_NS)
    market = Market(a_config(), start_ns=START_NS)
    crowded = play(market, crowd, until_ns=ends, step_ns=HOUR_NS)

    agents = crowded[crowded["maker_number"] <= 0]
    columns = [name for name in agents.dtype.names or () if name != "seq"]
    assert agents[columns].tolist() == alone[columns].tolist()
    assert (market.resting(BTC)[:, 0] > 0).sum() == 3_000


def test_an_order_enters_at_the_present_time() -> None:
    market = a_market()

    enter(market, Outside(0, BTC, number=5, lots=10, ticks=100))
    market.cancel(symbol=BTC, number=5)

    added, removed = market.drain()
    assert (added["kind"], removed["kind"]) == (EventKind.ADDED, EventKind.REMOVED)
    assert added["time_ns"] == removed["time_ns"] == market.sim_ns
    assert (added["maker_number"], added["maker_owner"], added["level_lots"]) == (
        5,
        FIRST_OUTSIDER,
        10,
    )
    assert removed["level_lots"] == 0


@pytest.mark.parametrize(("lots", "slippage_bps"), [(100, 3), (100_000, 12)])
def test_a_thousandth_and_a_whole_bitcoin_fill_near_the_mid(lots: int, slippage_bps: int) -> None:
    market = a_market(warm_s=60)
    mid = market.mid_px(BTC) / BTC_TICK

    enter(market, Outside(0, BTC, number=1, ord_type=OrdType.MARKET, lots=lots))

    events = market.drain()
    assert set(events["kind"].tolist()) == {EventKind.TRADE}
    assert events["lots"].sum() == lots
    paid = float((events["ticks"] * events["lots"]).sum()) / lots
    assert 0 < paid / mid - 1 < slippage_bps * 1e-4


def test_what_the_book_cannot_fill_is_rejected() -> None:
    market = a_market()

    enter(market, Outside(0, BTC, number=1, ord_type=OrdType.MARKET, lots=10**9))

    last = market.drain()[-1]
    assert (last["kind"], last["reason"]) == (EventKind.KILLED, EventReason.UNFILLED)
    assert last["lots"] > 0


def test_makers_quote_again_after_a_sweep() -> None:
    market = a_market()
    enter(market, Outside(0, BTC, number=1, ord_type=OrdType.MARKET, lots=10**9))
    swept = market.depth(BTC, 1)[1]

    market.run_until(market.sim_ns + 10 * NS_PER_S)

    assert (len(swept), len(market.depth(BTC, 20)[1]) >= 5) == (0, True)


def test_a_resting_order_near_the_touch_is_filled_by_agents() -> None:
    market = a_market()
    bid = int(market.depth(BTC, 1)[0][0, 0])
    enter(market, Outside(0, BTC, number=1, ticks=bid + 1, lots=100))

    market.run_until(market.sim_ns + 600 * NS_PER_S)

    events = market.drain()
    fills = events[(events["kind"] == EventKind.TRADE) & (events["maker_number"] == 1)]
    assert fills["lots"].sum() == 100
    assert np.all(fills["ticks"] == bid + 1)


def test_depth_shows_both_sides_best_first() -> None:
    market = a_market()

    for symbol in market.symbols:
        bids, asks = market.depth(symbol, 3)
        assert bids.shape == asks.shape == (3, 2)
        assert np.all(np.diff(bids[:, 0]) < 0)
        assert np.all(np.diff(asks[:, 0]) > 0)
        assert bids[0, 0] < asks[0, 0]


def test_prices_begin_where_the_contract_says() -> None:
    market = a_market(warm_s=1)

    starts = (60_000, 3_000, 150, 150, 300, 140)
    for symbol, start in zip(market.symbols, starts, strict=True):
        assert market.mid_px(symbol) == pytest.approx(start * 10**9, rel=1e-3)


def test_the_agents_are_forty_with_holdings_in_every_symbol() -> None:
    market = a_market()

    agents = market.agents()

    counts: dict[str, int] = {}
    for agent in agents:
        counts[agent.type_name] = counts.get(agent.type_name, 0) + 1
        assert [holding.symbol for holding in agent.holdings] == list(market.symbols)
    assert counts == {"mm": 5, "noise": 20, "informed": 10, "momentum": 5}
    assert agents[0].name == "agent:mm-0"
    assert agents[0].holdings[0].open_orders >= 4


def test_profits_add_up_to_what_marks_left_between_agents() -> None:
    market = a_market(warm_s=600)

    # Inventories cancel out, so whatever the marks are, nobody's profit comes from nowhere.
    assert sum(agent.pnl for agent in market.agents()) == 0
    assert any(agent.pnl for agent in market.agents())


def test_a_restored_market_continues_with_holdings_and_prices() -> None:
    market = a_market(warm_s=600)
    prices = market.last_mid_px()

    restored = Market(
        a_config(),
        start_ns=market.sim_ns,
        life=1,
        holdings=[*market.holdings(), an_outsiders_holding()],
        last_mid_px=prices,
    )

    assert restored.holdings() == market.holdings()
    assert restored.last_mid_px() == prices
    restored.run_until(restored.sim_ns + 2 * NS_PER_S)
    for symbol, price in prices.items():
        assert restored.mid_px(symbol) == pytest.approx(price, rel=2e-3)


def an_outsiders_holding() -> PartyHolding:
    return PartyHolding(party="account-1", symbol=BTC, cash=Value(1), inventory=SignedQty(1))


@pytest.mark.parametrize(
    ("party", "symbol", "cash", "inventory"),
    [
        ("agent:mm-99", BTC, 0, 0),
        ("agent:mm-0", "DOGE", 0, 0),
        ("agent:mm-0", BTC, 1, 0),
        ("agent:mm-0", BTC, 0, BTC_LOT + 1),
    ],
)
def test_a_holding_that_does_not_fit_is_refused(
    party: str, symbol: str, cash: int, inventory: int
) -> None:
    holding = PartyHolding(
        party=party, symbol=symbol, cash=Value(cash), inventory=SignedQty(inventory)
    )

    with pytest.raises(InvalidInputError):
        Market(a_config(), start_ns=START_NS, holdings=[holding])


def test_the_mid_price_survives_an_empty_side() -> None:
    market = a_market()
    before = market.mid_px(BTC)

    enter(market, Outside(0, BTC, number=1, ord_type=OrdType.MARKET, lots=10**9))

    assert len(market.depth(BTC, 1)[1]) == 0
    assert market.mid_px(BTC) == before
    assert isinstance(before, int)
    assert before > Px(0)
