"""Orders, trades and accounts as the dialect writes them: numbers as text, times in milliseconds.

Source: Binance Spot API, "Trading endpoints", "Account endpoints", "User Data Streams".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from trade2026.core.clock import NS_PER_MS
from trade2026.core.numbers import format_nanos
from trade2026.edge.dialect.accounts import Fill, Placed
from trade2026.edge.dialect.tape import value_text
from trade2026.model.execution import ExecType, ExecutionReport, LastLiquidityInd
from trade2026.model.order import NewOrderSingle, OrdType, SelfTradePrevention
from trade2026.prism.balance import Balance
from trade2026.prism.holdings import FeeRates

NO_LIST: Final = -1
"""What stands for the list of orders that an order is not part of."""


class OrderType(StrEnum):
    """The types of the dialect."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"


class RespType(StrEnum):
    """How much a new order is answered with."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


STP_MODES: Final = {
    "EXPIRE_TAKER": SelfTradePrevention.CANCEL_NEWEST,
    "EXPIRE_MAKER": SelfTradePrevention.CANCEL_OLDEST,
    "EXPIRE_BOTH": SelfTradePrevention.CANCEL_BOTH,
    "DECREMENT": SelfTradePrevention.DECREMENT,
}
"""The modes of self-trade prevention."""

_STP_WORDS: Final = {mode: word for word, mode in STP_MODES.items()}
# An account's orders may come by PRISM's own API too, with types that cannot be asked for here.
_TYPE_WORDS: Final = {
    OrdType.MARKET: "MARKET",
    OrdType.LIMIT: "LIMIT",
    OrdType.STOP: "STOP_LOSS",
    OrdType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrdType.TRAILING_STOP: "STOP_LOSS",
}


def type_of(request: NewOrderSingle) -> str:
    """Return the dialect's type of an order."""
    is_maker = request.ord_type is OrdType.LIMIT and request.is_post_only
    return "LIMIT_MAKER" if is_maker else _TYPE_WORDS[request.ord_type]


def ms(time_ns: int) -> int:
    """Return a time in milliseconds."""
    return time_ns // NS_PER_MS


def number(nanos: int | None) -> str:
    """Return an exact number as text; what is not there is zero."""
    return format_nanos(nanos or 0)


def state_of(order: Placed) -> dict[str, Any]:
    """Return the fields that every answer about an order has."""
    request = order.request
    return {
        "symbol": request.symbol,
        "orderId": order.number,
        "orderListId": NO_LIST,
        "clientOrderId": request.cl_ord_id,
        "price": number(request.price),
        "origQty": number(request.order_qty),
        "executedQty": number(order.cum_qty),
        "origQuoteOrderQty": "0",
        "cummulativeQuoteQty": value_text(order.cum_value),
        "status": order.status,
        "timeInForce": str(request.time_in_force),
        "type": type_of(request),
        "side": str(request.side),
        "selfTradePreventionMode": _STP_WORDS[request.stp],
    }


def placed_reply(order: Placed, resp: RespType) -> dict[str, Any]:
    """Return the answer to a new order."""
    ack: dict[str, Any] = {
        "symbol": order.request.symbol,
        "orderId": order.number,
        "orderListId": NO_LIST,
        "clientOrderId": order.request.cl_ord_id,
        "transactTime": ms(order.updated_ns),
    }
    if resp is RespType.ACK:
        return ack
    result = {**ack, **state_of(order), "workingTime": ms(order.created_ns)}
    request = order.request
    for name, value in (("stopPrice", request.stop_px), ("icebergQty", request.display_qty)):
        if value is not None:
            result[name] = number(value)
    if resp is RespType.RESULT:
        return result
    fills = [
        {
            "price": number(fill.px),
            "qty": number(fill.qty),
            "commission": number(fill.fee),
            "commissionAsset": fill.fee_asset,
            "tradeId": fill.trade_id,
        }
        for fill in order.fills
    ]
    return {**result, "fills": fills}


def order_row(order: Placed) -> dict[str, Any]:
    """Return the answer to a question about an order."""
    return {
        **state_of(order),
        "stopPrice": number(order.request.stop_px),
        "icebergQty": number(order.request.display_qty),
        "time": ms(order.created_ns),
        "updateTime": ms(order.updated_ns),
        "isWorking": order.is_working,
        "workingTime": ms(order.created_ns),
    }


def amended_row(order: Placed) -> dict[str, Any]:
    """Return the part about the order of an answer to an amendment."""
    state = state_of(order)
    names = {"origQty": "qty", "executedQty": "executedQty", "timeInForce": "timeInForce"}
    kept = ("symbol", "orderId", "orderListId", "price", "status", "type", "side")
    return {
        **{name: state[name] for name in kept},
        **{new: state[old] for old, new in names.items()},
        "origClientOrderId": order.request.cl_ord_id,
        "clientOrderId": order.request.cl_ord_id,
        "preventedQty": "0",
        "quoteOrderQty": "0",
        "cumulativeQuoteQty": state["cummulativeQuoteQty"],
        "workingTime": ms(order.created_ns),
        "selfTradePreventionMode": state["selfTradePreventionMode"],
    }


def cancelled_reply(order: Placed, cancel_id: str) -> dict[str, Any]:
    """Return the answer to a cancel, to which its sender gave *cancel_id*."""
    return {
        **state_of(order),
        "origClientOrderId": order.request.cl_ord_id,
        "clientOrderId": cancel_id,
        "transactTime": ms(order.updated_ns),
    }


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return one trade of an account."""
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_number,
        "orderListId": NO_LIST,
        "price": number(fill.px),
        "qty": number(fill.qty),
        "quoteQty": value_text(fill.px * fill.qty),
        "commission": number(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": ms(fill.time_ns),
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def rate_text(bps: int) -> str:
    """Return a rate in basis points as the dialect writes rates: a share of one."""
    return format_nanos(bps * 100_000)


def account_row(
    balances: Mapping[str, Balance], fees: FeeRates, *, uid: int, updated_ns: int, skip_zero: bool
) -> dict[str, Any]:
    """Return an account with its balances."""
    return {
        "makerCommission": fees.maker_bps,
        "takerCommission": fees.taker_bps,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": rate_text(fees.maker_bps),
            "taker": rate_text(fees.taker_bps),
            "buyer": "0",
            "seller": "0",
        },
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": True,
        "preventSor": True,
        "updateTime": ms(updated_ns),
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": number(balance.free), "locked": number(balance.locked)}
            for asset, balance in balances.items()
            if not skip_zero or any(balance)
        ],
        "permissions": ["SPOT"],
        "uid": uid,
    }


_EXECUTIONS: Final = {
    ExecType.NEW: "NEW",
    ExecType.TRADE: "TRADE",
    ExecType.CANCELED: "CANCELED",
    ExecType.REJECTED: "REJECTED",
    ExecType.EXPIRED: "EXPIRED",
    ExecType.REPLACED: "REPLACED",
    ExecType.TRIGGERED: "NEW",
}


def execution_event(
    order: Placed, report: ExecutionReport, *, now_ns: int, cancel_id: str
) -> dict[str, Any] | None:
    """Return the user stream's word for *report*; None where the dialect has none.

    Args:
        order: as *report* leaves it.
        report: what happened.
        now_ns: when it is told.
        cancel_id: what the sender of the cancel called it, where a cancel ended the order.
    """
    kind = _EXECUTIONS.get(report.exec_type)
    if kind is None:
        return None
    request = order.request
    is_trade = report.exec_type is ExecType.TRADE
    is_cancel = report.exec_type is ExecType.CANCELED
    reason = report.text.partition(" ")[0] if report.text else "NONE"
    return {
        "e": "executionReport",
        "E": ms(now_ns),
        "s": request.symbol,
        "c": (cancel_id or request.cl_ord_id) if is_cancel else request.cl_ord_id,
        "S": str(request.side),
        "o": type_of(request),
        "f": str(request.time_in_force),
        "q": number(request.order_qty),
        "p": number(request.price),
        "P": number(request.stop_px),
        "F": number(request.display_qty),
        "g": NO_LIST,
        "C": request.cl_ord_id if is_cancel else "",
        "x": kind if order.status != "EXPIRED_IN_MATCH" else "TRADE_PREVENTION",
        "X": order.status,
        "r": reason,
        "i": order.number,
        "l": number(report.last_qty),
        "z": number(order.cum_qty),
        "L": number(report.last_px),
        "n": number(report.fee),
        "N": report.fee_asset if is_trade else None,
        "T": ms(report.ts_event_ns),
        "t": report.report_seq if is_trade else -1,
        "I": report.report_seq,
        "w": order.is_working and not order.is_done,
        "m": report.last_liquidity_ind is LastLiquidityInd.ADDED,
        "M": is_trade,
        "O": ms(order.created_ns),
        "Z": value_text(order.cum_value),
        "Y": value_text(report.last_px * report.last_qty),
        "Q": "0",
        "W": ms(order.created_ns),
        "V": _STP_WORDS[request.stp],
    }


def position_event(balances: Mapping[str, Balance], *, now_ns: int) -> dict[str, Any]:
    """Return the user stream's word for balances that changed."""
    return {
        "e": "outboundAccountPosition",
        "E": ms(now_ns),
        "u": ms(now_ns),
        "B": [
            {"a": asset, "f": number(balance.free), "l": number(balance.locked)}
            for asset, balance in balances.items()
        ],
    }
