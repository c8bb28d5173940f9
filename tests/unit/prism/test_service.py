"""PRISM as a process serves it: its API, its health, its commands on the bus."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.doors import OpenDoor
from tests.factories import an_order
from tests.prism import published, status_of, told
from tests.trading import until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.ids import OrderId, system_ids
from trade2026.model.market import RawBatch
from trade2026.model.order import OrdType, Side
from trade2026.model.subjects import (
    LIVE_PRISM_FEED,
    VENUE_STATUS,
    VENUE_SUBMIT,
)
from trade2026.services import prism
from trade2026.shell.access import Principal
from trade2026.shell.problem import ProblemError
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.settings import Settings


class OwnAccounts(OpenDoor):
    """Lets everybody in, but only to the accounts of the principal."""

    def require(self, principal: Principal, action: str, account: str | None = None) -> None:
        if account not in principal.accounts:
            raise ProblemError(403, "Forbidden", f"{action} on {account}", rule="account")


TESS = Principal(subject="tess", roles=("participant",), accounts=("default",))


class World:
    """The service with its log, its bus and a client."""

    def __init__(self, log: MemoryLog, bus: LocalBus, client: httpx.AsyncClient) -> None:
        self.log = log
        self.bus = bus
        self.client = client

    async def place(self, **fields: Any) -> httpx.Response:
        body = {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": 0.01}
        return await self.client.post("/orders", json={**body, **fields})


async def a_world(tmp_path: Path, settings: Mapping[str, str]) -> AsyncGenerator[World]:
    log = MemoryLog()
    bus = LocalBus(log, SystemClock(), with_codec=True)
    around = Surroundings(
        bus=bus, doorkeeper=OwnAccounts(TESS), data_dir=tmp_path, settings=Settings(settings)
    )
    async with running({"PRISM": prism.build}, around) as runtime:
        yield World(log, bus, runtime.client("PRISM"))
    await bus.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    async for world in a_world(tmp_path, {}):
        await opened(world)
        yield world


async def opened(world: World) -> None:
    """Wait for the first trade: the agents open with some seconds of quoting."""
    while not (await world.client.get("/trades/BTCUSDT")).json():  # noqa: ASYNC110 - the market has no event.
        await asyncio.sleep(0.05)


async def test_a_direct_market_order_fills_and_says_so(world: World) -> None:
    reply = await world.place(quantity="0.002")

    body = reply.json()
    assert reply.status_code == 201
    assert body["status"] == "FILLED"
    assert body["filled_quantity"] == 0.002
    assert body["average_fill_price"] > 1000
    assert published(world.log) == []
    assert told(world.log)


async def test_a_direct_limit_order_rests_is_shown_and_is_cancelled_once(world: World) -> None:
    placed = (await world.place(order_type="LIMIT", price=50000, quantity=0.01)).json()
    path = f"/orders/{placed['order_id']}"

    shown = (await world.client.get(path)).json()
    cancelled = await world.client.delete(path)
    again = await world.client.delete(path)

    assert placed["status"] == shown["status"] == "SENT"
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
    assert again.status_code == 409


async def test_a_direct_order_is_replaced_or_stays_as_it_was(world: World) -> None:
    placed = (await world.place(order_type="limit", price=50000, quantity=0.01)).json()
    path = f"/orders/{placed['order_id']}"

    cheaper = await world.client.patch(path, json={"price": "49000", "quantity": 0.02})
    off_grid = await world.client.patch(path, json={"price": 49000.001})
    nothing = await world.client.patch(path, json={})
    wrong = await world.client.patch(path, json={"price": "dear"})
    too_much = await world.client.patch(path, json={"quantity": 900})
    shown = (await world.client.get(path)).json()
    trades = await world.client.patch(path, json={"price": 70000})
    too_late = await world.client.patch(path, json={"price": 50000})

    assert (cheaper.status_code, cheaper.json()["price"]) == (200, 49000)
    assert [r.status_code for r in (off_grid, nothing, too_much, too_late)] == [409] * 4
    assert (wrong.status_code, wrong.json()["field"]) == (422, "price")
    assert "MAX_DIRECT_NOTIONAL" in too_much.json()["detail"]
    assert (shown["price"], shown["quantity"], shown["status"]) == (49000, 0.02, "SENT")
    assert trades.json()["filled_quantity"] == 0.02


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"side": "up"}, "side"),
        ({"order_type": "stop"}, "stop_price"),
        ({"stop_price": 1}, "stop_price"),
        ({"order_type": "trailing_stop"}, "trailing_offset"),
        ({"order_type": "iceberg"}, "order_type"),
        ({"self_trade_prevention": "none"}, "self_trade_prevention"),
        ({"order_type": "limit"}, "price"),
        ({"price": 1}, "price"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": "1e-10"}, "quantity"),
        ({"time_in_force": "FOREVER"}, "time_in_force"),
        ({"account": "a.b"}, "account"),
        ({"account": "a" * 65}, "account"),
        ({"symbol": "BTC.USDT"}, "symbol"),
        ({"symbol": "x" * 65}, "symbol"),
    ],
)
async def test_a_malformed_order_is_422_with_its_field(
    world: World, fields: dict[str, Any], field: str
) -> None:
    reply = await world.place(**fields)

    assert reply.status_code == 422
    assert reply.json()["field"] == field


async def test_an_absurd_order_does_not_end_the_market(world: World) -> None:
    absurd = "x" * 600_000
    order = an_order(order_id=OrderId(system_ids().new()), symbol=absurd)

    by_http = await world.place(symbol=absurd)
    by_bus = await world.bus.ask(VENUE_SUBMIT, order)
    after = await world.place()

    assert by_http.status_code == 422
    assert not by_bus.is_accepted
    assert after.json()["status"] == "FILLED"


async def test_an_order_off_the_grid_is_rejected_with_the_reason(world: World) -> None:
    body = (await world.place(order_type="limit", price=50000.001)).json()

    assert body["status"] == "REJECTED"
    assert body["text"].startswith("TICK_SIZE")


async def test_a_strangers_account_is_refused_everywhere(world: World) -> None:
    other = await world.place(account="other")

    assert other.status_code == 403
    assert told(world.log) == {}


async def test_orders_of_the_oms_are_not_shown_here(world: World) -> None:
    order = an_order(order_id=OrderId(system_ids().new()))
    await world.bus.ask(VENUE_SUBMIT, order)

    assert (await world.client.get(f"/orders/{order.order_id}")).status_code == 404


async def test_the_market_is_there_for_everybody_in_exact_numbers(world: World) -> None:
    symbols = (await world.client.get("/symbols")).json()
    book = (await world.client.get("/orderbook/ETHUSDT", params={"depth": 3})).json()
    market = (await world.client.get("/market/BTCUSDT")).json()
    trades = (await world.client.get("/trades/BTCUSDT", params={"limit": 2})).json()
    unknown = await world.client.get("/orderbook/DOGE")

    assert [s["symbol"] for s in symbols][:3] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert 1 <= len(book["bids"]) <= 3
    assert book["bids"][0]["price"] < book["asks"][0]["price"]
    assert market["bid"] <= market["mid_price"] <= market["ask"]
    assert 1 <= len(trades) <= 2
    assert unknown.status_code == 404


async def test_the_agents_are_forty_and_each_holds_every_symbol(world: World) -> None:
    agents = (await world.client.get("/agents")).json()
    one = (await world.client.get(f"/agents/{agents[0]['agent_id']}")).json()
    nobody = await world.client.get("/agents/agent:nobody")
    status = (await world.client.get("/status")).json()

    assert len(agents) == status["num_agents"] == 40
    assert len(one["symbols"]) == 6
    assert nobody.status_code == 404
    assert status["mode"] == "agents"


async def test_health_tells_the_mode_and_the_number_of_agents(world: World) -> None:
    health = (await world.client.get("/health")).json()

    assert health["status"] == "healthy"
    assert (health["mode"], health["num_agents"]) == ("agents", 40)
    assert health["checks"]["market"] == ""


async def test_health_fails_while_the_log_is_away(world: World) -> None:
    world.log.up.clear()
    order = an_order(order_id=OrderId(system_ids().new()), ord_type=OrdType.MARKET, price=None)

    async def away() -> str:
        return (await world.client.get("/health")).json()["checks"]["market"]

    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(world.bus.ask(VENUE_SUBMIT, order, timeout_s=15))
        while not await away():  # noqa: ASYNC110 - what is waited for is an answer over HTTP.
            await asyncio.sleep(0.05)
        world.log.up.set()
    assert asked.result().is_accepted


async def test_orders_come_over_the_bus_and_the_feed_speaks(world: World) -> None:
    batches: list[RawBatch] = []
    await world.bus.watch(LIVE_PRISM_FEED, lambda _, batch: batches.append(batch))
    order = an_order(
        order_id=OrderId(system_ids().new()),
        ord_type=OrdType.MARKET,
        price=None,
        side=Side.SELL,
    )

    ack = await world.bus.ask(VENUE_SUBMIT, order)
    status = await world.bus.ask(VENUE_STATUS, status_of(order))
    await until(lambda: bool(batches))

    assert ack.is_accepted
    assert list(status.reports) == published(world.log)
    assert batches[0].venue == "PRISM"


async def test_the_bound_of_direct_positions_is_a_setting(tmp_path: Path) -> None:
    async for world in a_world(tmp_path, {"TRADE2026_PRISM_DIRECT_NOTIONAL_MAX": "100"}):
        await opened(world)
        resting = {"order_type": "limit", "price": 50000}
        fits = (await world.place(**resting, quantity=0.001)).json()
        refused = (await world.place(**resting, quantity=0.002)).json()

        assert fits["status"] == "SENT"
        assert refused["status"] == "REJECTED"
        assert refused["text"].startswith("MAX_DIRECT_NOTIONAL")


async def test_on_paper_there_are_no_agents_and_no_market_without_a_recording(
    tmp_path: Path,
) -> None:
    async for world in a_world(tmp_path, {"TRADE2026_PRISM_MODE": "paper"}):
        health = (await world.client.get("/health")).json()
        refused = (await world.place()).json()

        assert (health["mode"], health["num_agents"]) == ("paper", 0)
        assert refused["status"] == "REJECTED"
        assert refused["text"].startswith("NO_MARKET")
