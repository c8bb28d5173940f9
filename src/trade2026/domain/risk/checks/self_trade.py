"""Refuse an order that would meet a resting order of its own account.

A trade with oneself moves a price and no risk: a wash trade. An order that names another way
of prevention than ending the newest leaves it to the venue.

Source: Regulation (EU) 596/2014 (MAR), article 12(1)(a) and annex I, A(c); FIX tag 2964.
"""

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, limit_px
from trade2026.model.order import SelfTradePrevention
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return which own order the order would meet, or None."""
    order = sized.order
    own = view.own_ask_px if order.side.sign > 0 else view.own_bid_px
    if own is None or order.stp is not SelfTradePrevention.CANCEL_NEWEST:
        return None
    limit = limit_px(order)
    px = view.reference_px(order.side) if limit is None else limit
    if px is None or (own - px) * order.side.sign > 0:
        return None
    tick = view.instrument.tick_size if view.instrument else 1
    return Refusal(
        code=RefusalCode.SELF_TRADE,
        text="the order would trade with an open order of its own account",
        asked=format_nanos(px),
        limit=format_nanos(own),
        would_pass=format_nanos(own - tick * order.side.sign),
    )
