"""Refuse to open anything once the account, or the strategy in it, has lost too much today.

The day is the UTC day. What reduces a position passes: an account in trouble must be able to
get out.

Source: FIA (2024), "Best practices for automated trading risk controls", loss limits.
"""

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, opening_qty, passing_qty
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import Refusal, RefusalCode


def check(order: NewOrderSingle, view: RiskView) -> Refusal | None:
    """Return why nothing may be opened any more today; a loss of the limit itself passes."""
    for kind, name, losses, limits in view.measured(order):
        if limits.daily is None or losses.daily <= limits.daily or not opening_qty(order, view):
            continue
        return Refusal(
            code=RefusalCode.DAILY_LOSS,
            text=f"the {kind} {name} has lost too much today",
            asked=format_nanos(losses.daily),
            limit=format_nanos(limits.daily),
            would_pass=passing_qty(view.reducible_qty(order.side), view),
        )
    return None
