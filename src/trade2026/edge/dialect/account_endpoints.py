"""What the owner of a key may ask: orders, trades, the account, the user stream.

Source: Binance Spot API, "Trading endpoints", "Account endpoints", "User Data Stream
endpoints"; Binance Wallet API, "Capital", "Asset".
"""

import asyncio
import zlib
from typing import Any, Final

from trade2026.edge.dialect.accounts import Placed
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.endpoint import Answer, Call, Endpoint, Security, Weight
from trade2026.edge.dialect.errors import DialectError, cancel_rejected, missing, not_valid
from trade2026.edge.dialect.orders import (
    amend,
    cancel,
    cancel_replace,
    check_order,
    find,
    find_to_cancel,
    listed,
    place,
    read_order,
    read_resp,
)
from trade2026.edge.dialect.params import Params
from trade2026.edge.dialect.words import (
    account_row,
    fill_row,
    number,
    order_row,
    placed_reply,
    rate_text,
)
from trade2026.prism.balance import Balance
from trade2026.prism.holdings import party_of

ROWS: Final = 500
ROWS_MAX: Final = 1_000


async def new_order(desk: Desk, call: Call) -> object:
    """Send an order; answered when it is matched and in PRISM's log."""
    order = read_order(desk, call.params, account=call.account, sent_by=call.sent_by)
    resp = read_resp(call.params)
    return placed_reply(await place(desk, order), resp)


async def test_order(desk: Desk, call: Call) -> object:
    """Check an order and send nothing."""
    order = read_order(desk, call.params, account=call.account, sent_by=call.sent_by)
    read_resp(call.params)
    check_order(desk, order)
    if not call.params.is_true("computeCommissionRates"):
        return {}
    rates = {"maker": rate_text(desk.fees.maker_bps), "taker": rate_text(desk.fees.taker_bps)}
    return {"standardCommissionForOrder": rates}


async def show_order(desk: Desk, call: Call) -> object:
    """Return one order."""
    listed(desk, call.params)
    return order_row(find(desk, call.params, call.account))


async def cancel_order(desk: Desk, call: Call) -> object:
    """Take out what is left of one order."""
    listed(desk, call.params)
    order = find_to_cancel(desk, call.params, call.account)
    return await cancel(desk, order, call.params.client_id("newClientOrderId"))


async def replace_order(desk: Desk, call: Call) -> object:
    """Cancel one order and send another."""
    return await cancel_replace(desk, call.params, account=call.account, sent_by=call.sent_by)


async def amend_order(desk: Desk, call: Call) -> object:
    """Make one order smaller; it keeps its place in the queue."""
    listed(desk, call.params)
    new_qty = call.params.nanos("newQty")
    if new_qty is None:
        raise missing("newQty")
    return await amend(desk, find(desk, call.params, call.account), new_qty)


async def open_orders(desk: Desk, call: Call) -> object:
    """Return the orders that work, of one symbol or of all."""
    symbol = listed(desk, call.params).symbol if "symbol" in call.params else None
    orders = desk.accounts.of(call.account).orders(symbol)
    return [order_row(order) for order in orders if not order.is_done]


async def cancel_all(desk: Desk, call: Call) -> object:
    """Take out every order of one symbol."""
    symbol = listed(desk, call.params).symbol
    memory = desk.accounts.of(call.account)
    working = [order for order in memory.orders(symbol) if not order.is_done]
    # All at once: one that ends meanwhile keeps none of the others, and is not told as cancelled.
    outcomes = await asyncio.gather(*(_cancelled(desk, order) for order in working))
    cancelled = [outcome for outcome in outcomes if outcome is not None]
    if not cancelled:
        raise cancel_rejected()
    return cancelled


async def all_orders(desk: Desk, call: Call) -> object:
    """Return orders of one symbol, those that work and those that are done, oldest first."""
    params = call.params
    symbol, limit = listed(desk, params).symbol, params.limit(ROWS, ROWS_MAX)
    first, from_ns, to_ns = params.integer("orderId"), *_span(call)
    found = [
        order
        for order in desk.accounts.of(call.account).orders(symbol)
        if (first is None or order.number >= first)
        and (from_ns is None or order.created_ns >= from_ns)
        and (to_ns is None or order.created_ns <= to_ns)
    ]
    is_from = first is not None or from_ns is not None
    return [order_row(order) for order in (found[:limit] if is_from else found[-limit:])]


async def my_trades(desk: Desk, call: Call) -> object:
    """Return trades of one symbol, oldest first."""
    params = call.params
    symbol, limit = listed(desk, params).symbol, params.limit(ROWS, ROWS_MAX)
    number_, first, (from_ns, to_ns) = (
        params.integer("orderId"),
        params.integer("fromId"),
        _span(call),
    )
    fills = desk.accounts.of(call.account).fills
    found = [
        fill
        for fill in fills
        if fill.symbol == symbol
        and (number_ is None or fill.order_number == number_)
        and (first is None or fill.trade_id >= first)
        and (from_ns is None or fill.time_ns >= from_ns)
        and (to_ns is None or fill.time_ns <= to_ns)
    ]
    is_from = first is not None or from_ns is not None
    return [fill_row(fill) for fill in (found[:limit] if is_from else found[-limit:])]


async def show_account(desk: Desk, call: Call) -> object:
    """Return the account with its balances."""
    return account_row(
        _balances(desk, call),
        desk.fees,
        uid=zlib.crc32(call.account.encode()),
        updated_ns=desk.market_ns,
        skip_zero=call.params.is_true("omitZeroBalances"),
    )


async def commission(desk: Desk, call: Call) -> object:
    """Return what trading one symbol costs."""
    fees = desk.fees
    none = {"maker": "0", "taker": "0", "buyer": "0", "seller": "0"}
    rates = {**none, "maker": rate_text(fees.maker_bps), "taker": rate_text(fees.taker_bps)}
    return {
        "symbol": listed(desk, call.params).symbol,
        "standardCommission": rates,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "",
            "discount": "0",
        },
    }


async def order_rates(desk: Desk, call: Call) -> object:
    """Return how many orders were sent, of how many."""
    return desk.rates.order_rows(call.account, desk.clock.now_ns())


async def start_stream(desk: Desk, call: Call) -> object:
    """Return a listen key of the account."""
    return {"listenKey": desk.users.start(call.api_key, call.account, desk.clock.now_ns())}


async def keep_stream(desk: Desk, call: Call) -> object:
    """Let a listen key live for another hour."""
    desk.users.keep(call.params.text("listenKey"), call.account, desk.clock.now_ns())
    return {}


async def close_stream(desk: Desk, call: Call) -> object:
    """End a listen key."""
    desk.users.close(call.params.text("listenKey"), call.account)
    return {}


async def coins(desk: Desk, call: Call) -> object:
    """Return the assets: nothing can be deposited or withdrawn, everything trades."""
    networks: list[object] = []
    return [
        {
            "coin": asset,
            "name": asset,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": number(balance.free),
            "locked": number(balance.locked),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": networks,
        }
        for asset, balance in _balances(desk, call).items()
    ]


async def trade_fees(desk: Desk, call: Call) -> object:
    """Return what trading costs, of one symbol or of all."""
    params, instruments = call.params, desk.floor.instruments
    wanted = [listed(desk, params)] if "symbol" in params else list(instruments.values())
    return [
        {
            "symbol": instrument.symbol,
            "makerCommission": rate_text(desk.fees.maker_bps),
            "takerCommission": rate_text(desk.fees.taker_bps),
        }
        for instrument in wanted
    ]


async def system_status(desk: Desk, call: Call) -> object:
    """Tell that there is no maintenance: while there is, nobody answers."""
    del desk, call
    return {"status": 0, "msg": "normal"}


async def nothing(desk: Desk, call: Call) -> object:
    """Return an empty list: PRISM has no margin trading, and no deposits and withdrawals."""
    del desk, call
    return []


async def _cancelled(desk: Desk, order: Placed) -> dict[str, Any] | None:
    try:
        return await cancel(desk, order, "")
    except DialectError:
        return None


def _balances(desk: Desk, call: Call) -> dict[str, Balance]:
    return desk.floor.wallet_of(party_of(call.account, is_direct=True)).balances()


def _span(call: Call) -> tuple[int | None, int | None]:
    from_ns, to_ns = call.params.time_ns("startTime"), call.params.time_ns("endTime")
    if from_ns is not None and to_ns is not None and to_ns < from_ns:
        raise not_valid("endTime")
    return from_ns, None if to_ns is None else to_ns + 999_999


def _open_weight(params: Params) -> int:
    return 6 if "symbol" in params else 80


def _signed(method: str, path: str, word: str, answer: Answer, weight: Weight = 1) -> Endpoint:
    path = path if path.startswith("/") else f"/api/v3/{path}"
    return Endpoint(
        method=method,
        path=path,
        word=word,
        answer=answer,
        weight=weight,
        security=Security.SIGNED,
    )


def _keyed(method: str, word: str, answer: Answer) -> Endpoint:
    return Endpoint(
        method=method,
        path="/api/v3/userDataStream",
        word=word,
        answer=answer,
        weight=2,
        security=Security.KEY,
    )


ACCOUNT_ENDPOINTS: Final = (
    _signed("POST", "order", "order.place", new_order),
    _signed("POST", "order/test", "order.test", test_order),
    _signed("GET", "order", "order.status", show_order, 4),
    _signed("DELETE", "order", "order.cancel", cancel_order),
    _signed("POST", "order/cancelReplace", "order.cancelReplace", replace_order),
    _signed("PUT", "order/amend/keepPriority", "order.amend.keepPriority", amend_order, 4),
    _signed("GET", "openOrders", "openOrders.status", open_orders, _open_weight),
    _signed("DELETE", "openOrders", "openOrders.cancelAll", cancel_all),
    _signed("GET", "allOrders", "allOrders", all_orders, 20),
    _signed("GET", "myTrades", "myTrades", my_trades, 20),
    _signed("GET", "account", "account.status", show_account, 20),
    _signed("GET", "account/commission", "account.commission", commission, 20),
    _signed("GET", "rateLimit/order", "account.rateLimits.orders", order_rates, 40),
    _keyed("POST", "userDataStream.start", start_stream),
    _keyed("PUT", "userDataStream.ping", keep_stream),
    _keyed("DELETE", "userDataStream.stop", close_stream),
    _signed("GET", "/sapi/v1/capital/config/getall", "", coins, 10),
    _signed("GET", "/sapi/v1/capital/deposit/hisrec", "", nothing),
    _signed("GET", "/sapi/v1/capital/withdraw/history", "", nothing),
    _signed("GET", "/sapi/v1/asset/tradeFee", "", trade_fees),
    Endpoint(method="GET", path="/sapi/v1/system/status", word="", answer=system_status),
    _signed("GET", "/sapi/v1/margin/allPairs", "", nothing),
    _signed("GET", "/sapi/v1/margin/isolated/allPairs", "", nothing, 10),
)
