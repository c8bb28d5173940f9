"""Refuse to let one position grow beyond a share of the account's equity.

Judged is the worst case: the position if this order and all open orders of its side fill.
An order that only reduces passes.

Source: Basel Committee (2014), large exposures standard (LEX): the exposure to one counterparty
is bounded as a share of own capital.
"""

from trade2026.core.numbers import BPS_ONE, NANOS, format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the position would be too large a share, or None; the limit itself passes."""
    px, value = sized.reference_px, sized.worst_value
    if px is None or sized.opening_qty == 0:
        return None
    # What opens is worth something, so an equity below zero lets nothing pass.
    most = view.equity * view.limits.max_concentration_bps // BPS_ONE
    if value <= most:
        return None
    most = max(0, most)
    room = max(most * NANOS // px - sized.worst_qty, view.reducible_qty(sized.order.side))
    return Refusal(
        code=RefusalCode.CONCENTRATION,
        text=(
            f"the {sized.order.symbol} position could exceed "
            f"{view.limits.max_concentration_bps} bps of the account's equity"
        ),
        asked=format_nanos(value),
        limit=format_nanos(most),
        would_pass=passing_qty(room, view),
    )
