"""Limits, modes and blocks over HTTP: they bind, they are durable, and they are audited."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx import Response
from tests.apps import app_of, client_of
from tests.factories import NOW_NS, a_deposit, a_quote, an_order, money
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import AccountId, EventId, Ids, StrategyId
from trade2026.core.numbers import Money
from trade2026.desk.breakers import BreakerDesk
from trade2026.desk.kill import KillDesk
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.book import RiskBook
from trade2026.edge.risk import mode_routes, view_routes
from trade2026.edge.risk_alerts import alert_routes
from trade2026.edge.risk_kill import kill_routes
from trade2026.edge.risk_limits import limit_routes
from trade2026.model.booking import FundingBooked
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.risk import RefusalCode
from trade2026.model.subjects import RISK_CONTROL, RISK_LIMITS
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.logs import service_log
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier


def a_loss(amount: str) -> FundingBooked:
    return FundingBooked(
        event_id=EventId("a-loss"),
        account=AccountId("default"),
        ts_ns=NOW_NS,
        asked_by="tess",
        text="",
        strategy=StrategyId("manual"),
        venue=PRISM,
        symbol="BTCUSDT",
        amount=Money(-money(amount)),
    )


class World:
    """Risk with a deposit and a quote behind its routes, over a log that outlives it."""

    def __init__(self, log: MemoryLog) -> None:
        clock = VirtualClock(NOW_NS)
        self.mint = Mint(clock)
        self.book = RiskBook(PRISM_INSTRUMENTS)
        self.book.apply(a_deposit("1000000"), 1)
        self.book.quote(PRISM, "BTCUSDT", a_quote("49999.99", "50000.01"), NOW_NS)
        self.bus = LocalBus(log, clock, with_codec=True)
        self.desk = RiskDesk(
            bus=self.bus,
            clock=clock,
            ids=Ids(clock, chance.stream(1, "ids")),
            log=service_log("risk"),
            book=self.book,
        )
        self.breakers = BreakerDesk(
            bus=self.bus,
            clock=clock,
            ids=Ids(clock, chance.stream(2, "ids")),
            log=service_log("risk"),
            risk=self.desk,
        )
        self.kills = KillDesk(
            bus=self.bus,
            clock=clock,
            ids=Ids(clock, chance.stream(3, "ids")),
            log=service_log("risk"),
            risk=self.desk,
        )
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        routes = [
            *limit_routes(self.desk),
            *mode_routes(self.desk),
            *kill_routes(self.desk, self.breakers, self.kills),
            *alert_routes(self.desk),
            *view_routes(self.desk),
        ]
        self.client = client_of(app_of(Service(name="risk", routes=routes), doorkeeper, clock))

    async def call(self, method: str, path: str, **options: Any) -> Response:
        headers = self.mint.bearer(roles=options.pop("roles", ["admin"]), accounts=["*"])
        return await self.client.request(method, path, headers=headers, **options)

    async def put(self, **body: Any) -> Response:
        body = {"scope": "account:default", "reason": "a test"} | body
        return await self.call("PUT", "/risk/limits", json=body)

    def codes(self) -> list[RefusalCode]:
        return [refusal.code for refusal in self.book.judge(an_order(), NOW_NS).refusals]


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def world(log: MemoryLog) -> AsyncGenerator[World]:
    made = World(log)
    async with made.client:
        yield made


async def test_a_limit_that_is_set_binds_and_outlives_a_restart(
    world: World, log: MemoryLog
) -> None:
    reply = await world.put(max_order_quantity="0.5", max_open_orders=7)

    assert reply.status_code == 200
    assert (reply.json()["scope"], reply.json()["reason"]) == ("account:default", "a test")
    assert world.codes() == [RefusalCode.ORDER_QTY_LIMIT]
    reborn = World(log)
    await reborn.bus.fold(RISK_LIMITS, reborn.desk.on_limits)
    assert reborn.codes() == [RefusalCode.ORDER_QTY_LIMIT]


async def test_the_limits_that_bind_an_account_are_shown(world: World) -> None:
    await world.put(max_order_quantity=0.5)

    everyone = (await world.call("GET", "/risk/limits")).json()
    own = (await world.call("GET", "/risk/limits?account=default")).json()

    assert [one["symbol"] for one in everyone] == ["BTCUSDT", "ETHUSDT", "DEFAULT"]
    assert [one["max_order_quantity"] for one in everyone] == [10, 100, 1000]
    assert {one["max_order_quantity"] for one in own} == {0.5}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "global"}, "scope"),
        ({"scope": "venue:PRISM"}, "scope"),
        ({"scope": "symbol:BTCUSDT", "max_daily_loss": 1}, "scope"),
        ({"scope": "symbol:BTCUSDT", "max_drawdown_bps": 1}, "scope"),
        ({"max_order_value": "-1"}, "max_order_value"),
        ({"max_order_value": "much"}, "max_order_value"),
        ({"reference_max_age_ns": 600 * 10**9 + 1}, "reference_max_age_ns"),
        ({"reference_max_age_ns": -1}, "reference_max_age_ns"),
    ],
)
async def test_what_is_no_limit_is_not_taken(
    world: World, body: dict[str, Any], field: str
) -> None:
    reply = await world.put(**body)

    assert (reply.status_code, reply.json()["field"]) == (422, field)


async def test_what_holds_by_default_can_be_set_as_it_is_shown(world: World) -> None:
    shown = (await world.call("GET", "/risk/limits")).json()[0]
    symbol = shown.pop("symbol")

    reply = await world.put(scope="default", **shown)

    assert reply.status_code == 200, reply.text
    assert (await world.call("GET", "/risk/limits")).json()[0] == {"symbol": symbol, **shown}
    assert (await world.put(reference_max_age_ns=600 * 10**9)).status_code == 200


async def test_a_change_of_limits_is_told(world: World) -> None:
    await world.put(scope="default", max_positions=3)

    (alert,) = (await world.call("GET", "/risk/alerts")).json()
    assert (alert["kind"], alert["scope"]) == ("limits", "default")


async def test_a_block_of_a_symbol_binds_until_it_is_undone_and_outlives_a_restart(
    world: World, log: MemoryLog
) -> None:
    blocked = await world.call("POST", "/risk/symbol/BTCUSDT/block", json={})

    assert (blocked.status_code, blocked.json()["scope"]) == (202, "symbol:BTCUSDT")
    assert blocked.json()["cancel_open"] is True
    assert world.codes() == [RefusalCode.SYMBOL_BLOCKED]
    reborn = World(log)
    await reborn.bus.fold(RISK_CONTROL, reborn.desk.on_control)
    assert reborn.codes() == [RefusalCode.SYMBOL_BLOCKED]
    await world.call("POST", "/risk/symbol/BTCUSDT/block", json={"blocked": False})
    assert world.codes() == []


async def test_a_strategy_may_be_left_only_to_reduce(world: World) -> None:
    body = {"scope": "strategy:manual", "mode": "REDUCE_ONLY"}

    reply = await world.call("POST", "/risk/mode", json=body)

    assert (reply.status_code, reply.json()["cancel_open"]) == (202, False)
    assert world.codes() == [RefusalCode.REDUCE_ONLY]
    modes = (await world.call("GET", "/risk/modes")).json()
    assert modes == {"strategy:manual": "REDUCE_ONLY"}


async def test_a_viewer_changes_nothing(world: World) -> None:
    for method, path in (("PUT", "/risk/limits"), ("POST", "/risk/symbol/BTCUSDT/block")):
        body = {"scope": "default", "reason": "no"} if method == "PUT" else {}
        reply = await world.call(method, path, json=body, roles=["viewer"])
        assert reply.status_code == 403
    assert world.codes() == []


async def test_an_alert_is_seen_once_and_shown_as_such(world: World) -> None:
    await world.put(max_positions=3)
    (alert,) = (await world.call("GET", "/risk/alerts?pending_only=true")).json()
    path = f"/risk/alerts/{alert['alert_id']}/ack"

    unknown = await world.call("POST", "/risk/alerts/none/ack", json={})
    viewer = await world.call("POST", path, json={}, roles=["viewer"])
    seen = await world.call("POST", path, json={"text": "on it"})

    assert (unknown.status_code, viewer.status_code) == (404, 403)
    assert (seen.status_code, seen.json()["acknowledged_text"]) == (200, "on it")
    assert (await world.call("GET", "/risk/alerts?pending_only=true")).json() == []
    (shown,) = (await world.call("GET", "/risk/alerts")).json()
    assert shown["acknowledged_by"] == seen.json()["acknowledged_by"] != ""


async def test_losses_are_shown_and_a_tripped_breaker_refuses_to_resume(world: World) -> None:
    world.book.note_losses(NOW_NS)
    world.book.apply(a_loss("60000"), 2)
    await world.breakers.watch()

    portfolio = (await world.call("GET", "/risk/portfolio")).json()
    refused = await world.call("POST", "/risk/resume", json={"scope": "account:default"})
    symbol = {"scope": "symbol:BTCUSDT", "rearm": True}
    senseless = await world.call("POST", "/risk/resume", json=symbol)
    body = {"scope": "account:default", "rearm": True}
    resumed = await world.call("POST", "/risk/resume", json=body)

    assert (portfolio["mode"], portfolio["daily_loss"]) == ("HALTED", 60_000)
    assert (portfolio["drawdown_bps"], portfolio["fast_drawdown_bps"]) == (600, 600)
    assert (refused.status_code, senseless.status_code, resumed.status_code) == (409, 422, 202)
    assert world.codes() == []


async def test_a_kill_is_told_of_while_it_is_under_way_and_when_it_is_done(world: World) -> None:
    await world.bus.fold(RISK_CONTROL, world.kills.on_control)
    reply = await world.call("POST", "/risk/kill", json={"scope": "strategy:a", "flatten": True})
    (before,) = (await world.call("GET", "/risk/kills")).json()
    async with asyncio.TaskGroup() as tasks:
        world.kills.step(tasks.create_task)
    (after,) = (await world.call("GET", "/risk/kills")).json()

    assert (reply.status_code, reply.json()["flatten"]) == (202, True)
    assert (before["status"], before["time_to_flat_ns"]) == ("UNDER_WAY", None)
    assert (after["status"], after["time_to_flat_ns"], after["left"]) == ("FLAT", 0, [])
    assert after["control_id"] == before["control_id"] == reply.json()["control_id"]
