"""A small exchange of linear perpetuals for tests: Binance's USDⓈ-M API over a real socket.

Its answers are WRITTEN FROM BINANCE's DOCUMENTATION ("USDⓈ-M Futures", REST API); none was
recorded. What it shows is that our adapter and the real ccxt do the right thing when answers are as
documented. Its streams open and say nothing: everything is asked for.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures, read 2026-11.
"""

import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from trade2026.core.ids import OrderId
from trade2026.domain.live.name import client_id_of

FEE = Decimal("0.0005")
_ZERO = Decimal(0)
_FILTERS: list[dict[str, Any]] = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "1000000", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
    {"filterType": "MIN_NOTIONAL", "notional": "5"},
]


class Usdm:
    """One account, one perpetual, and a book that market orders meet."""

    def __init__(self) -> None:
        self.bid, self.ask = Decimal("49999.9"), Decimal("50000.1")
        self.position = _ZERO
        self.entry = _ZERO
        self.wallet = Decimal(10_000)
        self.orders: dict[str, dict[str, Any]] = {}
        self.trades: list[dict[str, Any]] = []
        self.income: list[dict[str, Any]] = []
        self.is_hedged = False
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Every request: method, path, parameters."""
        self.url = ""

    def pay_funding(self, amount: str) -> None:
        """Move funding; negative is paid."""
        self.wallet += Decimal(amount)
        self.income.append(
            {
                "symbol": "BTCUSDT",
                "incomeType": "FUNDING_FEE",
                "income": amount,
                "asset": "USDT",
                "info": "FUNDING_FEE",
                "time": _now_ms(),
                "tranId": 9_689_322_000 + len(self.income),
                "tradeId": "",
            }
        )

    def trade(self, side: str, qty: Decimal, px: Decimal) -> None:
        """Move the position and the wallet as a perpetual does."""
        signed = qty if side == "BUY" else -qty
        closed = min(qty, abs(self.position)) if signed * self.position < 0 else _ZERO
        sign = 1 if self.position > 0 else -1
        self.wallet += closed * sign * (px - self.entry) - qty * px * FEE
        opened = qty - closed
        left = abs(self.position) - closed
        if opened:
            self.entry = (self.entry * left + px * opened) / (left + opened)
        self.position += signed
        if not self.position:
            self.entry = _ZERO

    def asked_order(self, order_id: str) -> dict[str, str]:
        """Return what was asked for the platform's order *order_id*."""
        name = client_id_of(OrderId(order_id))
        return next(
            params
            for method, _, params in self.asked
            if method == "POST" and params.get("newClientOrderId") == name
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _stay_silent(request)
        text = request.query_string or (await request.text())
        params = dict(parse_qsl(text))
        self.asked.append((request.method, request.path, params))
        name = f"{request.method} {request.path.removeprefix('/fapi/')}"
        made = _ANSWERS.get(name)
        if made is None:
            return web.json_response(
                {"code": -1, "msg": f"no {request.method} {request.path}"}, status=404
            )
        found: Any = made(self, params)
        is_refused = isinstance(found, dict) and int(str(found.get("code", 200))) < 0  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        status = 400 if is_refused else 200
        return web.json_response(found, status=status)

    def place(self, params: dict[str, str]) -> dict[str, Any]:
        qty = Decimal(params["quantity"])
        is_reducing = params.get("reduceOnly") == "true"
        signed = qty if params["side"] == "BUY" else -qty
        if is_reducing and (signed * self.position >= 0 or qty > abs(self.position)):
            return {"code": -2022, "msg": "ReduceOnly Order is rejected."}
        number = 8_886_774 + len(self.orders)
        order: dict[str, Any] = {
            "orderId": number,
            "symbol": "BTCUSDT",
            "status": "NEW",
            "clientOrderId": params["newClientOrderId"],
            "price": params.get("price", "0"),
            "avgPrice": "0.00",
            "origQty": params["quantity"],
            "executedQty": "0",
            "cumQuote": "0",
            "timeInForce": params.get("timeInForce", "GTC"),
            "type": params["type"],
            "origType": params["type"],
            "reduceOnly": is_reducing,
            "side": params["side"],
            "positionSide": "BOTH",
            "updateTime": _now_ms(),
            "time": _now_ms(),
        }
        self.orders[order["clientOrderId"]] = order
        if params["type"] == "MARKET":
            px = self.ask if params["side"] == "BUY" else self.bid
            self.trade(params["side"], qty, px)
            value = str(qty * px)
            order |= {"status": "FILLED", "executedQty": str(qty), "cumQuote": value}
            order["avgPrice"] = str(px)
            self.trades.append(
                {
                    "symbol": "BTCUSDT",
                    "id": 698_759 + len(self.trades),
                    "orderId": number,
                    "side": params["side"],
                    "price": str(px),
                    "qty": str(qty),
                    "realizedPnl": "0",
                    "quoteQty": value,
                    "commission": str(qty * px * FEE),
                    "commissionAsset": "USDT",
                    "time": _now_ms(),
                    "positionSide": "BOTH",
                    "maker": False,
                    "buyer": params["side"] == "BUY",
                }
            )
        return order

    def find(self, params: dict[str, str]) -> dict[str, Any]:
        for order in self.orders.values():
            wanted = params.get("orderId"), params.get("origClientOrderId")
            if str(order["orderId"]) == wanted[0] or order["clientOrderId"] == wanted[1]:
                return order
        return {"code": -2013, "msg": "Order does not exist."}

    def cancel(self, params: dict[str, str]) -> dict[str, Any]:
        order = self.find(params)
        if order.get("status") != "NEW":
            return {"code": -2011, "msg": "Unknown order sent."}
        order["status"] = "CANCELED"
        return order

    def positions(self, _: dict[str, str]) -> list[dict[str, Any]]:
        if not self.position:
            return []
        mark = (self.bid + self.ask) / 2
        gained = self.position * (mark - self.entry)
        return [
            {
                "symbol": "BTCUSDT",
                "positionSide": "LONG" if self.is_hedged else "BOTH",
                "positionAmt": str(self.position),
                "entryPrice": str(self.entry),
                "breakEvenPrice": "0",
                "markPrice": str(mark),
                "unRealizedProfit": str(gained),
                "liquidationPrice": "0",
                "isolatedMargin": "0",
                "notional": str(self.position * mark),
                "marginAsset": "USDT",
                "isolatedWallet": "0",
                "initialMargin": str(abs(self.position) * mark / 5),
                "maintMargin": "0",
                "positionInitialMargin": str(abs(self.position) * mark / 5),
                "openOrderInitialMargin": "0",
                "adl": 0,
                "bidNotional": "0",
                "askNotional": "0",
                "updateTime": _now_ms(),
            }
        ]

    def trades_of(self, params: dict[str, str]) -> list[dict[str, Any]]:
        wanted = params.get("orderId")
        return [one for one in self.trades if wanted in {None, str(one["orderId"])}]

    def incomes(self, params: dict[str, str]) -> list[dict[str, Any]]:
        since = int(params.get("startTime", "0"))
        return [one for one in self.income if one["time"] >= since]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - the other side's clock.


async def _stay_silent(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            asked = json.loads(message.data)
            await socket.send_str(json.dumps({"result": None, "id": asked.get("id")}))
    return socket


def _listing(_: Usdm, __: dict[str, str]) -> dict[str, Any]:
    listed = {
        "symbol": "BTCUSDT",
        "pair": "BTCUSDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "filters": _FILTERS,
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }
    return {"timezone": "UTC", "serverTime": _now_ms(), "rateLimits": [], "symbols": [listed]}


def _book(exchange: Usdm, _: dict[str, str]) -> dict[str, Any]:
    return {
        "lastUpdateId": _now_ms(),
        "E": _now_ms(),
        "T": _now_ms(),
        "bids": [[str(exchange.bid), "25.5"], [str(exchange.bid - 1), "31"]],
        "asks": [[str(exchange.ask), "24.25"], [str(exchange.ask + 1), "40"]],
    }


def _always(answer: object) -> Callable[[Usdm, dict[str, str]], object]:
    return lambda _exchange, _params: answer


def _clock(_: Usdm, __: dict[str, str]) -> object:
    return {"serverTime": _now_ms()}


def _mode(exchange: Usdm, _: dict[str, str]) -> object:
    return {"dualSidePosition": exchange.is_hedged}


def _leverage(_: Usdm, params: dict[str, str]) -> object:
    return {"symbol": "BTCUSDT", "leverage": params["leverage"]}


_ANSWERS: dict[str, Callable[[Usdm, dict[str, str]], Any]] = {
    "GET /sapi/v1/capital/config/getall": _always([]),
    "GET /sapi/v1/margin/allPairs": _always([]),
    "GET /sapi/v1/margin/isolated/allPairs": _always([]),
    "GET v1/time": _clock,
    "GET v1/exchangeInfo": _listing,
    "GET v1/depth": _book,
    "POST v1/order": Usdm.place,
    "GET v1/order": Usdm.find,
    "DELETE v1/order": Usdm.cancel,
    "GET v1/userTrades": Usdm.trades_of,
    "GET v3/positionRisk": Usdm.positions,
    "GET v1/leverageBracket": _always([]),
    "GET v1/income": Usdm.incomes,
    "GET v1/positionSide/dual": _mode,
    "POST v1/leverage": _leverage,
    "POST v1/marginType": _always({"code": 200, "msg": "success"}),
    "POST v1/listenKey": _always({"listenKey": "key"}),
    "PUT v1/listenKey": _always({"listenKey": "key"}),
}


@asynccontextmanager
async def running_usdm() -> AsyncGenerator[Usdm]:
    """Run the exchange until the block ends."""
    exchange = Usdm()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", exchange.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address: Any = runner.addresses[0]
    exchange.url = f"http://{address[0]}:{address[1]}"
    try:
        yield exchange
    finally:
        await runner.cleanup()
