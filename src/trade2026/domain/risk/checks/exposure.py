"""Refuse what could take an account's gross or net exposure beyond its limit.

Gross is the size of all positions, shorts counting like longs, with what the open orders may
add; net is longs less shorts, with the open orders of the order's own side. What reduces, or
brings the net back, passes.

Source: Basel Committee, "Minimum capital requirements for market risk" (MAR); SEC rule
15c3-5(c)(1)(i), pre-set capital thresholds.
"""

from trade2026.core.numbers import NANOS, format_nanos, money_up
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty, passing_within
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return which exposure could be exceeded, or None; the limit itself passes."""
    most, opening = view.limits.max_gross_exposure, sized.opening_value
    if opening == 0 or view.gross_exposure + opening <= most:
        return _net(sized, view)
    return Refusal(
        code=RefusalCode.GROSS_EXPOSURE,
        text="the account's gross exposure could exceed its limit",
        asked=format_nanos(view.gross_exposure + opening),
        limit=format_nanos(most),
        would_pass=passing_within(most - view.gross_exposure, sized, view),
    )


def _net(sized: SizedOrder, view: RiskView) -> Refusal | None:
    px = sized.dearest_px
    if px is None or px <= 0:
        return None
    sign = sized.order.side.sign
    promised = money_up(view.open_buy_value if sign > 0 else view.open_sell_value)
    before = view.net_exposure * sign + promised
    after = before + sized.value
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
