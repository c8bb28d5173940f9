"""PRISM's door: what is wrong with an order, and its exact price in ticks and size in lots.

Nothing is rounded here: an order off the grid is refused. A refusal is a text whose first
word is a code for programs. What is refused at the door never has an outcome that the log
cannot take: texts and amounts in reports are no larger than those of their order.
"""

import re
from typing import Final, NamedTuple

import msgspec

from trade2026.core.errors import CodecError
from trade2026.core.ids import AccountId
from trade2026.core.numbers import NANOS, Money, format_nanos, is_multiple, parse_nanos
from trade2026.model import codec
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusRequest,
    OrdType,
    TimeInForce,
)
from trade2026.model.subjects import EXEC_REPORT

REQUEST_BYTES_MAX: Final = 4_096
"""Of a request as it would stand in the log; an ordinary one has about 400."""
NOTIONAL_MAX: Final = Money(parse_nanos("9000000000"))
"""Of a limit order, and so of every fill: its amounts and fees fit int64 nanos."""

WORD_LENGTH: Final = 64
"""What is kept of the words in a status question."""

TYPES: Final = frozenset({OrdType.MARKET, OrdType.LIMIT})
FORCES: Final = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})

_ID: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
"""Ids and accounts go into the headers and subjects of messages."""


class OnGrid(NamedTuple):
    """An order's price and quantity as the market counts them."""

    ticks: int
    """0 for a market order."""
    lots: int


def unsendable(request: NewOrderSingle | OrderCancelRequest) -> str:
    """Return why the log could not take *request* or its reports; empty where it could."""
    if not is_id(request.order_id):
        return "BAD_ORDER_ID an id has 1 to 64 visible ASCII characters"
    if not _is_account(request.account):
        return "BAD_ACCOUNT the account's name cannot be a subject"
    try:
        size = len(codec.encode(request))
    except CodecError as error:
        return f"UNSENDABLE {error}"
    if size > REQUEST_BYTES_MAX:
        return f"TOO_LONG the request has {size} bytes, at most {REQUEST_BYTES_MAX} are taken"
    return ""


def is_id(order_id: str) -> bool:
    """Return whether PRISM would take an order with this id."""
    return _ID.fullmatch(order_id) is not None


def in_short(request: OrderStatusRequest) -> OrderStatusRequest:
    """Return the question with its words cut: a disowning is kept in the log."""
    # Only the id says which order is meant; a disowning is kept in the log and stays short.
    return msgspec.structs.replace(
        request,
        account=AccountId(request.account[:WORD_LENGTH]),
        venue=request.venue[:WORD_LENGTH],
        symbol=request.symbol[:WORD_LENGTH],
    )


def examine(order: NewOrderSingle, instrument: Instrument | None) -> OnGrid | str:
    """Return the order on the grid, or why PRISM refuses it."""
    if order.venue != PRISM:
        return f"WRONG_VENUE {order.venue}"
    if instrument is None:
        return f"UNKNOWN_SYMBOL {order.symbol} is not listed"
    if not instrument.is_trading:
        return f"NOT_TRADING {order.symbol} is not trading"
    if order.ord_type not in TYPES or order.time_in_force not in FORCES:
        return f"NOT_SUPPORTED {order.ord_type} with {order.time_in_force}"
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
    if price * order.order_qty > NOTIONAL_MAX * NANOS:
        return f"MAX_NOTIONAL order may be worth {format_nanos(NOTIONAL_MAX)} at most"
    return ""


def _is_account(account: str) -> bool:
    try:
        EXEC_REPORT.name(venue=PRISM, account=account)
    except ValueError:
        return False
    return _ID.fullmatch(account) is not None
