"""Refuse one more resting order where an account has too many open.

An order that cannot rest (a market order, IOC, FOK) passes, and so does one that only reduces:
an account full of orders must be able to get out.

Source: FIA (2024), "Best practices for automated trading risk controls", order throttles.
"""

from typing import Final

from trade2026.domain.risk.check import RiskView, SizedOrder
from trade2026.model.order import OrdType, TimeInForce
from trade2026.model.risk import Refusal, RefusalCode

_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why one order more is too many, or None; the limit itself passes."""
    asked, most = view.open_order_count + 1, view.limits.max_open_orders
    if asked <= most:
        return None
    order = sized.order
    rests = order.ord_type is not OrdType.MARKET and order.time_in_force not in _AT_ONCE
    if not rests or sized.opening_qty == 0:
        return None
    return Refusal(
        code=RefusalCode.OPEN_ORDER_LIMIT,
        text="the account has too many open orders",
        asked=str(asked),
        limit=str(most),
        would_pass=" or ".join((OrdType.MARKET, *sorted(_AT_ONCE))),
    )
