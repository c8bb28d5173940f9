"""What an agent sends arrives after its latency; what it saw by then may be gone."""

import msgspec
import numpy as np
import pytest
from tests.unit.prism.markets import START_NS, a_config

from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.prism.agent_type import AgentType
from trade2026.prism.callback import Desk
from trade2026.prism.config import AgentGroup, MarketConfig, read_agents
from trade2026.prism.engine.event import EventKind
from trade2026.prism.market import Market
from trade2026.prism.opening import agents_of, grid_of, latency_of


class NoParams(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to choose."""


def quote_once(desk: Desk) -> float:
    """Bid once, a second after the opening or later, and never again."""
    if desk.now_ns < START_NS + NS_PER_S:
        return 0.1
    desk.rest(0, 1, 100, 1)
    return 1e6


BIDDER = AgentType(name="bidder", params=NoParams, wake=quote_once, in_python=True)


def a_config_of(*groups: AgentGroup, bound_clips: int = 1_000) -> MarketConfig:
    config = a_config()
    symbol = msgspec.structs.replace(config.symbols[0], bound_clips=bound_clips)
    return MarketConfig(seed=config.seed, symbols=(symbol,), agents=groups)


def a_market_of(*groups: AgentGroup, bound_clips: int = 1_000) -> Market:
    config = a_config_of(*groups, bound_clips=bound_clips)
    return Market(config, start_ns=START_NS, own_types=(BIDDER,))


def test_messages_arrive_their_latency_after_the_look() -> None:
    group = AgentGroup(type_name="bidder", count=1, latency_ms=40.0)
    at_once = a_market_of(msgspec.structs.replace(group, latency_ms=0.0))
    later = a_market_of(group)
    for market in (at_once, later):
        market.run_until(START_NS + 10 * NS_PER_S)

    looked, arrived = (int(m.drain()["time_ns"][0]) for m in (at_once, later))

    own = latency_of(a_config().seed, agents_of([group], (BIDDER,))[0])
    assert 20 * NS_PER_MS <= own <= 60 * NS_PER_MS
    assert arrived - looked == own


def test_a_latency_is_of_one_agent_and_lasts() -> None:
    group = AgentGroup(type_name="noise", count=20, latency_ms=40.0)
    agents = agents_of([group])

    own = [latency_of(1, agent) for agent in agents]

    assert own == [latency_of(1, agent) for agent in agents]
    assert len(set(own)) == 20
    assert 35 * NS_PER_MS < np.mean(own) < 45 * NS_PER_MS


def test_what_travels_when_a_stretch_ends_arrives_in_the_next_one() -> None:
    groups = (
        AgentGroup(type_name="mm", count=5, latency_ms=200.0),
        AgentGroup(type_name="noise", count=20, latency_ms=500.0),
    )
    whole, cut = a_market_of(*groups), a_market_of(*groups)
    whole.run_until(START_NS + 60 * NS_PER_S)
    for ms in range(37, 60_000, 37):
        cut.run_until(START_NS + ms * NS_PER_MS)
    # What travels is part of the market's state.
    events = [cut.drain()]
    again = Market.from_state(a_config_of(*groups), cut.state())
    again.run_until(START_NS + 60 * NS_PER_S)
    events.append(again.drain())

    assert np.array_equal(np.concatenate(events), whole.drain())


@pytest.mark.parametrize("latency_ms", [0.0, 5.0, 900.0])
def test_inventories_never_leave_their_bound_however_late_a_cancel_arrives(
    latency_ms: float,
) -> None:
    market = a_market_of(
        AgentGroup(type_name="mm", count=5, latency_ms=latency_ms),
        AgentGroup(type_name="noise", count=20, latency_ms=latency_ms),
        AgentGroup(type_name="informed", count=10),
        bound_clips=2,
    )
    worst, traded = 0, 0
    for second in range(1, 900):
        market.run_until(START_NS + second * NS_PER_S)
        events = market.drain()
        traded += int((events["kind"] == EventKind.TRADE).sum())
        worst = max(worst, *(abs(holding.inventory) for holding in market.holdings()))

    grid = grid_of(msgspec.structs.replace(a_config().symbols[0], bound_clips=2))
    assert traded > 100
    assert worst <= grid.bound_lots * grid.lot


def test_agents_that_are_sent_away_lose_what_travels() -> None:
    market = a_market_of(AgentGroup(type_name="bidder", count=1, latency_ms=900.0))
    market.run_until(START_NS + NS_PER_S + 200 * NS_PER_MS)

    market.send_away("BTCUSDT", [0], START_NS + 5 * NS_PER_S)
    market.run_until(START_NS + 20 * NS_PER_S)

    first = market.drain()[0]
    assert first["kind"] == EventKind.ADDED
    assert first["time_ns"] > START_NS + 5 * NS_PER_S


def test_latencies_may_be_chosen_and_are_checked() -> None:
    assert read_agents("mm:5@1.5ms noise:20") == (
        AgentGroup(type_name="mm", count=5, latency_ms=1.5),
        AgentGroup(type_name="noise", count=20),
    )
    for text in ("mm:5@", "mm:5@ms", "mm:5@-1ms", "mm:5@1s", "mm:5@nanms"):
        with pytest.raises(InvalidInputError, match="type:count"):
            read_agents(text)
    for latency_ms in (-1.0, 60_001.0, float("nan")):
        with pytest.raises(InvalidInputError, match="latency"):
            agents_of([AgentGroup(type_name="mm", count=1, latency_ms=latency_ms)])
