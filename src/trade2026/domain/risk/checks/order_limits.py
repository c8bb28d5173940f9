"""Refuse a single order that is too large, in quantity or in value.

The last stop for a slipped finger and a strategy gone wrong, whatever the account could pay.

Source: Commission Delegated Regulation (EU) 2017/589 (RTS 6), article 15(1)(b) and (c).
"""

from trade2026.core.numbers import NANOS, format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return which limit of a single order is exceeded, or None; the limit itself passes."""
    order, most = sized.order, view.limits.max_order_qty
    if order.order_qty > most:
        return Refusal(
            code=RefusalCode.ORDER_QTY_LIMIT,
            text="the order's quantity exceeds its limit",
            asked=format_nanos(order.order_qty),
            limit=format_nanos(most),
            would_pass=passing_qty(most, view),
        )
    px, value = sized.dearest_px, sized.value
    if px is None or px <= 0:
        return None
    if value <= view.limits.max_order_value:
        return None
    return Refusal(
        code=RefusalCode.ORDER_VALUE_LIMIT,
        text="the order's value exceeds its limit",
        asked=format_nanos(value),
        limit=format_nanos(view.limits.max_order_value),
        would_pass=passing_qty(view.limits.max_order_value * NANOS // px, view),
    )
