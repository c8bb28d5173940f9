"""The market that the platform opens with."""

from collections.abc import Callable, Sequence

from trade2026.model.prism import PrismLife
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import DEFAULT_AGENTS, AgentGroup, default_config
from trade2026.prism.opening import agents_of
from trade2026.prism.packing import require_room
from trade2026.prism.params_file import ParamsEntry, with_params


def market_of_agents(
    agents: tuple[AgentGroup, ...] = DEFAULT_AGENTS,
    params: Sequence[ParamsEntry] = (),
) -> Callable[[PrismLife], AgentMarket]:
    """Return what makes the market of *agents* in all symbols, at the beginning of a life.

    Args:
        agents: who trades.
        params: in place of the types' and the symbols' own.

    Raises:
        InvalidInputError: there is no such type or parameter, a number is out of bounds, or
            there are none of the agents or too many.
    """
    config = default_config(0, agents)
    require_room(config)
    agents_of(with_params(config, params).agents)

    def make(life: PrismLife) -> AgentMarket:
        return AgentMarket(
            with_params(default_config(life.seed, agents), params),
            start_ns=life.start_ns,
            life=life.draw,
            holdings=life.holdings,
            last_mid_px=life.last_mid_px,
        )

    return make
