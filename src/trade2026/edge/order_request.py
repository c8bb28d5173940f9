"""What a request of the order API may say, read exactly.

Numbers are exact JSON numbers or decimal strings. What the platform or the venue cannot do is
refused with 422 and its name: nothing is stored and then ignored.
"""

from typing import Annotated, Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId, ClOrdId, StrategyId
from trade2026.core.numbers import Px, Qty
from trade2026.desk.ask import OrderAsk
from trade2026.domain.oms.change import Change
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_key, read_time, read_word
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.order import STOPS, OrdType, SelfTradePrevention, Side, TimeInForce

VENUE_AUTO: Final = "AUTO"
VENUES: Final = (VENUE_AUTO, PRISM, LIVE)

_LIMITED: Final = frozenset({OrdType.LIMIT, OrdType.STOP_LIMIT})
_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})

NoteKey = Annotated[str, msgspec.Meta(max_length=64)]
NoteText = Annotated[str, msgspec.Meta(max_length=256)]
Notes = Annotated[dict[NoteKey, NoteText], msgspec.Meta(max_length=16)]


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /orders`."""

    symbol: str
    side: str
    """BUY or SELL, in either case."""
    quantity: Exact
    price: Exact = exact.NULL
    """The limit; not for orders that trade at the market."""
    type: str | None = None
    """LIMIT (default), MARKET, STOP, STOP_LIMIT or TRAILING_STOP."""
    order_type: str | None = None
    """Another name of `type`."""
    stop_price: Exact = exact.NULL
    """Where a stop is reached; a trailing stop may begin at one."""
    trailing_offset: Exact = exact.NULL
    """How far behind the best trade a trailing stop follows, in the quote asset."""
    time_in_force: str = "GTC"
    """GTC, IOC, FOK, DAY or GTD. A market order that is GTC is treated as IOC: it never rests."""
    expire_at: str | None = None
    """When a GTD order ends: RFC 3339, with its offset from UTC."""
    reduce_only: bool = False
    """Never opens or grows a position; cancelled when there is too little left to reduce."""
    post_only: bool = False
    """Refused by the venue where it would trade at once; of limit orders that may rest."""
    display_quantity: Exact = exact.NULL
    """What of an iceberg the book shows at a time; of limit orders that may rest."""
    stp: str = "CANCEL_NEWEST"
    """Where it would meet an own order: CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT."""
    metadata: Notes = {}
    """The sender's own notes: up to 16, kept and shown, never read."""
    account: str = "default"
    strategy: str = "manual"
    venue: str = VENUE_AUTO
    """PRISM is the platform's own exchange, LIVE the live gateway's; AUTO is PRISM too, and
    whatever the rules of routing choose for an account in `routed_accounts`."""
    client_order_id: str | None = None
    """The sender's key: the same key again answers with the first order and sends nothing."""


class ReplaceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /orders/{id}`; what is not named stays as it is."""

    quantity: Exact = exact.NULL
    """The new total, with what has traded already."""
    price: Exact = exact.NULL
    stop_price: Exact = exact.NULL
    """Of a stop that still rests with the OMS."""
    client_replace_id: str | None = None
    """The sender's key of this change: the same key again changes nothing more."""


def read_change(body: ReplaceRequest) -> Change:
    """Return what *body* wants changed.

    Raises:
        InvalidInputError: a field is wrong; it is named.
    """
    key = body.client_replace_id
    return Change(
        order_qty=None if exact.is_null(body.quantity) else _quantity(body),
        price=None if exact.is_null(body.price) else _positive_px(body.price, "price"),
        stop_px=None
        if exact.is_null(body.stop_price)
        else _positive_px(body.stop_price, "stop_price"),
        key="" if key is None else read_key(key, "client_replace_id"),
    )


def read_request(body: OrderRequest, sent_by: str) -> OrderAsk:
    """Return what *body* asks for.

    Raises:
        InvalidInputError: a field is wrong; it is named.
    """
    if body.type is not None and body.order_type is not None:
        raise InvalidInputError("order_type", "is another name of type: give one of them")
    ord_type = read_word(OrdType, body.type or body.order_type or "LIMIT", "type")
    venue = body.venue.upper()
    if venue not in VENUES:
        raise InvalidInputError("venue", f"unknown; known are {', '.join(VENUES)}")
    time_in_force = _time_in_force(body, ord_type)
    may_rest = ord_type in _LIMITED and time_in_force not in _AT_ONCE
    if body.post_only and not may_rest:
        raise InvalidInputError("post_only", "is of limit orders that may rest")
    return OrderAsk(
        account=AccountId(read_key(body.account, "account")),
        strategy=StrategyId(read_key(body.strategy, "strategy")),
        venue=PRISM if venue == VENUE_AUTO else venue,
        is_auto=venue == VENUE_AUTO,
        symbol=read_key(body.symbol, "symbol"),
        side=read_word(Side, body.side, "side"),
        ord_type=ord_type,
        time_in_force=time_in_force,
        order_qty=_quantity(body),
        price=_price(body, ord_type),
        stop_px=_stop_px(body, ord_type),
        trailing_offset=_trailing_offset(body, ord_type),
        expire_ns=_expire_ns(body, time_in_force),
        is_reduce_only=body.reduce_only,
        is_post_only=body.post_only,
        display_qty=_display_qty(body, may_rest=may_rest),
        stp=read_word(SelfTradePrevention, body.stp, "stp"),
        metadata=dict(body.metadata),
        cl_ord_id=None
        if body.client_order_id is None
        else ClOrdId(read_key(body.client_order_id, "client_order_id")),
        sent_by=sent_by,
    )


def _quantity(body: OrderRequest | ReplaceRequest) -> Qty:
    quantity = exact.read_qty(body.quantity, "quantity")
    if quantity == 0:
        raise InvalidInputError("quantity", "must be above zero")
    return quantity


def _display_qty(body: OrderRequest, *, may_rest: bool) -> Qty | None:
    if exact.is_null(body.display_quantity):
        return None
    display = exact.read_qty(body.display_quantity, "display_quantity")
    if not may_rest:
        raise InvalidInputError("display_quantity", "is of limit orders that may rest")
    if not 0 < display <= _quantity(body):
        raise InvalidInputError("display_quantity", "must be above zero, and at most the quantity")
    return display


def _positive_px(raw: msgspec.Raw, field: str) -> Px:
    px = exact.read_px(raw, field)
    if px <= 0:
        raise InvalidInputError(field, "must be above zero")
    return px


def _price(body: OrderRequest, ord_type: OrdType) -> Px | None:
    if ord_type not in _LIMITED:
        if not exact.is_null(body.price):
            raise InvalidInputError("price", "an order at the market has none")
        return None
    if exact.is_null(body.price):
        raise InvalidInputError("price", "a limit order needs one")
    return _positive_px(body.price, "price")


def _stop_px(body: OrderRequest, ord_type: OrdType) -> Px | None:
    if exact.is_null(body.stop_price):
        if ord_type in {OrdType.STOP, OrdType.STOP_LIMIT}:
            raise InvalidInputError("stop_price", "a stop needs one")
        return None
    if ord_type not in STOPS:
        raise InvalidInputError("stop_price", "is of stops only")
    return _positive_px(body.stop_price, "stop_price")


def _trailing_offset(body: OrderRequest, ord_type: OrdType) -> Px | None:
    if ord_type is not OrdType.TRAILING_STOP:
        if not exact.is_null(body.trailing_offset):
            raise InvalidInputError("trailing_offset", "is of trailing stops only")
        return None
    if exact.is_null(body.trailing_offset):
        raise InvalidInputError("trailing_offset", "a trailing stop needs one")
    return _positive_px(body.trailing_offset, "trailing_offset")


def _time_in_force(body: OrderRequest, ord_type: OrdType) -> TimeInForce:
    force = read_word(TimeInForce, body.time_in_force, "time_in_force")
    if ord_type is OrdType.MARKET:
        if force in {TimeInForce.DAY, TimeInForce.GTD}:
            raise InvalidInputError("time_in_force", "a market order never rests")
        return TimeInForce.IOC if force is TimeInForce.GTC else force
    return force


def _expire_ns(body: OrderRequest, force: TimeInForce) -> TimeNs | None:
    if force is not TimeInForce.GTD:
        if body.expire_at is not None:
            raise InvalidInputError("expire_at", "is of GTD orders only")
        return None
    if body.expire_at is None:
        raise InvalidInputError("expire_at", "a GTD order needs one")
    return read_time(body.expire_at, "expire_at")
