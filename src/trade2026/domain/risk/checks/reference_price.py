"""Refuse orders while no current price is known to judge them by.

Every order needs one: a limit order too, because a silent feed means that nobody sees what
the order would meet. Age counts from the arrival on the platform, not from the venue's
clock, so that a delayed or recorded feed is not taken for a current one.

Source: FIA (2024), "Best practices for automated trading risk controls", market data.
"""

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why there is no price to judge the order by, or None where there is."""
    if sized.reference_px is None or view.reference_age_ns is None:
        return Refusal(
            code=RefusalCode.NO_REFERENCE_PRICE,
            text=f"no reference price for {sized.order.symbol}",
        )
    limit_ns = view.limits.reference_max_age_ns
    # A quote from the future means that our clock was set back: its age is unknown.
    if abs(view.reference_age_ns) > limit_ns:
        return Refusal(
            code=RefusalCode.STALE_REFERENCE_PRICE,
            text=f"the last quote of {sized.order.symbol} is too old to judge the order by",
            # A nano of a second is a nanosecond: the same text form serves.
            asked=f"{format_nanos(view.reference_age_ns)} s",
            limit=f"{format_nanos(limit_ns)} s",
        )
    return None
