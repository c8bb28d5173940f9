"""Refuse to open anything once the account, or the strategy in it, has lost too much today.

The day is the UTC day. What reduces a position passes: an account in trouble must be able to
get out.

Source: FIA (2024), "Best practices for automated trading risk controls", loss limits.
"""

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why nothing may be opened any more today; a loss of the limit itself passes."""
    for one in view.measured:
        most, lost = one.limits.daily, one.losses.daily
        if most is None or lost <= most or not sized.opening_qty:
            continue
        return Refusal(
            code=RefusalCode.DAILY_LOSS,
            text=f"the {one.kind} {one.name} has lost too much today",
            asked=format_nanos(lost),
            limit=format_nanos(most),
            would_pass=passing_qty(view.reducible_qty(sized.order.side), view),
        )
    return None
