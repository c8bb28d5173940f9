"""Refuse to open a position in one more symbol where an account holds too many.

Source: the platform's own; a number of positions that people can watch.
"""

from trade2026.domain.risk.check import RiskView, SizedOrder
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why one symbol more is too many, or None; the limit itself passes."""
    asked, most = view.position_count + 1, view.limits.max_positions
    if view.position_qty or asked <= most or sized.opening_qty == 0:
        return None
    return Refusal(
        code=RefusalCode.POSITION_COUNT_LIMIT,
        text="the account holds positions in too many symbols",
        asked=str(asked),
        limit=str(most),
    )
