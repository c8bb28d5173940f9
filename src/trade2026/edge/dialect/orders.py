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
    refused_by_venue,
    unknown_order,
)
from trade2026.edge.dialect.params import Params
from trade2026.edge.dialect.words import (
    STP_MODES,
    OrderType,
    RespType,
    cancelled_reply,
    placed_reply,
)
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
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
    for name, what in (("icebergQty", "Iceberg"), ("trailingDelta", "Trailing stop")):
        if name in params:
            raise DialectError(-1013, f"{what} orders are not supported for this symbol.")
    is_market = kind is OrderType.MARKET
    force = TimeInForce.GTC
    if is_market:
        for name in ("price", "timeInForce", "stopPrice"):
            if name in params:
                raise not_required(name)
        quantity, price = _market_qty(desk, params, instrument, side), None
    else:
        error = DialectError(-1115, "Invalid timeInForce.")
        force = TimeInForce(params.word("timeInForce", Force, error))
        quantity, price = _needed(params, "quantity"), Px(_needed(params, "price"))
    order_id = desk.ids.new()
    return NewOrderSingle(
        order_id=OrderId(order_id),
        cl_ord_id=ClOrdId(params.client_id("newClientOrderId") or order_id),
        account=AccountId(account),
        strategy=STRATEGY,
        venue=PRISM,
        symbol=instrument.symbol,
        side=side,
        ord_type=OrdType.MARKET if is_market else OrdType.LIMIT,
        time_in_force=force,
        order_qty=Qty(quantity),
        price=price,
        transact_time_ns=desk.clock.now_ns(),
        sent_by=sent_by,
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

    Raises:
        DialectError: nothing of it works any more.
        VenueUnavailableError: PRISM stopped before it was in the log.
    """
    if order.is_done:
        raise cancel_rejected()
    request = order.request
    cancel_id = cancel_id or desk.ids.new()
    desk.name_cancel(request.order_id, cancel_id)
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
    if order.status != "CANCELED":
        raise cancel_rejected()
    return cancelled_reply(order, cancel_id)


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
