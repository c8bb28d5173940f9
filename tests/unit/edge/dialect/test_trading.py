"""Orders and accounts by REST: what is answered, and that it is what PRISM did."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
from tests.bots import Bot, refusal

ORDER = "/api/v3/order"
REPLACE = "/api/v3/order/cancelReplace"


async def balances(bot: Bot) -> dict[str, tuple[Decimal, Decimal]]:
    body = (await bot.ask("GET", "/api/v3/account", omitZeroBalances="true")).json()
    return {b["asset"]: (Decimal(b["free"]), Decimal(b["locked"])) for b in body["balances"]}


async def test_the_first_key_brings_the_balance_and_a_second_one_none(
    bot: Bot, client: httpx.AsyncClient
) -> None:
    first = await balances(bot)
    again = (await client.post("/keys", json={"account": "bot", "label": "two"})).json()

    assert first == {
        "USDT": (Decimal(100_000), Decimal(0)),
        "BTC": (Decimal(1), Decimal(0)),
        "ETH": (Decimal(20), Decimal(0)),
        "SOL": (Decimal(400), Decimal(0)),
    }
    assert await balances(bot) == first
    assert again["balances"]["USDT"] == 100_000
    assert again["api_key"] != bot.api_key


async def test_an_account_that_traded_without_a_balance_gets_no_key(
    client: httpx.AsyncClient,
) -> None:
    order = {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": 0.01}
    await client.post("/orders", json={**order, "account": "short"})

    reply = await client.post("/keys", json={"account": "short"})

    assert reply.status_code == 409
    assert (await client.get("/keys")).json() == []


async def test_a_resting_order_is_answered_locked_shown_and_cancelled(bot: Bot) -> None:
    placed = (await bot.order(newClientOrderId="mine", newOrderRespType="FULL")).json()
    locked = await balances(bot)
    shown = (await bot.ask("GET", ORDER, symbol="BTCUSDT", origClientOrderId="mine")).json()
    working = (await bot.ask("GET", "/api/v3/openOrders", symbol="BTCUSDT")).json()
    cancelled = (
        await bot.ask(
            "DELETE", ORDER, symbol="BTCUSDT", orderId=placed["orderId"], newClientOrderId="end"
        )
    ).json()

    assert (placed["status"], placed["fills"], placed["clientOrderId"]) == ("NEW", [], "mine")
    assert (placed["price"], placed["origQty"], placed["executedQty"]) == ("40000", "0.01", "0")
    assert (placed["type"], placed["timeInForce"], placed["side"]) == ("LIMIT", "GTC", "BUY")
    # 400, the fee of 5 bps on it, and a nano for each of the thousand lots.
    assert locked["USDT"] == (Decimal("99599.799999"), Decimal("400.200001"))
    assert shown["status"] == "NEW"
    assert working == [shown]
    assert (cancelled["status"], cancelled["clientOrderId"]) == ("CANCELED", "end")
    assert cancelled["origClientOrderId"] == "mine"
    assert (await balances(bot))["USDT"] == (Decimal(100_000), Decimal(0))
    assert (await bot.ask("GET", "/api/v3/openOrders")).json() == []


async def test_a_market_order_fills_and_every_view_of_it_agrees(bot: Bot) -> None:
    params: dict[str, Any] = {"type": "MARKET", "price": None, "timeInForce": None}
    filled = (await bot.order(**params, quantity="0.2")).json()
    trades = (await bot.ask("GET", "/api/v3/myTrades", symbol="BTCUSDT")).json()
    after = await balances(bot)

    spent = sum(Decimal(f["price"]) * Decimal(f["qty"]) for f in filled["fills"])
    fees = sum(Decimal(f["commission"]) for f in filled["fills"])
    assert filled["status"] == "FILLED"
    assert Decimal(filled["cummulativeQuoteQty"]) == spent
    assert [(t["id"], t["price"], t["qty"], t["commission"]) for t in trades] == [
        (f["tradeId"], f["price"], f["qty"], f["commission"]) for f in filled["fills"]
    ]
    assert all(t["orderId"] == filled["orderId"] and t["isBuyer"] for t in trades)
    assert after["BTC"] == (Decimal("1.2"), Decimal(0))
    assert after["USDT"][0] == Decimal(100_000) - spent - fees
    assert (await bot.ask("GET", "/api/v3/myTrades", symbol="ETHUSDT")).json() == []


async def test_money_is_turned_into_a_quantity_that_it_can_buy(bot: Bot) -> None:
    params: dict[str, Any] = {"type": "MARKET", "price": None, "timeInForce": None}
    bought = (await bot.order(**params, quantity=None, quoteOrderQty="600")).json()
    both = await bot.order(**params, quoteOrderQty="600")
    none = await bot.order(**params, quantity=None)
    little = await bot.order(**params, quantity=None, quoteOrderQty="0.1")

    assert Decimal(595) < Decimal(bought["cummulativeQuoteQty"]) < Decimal(605)
    assert [refusal(r)[1] for r in (both, none, little)] == [-1128, -1102, -1013]


async def test_how_much_is_answered_is_up_to_the_sender(bot: Bot) -> None:
    ack = (await bot.order(newOrderRespType="ACK")).json()
    result = (await bot.order(newOrderRespType="RESULT")).json()

    assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert "status" in result
    assert "fills" not in result


async def test_an_order_is_checked_without_being_sent(bot: Bot) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": "40000",
    }

    good = await bot.ask("POST", "/api/v3/order/test", **order, quantity="0.01")
    poor = await bot.ask("POST", "/api/v3/order/test", **order, quantity="3")

    assert (good.status_code, good.json()) == (200, {})
    assert refusal(poor)[1] == -2010
    assert (await bot.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT")).json() == []


async def test_an_order_is_replaced_or_left_as_it_is(bot: Bot) -> None:
    first = (await bot.order()).json()
    new: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.02",
        "price": "41000",
        "cancelReplaceMode": "STOP_ON_FAILURE",
    }

    good = await bot.ask("POST", REPLACE, **new, cancelOrderId=first["orderId"])
    gone = await bot.ask("POST", REPLACE, **new, cancelOrderId=first["orderId"])
    working = (await bot.ask("GET", "/api/v3/openOrders")).json()
    allowed = {**new, "cancelReplaceMode": "ALLOW_FAILURE", "price": "39000"}
    half = await bot.ask("POST", REPLACE, **allowed, cancelOrderId=first["orderId"])
    second = good.json()["newOrderResponse"]["orderId"]
    poor = await bot.ask("POST", REPLACE, **{**new, "quantity": "9"}, cancelOrderId=second)

    assert good.json()["cancelResponse"]["status"] == "CANCELED"
    assert [o["orderId"] for o in working] == [second]
    assert refusal(gone)[:2] == (400, -2022)
    assert gone.json()["data"]["newOrderResult"] == "NOT_ATTEMPTED"
    assert refusal(half)[:2] == (409, -2021)
    assert half.json()["data"]["newOrderResult"] == "SUCCESS"
    assert refusal(poor)[:2] == (409, -2021)
    assert poor.json()["data"]["newOrderResponse"]["code"] == -2010


async def test_all_orders_of_a_symbol_are_cancelled_at_once(bot: Bot) -> None:
    await bot.order()
    await bot.order(price="39000")
    await bot.order(symbol="ETHUSDT", price="2000")

    done = (await bot.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")).json()
    none = await bot.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")

    assert [o["status"] for o in done] == ["CANCELED", "CANCELED"]
    assert refusal(none)[1] == -2011
    assert [o["symbol"] for o in (await bot.ask("GET", "/api/v3/openOrders")).json()] == ["ETHUSDT"]


async def test_an_order_that_ends_meanwhile_keeps_none_of_the_others_from_being_cancelled(
    bot: Bot,
) -> None:
    numbers = [(await bot.order(price=str(40_000 + n))).json()["orderId"] for n in range(3)]

    one, rest = await asyncio.gather(
        bot.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=numbers[0]),
        bot.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT"),
    )

    assert (one.status_code, rest.status_code) == (200, 200)
    assert [o["orderId"] for o in rest.json()] == numbers[1:]
    assert (await bot.ask("GET", "/api/v3/openOrders")).json() == []


async def test_of_two_cancels_at_the_same_time_one_is_refused(bot: Bot) -> None:
    number = (await bot.order()).json()["orderId"]

    replies = await asyncio.gather(
        *(
            bot.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=number, newClientOrderId=name)
            for name in ("one", "two")
        )
    )

    assert [r.status_code for r in replies] == [200, 400]
    assert replies[0].json()["clientOrderId"] == "one"
    assert refusal(replies[1])[1] == -2011


async def test_past_orders_are_found_by_number_time_and_count(bot: Bot) -> None:
    numbers = [(await bot.order(price=str(40_000 + n))).json()["orderId"] for n in range(3)]

    async def found(**params: Any) -> list[int]:
        rows = (await bot.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT", **params)).json()
        return [row["orderId"] for row in rows]

    assert await found() == numbers
    assert await found(limit=2) == numbers[1:]
    assert await found(orderId=numbers[1]) == numbers[1:]
    assert await found(orderId=numbers[0], limit=1) == numbers[:1]
    assert await found(startTime=bot.now_ms() + 60_000) == []
    assert await found(startTime=bot.now_ms() - 60_000, endTime=bot.now_ms()) == numbers
    assert (
        refusal(
            await bot.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT", startTime=2, endTime=1)
        )[1]
        == -1130
    )


async def test_orders_are_counted_and_too_many_are_refused(bot: Bot) -> None:
    replies = [await bot.order(price="1", quantity="0.00001") for _ in range(3)]
    rates = (await bot.ask("GET", "/api/v3/rateLimit/order")).json()

    assert [r.headers["x-mbx-used-weight-1m"] for r in replies] != ["0", "0", "0"]
    assert [row["count"] for row in rates] == [3, 3]
    refused = [await bot.order(price="1", quantity="0.00001") for _ in range(205)]
    too_many = [r for r in refused if r.status_code == 429]
    assert too_many
    assert refusal(too_many[0])[1] == -1015
    assert all(1 <= int(r.headers["retry-after"]) <= 10 for r in too_many)


async def test_what_weighs_too_much_is_refused_until_the_minute_is_over(
    client: httpx.AsyncClient,
) -> None:
    path = "/api/v3/depth?symbol=BTCUSDT&limit=5000"

    replies = [await client.get(path) for _ in range(50)]

    # Fifty of 250 are twice what a minute allows, even where one minute ends among them.
    refused = [r for r in replies if r.status_code == 429]
    assert refused
    assert refusal(refused[0])[1] == -1003
    assert int(refused[0].headers["retry-after"]) <= 60


async def test_a_bots_wallet_is_told_truly(bot: Bot) -> None:
    coins = (await bot.ask("GET", "/sapi/v1/capital/config/getall")).json()
    fees = (await bot.ask("GET", "/sapi/v1/asset/tradeFee", symbol="BTCUSDT")).json()
    commission = (await bot.ask("GET", "/api/v3/account/commission", symbol="BTCUSDT")).json()

    usdt = next(coin for coin in coins if coin["coin"] == "USDT")
    assert (usdt["free"], usdt["depositAllEnable"], usdt["networkList"]) == ("100000", False, [])
    assert fees[0]["makerCommission"] == "0.0001"
    assert commission["standardCommission"]["taker"] == "0.0005"
