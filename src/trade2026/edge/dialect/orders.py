"""Orders by the dialect: read, sent to the venue, cancelled, replaced.

Source: Binance Spot API, "Trading endpoints".
"""

from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from trade2026.core.ids import AccountId, ClOrdId, OrderId, StrategyId
from trade2026.core.numbers import NANOS, Px, Qty
from trade2026.edge.dialect.accounts import Placed, Sent
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.errors import (
    DialectError,
    bad_symbol,
    cancel_rejected,
    missing,
    not_required,
    not_valid,
    refused_by_venue,
    unknown_order,
)
from trade2026.edge.dialect.params import Params
from trade2026.edge.dialect.tape import newest
from trade2026.edge.dialect.words import (
    STP_MODES,
    OrderType,
    RespType,
    amended_row,
    cancelled_reply,
    ms,
    placed_reply,
)
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrdType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from trade2026.prism.door import examine
from trade2026.prism.holdings import party_of

STRATEGY: Final = StrategyId("direct")
_LEVELS: Final = 1_000


class Force(StrEnum):
    """The times in force of the dialect."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


_KIND_OF: Final = {
    OrderType.LIMIT: OrdType.LIMIT,
    OrderType.LIMIT_MAKER: OrdType.LIMIT,
    OrderType.MARKET: OrdType.MARKET,
    OrderType.STOP_LOSS: OrdType.STOP,
    OrderType.STOP_LOSS_LIMIT: OrdType.STOP_LIMIT,
}
_PRICED: Final = {OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.STOP_LOSS_LIMIT}
_STOPS: Final = {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT}
_FORCED: Final = {OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}
_NOT_FOR: Final = {
    OrderType.LIMIT: ("stopPrice", "quoteOrderQty"),
    OrderType.LIMIT_MAKER: ("stopPrice", "quoteOrderQty", "timeInForce"),
    OrderType.MARKET: ("price", "timeInForce", "stopPrice", "icebergQty"),
    OrderType.STOP_LOSS: ("price", "timeInForce", "quoteOrderQty", "icebergQty"),
    OrderType.STOP_LOSS_LIMIT: ("quoteOrderQty",),
}
"""Parameters that do not go with a type."""


class CancelReplaceMode(StrEnum):
    """What becomes of the new order where the old one cannot be cancelled."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


def listed(desk: Desk, params: Params) -> Instrument:
    """Return the instrument that the parameter `symbol` names.

    Raises:
        DialectError: it is missing or not listed.
    """
    instrument = desk.floor.instruments.get(params.text("symbol"))
    if instrument is None:
        raise bad_symbol()
    return instrument


def read_order(desk: Desk, params: Params, *, account: str, sent_by: str) -> NewOrderSingle:
    """Return the order that is asked for, with a fresh id.

    Raises:
        DialectError: a parameter is wrong, or missing, or goes with others.
    """
    instrument = listed(desk, params)
    side = params.word("side", Side, DialectError(-1117, "Invalid side."))
    kind = params.word("type", OrderType, DialectError(-1116, "Invalid orderType."))
    if "trailingDelta" in params:
        raise DialectError(-1013, "Trailing stop orders are not supported for this symbol.")
    for name in _NOT_FOR[kind]:
        if name in params:
            raise not_required(name)
    is_market = kind is OrderType.MARKET
    quantity = (
        _market_qty(desk, params, instrument, side) if is_market else _needed(params, "quantity")
    )
    stop_px = _needed(params, "stopPrice") if kind in _STOPS else None
    if stop_px is not None:
        _check_stop(desk, instrument, side, stop_px)
    display_qty = params.nanos("icebergQty")
    order_id = desk.ids.new()
    return NewOrderSingle(
        order_id=OrderId(order_id),
        cl_ord_id=ClOrdId(params.client_id("newClientOrderId") or order_id),
        account=AccountId(account),
        strategy=STRATEGY,
        venue=PRISM,
        symbol=instrument.symbol,
        side=side,
        ord_type=_KIND_OF[kind],
        time_in_force=_read_force(params, kind),
        order_qty=Qty(quantity),
        price=Px(_needed(params, "price")) if kind in _PRICED else None,
        transact_time_ns=desk.clock.now_ns(),
        sent_by=sent_by,
        stop_px=None if stop_px is None else Px(stop_px),
        is_post_only=kind is OrderType.LIMIT_MAKER,
        display_qty=None if display_qty is None else Qty(display_qty),
        stp=_read_stp(params),
    )


def read_resp(params: Params) -> RespType:
    """Return how much the answer to a new order is to tell.

    Raises:
        DialectError: there is no such kind of answer.
    """
    error = DialectError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return params.word("newOrderRespType", RespType, error, RespType.FULL)


def check_order(desk: Desk, order: NewOrderSingle) -> None:
    """Return if PRISM would take *order* now, as far as that can be told without sending it.

    Raises:
        DialectError: why it would not.
    """
    grid = examine(order, desk.floor.instruments.get(order.symbol))
    if isinstance(grid, str):
        raise refused_by_venue(grid)
    wallet = desk.floor.wallet_of(party_of(order.account, is_direct=True))
    problem = wallet.problem(order, desk.floor.exchange)
    if problem:
        raise refused_by_venue(problem)


async def place(desk: Desk, order: NewOrderSingle) -> Placed:
    """Send *order* and return it as it stands once it is matched and in PRISM's log.

    Raises:
        DialectError: PRISM does not take it.
        VenueUnavailableError: PRISM stopped before it was in the log.
    """
    memory = desk.accounts.of(order.account)
    known = memory.by_client_id(order.cl_ord_id)
    is_open = known is not None and not known.is_done
    if is_open or any(sent.client_id == order.cl_ord_id for sent in memory.sending.values()):
        raise DialectError(-2010, "Duplicate order sent.")
    desk.rates.order(order.account, desk.clock.now_ns())
    sent = memory.sending[order.order_id] = Sent(order.cl_ord_id)
    try:
        ack = await desk.venue.submit(order, is_direct=True)
    finally:
        del memory.sending[order.order_id]
    placed = sent.placed
    if placed is None or placed.status == "REJECTED":
        raise refused_by_venue(ack.text if placed is None else placed.text)
    return placed


def find(desk: Desk, params: Params, account: str, *, prefix: str = "") -> Placed:
    """Return the order that is named by its number or by its sender's id.

    Raises:
        DialectError: neither was sent, or there is no such order of the account.
    """
    number_name = "cancelOrderId" if prefix else "orderId"
    client_name = "cancelOrigClientOrderId" if prefix else "origClientOrderId"
    memory = desk.accounts.of(account)
    number = params.integer(number_name)
    if number is None and client_name not in params:
        text = f"Param '{client_name}' or '{number_name}' must be sent, but both were empty/null!"
        raise DialectError(-1102, text)
    client_id = params.optional(client_name)
    order = memory.by_client_id(client_id) if number is None else memory.by_number(number)
    is_other = order is not None and client_id not in {"", order.request.cl_ord_id}
    if order is None or is_other or order.request.symbol != params.optional("symbol"):
        raise unknown_order()
    return order


def find_to_cancel(desk: Desk, params: Params, account: str, *, prefix: str = "") -> Placed:
    """Return the order that is named to be cancelled.

    Raises:
        DialectError: none was named, or there is no such order of the account.
    """
    try:
        return find(desk, params, account, prefix=prefix)
    except DialectError as error:
        raise cancel_rejected() if error.code == unknown_order().code else error from None


async def cancel(desk: Desk, order: Placed, cancel_id: str) -> dict[str, Any]:
    """Take out what is left of *order* and return the answer.

    Of several cancels at the same time the first one has it; the others wait as long, because
    until then nobody knows that the order is gone.

    Raises:
        DialectError: nothing of it works any more, or another cancel took it out.
        VenueUnavailableError: PRISM stopped before it was in the log.
    """
    if order.is_done:
        raise cancel_rejected()
    request = order.request
    is_first = not order.cancel_id
    cancel_id = cancel_id or desk.ids.new()
    if is_first:
        order.cancel_id = cancel_id
    try:
        await desk.venue.cancel(
            OrderCancelRequest(
                order_id=request.order_id,
                account=request.account,
                venue=PRISM,
                symbol=request.symbol,
                transact_time_ns=desk.clock.now_ns(),
            ),
            is_direct=True,
        )
    finally:
        if is_first:
            order.cancel_id = ""
    if order.status != "CANCELED" or not is_first:
        raise cancel_rejected()
    return cancelled_reply(order, cancel_id)


async def amend(desk: Desk, order: Placed, new_qty: int) -> dict[str, Any]:
    """Make *order* smaller; it keeps its place in the queue.

    Raises:
        DialectError: nothing of it works any more, or it would not become smaller.
        VenueUnavailableError: PRISM stopped before it was in the log.
    """
    request = order.request
    if order.is_done:
        raise unknown_order()
    if new_qty >= request.order_qty:
        text = "The requested action would change no state; rejecting."
        raise DialectError(-2038, text) if new_qty == request.order_qty else not_valid("newQty")
    ack = await desk.venue.replace(
        OrderReplaceRequest(
            order_id=request.order_id,
            replace_id=desk.ids.new(),
            account=request.account,
            venue=PRISM,
            symbol=request.symbol,
            order_qty=Qty(new_qty),
            transact_time_ns=desk.clock.now_ns(),
        ),
        is_direct=True,
    )
    if not ack.is_accepted or order.request.order_qty != new_qty:
        raise refused_by_venue(ack.text or order.text)
    return {"transactTime": ms(order.updated_ns), "amendedOrder": amended_row(order)}


async def cancel_replace(
    desk: Desk, params: Params, *, account: str, sent_by: str
) -> dict[str, Any]:
    """Cancel one order and send another.

    Raises:
        DialectError: either failed; its `data` tells of both.
        VenueUnavailableError: PRISM stopped before the outcome was in the log.
    """
    error = DialectError(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
    mode = params.word("cancelReplaceMode", CancelReplaceMode, error)
    order, resp = read_order(desk, params, account=account, sent_by=sent_by), read_resp(params)
    result: dict[str, Any] = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"}
    try:
        old = find_to_cancel(desk, params, account, prefix="cancel")
        cancelled = await cancel(desk, old, params.client_id("cancelNewClientOrderId"))
        result["cancelResponse"] = cancelled
    except DialectError as refusal:
        result |= {"cancelResult": "FAILURE", "cancelResponse": refusal.body()}
        if mode is CancelReplaceMode.STOP_ON_FAILURE:
            result |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
            raise DialectError(-2022, "Order cancel-replace failed.", 400, result) from None
    try:
        result["newOrderResponse"] = placed_reply(await place(desk, order), resp)
    except DialectError as refusal:
        result |= {"newOrderResult": "FAILURE", "newOrderResponse": refusal.body()}
    failed = [result["cancelResult"], result["newOrderResult"]].count("FAILURE")
    if failed == 1:
        text = "Order cancel-replace partially failed."
        raise DialectError(-2021, text, HTTPStatus.CONFLICT, result)
    if failed:
        raise DialectError(-2022, "Order cancel-replace failed.", 400, result)
    return result


def _needed(params: Params, name: str) -> int:
    value = params.nanos(name)
    if value is None:
        raise missing(name)
    return value


def _read_force(params: Params, kind: OrderType) -> TimeInForce:
    if kind not in _FORCED:
        return TimeInForce.GTC
    error = DialectError(-1115, "Invalid timeInForce.")
    return TimeInForce(params.word("timeInForce", Force, error))


def _check_stop(desk: Desk, instrument: Instrument, side: Side, stop_px: int) -> None:
    last = newest(desk.tapes[instrument.symbol].trades, 1)
    if last and (last[0].px - stop_px) * side.sign >= 0:
        raise DialectError(-2010, "Stop price would trigger immediately.")


def _read_stp(params: Params) -> SelfTradePrevention:
    word = params.optional("selfTradePreventionMode") or "EXPIRE_TAKER"
    if word not in STP_MODES:
        raise DialectError(-1013, "This symbol does not allow this self-trade prevention mode.")
    return STP_MODES[word]


def _market_qty(desk: Desk, params: Params, instrument: Instrument, side: Side) -> int:
    quantity, money = params.nanos("quantity"), params.nanos("quoteOrderQty")
    if (quantity is None) is (money is None):
        text = "Param 'quantity' or 'quoteOrderQty' must be sent, and not both."
        raise DialectError(-1102 if quantity is None else -1128, text)
    if quantity is not None:
        return quantity
    assert money is not None
    bids, asks = desk.floor.exchange.depth(instrument.symbol, _LEVELS)
    left, lots = money * NANOS, 0
    for ticks, offered in asks if side is Side.BUY else bids:
        each = ticks * instrument.tick_size * instrument.lot_size
        taken = min(offered, left // each)
        lots += taken
        left -= taken * each
        if taken < offered:
            break
    if not lots:
        raise refused_by_venue("MIN_NOTIONAL")
    return lots * instrument.lot_size
