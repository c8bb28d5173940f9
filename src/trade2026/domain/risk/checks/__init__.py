"""The pre-trade checks, in the order they run. A new check is one file and one line here."""

from typing import Final

from trade2026.domain.risk.check import RiskCheck
from trade2026.domain.risk.checks import (
    buying_power,
    concentration,
    daily_loss,
    drawdown,
    exposure,
    fast_drawdown,
    filters,
    instrument,
    leverage,
    mode,
    open_orders,
    order_limits,
    order_rate,
    policy,
    position_count,
    position_limit,
    position_loss,
    price_collar,
    reference_price,
    self_trade,
    value_at_risk,
)

RISK_CHECKS: Final[tuple[RiskCheck, ...]] = (
    mode.check,
    instrument.check,
    filters.check,
    reference_price.check,
    price_collar.check,
    order_limits.check,
    order_rate.check,
    open_orders.check,
    position_limit.check,
    position_count.check,
    exposure.check,
    concentration.check,
    leverage.check,
    buying_power.check,
    position_loss.check,
    daily_loss.check,
    drawdown.check,
    fast_drawdown.check,
    value_at_risk.check,
    self_trade.check,
    # Last: whoever writes a policy may rely on what the others refuse.
    policy.check,
)

_OF_LOSSES: Final = (position_loss.check, daily_loss.check, drawdown.check, fast_drawdown.check)
LOSS_FREE: Final = tuple(check for check in RISK_CHECKS if check not in _OF_LOSSES)
"""Those that may refuse where nothing was lost: all that is asked of most orders."""
