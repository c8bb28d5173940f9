"""PRISM's own API: its public market, its agents, and orders of direct participants.

Direct participants trade past the OMS: their orders, holdings and reports are PRISM's own
affair and appear nowhere else on the platform. An order can be looked at while it works and
for some minutes after.
"""

import asyncio
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId, ClOrdId, Ids, OrderId, StrategyId
from trade2026.core.numbers import Px, average_px
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_key, read_word
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrdStatus,
    OrdType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from trade2026.ports.calendar import TradingCalendar
from trade2026.prism.door import PRICED, STOPS
from trade2026.prism.floor import Floor
from trade2026.prism.outside import OutsiderOrder
from trade2026.prism.venue import Venue
from trade2026.shell.access import needs, principal_of, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]

ENDED: Final = {
    ExecType.TRADE: OrdStatus.FILLED,
    ExecType.CANCELED: OrdStatus.CANCELLED,
    ExecType.REJECTED: OrdStatus.REJECTED,
    ExecType.EXPIRED: OrdStatus.EXPIRED,
}
"""How an order stands, by the report that ended it."""

TRAILS: Final = frozenset({OrdType.TRAILING_STOP})

Id = Annotated[str, Parameter(max_length=64)]


class DirectOrderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /orders`."""

    symbol: str
    side: str
    """buy or sell, in either case."""
    order_type: str
    """market, limit, stop, stop_limit or trailing_stop."""
    quantity: Exact
    price: Exact = exact.NULL
    """The limit; for limit and stop_limit."""
    stop_price: Exact = exact.NULL
    """For stop and stop_limit: active when the market trades there or beyond."""
    trailing_offset: Exact = exact.NULL
    """For trailing_stop: how far it stays behind the best price."""
    time_in_force: str = "GTC"
    """GTC, DAY, GTD, IOC or FOK. A market order never rests; a DAY order ends when its book
    closes, or with its trading day in market time."""
    expire_ns: int | None = None
    """Simulation time at which a GTD order ends."""
    post_only: bool = False
    """Refused where it would trade at once."""
    display_quantity: Exact = exact.NULL
    """What of an iceberg is shown at a time."""
    self_trade_prevention: str = "CANCEL_NEWEST"
    """CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH or DECREMENT."""
    account: str = "default"


class DirectChangeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /orders/{order_id}`: what is left out stays."""

    quantity: Exact = exact.NULL
    """Of the whole order, what has traded included. Only a smaller one keeps the place."""
    price: Exact = exact.NULL
    stop_price: Exact = exact.NULL


class DirectOrderReply(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands."""

    order_id: str
    account: str
    symbol: str
    side: Side
    status: OrdStatus
    quantity: Exact
    price: Exact
    filled_quantity: Exact
    average_fill_price: Exact
    """Null before the first fill."""
    fees: Exact
    text: str
    """Why the order ended, where it was not filled."""


def order_reply(order: OutsiderOrder) -> DirectOrderReply:
    """Return *order* as it leaves by HTTP."""
    working = OrdStatus.PARTIALLY_FILLED if order.cum_qty else OrdStatus.SENT
    value = order.cum_value
    request = order.request
    return DirectOrderReply(
        order_id=order.facts.order_id,
        account=order.facts.account,
        symbol=order.facts.symbol,
        side=order.facts.side,
        status=working if order.ended_by is None else ENDED[order.ended_by],
        quantity=exact.write_optional(None if request is None else request.order_qty),
        price=exact.write_optional(None if request is None else request.price),
        filled_quantity=exact.write(order.cum_qty),
        average_fill_price=exact.write_optional(average_px(value, order.cum_qty)),
        fees=exact.write(order.cum_fee),
        text=next((r.text for r in reversed(order.reports) if r.text), ""),
    )


def read_order(data: DirectOrderRequest, *, ids: Ids, clock: Clock, sent_by: str) -> NewOrderSingle:
    """Return the order that *data* asks for, with a fresh id.

    Raises:
        InvalidInputError: a field is wrong; names it.
    """
    ord_type = read_word(OrdType, data.order_type, "order_type")
    price = _wanted(data.price, "price", PRICED, ord_type)
    stop_px = _wanted(data.stop_price, "stop_price", STOPS - TRAILS, ord_type)
    offset = _wanted(data.trailing_offset, "trailing_offset", TRAILS, ord_type)
    shown = data.display_quantity
    order_qty = exact.read_qty(data.quantity, "quantity")
    if order_qty == 0:
        raise InvalidInputError("quantity", "must be above zero")
    order_id = ids.new()
    return NewOrderSingle(
        order_id=OrderId(order_id),
        cl_ord_id=ClOrdId(order_id),
        account=AccountId(read_key(data.account, "account")),
        strategy=StrategyId("direct"),
        venue=PRISM,
        symbol=read_key(data.symbol, "symbol"),
        side=read_word(Side, data.side, "side"),
        ord_type=ord_type,
        time_in_force=read_word(TimeInForce, data.time_in_force, "time_in_force"),
        order_qty=order_qty,
        price=price,
        transact_time_ns=clock.now_ns(),
        sent_by=sent_by,
        stop_px=stop_px,
        trailing_offset=offset,
        expire_ns=None if data.expire_ns is None else TimeNs(data.expire_ns),
        is_post_only=data.post_only,
        display_qty=None if exact.is_null(shown) else exact.read_qty(shown, "display_quantity"),
        stp=read_word(SelfTradePrevention, data.self_trade_prevention, "self_trade_prevention"),
    )


def read_change(
    order: OutsiderOrder, data: DirectChangeRequest, *, ids: Ids, clock: Clock
) -> OrderReplaceRequest:
    """Return the change of *order* that *data* asks for.

    Raises:
        InvalidInputError: a field is wrong; names it.
    """
    qty, px, stop_px = data.quantity, data.price, data.stop_price
    return OrderReplaceRequest(
        order_id=order.facts.order_id,
        replace_id=ids.new(),
        account=order.facts.account,
        venue=PRISM,
        symbol=order.facts.symbol,
        order_qty=None if exact.is_null(qty) else exact.read_qty(qty, "quantity"),
        price=None if exact.is_null(px) else exact.read_px(px, "price"),
        stop_px=None if exact.is_null(stop_px) else exact.read_px(stop_px, "stop_price"),
        transact_time_ns=clock.now_ns(),
    )


def _wanted(raw: Exact, field: str, types: frozenset[OrdType], ord_type: OrdType) -> Px | None:
    """Return the price in *raw*, which orders of *types* have and others have not.

    Raises:
        InvalidInputError: it is missing, or not for such an order.
    """
    px = None if exact.is_null(raw) else exact.read_px(raw, field)
    if (px is not None) is not (ord_type in types):
        raise InvalidInputError(
            field, f"is for {' and '.join(sorted(types))} alone, and needed there"
        )
    return px


async def _dated(order: NewOrderSingle, floor: Floor, calendar: TradingCalendar) -> NewOrderSingle:
    """Return a DAY order with the end of the trading day that it belongs to, by market time.

    Raises:
        InvalidInputError: market time is beyond the calendar.
    """
    instrument = floor.instruments.get(order.symbol)
    if order.time_in_force is not TimeInForce.DAY or instrument is None:
        return order
    now_ns = TimeNs(floor.exchange.sim_ns)
    try:
        # The calendar of an exchange may have to be read from disk first.
        ends_ns = await asyncio.to_thread(calendar.day_end_ns, instrument.kind, now_ns)
    except ValueError as error:
        raise InvalidInputError(
            "time_in_force", "no calendar goes as far as market time"
        ) from error
    return msgspec.structs.replace(order, expire_ns=ends_ns)


def trading_routes(
    venue: Venue, *, ids: Ids, clock: Clock, calendar: TradingCalendar
) -> list[BaseRouteHandler]:
    """Return the routes of direct participants."""

    @post("/orders", opt=needs("prism:write"), status_code=HTTP_201_CREATED)
    async def submit(request: AnyRequest, data: DirectOrderRequest) -> DirectOrderReply:
        """Place an order past the OMS; answers when it is matched and in PRISM's log."""
        sent_by = principal_of(request).subject
        order = read_order(data, ids=ids, clock=clock, sent_by=sent_by)
        require_account(request, order.account)
        order = await _dated(order, venue.floor, calendar)
        ack = await venue.submit(order, is_direct=True)
        placed = venue.floor.orders.get(order.order_id)
        if not ack.is_accepted or placed is None:
            raise ProblemError(409, "Not accepted", ack.text)
        return order_reply(placed)

    @get("/orders/{order_id:str}", opt=needs("prism:read"))
    async def show(request: AnyRequest, order_id: Id) -> DirectOrderReply:
        """Return an order that works, or ended not long ago."""
        return order_reply(_owned(venue, request, order_id))

    return [submit, show, *_change_routes(venue, ids=ids, clock=clock)]


def _owned(venue: Venue, request: AnyRequest, order_id: str) -> OutsiderOrder:
    order = venue.floor.orders.get(OrderId(order_id))
    if order is None or not order.facts.is_direct:
        raise ProblemError(404, "Unknown order", f"no order {order_id[:40]}")
    require_account(request, order.facts.account)
    return order


def _change_routes(venue: Venue, *, ids: Ids, clock: Clock) -> list[BaseRouteHandler]:
    @delete("/orders/{order_id:str}", opt=needs("prism:write"), status_code=HTTP_200_OK)
    async def cancel(request: AnyRequest, order_id: Id) -> DirectOrderReply:
        """Take out what is left of an order; 409 when nothing is."""
        order = _owned(venue, request, order_id)
        facts = order.facts
        if order.is_done:
            raise ProblemError(409, "Too late", f"the order is done by {order.ended_by}")
        await venue.cancel(
            OrderCancelRequest(
                order_id=facts.order_id,
                account=facts.account,
                venue=PRISM,
                symbol=facts.symbol,
                transact_time_ns=clock.now_ns(),
            ),
            is_direct=True,
        )
        return order_reply(order)

    @patch("/orders/{order_id:str}", opt=needs("prism:write"))
    async def replace(
        request: AnyRequest, order_id: Id, data: DirectChangeRequest
    ) -> DirectOrderReply:
        """Change an order that works; 409 with the reason where it stays as it was."""
        order = _owned(venue, request, order_id)
        asked = read_change(order, data, ids=ids, clock=clock)
        ack = await venue.replace(asked, is_direct=True)
        told = next((r for r in order.reports if r.replace_id == asked.replace_id), None)
        if told is None or told.exec_type is not ExecType.REPLACED:
            raise ProblemError(409, "Not replaced", ack.text if told is None else told.text)
        return order_reply(order)

    return [replace, cancel]
