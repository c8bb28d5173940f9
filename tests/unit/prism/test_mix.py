"""Which agents trade is a setting: any mix, any number."""

import pytest

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import SignedQty, Value
from trade2026.model.prism import PartyHolding
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import DEFAULT_AGENTS, default_config, read_agents
from trade2026.prism.default import market_of_agents


def test_the_default_mix_is_what_the_setting_says() -> None:
    assert read_agents("mm:5 noise:20 informed:10 momentum:5") == DEFAULT_AGENTS


def test_any_mix_makes_a_market() -> None:
    config = default_config(1, read_agents("mm:2 noise:30"))
    market = AgentMarket(config, start_ns=0, life=0, holdings=(), last_mid_px={})

    kinds = [agent.kind for agent in market.agents()]

    assert (kinds.count("mm"), kinds.count("noise"), len(kinds)) == (2, 30, 32)


@pytest.mark.parametrize("text", ["mm", "mm:", ":5", "mm:-1", "mm:1.5", "mm:999999", "mm:٣"])
def test_a_mix_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="type:count"):
        read_agents(text)


@pytest.mark.parametrize("text", ["", "mm:0", "whale:1"])
def test_a_market_of_nobody_or_of_unknown_types_is_refused(text: str) -> None:
    config = default_config(1, read_agents(text))

    with pytest.raises(InvalidInputError):
        AgentMarket(config, start_ns=0, life=0, holdings=(), last_mid_px={})


def test_more_agents_than_a_snapshot_holds_are_refused_with_how_many_there_may_be() -> None:
    market_of_agents(read_agents("mm:1000 noise:1000"))

    with pytest.raises(InvalidInputError, match=r"prism\.agents.*2001 agents.*2000 at most"):
        market_of_agents(read_agents("mm:1000 noise:1001"))


def test_what_agents_held_that_are_gone_is_not_this_markets() -> None:
    gone = PartyHolding(
        party="agent:noise-29",
        symbol="BTCUSDT",
        cash=Value(-(10**18)),
        inventory=SignedQty(10**9),
    )
    config = default_config(1, read_agents("mm:2 noise:3"))

    market = AgentMarket(config, start_ns=0, life=0, holdings=[gone], last_mid_px={})

    assert gone.party not in {holding.party for holding in market.holdings()}
