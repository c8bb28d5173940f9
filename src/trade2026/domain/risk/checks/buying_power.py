"""Refuse orders that the account's equity does not cover.

Held against the free margin (equity, less the margin of all holdings, less what open orders
reserve) is the margin of the part that opens, and the fee of the whole. What only reduces
needs nothing: an account in trouble must be able to get out.
"""

from trade2026.core.numbers import BPS_ONE, NANOS, Money, format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, free_margin, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the account cannot bear the order, or None where it can."""
    if not view.is_account_open:
        return Refusal(
            code=RefusalCode.UNKNOWN_ACCOUNT,
            text=f"the account {sized.order.account} was never opened by a deposit",
            asked=sized.order.account,
        )
    if sized.opening_qty == 0:
        return None
    needed, free = sized.needed, free_margin(view)
    if needed <= free:
        return None
    return Refusal(
        code=RefusalCode.BUYING_POWER,
        text="the order needs more margin than the account has free",
        asked=format_nanos(needed),
        limit=format_nanos(free),
        would_pass=_passing_qty(sized, view, free),
    )


def _passing_qty(sized: SizedOrder, view: RiskView, free: Money) -> str:
    reducible = view.reducible_qty(sized.order.side)
    px = sized.dearest_px
    rate = view.limits.margin_bps + view.fee_bps
    if px is None or px <= 0 or rate == 0:
        # The account is short of margin as it stands: only what reduces would pass.
        return passing_qty(reducible, view)
    # Margin and fee are each rounded up to a nano, so two nanos are kept for them.
    budget = (free - 2) * NANOS * BPS_ONE - reducible * px * view.fee_bps
    return passing_qty(reducible + max(0, budget // (px * rate)), view)
