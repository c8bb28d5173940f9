"""Refuse a limit order priced too far through the market.

A collar stops the fat finger and the stale model before they reach a venue. It looks only at
the aggressive side: a bid far below the market, or an offer far above, can harm nobody and may
be deliberate. A market order has no price to judge; `order_limits` bounds it.

Source: Commission Delegated Regulation (EU) 2017/589 (RTS 6), article 15(1)(a).
"""

from trade2026.core.numbers import BPS_ONE, Px, floor_to_step, format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, limit_px
from trade2026.model.order import Side
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the order breaks the collar, or None; the bound itself passes."""
    order = sized.order
    price = None if order.price is None else limit_px(order)
    reference = None if price is None else sized.reference_px
    if price is None or reference is None:
        return None
    width = reference * view.limits.collar_bps // BPS_ONE
    bound = Px(reference + width * order.side.sign)
    if (price - bound) * order.side.sign <= 0:
        return None
    tick = view.instrument.tick_size if view.instrument else Px(1)
    # To the tick inside the band: down for a buy, up for a sell.
    inside = floor_to_step(bound, tick) if order.side is Side.BUY else -(-bound // tick) * tick
    return Refusal(
        code=RefusalCode.PRICE_COLLAR,
        text=f"the limit is more than {view.limits.collar_bps} bps through the market",
        asked=format_nanos(price),
        limit=format_nanos(bound),
        would_pass=format_nanos(inside),
    )
