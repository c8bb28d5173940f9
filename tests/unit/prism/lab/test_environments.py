"""The environments keep Gymnasium's contract, repeat themselves, and count what is traded."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import trade2026.prism.lab.environments as ours

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
    "settings", [{"lots": 0}, {"lots": 5, "horizon": 3.0}, {"horizon_s": "soon"}]
)
def test_what_cannot_be_executed_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lots|horizon|float"):
        ours.Execution(**settings)


@pytest.mark.parametrize("settings", [{"lots": 0}, {"lots": 9, "most_lots": 5}, {"aversion": -1.0}])
def test_what_cannot_be_quoted_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lots|spacing"):
        ours.MarketMaking(**settings)
