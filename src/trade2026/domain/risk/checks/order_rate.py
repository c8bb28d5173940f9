"""Refuse orders that come too fast, or the same one too often.

The loop that went wild, and the key that was held down. What only reduces is counted like the
rest: a runaway loop also closes what it should not.

Source: Commission Delegated Regulation (EU) 2017/589 (RTS 6), article 15(1)(d) and 15(3).
"""

from trade2026.domain.risk.check import RiskView, SizedOrder
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return which rate the order exceeds, or None; the limit itself passes."""
    del sized  # The view has counted those like it.
    asked, most = view.order_count + 1, view.limits.max_orders_per_s
    if asked > most:
        return _refusal(RefusalCode.ORDER_RATE, "orders come too fast", asked, most)
    asked, most = view.repeat_count + 1, view.limits.max_repeats_per_s
    if asked > most:
        return _refusal(RefusalCode.REPEATED_ORDER, "the same order comes too often", asked, most)
    return None


def _refusal(code: RefusalCode, text: str, asked: int, most: int) -> Refusal:
    return Refusal(
        code=code,
        text=text,
        asked=f"{asked} within 1 s",
        limit=f"{most} within 1 s",
        would_pass="the same order a second later" if most else "",
    )
