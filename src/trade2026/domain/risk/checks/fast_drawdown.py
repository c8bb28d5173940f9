"""Refuse to open anything while the account, or the strategy in it, falls fast.

Losing much within 300 seconds is rarely the market alone: it stops before anybody has looked.

Source: FIA (2024), "Best practices for automated trading risk controls"; after circuit breakers
of markets (SEC, Limit Up-Limit Down, five minutes).
"""

from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why nothing may be opened now; a fall by the limit itself passes."""
    for one in view.measured:
        most, fall = one.limits.fast_drawdown_bps, one.losses.fast_drawdown_bps
        if most is None or fall <= most or not sized.opening_qty:
            continue
        return Refusal(
            code=RefusalCode.FAST_DRAWDOWN,
            text=f"the {one.kind} {one.name} has fallen too far within 300 s, in basis points",
            asked=str(fall),
            limit=str(most),
            would_pass=passing_qty(view.reducible_qty(sized.order.side), view),
        )
    return None
