"""Refuse to add to a position that has lost too much.

The loss is unrealised, at the mark against average cost. What reduces the position passes.

Source: FIA (2024), "Best practices for automated trading risk controls", loss limits.
"""

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the position may not grow, or None; a loss of the limit itself passes."""
    loss, most = -view.position_pnl, view.limits.max_position_loss
    if loss <= most or sized.opening_qty == 0:
        return None
    return Refusal(
        code=RefusalCode.POSITION_LOSS,
        text=f"the {sized.order.symbol} position has lost too much to be added to",
        asked=format_nanos(loss),
        limit=format_nanos(most),
        would_pass=passing_qty(view.reducible_qty(sized.order.side), view),
    )
