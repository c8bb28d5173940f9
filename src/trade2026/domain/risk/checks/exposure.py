"""Refuse what could take an account's gross or net exposure beyond its limit.

Gross is the size of all positions, shorts counting like longs, with what the open orders may
add; net is longs less shorts, with the open orders of the order's own side. What reduces, or
brings the net back, passes.

Source: Basel Committee, "Minimum capital requirements for market risk" (MAR); SEC rule
15c3-5(c)(1)(i), pre-set capital thresholds.
"""

from trade2026.core.numbers import NANOS, format_nanos
from trade2026.domain.risk.check import (
    RiskView,
    dearest_px,
    opening_value,
    order_value,
    passing_qty,
    passing_within,
)
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.risk import Refusal, RefusalCode


def check(order: NewOrderSingle, view: RiskView) -> Refusal | None:
    """Return which exposure could be exceeded, or None; the limit itself passes."""
    return _gross(order, view) or _net(order, view)


def _gross(order: NewOrderSingle, view: RiskView) -> Refusal | None:
    opening = opening_value(order, view)
    most = view.limits.max_gross_exposure
    if opening == 0 or view.gross_exposure + opening <= most:
        return None
    return Refusal(
        code=RefusalCode.GROSS_EXPOSURE,
        text="the account's gross exposure could exceed its limit",
        asked=format_nanos(view.gross_exposure + opening),
        limit=format_nanos(most),
        would_pass=passing_within(most - view.gross_exposure, order, view),
    )


def _net(order: NewOrderSingle, view: RiskView) -> Refusal | None:
    px = dearest_px(order, view)
    if px is None or px <= 0:
        return None
    promised = view.open_buy_value if order.side is Side.BUY else view.open_sell_value
    before = view.net_exposure * order.side.sign + promised
    after = before + order_value(px, order.order_qty)
    most = view.limits.max_net_exposure
    if after <= most:
        return None
    return Refusal(
        code=RefusalCode.NET_EXPOSURE,
        text="the account's net exposure could exceed its limit",
        asked=format_nanos(after),
        limit=format_nanos(most),
        would_pass=passing_qty(max(0, most - before) * NANOS // px, view),
    )
