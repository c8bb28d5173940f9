"""Orders of every type that the dialect takes, and changes of them."""

from typing import Any

import pytest
from tests.bots import Bot, refusal

ORDER = "/api/v3/order"
AMEND = "/api/v3/order/amend/keepPriority"


async def test_an_order_that_only_makes_rests_or_is_refused(bot: Bot) -> None:
    maker: dict[str, Any] = {"type": "LIMIT_MAKER", "timeInForce": None}

    placed = (await bot.order(**maker)).json()
    taking = await bot.order(**maker, price="90000")
    forced = await bot.order(type="LIMIT_MAKER")

    assert (placed["type"], placed["status"]) == ("LIMIT_MAKER", "NEW")
    assert refusal(taking) == (400, -2010, "Order would immediately match and take.")
    assert refusal(forced)[1] == -1106


async def test_a_stop_waits_and_one_that_is_reached_already_is_refused(bot: Bot) -> None:
    stop: dict[str, Any] = {"type": "STOP_LOSS_LIMIT", "side": "SELL", "price": "30000"}

    placed = (await bot.order(**stop, stopPrice="31000")).json()
    shown = (await bot.ask("GET", ORDER, symbol="BTCUSDT", orderId=placed["orderId"])).json()
    reached = await bot.order(**stop, stopPrice="90000")
    without = await bot.order(**stop)
    account = (await bot.ask("GET", "/api/v3/account")).json()
    locked = {b["asset"]: b["locked"] for b in account["balances"]}
    cancelled = await bot.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=placed["orderId"])

    assert (placed["type"], placed["status"], shown["isWorking"]) == (
        "STOP_LOSS_LIMIT",
        "NEW",
        False,
    )
    assert (shown["stopPrice"], locked["BTC"]) == ("31000", "0.01")
    assert refusal(reached) == (400, -2010, "Stop price would trigger immediately.")
    assert refusal(without)[1] == -1102
    assert cancelled.json()["status"] == "CANCELED"


async def test_a_stop_at_the_market_sells_and_cannot_buy(bot: Bot) -> None:
    stop: dict[str, Any] = {"type": "STOP_LOSS", "price": None, "timeInForce": None}

    sells = (await bot.order(**stop, side="SELL", stopPrice="31000")).json()
    buys = await bot.order(**stop, stopPrice="90000")

    assert (sells["type"], sells["status"]) == ("STOP_LOSS", "NEW")
    assert refusal(buys)[1] == -2010


async def test_an_iceberg_shows_a_part(bot: Bot) -> None:
    placed = (await bot.order(icebergQty="0.001", price="45000")).json()
    shown = (await bot.ask("GET", ORDER, symbol="BTCUSDT", orderId=placed["orderId"])).json()
    book = (await bot.client.get("/api/v3/depth?symbol=BTCUSDT&limit=5000")).json()
    forced = await bot.order(icebergQty="0.001", timeInForce="IOC")

    assert shown["icebergQty"] == "0.001"
    assert dict(book["bids"])["45000"] == "0.001"
    assert refusal(forced)[1] == -1013


async def test_an_order_becomes_smaller_and_never_larger(bot: Bot) -> None:
    number = (await bot.order()).json()["orderId"]
    which = {"symbol": "BTCUSDT", "orderId": number}

    less = await bot.ask("PUT", AMEND, **which, newQty="0.004")
    shown = (await bot.ask("GET", ORDER, **which)).json()
    same = await bot.ask("PUT", AMEND, **which, newQty="0.004")
    more = await bot.ask("PUT", AMEND, **which, newQty="0.01")
    account = (await bot.ask("GET", "/api/v3/account")).json()
    await bot.ask("DELETE", ORDER, **which)
    gone = await bot.ask("PUT", AMEND, **which, newQty="0.001")

    assert less.json()["amendedOrder"]["qty"] == shown["origQty"] == "0.004"
    assert [refusal(r)[1] for r in (same, more, gone)] == [-2038, -1130, -2013]
    assert {b["asset"]: b["locked"] for b in account["balances"]}["USDT"] == "160.0800004"


@pytest.mark.parametrize(
    ("mode", "status", "old"),
    [
        ("EXPIRE_TAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_MAKER", "PARTIALLY_FILLED", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
async def test_own_orders_never_meet(bot: Bot, mode: str, status: str, old: str) -> None:
    await bot.client.post("/control/pause")
    price = (await bot.client.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")).json()["askPrice"]
    first = (await bot.order(side="SELL", price=price)).json()
    best = (await bot.client.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")).json()

    # All that is offered at the best price, the last of it by the buyer itself.
    second = await bot.order(price=price, quantity=best["askQty"], selfTradePreventionMode=mode)
    shown = await bot.ask("GET", ORDER, symbol="BTCUSDT", orderId=first["orderId"])

    assert (second.json()["status"], shown.json()["status"]) == (status, old)
