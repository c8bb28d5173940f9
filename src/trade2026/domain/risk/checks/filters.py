"""Refuse orders off the venue's grid: tick, lot, smallest and largest size, least value.

The venue would refuse them too; here the sender hears at once what would have passed.

Source: Binance spot filters PRICE_FILTER, LOT_SIZE and MIN_NOTIONAL.
"""

from trade2026.core.numbers import NANOS, Px, Qty, floor_to_step, format_nanos, is_multiple
from trade2026.domain.risk.check import WITH_LIMIT, RiskView, SizedOrder, limit_px, order_value
from trade2026.model.instrument import Instrument
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return the first filter that the order fails, or None; an unknown instrument has none."""
    order, instrument = sized.order, view.instrument
    if instrument is None:
        return None
    return (
        (_price(order, instrument) if order.ord_type in WITH_LIMIT else None)
        or (None if order.stop_px is None else _stop_price(order.stop_px, instrument))
        or _quantity(order.order_qty, instrument)
        or _value(sized, instrument)
    )


def _price(order: NewOrderSingle, instrument: Instrument) -> Refusal | None:
    tick = instrument.tick_size
    if order.price is not None and order.price > 0 and is_multiple(order.price, tick):
        return None
    # A limit order without a price must not pass for a market order.
    price = order.price or Px(0)
    return Refusal(
        code=RefusalCode.TICK_SIZE,
        text="the price must be positive and a multiple of the tick size",
        asked="" if order.price is None else format_nanos(order.price),
        limit=format_nanos(tick),
        would_pass=format_nanos(max(floor_to_step(price, tick), tick)),
    )


def _stop_price(stop_px: Px, instrument: Instrument) -> Refusal | None:
    tick = instrument.tick_size
    if stop_px > 0 and is_multiple(stop_px, tick):
        return None
    return Refusal(
        code=RefusalCode.TICK_SIZE,
        text="the stop price must be positive and a multiple of the tick size",
        asked=format_nanos(stop_px),
        limit=format_nanos(tick),
        would_pass=format_nanos(max(floor_to_step(stop_px, tick), tick)),
    )


def _quantity(qty: Qty, instrument: Instrument) -> Refusal | None:
    lot, least, most = instrument.lot_size, instrument.min_qty, instrument.max_qty
    if not is_multiple(qty, lot):
        passing = min(max(floor_to_step(qty, lot), least), most)
        return _qty_refusal(RefusalCode.LOT_SIZE, "not a multiple of the lot", qty, lot, passing)
    if qty < least or qty < 1:
        return _qty_refusal(RefusalCode.MIN_QTY, "below the smallest", qty, least, least)
    if qty > most:
        return _qty_refusal(RefusalCode.MAX_QTY, "above the largest", qty, most, most)
    return None


def _qty_refusal(code: RefusalCode, why: str, asked: int, limit: int, passing: int) -> Refusal:
    return Refusal(
        code=code,
        text=f"the quantity is {why} that the venue takes",
        asked=format_nanos(asked),
        limit=format_nanos(limit),
        would_pass=format_nanos(passing),
    )


def _value(sized: SizedOrder, instrument: Instrument) -> Refusal | None:
    order = sized.order
    px = limit_px(order) or sized.reference_px
    if px is None:
        return None
    if px * order.order_qty >= instrument.min_notional * NANOS:
        return None
    # The least quantity that reaches the value, up to the next lot.
    least = -(-instrument.min_notional * NANOS // px)
    lot = instrument.lot_size or 1
    return Refusal(
        code=RefusalCode.MIN_NOTIONAL,
        text="the order is worth less than the venue takes",
        asked=format_nanos(order_value(px, order.order_qty)),
        limit=format_nanos(instrument.min_notional),
        would_pass=format_nanos(-(-least // lot) * lot),
    )
