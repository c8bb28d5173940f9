"""PRISM dies and comes back: keys, balances, orders and trades are there, what worked is not."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.bots import Bot
from tests.doors import OpenDoor
from tests.unit.edge.dialect.conftest import opened

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.services import prism
from trade2026.shell.runtime import Surroundings, running

MARKET: dict[str, Any] = {"type": "MARKET", "price": None, "timeInForce": None}


@asynccontextmanager
async def a_life(log: MemoryLog, data_dir: Path, key: dict[str, Any]) -> AsyncGenerator[Bot]:
    bus = LocalBus(log, SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=data_dir)
    async with running({"PRISM": prism.build}, around) as runtime:
        client = runtime.client("PRISM")
        await opened(client)
        if not key:
            key.update((await client.post("/keys", json={"account": "bot"})).json())
        yield Bot(client, key, SystemClock())
    await bus.close()


async def seen(bot: Bot) -> dict[str, Any]:
    found = {
        path: (await bot.ask("GET", f"/api/v3/{path}", symbol="BTCUSDT")).json()
        for path in ("allOrders", "myTrades", "openOrders")
    }
    account = (await bot.ask("GET", "/api/v3/account", omitZeroBalances="true")).json()
    return {**found, "balances": account["balances"]}


async def test_everything_but_what_worked_outlives_prism(tmp_path: Path) -> None:
    log, key = MemoryLog(), dict[str, Any]()
    async with a_life(log, tmp_path, key) as bot:
        await bot.order(**MARKET, quantity="0.02")
        await bot.order(**MARKET, side="SELL", quantity="0.01")
        resting = (await bot.order(newClientOrderId="mine")).json()
        before = await seen(bot)

    for _ in range(2):
        async with a_life(log, tmp_path, key) as bot:
            after = await seen(bot)
            one = await bot.ask("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
            again = await bot.order(newClientOrderId="other")
            await bot.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
        assert after["myTrades"] == before["myTrades"]
        assert after["openOrders"] == []
        assert after["allOrders"][:2] == before["allOrders"][:2]
        assert (one.json()["orderId"], one.json()["status"]) == (resting["orderId"], "CANCELED")
        free = {b["asset"]: (b["free"], b["locked"]) for b in after["balances"]}
        assert Decimal(free["BTC"][0]) == Decimal("1.01")
        held = {b["asset"]: Decimal(b["free"]) + Decimal(b["locked"]) for b in before["balances"]}
        assert (Decimal(free["USDT"][0]), free["USDT"][1]) == (held["USDT"], "0")
        assert again.json()["orderId"] > resting["orderId"]


async def test_a_market_begun_anew_ends_what_worked_and_keeps_the_rest(tmp_path: Path) -> None:
    key = dict[str, Any]()
    async with a_life(MemoryLog(), tmp_path, key) as bot:
        await bot.order(**MARKET, quantity="0.02")
        resting = (await bot.order()).json()
        before = await seen(bot)

        assert (await bot.client.post("/control/reset", json={})).status_code == 200
        await opened(bot.client)
        after = await seen(bot)
        book = (await bot.client.get("/api/v3/depth?symbol=BTCUSDT")).json()
        again = (await bot.order()).json()

    assert after["myTrades"] == before["myTrades"]
    assert after["openOrders"] == []
    ended = {o["orderId"]: o["status"] for o in after["allOrders"]}
    assert ended[resting["orderId"]] == "CANCELED"
    assert book["lastUpdateId"] > 10**12
    assert again["status"] == "NEW"


async def test_orders_are_matched_while_the_market_stands_still(tmp_path: Path) -> None:
    async with a_life(MemoryLog(), tmp_path, {}) as bot:
        await bot.client.post("/control/pause")
        first = (await bot.order(**MARKET, quantity="0.01")).json()
        second = (await bot.order(**MARKET, quantity="0.01")).json()
        trades = (await bot.ask("GET", "/api/v3/myTrades", symbol="BTCUSDT")).json()

    assert first["status"] == second["status"] == "FILLED"
    assert len({t["time"] for t in trades}) == 1
