"""Refuse to open anything once the account, or the strategy in it, has fallen far from its peak.

The fall is in profit and loss, as a share of what the equity would be without it.

Source: Magdon-Ismail and Atiya (2004), "Maximum drawdown".
"""

from trade2026.domain.risk.check import RiskView, opening_qty, passing_qty
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import Refusal, RefusalCode


def check(order: NewOrderSingle, view: RiskView) -> Refusal | None:
    """Return why nothing may be opened any more; a fall by the limit itself passes."""
    for kind, name, losses, limits in view.measured(order):
        most, fall = limits.drawdown_bps, losses.drawdown_bps
        if most is None or fall <= most or not opening_qty(order, view):
            continue
        return Refusal(
            code=RefusalCode.DRAWDOWN,
            text=f"the {kind} {name} has fallen too far from its peak, in basis points",
            asked=str(fall),
            limit=str(most),
            would_pass=passing_qty(view.reducible_qty(order.side), view),
        )
    return None
