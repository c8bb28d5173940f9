"""Refuse what could take gross exposure beyond a multiple of the account's equity.

Source: Basel Committee, leverage ratio framework (LEV): a plain multiple, blind to how risky
each position seems.
"""

from trade2026.core.numbers import BPS_ONE, format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_within
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the account would be levered too high, or None; the limit itself passes."""
    opening = sized.opening_value
    # What opens is worth something, so an equity below zero lets nothing pass.
    most = view.equity * view.limits.max_leverage_bps // BPS_ONE
    if opening == 0 or view.gross_exposure + opening <= most:
        return None
    most = max(0, most)
    return Refusal(
        code=RefusalCode.LEVERAGE,
        text=f"gross exposure could exceed {view.limits.max_leverage_bps} bps of equity",
        asked=format_nanos(view.gross_exposure + opening),
        limit=format_nanos(most),
        would_pass=passing_within(most - view.gross_exposure, sized, view),
    )
