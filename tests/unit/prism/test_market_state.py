"""A market that goes back to what it was continues as if nothing had happened since."""

import hashlib
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.prism.markets import Outside, a_config, a_market, enter, play

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.model.order import OrdType, Side
from trade2026.prism import opening
from trade2026.prism.engine.message import MESSAGE, SELL, Action, Force, Kind
from trade2026.prism.market import FIRST_OUTSIDER, Market

BTC = "BTCUSDT"


def a_lived_in_market() -> Market:
    """Return a market with orders, stops, icebergs, timers and grown books."""
    market = a_market(warm_s=20)
    for number in range(1, 1_501):
        enter(market, Outside(0, BTC, number=number, ticks=1 + number % 90, lots=number))
    message = np.zeros(1, MESSAGE)
    message["action"], message["owner"], message["side"] = Action.PLACE, FIRST_OUTSIDER + 1, SELL
    kinds = (Kind.STOP, Kind.TRAILING_STOP, Kind.LIMIT)
    for number, kind in enumerate(kinds, 2_000):
        message["number"], message["kind"], message["lots"] = number, kind, 500
        message["trigger"] = 5 if kind == Kind.TRAILING_STOP else 6_500_000
        message["ticks"] = 6_000_500 if kind == Kind.LIMIT else 0
        message["display"] = 50 if kind == Kind.LIMIT else 0
        message["force"], message["time_ns"] = Force.GTD, market.sim_ns + 30 * NS_PER_S
        market.ask(BTC, message)
    market.drain()
    return market


def onward(market: Market) -> NDArray[np.void]:
    """Return what happens in the next two minutes, with outsiders about."""
    orders = [
        Outside(
            number * NS_PER_S,
            BTC,
            number=5_000 + number,
            side=Side.SELL if number % 2 else Side.BUY,
            ord_type=OrdType.MARKET,
            lots=30_000,
        )
        for number in range(1, 60)
    ]
    return play(market, orders, until_ns=market.sim_ns + 120 * NS_PER_S, step_ns=NS_PER_S)


def look(market: Market) -> list[object]:
    """Return what can be seen of a market."""
    seen: list[object] = [market.sim_ns, market.holdings(), market.agents(), market.last_mid_px()]
    for symbol in market.symbols:
        seen += [market.resting(symbol).tolist(), market.fundamental_px(symbol)]
    return seen


def test_a_market_that_goes_back_continues_bit_for_bit() -> None:
    market, unstopped = a_lived_in_market(), a_lived_in_market()
    state, before = market.state(), look(market)

    first = onward(market)
    market = Market.from_state(a_config(), state)
    back = look(market)
    second = onward(market)

    assert len(first) > 5_000
    assert back == before
    assert first.tobytes() == second.tobytes() == onward(unstopped).tobytes()
    assert look(market) == look(unstopped)


def test_a_state_stays_what_it_was_however_often_it_is_taken() -> None:
    market = a_lived_in_market()
    state = market.state()

    runs: list[bytes] = []
    for _ in range(3):
        runs.append(onward(market).tobytes())
        market = Market.from_state(a_config(), state)

    assert len(set(runs)) == 1
    assert market.state() == state


def test_what_happened_must_be_drained_before() -> None:
    market = a_market()
    enter(market, Outside(0, BTC, number=1, ticks=100, lots=1))

    with pytest.raises(AssertionError):
        market.state()


def digest_of_a_run() -> str:
    """Return a digest of two minutes of a market."""
    market = a_market()
    return hashlib.sha256(onward(market).tobytes()).hexdigest()


PATH = os.pathsep.join(sys.path)
SCRIPT = "from tests.unit.prism.test_market_state import digest_of_a_run as f; print(f())"


def test_processes_of_other_hash_seeds_make_the_same_events() -> None:
    printed = {
        subprocess.run(
            ["env", f"PYTHONHASHSEED={seed}", f"PYTHONPATH={PATH}", sys.executable, "-c", SCRIPT],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert printed == {digest_of_a_run()}


def test_a_state_of_another_market_is_refused() -> None:
    config, state = a_config(), a_market().state()
    mm, noise, *rest = config.agents
    swapped = msgspec.structs.replace(config, agents=(noise, mm, *rest))
    moved = (config.symbols[1], config.symbols[0], *config.symbols[2:])

    for other in (swapped, msgspec.structs.replace(config, symbols=moved)):
        with pytest.raises(InvalidInputError, match="another market"):
            Market.from_state(other, state)


def test_a_state_of_other_kernels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    config, state = a_config(), a_market().state()
    monkeypatch.setattr(opening, "sources_digest", lambda: "of another version")

    for one in (state, msgspec.structs.replace(state, made_of="")):
        with pytest.raises(InvalidInputError, match="another market"):
            Market.from_state(config, one)


def test_a_state_goes_on_in_a_market_made_of_another_seed() -> None:
    market = a_market(warm_s=60)

    other = Market.from_state(a_config(seed=99), market.state())

    until = market.next_ns + 10 * NS_PER_S
    for one in (market, other):
        one.run_until(until)
    assert market.drain().tobytes() == other.drain().tobytes()
