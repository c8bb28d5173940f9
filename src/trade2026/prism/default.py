"""The market that the platform opens with."""

from collections.abc import Callable

from trade2026.model.prism import PrismLife
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import DEFAULT_AGENTS, AgentGroup, default_config


def market_of_agents(
    agents: tuple[AgentGroup, ...] = DEFAULT_AGENTS,
) -> Callable[[PrismLife], AgentMarket]:
    """Return what makes the market of *agents* in all symbols, at the beginning of a life."""

    def make(life: PrismLife) -> AgentMarket:
        return AgentMarket(
            default_config(life.seed, agents),
            start_ns=life.start_ns,
            life=life.draw,
            holdings=life.holdings,
            last_mid_px=life.last_mid_px,
        )

    return make
