"""The market that the platform opens with."""

from trade2026.model.prism import PrismLife
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import default_config


def default_market(life: PrismLife) -> AgentMarket:
    """Return the market that the platform opens with, at the beginning of *life*."""
    return AgentMarket(
        default_config(life.seed),
        start_ns=life.start_ns,
        life=life.draw,
        holdings=life.holdings,
        last_mid_px=life.last_mid_px,
    )
