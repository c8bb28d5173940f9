"""Refuse to open anything once the account, or the strategy in it, has fallen far from its peak.

The fall is in profit and loss, as a share of what the equity would be without it.

Source: Magdon-Ismail and Atiya (2004), "Maximum drawdown".
"""

from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why nothing may be opened any more; a fall by the limit itself passes."""
    for one in view.measured:
        most, fall = one.limits.drawdown_bps, one.losses.drawdown_bps
        if most is None or fall <= most or not sized.opening_qty:
            continue
        return Refusal(
            code=RefusalCode.DRAWDOWN,
            text=f"the {one.kind} {one.name} has fallen too far from its peak, in basis points",
            asked=str(fall),
            limit=str(most),
            would_pass=passing_qty(view.reducible_qty(sized.order.side), view),
        )
    return None
