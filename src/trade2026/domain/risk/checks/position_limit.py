"""Refuse orders that could take the position of their symbol beyond its limits.

Judged is the worst case: the position if this order and all open orders of its side fill
whole, and none of the other side. Orders that bring a position back toward its limit pass,
however far beyond it stands.
"""

from trade2026.core.numbers import NANOS, format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return which limit the position could exceed, or None; the limit itself passes."""
    order = sized.order
    before, px = sized.worst_qty, sized.reference_px
    after = before + order.order_qty
    most = view.limits.max_position_qty
    if after > most:
        return Refusal(
            code=RefusalCode.POSITION_LIMIT,
            text=f"the {order.symbol} position could exceed its quantity limit",
            asked=format_nanos(after),
            limit=format_nanos(most),
            would_pass=passing_qty(most - before, view),
        )
    if px is None or after <= 0:
        return None
    value = sized.worst_value
    if value <= view.limits.max_position_value:
        return None
    return Refusal(
        code=RefusalCode.POSITION_LIMIT,
        text=f"the {order.symbol} position could exceed its value limit",
        asked=format_nanos(value),
        limit=format_nanos(view.limits.max_position_value),
        would_pass=passing_qty(view.limits.max_position_value * NANOS // px - before, view),
    )
