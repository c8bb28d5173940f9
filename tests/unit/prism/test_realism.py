"""The default market has the marks of real ones: loosely, at a scale that every run can afford."""

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.prism.markets import START_NS, a_config

from trade2026.core.clock import NS_PER_S
from trade2026.domain.realism.flow import by_distance, fullest
from trade2026.prism.engine.event import EventKind
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.record import record
from trade2026.prism.market import Market

LARGE_TICK = "SOLUSDT"
SMALL_TICK = "BTCUSDT"


class Day(msgspec.Struct):
    """A day of one symbol."""

    minute_mid: NDArray[np.float64]
    minute_volume: NDArray[np.float64]
    signs: NDArray[np.float64]
    """Of market orders, one for each."""
    one_tick_share: float


@pytest.fixture(scope="module", params=[11, 12])
def day(request: pytest.FixtureRequest) -> Day:
    config = a_config(request.param)
    only = tuple(s for s in config.symbols if s.instrument.symbol == LARGE_TICK)
    market = Market(msgspec.structs.replace(config, symbols=only), start_ns=START_NS)
    mids, volumes, widths = list[int](), list[int](), list[bool]()
    signs: list[NDArray[np.int8]] = []
    for _ in range(1_440):
        market.run_until(market.sim_ns + 60 * NS_PER_S)
        events = market.drain()
        trades = events[events["kind"] == EventKind.TRADE]
        _, first = np.unique(-trades["taker_number"], return_index=True)
        mids.append(market.mid_px(LARGE_TICK))
        volumes.append(int(trades["lots"].sum()))
        signs.append(trades["side"][np.sort(first)])
        bids, asks = market.depth(LARGE_TICK, 1)
        widths.append(bool(len(bids) and len(asks) and asks[0, 0] - bids[0, 0] == 1))
    return Day(
        minute_mid=np.array(mids, np.float64),
        minute_volume=np.array(volumes, np.float64),
        signs=np.concatenate(signs).astype(np.float64),
        one_tick_share=float(np.mean(widths)),
    )


def alike(values: NDArray[np.float64], lag: int) -> float:
    away = values - values.mean()
    return float(away[lag:] @ away[:-lag] / (away @ away))


def test_returns_have_heavy_tails_and_do_not_foretell_each_other(day: Day) -> None:
    returns = np.diff(np.log(day.minute_mid))
    away = returns - returns.mean()

    assert 1.0 < (away**4).mean() / away.var() ** 2 - 3.0 < 100.0
    assert abs(alike(returns, 1)) < 0.2
    assert abs(alike(returns, 5)) < 0.12


def test_volatility_clusters_and_goes_with_volume(day: Day) -> None:
    moves = np.abs(np.diff(np.log(day.minute_mid)))

    assert np.mean([alike(moves, lag) for lag in range(1, 11)]) > 0.04
    assert np.corrcoef(day.minute_volume[1:], moves)[0, 1] > 0.2


def test_market_orders_are_alike_for_long(day: Day) -> None:
    near, far = alike(day.signs, 1), np.mean([alike(day.signs, lag) for lag in range(20, 60)])

    assert 0.1 < near < 0.6
    assert 0.01 < far < near


def test_a_large_tick_is_the_spread_nearly_always(day: Day) -> None:
    assert 0.8 < day.one_tick_share < 1.0


@pytest.mark.parametrize(("growth_ratio", "has_hump"), [(1.0, True), (0.0, False)])
def test_a_small_tick_s_book_is_fullest_where_makers_quote_most(
    growth_ratio: float, has_hump: bool
) -> None:
    groups = tuple(
        msgspec.structs.replace(group, params={"growth_ratio": growth_ratio})
        if group.type_name == "mm"
        else group
        for group in a_config().agents
    )
    config = alone(msgspec.structs.replace(a_config(), agents=groups), SMALL_TICK, 13)

    most = fullest(by_distance(record(config, days=0.1).session))

    assert (most >= 3.0) is has_hump
