"""Refuse orders in what the venue does not list, or does not trade at the moment."""

from trade2026.domain.risk.check import RiskView, SizedOrder
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the instrument cannot be traded, or None where it can."""
    order = sized.order
    if view.instrument is None:
        return Refusal(
            code=RefusalCode.UNKNOWN_SYMBOL,
            text=f"{order.venue} does not list {order.symbol}",
            asked=order.symbol,
        )
    if not view.instrument.is_trading:
        return Refusal(
            code=RefusalCode.NOT_TRADING,
            text=f"{order.symbol} is not trading on {order.venue}",
            asked=order.symbol,
        )
    return None
