"""The pre-trade checks, in the order they run. A new check is one file and one line here."""

from typing import Final

from trade2026.domain.risk.check import RiskCheck
from trade2026.domain.risk.checks import (
    buying_power,
    filters,
    instrument,
    mode,
    order_limits,
    position_limit,
    reference_price,
)

RISK_CHECKS: Final[tuple[RiskCheck, ...]] = (
    mode.check,
    instrument.check,
    filters.check,
    reference_price.check,
    order_limits.check,
    position_limit.check,
    buying_power.check,
)
