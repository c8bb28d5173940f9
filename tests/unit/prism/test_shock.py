"""Shocks move prices as they should, end when they should, and create nothing."""

import math
from itertools import pairwise

import numpy as np
import pytest
from tests.prism import CONFIG
from tests.unit.prism.markets import START_NS

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px
from trade2026.model.prism import PrismParams, PrismShock, ShockKind
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import default_config
from trade2026.prism.exchange import EventKind
from trade2026.prism.floorplan import VALUES

BTC = "BTCUSDT"
K = ShockKind


def a_market() -> AgentMarket:
    market = AgentMarket(default_config(3), start_ns=START_NS, life=0, holdings=(), last_mid_px={})
    market.run_until(START_NS + 60 * NS_PER_S)
    market.drain()
    return market


def a_shock(kind: ShockKind, size: float, duration_s: int = 0, symbol: str = BTC) -> PrismShock:
    return PrismShock(kind=kind, symbol=symbol, size=size, duration_ns=duration_s * NS_PER_S)


def mids(market: AgentMarket, seconds: int) -> list[int]:
    found: list[int] = []
    for _ in range(seconds):
        market.run_until(market.sim_ns + NS_PER_S)
        market.drain()
        found.append(market.last_mid_px()[BTC])
    return found


def moved_bps(before: Px, after: int) -> float:
    return (after / before - 1) * 1e4


def sums(market: AgentMarket) -> tuple[int, int]:
    held = market.holdings()
    return sum(h.cash for h in held), sum(h.inventory for h in held)


def test_news_moves_the_price_for_good() -> None:
    market = a_market()
    before, held = market.last_mid_px(), sums(market)

    market.shock(a_shock(K.NEWS, 100))
    after = mids(market, 90)

    assert moved_bps(before[BTC], after[-1]) == pytest.approx(100, abs=25)
    assert moved_bps(before["AAPL"], market.last_mid_px()["AAPL"]) == pytest.approx(0, abs=25)
    assert sums(market) == held


def test_a_crash_falls_and_comes_back() -> None:
    market = a_market()
    before, held = market.last_mid_px()[BTC], sums(market)

    market.shock(a_shock(K.CRASH, 300, duration_s=30))
    after = mids(market, 120)

    assert min(moved_bps(before, px) for px in after[:30]) < -200
    assert moved_bps(before, after[-1]) == pytest.approx(0, abs=40)
    assert sums(market) == held
    assert market.shocks == ()


def test_volatility_moves_the_value_more_and_ends() -> None:
    calm, wild = a_market(), a_market()

    wild.shock(a_shock(K.VOLATILITY, 30, duration_s=60))
    quiet, moved = mids(calm, 60), mids(wild, 60)

    def roughness(path: list[int]) -> float:
        return sum(abs(b / a - 1) for a, b in pairwise(path))

    assert roughness(moved) > 3 * roughness(quiet)
    assert wild.shocks == ()


def test_without_liquidity_nobody_quotes_until_makers_come_back() -> None:
    market = a_market()

    def quotes() -> int:
        return sum(a.open_orders for a in market.agents() if a.kind == "mm")

    held = quotes()
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "AAPL", "MSFT", "GOOGL"):
        market.shock(a_shock(K.LIQUIDITY, 1.0, duration_s=10, symbol=symbol))
    market.run_until(market.sim_ns + 9 * NS_PER_S)
    away = quotes()
    market.run_until(market.sim_ns + 10 * NS_PER_S)

    assert held > 100
    assert away == 0
    assert quotes() > 100


@pytest.mark.parametrize(
    ("shock", "field"),
    [
        (a_shock(K.NEWS, 100, symbol="XRP"), "symbol"),
        (a_shock(K.NEWS, 0), "size"),
        (a_shock(K.NEWS, math.nan), "size"),
        (a_shock(K.NEWS, 5_001), "size"),
        (a_shock(K.NEWS, 5, duration_s=1), "duration_s"),
        (a_shock(K.CRASH, -5, duration_s=1), "size"),
        (a_shock(K.CRASH, 5, duration_s=0), "duration_s"),
        (a_shock(K.CRASH, 5, duration_s=86_401), "duration_s"),
        (a_shock(K.VOLATILITY, 1, duration_s=1), "size"),
        (a_shock(K.LIQUIDITY, 1.1, duration_s=1), "size"),
    ],
)
def test_a_shock_that_cannot_be_is_refused_by_its_field(shock: PrismShock, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        a_market().check_shock(shock)

    assert caught.value.field == field


def test_there_may_not_be_too_many_shocks_at_once() -> None:
    market = a_market()
    for _ in range(64):
        market.shock(a_shock(K.VOLATILITY, 0.99, duration_s=60))

    with pytest.raises(InvalidInputError):
        market.check_shock(a_shock(K.NEWS, 5))


def test_volatility_shocks_of_one_symbol_multiply_to_no_more_than_one_alone_may_be() -> None:
    market = a_market()
    # One below 1 gives no room: it ends first, and the others would be too much.
    market.shock(a_shock(K.VOLATILITY, 0.1, duration_s=1))
    market.shock(a_shock(K.VOLATILITY, 50, duration_s=60))

    with pytest.raises(InvalidInputError) as caught:
        market.check_shock(a_shock(K.VOLATILITY, 2.1, duration_s=60))

    assert caught.value.field == "size"
    market.check_shock(a_shock(K.VOLATILITY, 2, duration_s=60))
    market.check_shock(a_shock(K.VOLATILITY, 0.5, duration_s=60))
    market.check_shock(a_shock(K.VOLATILITY, 100, duration_s=60, symbol="AAPL"))


def test_two_volatility_shocks_multiply_and_the_rest_is_as_configured() -> None:
    market, plain = a_market(), a_market()
    market.shock(a_shock(K.VOLATILITY, 3, duration_s=1))
    market.shock(a_shock(K.VOLATILITY, 2, duration_s=2))
    for one in (market, plain):
        one.run_until(one.sim_ns + 3 * NS_PER_S)
        one.drain()

    assert market.value_params() == plain.value_params()
    assert _movements(market) == _movements(plain)


def test_parameters_change_by_type_by_name_and_by_symbol() -> None:
    market = a_market()

    market.set_params(PrismParams(type_name="noise", values={"mean_pause_s": 1.5}))
    market.set_params(PrismParams(agent="agent:noise-3", values={"mean_pause_s": 2.5}))
    market.set_params(PrismParams(symbol=BTC, values={"jumps_per_day": 0.0}))

    noise = market.agent_params()["noise"]
    assert noise["agent:noise-2"]["mean_pause_s"] == 1.5
    assert noise["agent:noise-3"]["mean_pause_s"] == 2.5
    assert market.agent_params()["mm"]["agent:mm-0"]["mean_pause_s"] == 1.0
    assert market.value_params()[BTC]["jumps_per_day"] == 0.0
    assert market.value_params()["AAPL"]["jumps_per_day"] == 12.0


def test_agents_that_wake_more_often_trade_more() -> None:
    calm, busy = a_market(), a_market()

    busy.set_params(PrismParams(type_name="noise", values={"mean_pause_s": 0.5}))
    trades: list[int] = []
    for market in (calm, busy):
        market.run_until(market.sim_ns + 60 * NS_PER_S)
        trades.append(sum(event.kind is EventKind.TRADE for event in market.drain()))

    assert trades[1] > 2 * trades[0]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (PrismParams(values={"mean_pause_s": 1.0}), "type"),
        (PrismParams(type_name="mm", agent="agent:mm-0", values={"size_clips": 1.0}), "type"),
        (PrismParams(type_name="whale", values={"mean_pause_s": 1.0}), "type"),
        (PrismParams(agent="agent:mm-99", values={"mean_pause_s": 1.0}), "agent"),
        (PrismParams(symbol="XRP", values={"jumps_per_day": 1.0}), "symbol"),
        (PrismParams(type_name="mm", values={}), "values"),
        (PrismParams(type_name="mm", values={"patience_s": 1.0}), "patience_s"),
        (PrismParams(type_name="mm", values={"mean_pause_s": 0.0}), "mean_pause_s"),
        (PrismParams(type_name="mm", values={"lean_bps": math.inf}), "lean_bps"),
        (PrismParams(type_name="noise", values={"take_ratio": 1.1}), "take_ratio"),
    ],
)
def test_parameters_that_cannot_be_are_refused_by_their_field(
    asked: PrismParams, field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        a_market().with_params(asked)

    assert caught.value.field == field


def test_every_parameter_there_is_has_bounds() -> None:
    market = a_market()

    for name, agents in market.agent_params().items():
        for parameter, value in agents[f"agent:{name}-0"].items():
            market.set_params(PrismParams(type_name=name, values={parameter: value}))
    for parameter, value in market.value_params()[BTC].items():
        market.set_params(PrismParams(symbol=BTC, values={parameter: value}))


def test_a_saved_market_goes_on_as_the_one_it_was_taken_of() -> None:
    market = a_market()
    market.shock(a_shock(K.VOLATILITY, 5, duration_s=30))
    market.set_params(PrismParams(type_name="informed", values={"mean_pause_s": 1.0}))
    market.run_until(market.sim_ns + 7 * NS_PER_S)
    market.drain()

    other = AgentMarket(default_config(3), start_ns=0, life=0, holdings=(), last_mid_px={})
    other.load(market.state())
    for one in (market, other):
        one.run_until(one.sim_ns + 60 * NS_PER_S)
        one.drain()

    assert other.mark() == market.mark()
    assert other.state() == market.state()
    assert other.agents() == market.agents()


def test_a_state_of_another_market_is_not_taken() -> None:
    other = AgentMarket(CONFIG, start_ns=0, life=0, holdings=(), last_mid_px={})

    with pytest.raises(InvalidInputError):
        other.load(a_market().state())


def _movements(market: AgentMarket) -> list[float]:
    # Of the first symbol's record, what says how large its movements are.
    row = VALUES.view(np.frombuffer(market.state().market.market, np.uint8))[0]
    names = (
        "own_sd",
        "common_sd",
        "drift_sd",
        "deviation_sd",
        "jump_mean",
        "jump_chance",
        "drift_kept",
    )
    return [float(row[name]) for name in names]
