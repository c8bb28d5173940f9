"""Agents keep their bounds, their quotes and their books small, for as long as they trade."""

import msgspec
import numpy as np
import pytest
from tests.unit.prism.markets import (
    HOUR_NS,
    START_NS,
    Outside,
    a_config,
    a_market,
    enter,
    totals,
)

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.model.order import OrdType, Side
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.config import AgentGroup, MarketConfig
from trade2026.prism.engine.event import EventKind
from trade2026.prism.market import Market


def a_market_of(*groups: AgentGroup, bound_clips: int = 1_000) -> Market:
    config = a_config()
    symbols = tuple(
        msgspec.structs.replace(symbol, bound_clips=bound_clips) for symbol in config.symbols
    )
    changed = MarketConfig(seed=config.seed, symbols=symbols, agents=groups)
    return Market(changed, start_ns=START_NS)


def only(symbol: str, group: AgentGroup, **changes: float) -> MarketConfig:
    """Return a market of one symbol, its value changed, in which one group trades."""
    config = a_config()
    one = next(s for s in config.symbols if s.instrument.symbol == symbol)
    value = msgspec.structs.replace(one.fundamental, **changes)
    one = msgspec.structs.replace(one, fundamental=value)
    return MarketConfig(seed=config.seed, symbols=(one,), agents=(group,))


@pytest.mark.parametrize("agent_type", AGENT_TYPES, ids=lambda agent_type: agent_type.name)
def test_every_type_trades_in_the_default_market(agent_type: object) -> None:
    market = a_market(warm_s=1_800)

    name = getattr(agent_type, "name", "")
    idle = [
        agent.name
        for agent in market.agents()
        if agent.type_name == name and all(h.pnl == 0 == h.inventory for h in agent.holdings)
    ]
    assert idle == []


def test_a_simulated_day_keeps_the_book_small_full_and_near_the_value() -> None:
    market = a_market()
    day = 24 * HOUR_NS
    most, fewest, mids, values = 0, list[int](), list[list[float]](), list[list[float]]()

    for minute in range(1, 1_441):
        market.run_until(START_NS + minute * day // 1_440)
        market.drain()
        most = max(most, *(len(market.resting(symbol)) for symbol in market.symbols))
        for symbol in market.symbols:
            bids, asks = market.depth(symbol, 5)
            fewest.append(min(len(bids), len(asks)))
        mids.append([market.mid_px(symbol) for symbol in market.symbols])
        values.append([market.fundamental_px(symbol) for symbol in market.symbols])

    errors = np.log(np.array(mids) / np.array(values))
    # Five makers and twenty noise traders with eight orders: 200.
    assert most <= 200
    assert min(fewest) >= 1
    assert np.mean(np.array(fewest) == 5) > 0.95
    # Takers move prices: by a few minutes' ordinary moves, and not for good.
    minute = np.diff(np.log(np.array(mids)), axis=0).std(axis=0)
    assert (np.abs(errors.mean(axis=0)) < 5 * minute).all()
    assert (errors.std(axis=0) < 5 * minute).all()


def test_spreads_are_a_few_basis_points() -> None:
    market = a_market()
    spreads: list[list[float]] = []

    for _ in range(300):
        market.run_until(market.sim_ns + 2 * NS_PER_S)
        touches = [market.depth(symbol, 1) for symbol in market.symbols]
        spreads.append([float(a[0, 0] - b[0, 0]) / float(b[0, 0]) * 1e4 for b, a in touches])

    assert np.median(spreads, axis=0).max() < 3
    assert np.max(spreads) < 10


def test_inventories_never_leave_their_bound() -> None:
    market = a_market_of(*a_config().agents, bound_clips=2)
    lots = {s.instrument.symbol: int(s.instrument.lot_size) for s in a_config().symbols}
    clips = {
        s.instrument.symbol: max(1, s.clip_value * 10**9 // (s.start_px * s.instrument.lot_size))
        for s in a_config().symbols
    }
    worst = 0.0

    for second in range(1, 600):
        market.run_until(START_NS + second * NS_PER_S)
        # An outsider leans on the market as hard as it can.
        hit = Outside(
            0, "BTCUSDT", number=second, side=Side.SELL, ord_type=OrdType.MARKET, lots=10**6
        )
        enter(market, hit)
        for holding in market.holdings():
            bound = 2 * clips[holding.symbol] * lots[holding.symbol]
            worst = max(worst, abs(holding.inventory) / bound)

    assert worst == 1.0


def test_makers_alone_quote_both_sides_and_do_not_trade_with_each_other() -> None:
    market = a_market_of(AgentGroup(type_name="mm", count=5, latency_ms=0.0))

    for second in range(1, 600):
        market.run_until(START_NS + second * NS_PER_S)
        for symbol in market.symbols:
            bids, asks = market.depth(symbol, 1)
            assert (len(bids), len(asks)) == (1, 1)

    assert not np.any(market.drain()["kind"] == EventKind.TRADE)


def test_no_agent_trades_with_itself() -> None:
    market = a_market(warm_s=5)
    market.run_until(market.sim_ns + HOUR_NS)

    events = market.drain()

    trades = events[events["kind"] == EventKind.TRADE]
    assert len(trades) > 10_000
    assert not np.any(trades["maker_owner"] == trades["taker_owner"])


@pytest.mark.parametrize("symbol", ["SOLUSDT", "MSFT", "AAPL"])
def test_a_quote_whose_cell_is_still_wanted_stays(symbol: str) -> None:
    calm = {"mood_sds": 0.0, "season_depth_ratio": 0.0, "season_edge_times": 0.0}
    config = only(symbol, AgentGroup(type_name="mm", count=1), **calm)
    market = Market(config, start_ns=START_NS)

    market.run_until(START_NS + 600 * NS_PER_S)

    added = np.count_nonzero(market.drain()["kind"] == EventKind.ADDED)
    # Some six hundred looks; who sent all eight quotes anew at each would add five thousand.
    assert 8 <= added < 1_200


def test_makers_who_mind_the_variance_leave_more_free_in_a_storm() -> None:
    spreads: dict[float, float] = {}
    for peak_h in (0.0, 12.0):
        changes = {"mood_sds": 0.0, "season_depth_ratio": 0.9, "season_peak_h": peak_h}
        group = AgentGroup(type_name="mm", count=2, params={"risk_sds": 20.0})
        market = Market(only("BTCUSDT", group, **changes), start_ns=START_NS)
        market.run_until(START_NS + 5 * NS_PER_S)
        bids, asks = market.depth("BTCUSDT", 1)
        spreads[peak_h] = float(asks[0, 0] - bids[0, 0])

    # At the peak the variance is 1.9 of the usual, twelve hours off it 0.1.
    assert 10.0 < spreads[0.0] / spreads[12.0] < 25.0


def test_momentum_traders_follow_and_go_home() -> None:
    market = a_market_of(
        AgentGroup(type_name="mm", count=5), AgentGroup(type_name="momentum", count=5)
    )
    held: list[int] = []
    for minute in range(60, 180):
        market.run_until(START_NS + minute * 60 * NS_PER_S)
        held += [
            abs(h.inventory)
            for agent in market.agents()
            if agent.type_name == "momentum"
            for h in agent.holdings
        ]
    cash = [
        h.pnl for agent in market.agents() if agent.type_name == "momentum" for h in agent.holdings
    ]

    assert all(cash)
    assert sum(1 for inventory in held if inventory == 0) > 0


def test_parameters_may_be_chosen_and_are_checked() -> None:
    wide = a_market_of(AgentGroup(type_name="mm", count=2, params={"gap_sds": 50.0}))
    wide.run_until(START_NS + NS_PER_S)

    bids, asks = wide.depth("BTCUSDT", 1)

    assert float(asks[0, 0]) / float(bids[0, 0]) - 1 > 50e-4
    with pytest.raises(InvalidInputError, match="gap"):
        a_market_of(AgentGroup(type_name="mm", count=2, params={"gap": 50.0}))
    with pytest.raises(InvalidInputError, match="whale"):
        a_market_of(AgentGroup(type_name="whale", count=2))
    with pytest.raises(InvalidInputError, match="at least one"):
        a_market_of()


@pytest.mark.parametrize("name", ["reversion", "executor", "follower"])
def test_types_that_the_default_market_lacks_trade_and_make_nothing(name: str) -> None:
    market = a_market_of(*a_config().agents, AgentGroup(type_name=name, count=3))
    before = totals(market)

    market.run_until(START_NS + HOUR_NS)

    traded = [
        h.pnl
        for agent in market.agents()
        if agent.type_name == name
        for h in agent.holdings
        if h.pnl or h.inventory
    ]
    assert len(traded) > 9
    assert totals(market) == before


def test_an_executor_does_its_order_by_the_clock_and_then_rests() -> None:
    params = {"size_exponent": 10.0, "duration_s": 600.0, "mean_rest_s": 1e6}
    market = a_market_of(
        *a_config().agents, AgentGroup(type_name="executor", count=1, params=params)
    )

    held: list[int] = []
    for minute in (6, 30, 40):
        market.run_until(START_NS + minute * 60 * NS_PER_S)
        held.append(abs(market.agents()[-1].holdings[0].inventory))

    assert 0 < held[0] < held[1]
    assert held[1] == held[2]
