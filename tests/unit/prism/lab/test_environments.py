"""The environments keep Gymnasium's contract, repeat themselves, and count what is traded."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import trade2026.prism.lab.environments as ours
from trade2026.prism.engine.message import MAX_LOTS

SHORT: dict[str, Any] = {"horizon_s": 60.0, "step_s": 5.0}


def played(env: Any, actions: list[Any], seed: int = 3) -> tuple[list[float], list[Any], Any]:
    seen, _ = env.reset(seed=seed)
    rewards: list[float] = []
    observed: list[Any] = [seen]
    facts: Any = {}
    for action in actions:
        seen, reward, is_over, _, facts = env.step(action)
        rewards.append(reward)
        observed.append(seen)
        if is_over:
            break
    return rewards, observed, facts


@pytest.mark.parametrize("name", ["trade2026/Execution-v0", "trade2026/MarketMaking-v0"])
@pytest.mark.filterwarnings("error")
def test_gymnasium_finds_no_fault(name: str) -> None:
    env = gymnasium.make(name, **SHORT)

    check_env(env.unwrapped, skip_render_check=True)


def test_the_same_seed_and_actions_give_the_same_episode() -> None:
    actions = [2, 0, 5, 1, 2, 2, 3, 0, 0, 1, 2, 4]
    one, other = (played(ours.Execution(**SHORT), actions) for _ in range(2))
    another = played(ours.Execution(**SHORT), actions, seed=4)

    assert one[0] == other[0]
    assert np.array_equal(one[1], other[1])
    assert one[0] != another[0]


@pytest.mark.parametrize("lots", [400, -400])
def test_all_is_executed_whatever_one_does(lots: int) -> None:
    for action in (0, 2, 5):
        _, observed, facts = played(ours.Execution(lots=lots, **SHORT), [action] * 12)

        assert facts["lots"] == lots
        assert observed[-1][1] == 0.0


def test_rewards_add_up_to_the_shortfall() -> None:
    env = ours.Execution(lots=300, **SHORT)
    _, first = env.reset(seed=5)
    total, is_over, facts = 0.0, False, first
    while not is_over:
        _, reward, is_over, _, facts = env.step(2)
        total += reward

    paid = -facts["cash"] / 300
    assert total == pytest.approx(-(paid / first["mid"] - 1.0) * 1e4, abs=1e-6)


def beyond_the_book(action: int, lots: int) -> tuple[float, float, float]:
    """Return the reward of one pace, the share filled, and what that part justifies."""
    env = ours.Execution(lots=lots, **SHORT)
    _, first = env.reset(seed=5)
    rewards, _, facts = played(env, [action] * 12, seed=5)
    side = 1 if lots > 0 else -1
    paid = facts["cash"] / -facts["lots"]
    return sum(rewards), facts["lots"] / lots, -side * (paid / first["mid"] - 1.0) * 1e4


@pytest.mark.parametrize("lots", [30_000_000, -30_000_000])
def test_what_the_book_has_no_more_for_is_never_free(lots: int) -> None:
    waiting, filled, justified = beyond_the_book(0, lots)
    even, even_filled, _ = beyond_the_book(2, lots)

    assert 0.0 < filled < even_filled < 1.0
    assert waiting < filled * justified - (1.0 - filled) * ours.UNFILLED_BPS
    assert waiting < even


def test_a_maker_pays_for_inventory_that_nobody_takes() -> None:
    lots = 30_000_000
    env = ours.MarketMaking(lots=lots, most_lots=lots, aversion=0.0, **SHORT)
    _, first = env.reset(seed=3)
    env.market.buy("BTCUSDT", lots=lots)
    held = env.market.position("BTCUSDT").lots
    before = (env.market.profit("BTCUSDT"), env.market.mid("BTCUSDT"))
    rewards: list[float] = []
    is_over = False
    facts: dict[str, Any] = {}
    while not is_over:
        env.market.buy("BTCUSDT", lots=lots)
        _, reward, is_over, _, facts = env.step(np.array([0, 0]))
        rewards.append(reward)

    left = facts["lots"]
    at_the_mid = (facts["cash"] + left * facts["mid"]) / (lots * first["mid"]) * 1e4
    assert held > 0 < before[1]
    assert left > 0
    assert sum(rewards) < at_the_mid - left / lots * ours.UNFILLED_BPS / 2


@pytest.mark.parametrize("action", [-1, 6, 1.9, None, np.array([2])])
def test_an_action_that_is_none_is_refused(action: Any) -> None:
    env = ours.Execution(**SHORT)
    env.reset(seed=3)

    with pytest.raises(ValueError, match="action"):
        env.step(action)
    assert env.market.position("BTCUSDT").lots == 0


@pytest.mark.parametrize("action", [[-3, 1], [1, 10**12], [1], [1.5, 1.0], 3])
def test_distances_that_are_none_are_refused(action: Any) -> None:
    env = ours.MarketMaking(**SHORT)
    env.reset(seed=3)

    with pytest.raises(ValueError, match="action"):
        env.step(np.array(action))
    assert env.market.open_orders == ()


@pytest.mark.parametrize("name", ["horizon_s", "step_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, 1e-9, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(name: str, value: float) -> None:
    settings: dict[str, Any] = {name: value}

    with pytest.raises(ValueError, match=name):
        ours.Execution(**settings)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "AAPL"])
def test_what_is_traded_unless_told_is_worth_the_same_in_every_symbol(symbol: str) -> None:
    buyer = ours.Execution(symbol=symbol, **SHORT)
    _, _, facts = played(buyer, [2] * 12)
    bought = facts["lots"] * buyer.market.lot_size(symbol) * facts["mid"]
    maker = ours.MarketMaking(symbol=symbol, spacing_bps=0.1, horizon_s=600.0, step_s=5.0)
    _, _, facts = played(maker, [np.array([1, 0])] * 100)
    held = facts["lots"] * maker.market.lot_size(symbol) * facts["mid"]

    assert bought * buyer.market.tick_size(symbol) == pytest.approx(1_200_000, rel=0.1)
    assert 19_000 < held * maker.market.tick_size(symbol) < 210_000


def test_an_even_pace_is_even() -> None:
    env = ours.Execution(lots=480, **SHORT)
    env.reset(seed=5)
    held = [0] + [env.step(2)[4]["lots"] for _ in range(11)]

    assert set(np.diff(held).tolist()) == {40}


def test_a_maker_is_filled_within_its_bound_and_ends_flat() -> None:
    env = ours.MarketMaking(lots=50, most_lots=100, spacing_bps=0.05, horizon_s=600.0, step_s=5.0)
    env.reset(seed=3)
    held: list[int] = []
    is_over = False
    facts: dict[str, Any] = {}
    while not is_over:
        _, _, is_over, _, facts = env.step(np.array([1, 1]))
        held.append(facts["lots"])

    assert max(abs(lots) for lots in held) <= 100
    assert len(set(held)) > 2
    assert facts["lots"] == 0
    assert env.market.open_orders == ()


def test_who_does_not_quote_earns_nothing() -> None:
    rewards, _, facts = played(ours.MarketMaking(**SHORT), [np.array([0, 0])] * 12)

    assert (rewards, facts["lots"]) == ([0.0] * 12, 0)


@pytest.mark.parametrize(
    "settings",
    [{"lots": 0}, {"lots": MAX_LOTS + 1}, {"lots": 5, "horizon": 3.0}, {"horizon_s": "soon"}],
)
def test_what_cannot_be_executed_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lots|horizon|float"):
        ours.Execution(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"lots": 0},
        {"lots": 9, "most_lots": 5},
        {"most_lots": MAX_LOTS + 1},
        {"aversion": -1.0},
        {"aversion": float("nan")},
        {"spacing_bps": float("inf")},
    ],
)
def test_what_cannot_be_quoted_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lots|spacing"):
        ours.MarketMaking(**settings)
