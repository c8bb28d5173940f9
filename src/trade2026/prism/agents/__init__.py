"""The agent types. A new one is one file and one line here."""

from typing import Final

from trade2026.prism.agent_type import AgentType
from trade2026.prism.agents.executor import EXECUTOR
from trade2026.prism.agents.follower import FOLLOWER
from trade2026.prism.agents.informed import INFORMED
from trade2026.prism.agents.market_maker import MARKET_MAKER
from trade2026.prism.agents.momentum import MOMENTUM
from trade2026.prism.agents.noise import NOISE
from trade2026.prism.agents.reversion import REVERSION

AGENT_TYPES: Final[tuple[AgentType, ...]] = (
    MARKET_MAKER,
    NOISE,
    INFORMED,
    MOMENTUM,
    REVERSION,
    EXECUTOR,
    FOLLOWER,
)
