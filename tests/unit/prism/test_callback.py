"""Agents in Python trade in the compiled loop by the same rules as compiled ones."""

from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.prism.markets import START_NS, a_config

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.prism import loop
from trade2026.prism.agent_type import AgentType
from trade2026.prism.callback import Desk
from trade2026.prism.config import AgentGroup, MarketConfig
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.memory import ROOM
from trade2026.prism.market import Market


class BuyerParams(msgspec.Struct, frozen=True, kw_only=True):
    """How a buyer buys."""

    pause_s: float = 1.0


def buy(desk: Desk) -> float:
    """Take an ordinary order from the offer, and count it."""
    mind = desk.mind(BUYER)
    if desk.ask:
        desk.take(1, desk.ask, desk.clip)
        mind["sent"] += 1
    return float(mind["pause_s"])


BUYER = AgentType(name="buyer", params=BuyerParams, wake=buy, memory=("sent",), in_python=True)


def a_config_with(agent_type: AgentType, latency_ms: float) -> MarketConfig:
    config = a_config()
    own = AgentGroup(type_name=agent_type.name, count=1, latency_ms=latency_ms)
    groups = (AgentGroup(type_name="mm", count=5), AgentGroup(type_name="noise", count=20), own)
    return MarketConfig(seed=config.seed, symbols=config.symbols[:2], agents=groups)


def a_market_with(agent_type: AgentType, *, latency_ms: float = 0.0) -> Market:
    config = a_config_with(agent_type, latency_ms)
    return Market(config, start_ns=START_NS, own_types=(agent_type,))


def a_type(wake: object, name: str = "own") -> AgentType:
    return AgentType(name=name, params=BuyerParams, wake=wake, in_python=True)  # type: ignore[arg-type]


def test_a_python_agent_trades_and_its_books_are_exact() -> None:
    market = a_market_with(BUYER)
    market.run_until(START_NS + 60 * NS_PER_S)

    events = market.drain()
    mine = events[(events["kind"] == EventKind.TRADE) & (events["taker_owner"] == 25)]
    held = {h.symbol: h for a in market.agents() if a.type_name == "buyer" for h in a.holdings}
    lots = {s.instrument.symbol: int(s.instrument.lot_size) for s in a_config().symbols}

    assert len(mine) > 100
    for index, symbol in enumerate(market.symbols):
        bought = int(mine[mine["symbol"] == index]["lots"].sum())
        assert held[symbol].inventory == bought * lots[symbol] > 0


def test_the_same_seed_gives_the_same_events_with_python_agents() -> None:
    def events_of(market: Market) -> object:
        market.run_until(START_NS + 30 * NS_PER_S)
        return market.drain()

    one, two = events_of(a_market_with(BUYER)), events_of(a_market_with(BUYER))

    assert np.array_equal(one, two)  # type: ignore[arg-type]


def test_a_state_holds_what_a_python_agent_remembers() -> None:
    whole, cut = a_market_with(BUYER, latency_ms=30.0), a_market_with(BUYER, latency_ms=30.0)
    whole.run_until(START_NS + 20 * NS_PER_S)
    cut.run_until(START_NS + 7 * NS_PER_S)
    events = [cut.drain()]
    again = Market.from_state(a_config_with(BUYER, 30.0), cut.state(), own_types=(BUYER,))
    again.run_until(START_NS + 20 * NS_PER_S)
    events.append(again.drain())

    assert np.array_equal(np.concatenate(events), whole.drain())


def test_a_python_agent_quotes_and_withdraws() -> None:
    def quote(desk: Desk) -> float:
        desk.withdraw(0)
        number = desk.rest(0, 1, 1_000, 1)
        assert number < 0
        seen.append((desk.bid, desk.ask, desk.inventory, desk.cash > 0, desk.worth > 0))
        return 0.5

    seen: list[tuple[int, int, int, bool, bool]] = []
    market = a_market_with(a_type(quote))
    market.run_until(START_NS + 30 * NS_PER_S)

    resting = market.resting("BTCUSDT")
    assert len(resting[resting[:, 1] == 25]) == 1
    assert all(0 < bid < ask and held == 0 for bid, ask, held, *_ in seen[10:])
    assert all(rich and worthy for *_, rich, worthy in seen)


@pytest.mark.parametrize("pause", [float("nan"), 0, -1.0, float("inf"), None, "soon", [1.0]])
def test_a_pause_that_is_none_is_an_error_and_nothing_is_sent(pause: object) -> None:
    def bad(desk: Desk) -> object:
        desk.rest(0, 1, 1_000, 1)
        return pause

    market = a_market_with(a_type(bad))

    with pytest.raises(InvalidInputError, match=r"agent:own-0: .*pause"):
        market.run_until(START_NS + 30 * NS_PER_S)
    assert not (market.drain()["maker_owner"] == 25).any()


@pytest.mark.parametrize(("ticks", "lots"), [(1_000.5, 1), (1_000, 1.0), ("1", 1)])
def test_prices_and_quantities_are_whole(ticks: Any, lots: Any) -> None:
    def bad(desk: Desk) -> float:
        desk.rest(0, 1, ticks, lots)
        return 1.0

    with pytest.raises(TypeError, match="interpreted as an integer"):
        a_market_with(a_type(bad)).run_until(START_NS + 30 * NS_PER_S)


def test_an_error_of_a_python_agent_comes_out_and_the_market_may_go_on() -> None:
    def fail_once(desk: Desk) -> float:
        desk.rest(0, 1, 1_000, 1)
        if not failed:
            failed.append(True)
            raise KeyError("mine")
        return 1.0

    failed: list[bool] = []
    market = a_market_with(a_type(fail_once))

    with pytest.raises(KeyError, match="mine"):
        market.run_until(START_NS + 30 * NS_PER_S)
    assert START_NS < market.sim_ns == market.next_ns < START_NS + 3 * NS_PER_S
    market.run_until(START_NS + 30 * NS_PER_S)

    assert (market.drain()["maker_owner"] == 25).sum() > 10


def test_a_message_that_is_broken_off_leaves_the_time_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken_off(*args: object) -> int:
        raise KeyboardInterrupt(args)

    market = a_market_with(BUYER)
    market.run_until(START_NS + 30 * NS_PER_S + 1)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "run", broken_off)
        with pytest.raises(KeyboardInterrupt):
            market.cancel(symbol=market.symbols[0], number=1)

    assert market.sim_ns == START_NS + 30 * NS_PER_S + 1


def test_who_talks_too_much_is_named() -> None:
    def shout(desk: Desk) -> float:
        for _ in range(ROOM + 1):
            desk.take(1, 1, 1)
        return 1.0

    market = a_market_with(a_type(shout, "shouter"))

    with pytest.raises(RuntimeError, match=r"agent:shouter-0 sent more than 32"):
        market.run_until(START_NS + 30 * NS_PER_S)
    market.drain()
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"shouter-0 .* ended for good"):
            market.run_until(START_NS + 60 * NS_PER_S)
    assert len(market.drain()) == 0


def test_a_place_that_is_no_quote_is_an_error() -> None:
    def wrong(desk: Desk) -> float:
        desk.rest(8, 1, 1_000, 1)
        return 1.0

    market = a_market_with(a_type(wrong))

    with pytest.raises(InvalidInputError, match="place"):
        market.run_until(START_NS + 30 * NS_PER_S)


def test_a_desk_that_is_kept_acts_no_more() -> None:
    def keep(desk: Desk) -> float:
        kept.append(desk)
        return 1.0

    kept: list[Desk] = []
    market = a_market_with(a_type(keep))
    market.run_until(START_NS + 5 * NS_PER_S)

    for act in (
        lambda: kept[0].rest(0, 1, 1_000, 1),
        lambda: kept[0].take(1, 1_000, 1),
        lambda: kept[0].withdraw(0),
    ):
        with pytest.raises(RefusedError, match="desk"):
            act()
    market.run_until(START_NS + 9 * NS_PER_S)
    assert not (market.drain()["maker_owner"] == 25).any()


def test_the_desk_of_another_agent_is_refused() -> None:
    def borrow(desk: Desk) -> float:
        kept.setdefault(desk.symbol, desk)
        for other in kept.values():
            if other is not desk:
                other.rest(0, 1, 1_000, 1)
        return 1.0

    kept: dict[str, Desk] = {}
    market = a_market_with(a_type(borrow))

    with pytest.raises(RefusedError, match="desk"):
        market.run_until(START_NS + 30 * NS_PER_S)


def test_an_agent_cannot_run_its_own_market() -> None:
    def hurry(desk: Desk) -> float:
        markets[0].run_until(desk.now_ns + NS_PER_S)
        return 1.0

    markets = [a_market_with(a_type(hurry))]

    with pytest.raises(RefusedError, match="while an agent"):
        markets[0].run_until(START_NS + 30 * NS_PER_S)
