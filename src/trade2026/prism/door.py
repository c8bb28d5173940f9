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
from trade2026.core.numbers import (
    INT64_MAX,
    NANOS,
    Money,
    Qty,
    format_nanos,
    is_multiple,
    parse_nanos,
)
from trade2026.model import codec
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
    OrdType,
    TimeInForce,
)
from trade2026.model.subjects import EXEC_REPORT
from trade2026.prism.engine.message import MAX_TICKS

REQUEST_BYTES_MAX: Final = 4_096
"""Of a request as it would stand in the log; an ordinary one has about 400."""
NOTIONAL_MAX: Final = Money(parse_nanos("9000000000"))
"""Of a limit order, and so of every fill: its amounts and fees fit int64 nanos."""

WORD_LENGTH: Final = 64
"""What is kept of the words in a status question."""

STOPS: Final = frozenset({OrdType.STOP, OrdType.STOP_LIMIT, OrdType.TRAILING_STOP})
PRICED: Final = frozenset({OrdType.LIMIT, OrdType.STOP_LIMIT})
RESTING: Final = frozenset({TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD})
"""What an order must be good for to rest in the book."""

_ID: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
"""Ids and accounts go into the headers and subjects of messages."""


class OnGrid(NamedTuple):
    """An order's price and quantity as the market counts them."""

    ticks: int
    """0 for an order without a limit."""
    lots: int
    trigger: int = 0
    """Of a stop; of a trailing stop how far it stays behind."""
    display: int = 0
    """0 shows all."""


def unsendable(request: NewOrderSingle | OrderCancelRequest | OrderReplaceRequest) -> str:
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


def examine_change(
    request: OrderReplaceRequest, order: NewOrderSingle, cum_qty: int, instrument: Instrument
) -> NewOrderSingle | str:
    """Return *order* as it shall be, or why it cannot.

    Args:
        request: what shall change.
        order: as it stands.
        cum_qty: of it that has traded.
        instrument: its own.
    """
    asked = (request.order_qty, request.price, request.stop_px)
    if all(value is None for value in asked):
        return "NOTHING_ASKED the change names no value"
    if request.stop_px is not None and order.stop_px is None:
        return "BAD_STOP the order has no stop price"
    if request.order_qty is not None and request.order_qty <= cum_qty:
        return f"TOO_LATE {format_nanos(cum_qty)} has traded already"
    changed = msgspec.structs.replace(
        order,
        order_qty=order.order_qty if request.order_qty is None else request.order_qty,
        price=order.price if request.price is None else request.price,
        stop_px=order.stop_px if request.stop_px is None else request.stop_px,
    )
    grid = examine(changed, instrument)
    return grid if isinstance(grid, str) else changed


def examine(order: NewOrderSingle, instrument: Instrument | None) -> OnGrid | str:
    """Return the order on the grid, or why PRISM refuses it."""
    if order.venue != PRISM:
        return f"WRONG_VENUE {order.venue}"
    if instrument is None:
        return f"UNKNOWN_SYMBOL {order.symbol} is not listed"
    if not instrument.is_trading:
        return f"NOT_TRADING {order.symbol} is not trading"
    problem = (
        _quantity_problem(order.order_qty, instrument)
        or _price_problem(order, instrument)
        or _stop_problem(order, instrument)
        or _term_problem(order, instrument)
    )
    if problem:
        return problem
    trigger = order.trailing_offset if order.stop_px is None else order.stop_px
    return OnGrid(
        ticks=(order.price or 0) // instrument.tick_size,
        lots=order.order_qty // instrument.lot_size,
        trigger=(trigger or 0) // instrument.tick_size,
        display=(order.display_qty or 0) // instrument.lot_size,
    )


def _quantity_problem(quantity: int, instrument: Instrument) -> str:
    if not is_multiple(quantity, instrument.lot_size):
        return f"LOT_SIZE quantity must be a multiple of {format_nanos(instrument.lot_size)}"
    if quantity < instrument.min_qty:
        return f"MIN_QTY quantity must be at least {format_nanos(instrument.min_qty)}"
    if quantity > instrument.max_qty:
        return f"MAX_QTY quantity must be at most {format_nanos(instrument.max_qty)}"
    return ""


def _price_problem(order: NewOrderSingle, instrument: Instrument) -> str:
    price = order.price
    if order.ord_type not in PRICED:
        return "" if price is None else f"BAD_PRICE a {order.ord_type} order has no price"
    if price is None or price <= 0:
        return "BAD_PRICE a limit order needs a price above zero"
    if not is_multiple(price, instrument.tick_size):
        return f"TICK_SIZE price must be a multiple of {format_nanos(instrument.tick_size)}"
    if price * order.order_qty < instrument.min_notional * NANOS:
        return f"MIN_NOTIONAL order must be worth {format_nanos(instrument.min_notional)}"
    if price * order.order_qty > NOTIONAL_MAX * NANOS:
        return f"MAX_NOTIONAL order may be worth {format_nanos(NOTIONAL_MAX)} at most"
    return ""


def _stop_problem(order: NewOrderSingle, instrument: Instrument) -> str:
    is_trailing = order.ord_type is OrdType.TRAILING_STOP
    wants_stop = order.ord_type in STOPS and not is_trailing
    for name, px, is_wanted in (
        ("BAD_STOP a stop price", order.stop_px, wants_stop),
        ("BAD_OFFSET a trailing offset", order.trailing_offset, is_trailing),
    ):
        if (px is not None) is not is_wanted:
            return f"{name} is for other orders, or is missing"
        if px is not None and (px <= 0 or not is_multiple(px, instrument.tick_size)):
            tick = format_nanos(instrument.tick_size)
            return f"{name} must be above zero, and a multiple of {tick}"
        if px is not None and px > MAX_TICKS * instrument.tick_size:
            most = format_nanos(MAX_TICKS * instrument.tick_size)
            return f"{name} must be at most {most}"
    return ""


def _term_problem(order: NewOrderSingle, instrument: Instrument) -> str:
    is_dated, force = order.expire_ns is not None, order.time_in_force
    if is_dated is not (force is TimeInForce.GTD) and force is not TimeInForce.DAY:
        return "BAD_EXPIRY a GTD order has an end, a DAY order may have one, and no other"
    if order.expire_ns is not None and not 0 < order.expire_ns <= INT64_MAX:
        return f"BAD_EXPIRY an order ends between 1 and {INT64_MAX} ns"
    may_rest = order.ord_type in PRICED and order.time_in_force in RESTING
    if order.is_post_only and not (may_rest and order.ord_type is OrdType.LIMIT):
        return "BAD_POST_ONLY only a limit order that may rest can be post-only"
    return _display_problem(order.display_qty, instrument, may_rest=may_rest)


def _display_problem(display: Qty | None, instrument: Instrument, *, may_rest: bool) -> str:
    if display is None:
        return ""
    if not may_rest:
        return "BAD_DISPLAY only a limit order that may rest can show a part"
    if display <= 0 or not is_multiple(display, instrument.lot_size):
        lot = format_nanos(instrument.lot_size)
        return f"BAD_DISPLAY what is shown must be a multiple of {lot}, above zero"
    if display > instrument.max_qty:
        return f"BAD_DISPLAY at most {format_nanos(instrument.max_qty)} can be shown"
    return ""


def _is_account(account: str) -> bool:
    try:
        EXEC_REPORT.name(venue=PRISM, account=account)
    except ValueError:
        return False
    return _ID.fullmatch(account) is not None
