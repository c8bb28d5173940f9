"""The words of the order API: what a request may say, and what a reply shows.

Numbers are exact JSON numbers or decimal strings. A field, a type or a time in force that
is not built yet is refused with 422 and its name: nothing is stored and then ignored.
"""

from typing import Final

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId, ClOrdId, StrategyId
from trade2026.core.numbers import average_px
from trade2026.desk.ask import OrderAsk
from trade2026.domain.oms.kept import Fill
from trade2026.domain.oms.order import Order
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_key, read_word
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM
from trade2026.model.journal import OrderEvent, OrderReported
from trade2026.model.order import OrdStatus, OrdType, Side, TimeInForce
from trade2026.model.risk import Refusal

VENUE_AUTO: Final = "AUTO"
VENUES: Final = (VENUE_AUTO, PRISM)
TYPES: Final = (OrdType.MARKET, OrdType.LIMIT)
FORCES: Final = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /orders`."""

    symbol: str
    side: str
    """BUY or SELL, in either case."""
    quantity: Exact
    price: Exact = exact.NULL
    """The limit; not for market orders."""
    type: str | None = None
    """LIMIT (default) or MARKET."""
    order_type: str | None = None
    """Another name of `type`."""
    time_in_force: str = "GTC"
    """GTC, IOC or FOK. A market order that is GTC is treated as IOC: it never rests."""
    account: str = "default"
    strategy: str = "manual"
    venue: str = VENUE_AUTO
    client_order_id: str | None = None
    """The sender's key: the same key again answers with the first order and sends nothing."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why risk refused: the rule, what was asked, the limit, what would have passed."""

    code: str
    text: str
    asked: str
    limit: str
    would_pass: str


class OrderReply(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands."""

    order_id: str
    client_order_id: str
    account: str
    strategy: str
    venue: str
    symbol: str
    side: Side
    type: OrdType
    time_in_force: TimeInForce
    quantity: Exact
    price: Exact
    stop_price: Exact
    status: OrdStatus
    filled_quantity: Exact
    remaining_quantity: Exact
    average_price: Exact
    fees: Exact
    reasons: tuple[Reason, ...]
    text: str
    created_ns: int
    updated_ns: int
    venue_ack_ns: int | None


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, newest first."""

    orders: list[OrderReply]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last."""


class HopReply(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an order's life."""

    seq: int
    event: str
    ts_ns: int
    """When the OMS journalled it."""
    venue_ts_ns: int | None = None
    """When it happened at the venue, by the venue's clock."""
    exec_type: ExecType | None = None
    exec_id: str = ""
    last_quantity: Exact = exact.NULL
    last_price: Exact = exact.NULL
    reasons: tuple[Reason, ...] = ()
    text: str = ""


class FillReply(msgspec.Struct, frozen=True, kw_only=True):
    """One fill, booked once."""

    exec_id: str
    order_id: str
    account: str
    strategy: str
    venue: str
    symbol: str
    side: Side
    quantity: Exact
    price: Exact
    fee: Exact
    fee_asset: str
    liquidity: str
    ts_event_ns: int
    """The venue's time."""
    booked_ns: int
    """When the OMS journalled it."""


class FillPage(msgspec.Struct, frozen=True, kw_only=True):
    """Fills in the order of booking."""

    fills: list[FillReply]
    next_cursor: str | None


class CancelAllReply(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a cancel-all asked to cancel."""

    order_ids: list[str]


def read_request(body: OrderRequest, sent_by: str) -> OrderAsk:
    """Return what *body* asks for.

    Raises:
        InvalidInputError: a field is wrong; it is named.
    """
    if body.type is not None and body.order_type is not None:
        raise InvalidInputError("order_type", "is another name of type: give one of them")
    asked_type = body.type or body.order_type or "LIMIT"
    ord_type = read_word(OrdType, asked_type, "type", among=TYPES)
    time_in_force = read_word(TimeInForce, body.time_in_force, "time_in_force", among=FORCES)
    price = None
    if ord_type is OrdType.LIMIT:
        if exact.is_null(body.price):
            raise InvalidInputError("price", "a limit order needs one")
        price = exact.read_px(body.price, "price")
        if price <= 0:
            raise InvalidInputError("price", "must be above zero")
    elif not exact.is_null(body.price):
        raise InvalidInputError("price", "a market order has none")
    elif time_in_force is TimeInForce.GTC:
        time_in_force = TimeInForce.IOC
    quantity = exact.read_qty(body.quantity, "quantity")
    if quantity == 0:
        raise InvalidInputError("quantity", "must be above zero")
    venue = body.venue.upper()
    if venue not in VENUES:
        raise InvalidInputError("venue", f"unknown; known are {', '.join(VENUES)}")
    return OrderAsk(
        account=AccountId(read_key(body.account, "account")),
        strategy=StrategyId(read_key(body.strategy, "strategy")),
        venue=PRISM if venue == VENUE_AUTO else venue,
        symbol=read_key(body.symbol, "symbol"),
        side=read_word(Side, body.side, "side"),
        ord_type=ord_type,
        time_in_force=time_in_force,
        order_qty=quantity,
        price=price,
        cl_ord_id=None
        if body.client_order_id is None
        else ClOrdId(read_key(body.client_order_id, "client_order_id")),
        sent_by=sent_by,
    )


def reason_reply(refusal: Refusal) -> Reason:
    """Return why risk refused as the API shows it."""
    return Reason(
        code=refusal.code,
        text=refusal.text,
        asked=refusal.asked,
        limit=refusal.limit,
        would_pass=refusal.would_pass,
    )


def order_reply(order: Order) -> OrderReply:
    """Return *order* as the API shows it."""
    request = order.request
    return OrderReply(
        order_id=request.order_id,
        client_order_id=request.cl_ord_id,
        account=request.account,
        strategy=request.strategy,
        venue=request.venue,
        symbol=request.symbol,
        side=request.side,
        type=request.ord_type,
        time_in_force=request.time_in_force,
        quantity=exact.write(request.order_qty),
        price=exact.write_optional(request.price),
        stop_price=exact.NULL,
        status=order.status,
        filled_quantity=exact.write(order.cum_qty),
        remaining_quantity=exact.write(order.leaves_qty),
        average_price=exact.write_optional(average_px(order.cum_value, order.cum_qty)),
        fees=exact.write(order.fees),
        reasons=tuple(reason_reply(refusal) for refusal in order.refusals),
        text=order.text,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
        venue_ack_ns=order.venue_ack_ns,
    )


def hop_reply(event: OrderEvent) -> HopReply:
    """Return one step of an order as the API shows it."""
    name = type(event).__name__
    if isinstance(event, OrderReported):
        report = event.report
        is_fill = report.exec_type is ExecType.TRADE
        return HopReply(
            seq=event.order_seq,
            event=name,
            ts_ns=event.ts_ns,
            venue_ts_ns=report.ts_event_ns,
            exec_type=report.exec_type,
            exec_id=report.exec_id,
            last_quantity=exact.write(report.last_qty) if is_fill else exact.NULL,
            last_price=exact.write(report.last_px) if is_fill else exact.NULL,
            text=event.surprise or report.text,
        )
    return HopReply(
        seq=event.order_seq,
        event=name,
        ts_ns=event.ts_ns,
        reasons=tuple(reason_reply(r) for r in getattr(event, "refusals", ())),
        text=getattr(event, "text", ""),
    )


def fill_reply(fill: Fill) -> FillReply:
    """Return one fill as the API shows it."""
    report = fill.report
    return FillReply(
        exec_id=report.exec_id,
        order_id=report.order_id,
        account=fill.account,
        strategy=fill.strategy,
        venue=report.venue,
        symbol=report.symbol,
        side=report.side,
        quantity=exact.write(report.last_qty),
        price=exact.write(report.last_px),
        fee=exact.write(report.fee),
        fee_asset=report.fee_asset,
        liquidity=report.last_liquidity_ind or "",
        ts_event_ns=report.ts_event_ns,
        booked_ns=fill.booked_ns,
    )
