"""PRISM's door: what is wrong with an order, and its exact price in ticks and size in lots.

Nothing is rounded here: an order off the grid is refused. A refusal is a text whose first
word is a code for programs.
"""

from typing import NamedTuple

from trade2026.core.numbers import NANOS, format_nanos, is_multiple
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import NewOrderSingle, OrdType


class OnGrid(NamedTuple):
    """An order's price and quantity as the market counts them."""

    ticks: int
    """0 for a market order."""
    lots: int


def examine(order: NewOrderSingle, instrument: Instrument | None) -> OnGrid | str:
    """Return the order on the grid, or why PRISM refuses it."""
    if order.venue != PRISM:
        return f"WRONG_VENUE {order.venue}"
    if instrument is None:
        return f"UNKNOWN_SYMBOL {order.symbol} is not listed"
    if not instrument.is_trading:
        return f"NOT_TRADING {order.symbol} is not trading"
    problem = _quantity_problem(order, instrument) or _price_problem(order, instrument)
    if problem:
        return problem
    return OnGrid(
        (order.price or 0) // instrument.tick_size, order.order_qty // instrument.lot_size
    )


def _quantity_problem(order: NewOrderSingle, instrument: Instrument) -> str:
    quantity = order.order_qty
    if not is_multiple(quantity, instrument.lot_size):
        return f"LOT_SIZE quantity must be a multiple of {format_nanos(instrument.lot_size)}"
    if quantity < instrument.min_qty:
        return f"MIN_QTY quantity must be at least {format_nanos(instrument.min_qty)}"
    if quantity > instrument.max_qty:
        return f"MAX_QTY quantity must be at most {format_nanos(instrument.max_qty)}"
    return ""


def _price_problem(order: NewOrderSingle, instrument: Instrument) -> str:
    price = order.price
    if order.ord_type is OrdType.MARKET:
        return "" if price is None else "BAD_PRICE a market order has no price"
    if price is None or price <= 0:
        return "BAD_PRICE a limit order needs a price above zero"
    if not is_multiple(price, instrument.tick_size):
        return f"TICK_SIZE price must be a multiple of {format_nanos(instrument.tick_size)}"
    if price * order.order_qty < instrument.min_notional * NANOS:
        return f"MIN_NOTIONAL order must be worth {format_nanos(instrument.min_notional)}"
    return ""
