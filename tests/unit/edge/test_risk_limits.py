"""Limits, modes and blocks over HTTP: they bind, they are durable, and they are audited."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx import Response
from tests.apps import app_of, client_of
from tests.factories import NOW_NS, a_deposit, a_quote, an_order
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.book import RiskBook
from trade2026.edge.risk import mode_routes, switch_routes, view_routes
from trade2026.edge.risk_limits import limit_routes
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.model.risk import RefusalCode
from trade2026.model.subjects import RISK_CONTROL, RISK_LIMITS
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.logs import service_log
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier


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
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        routes = [
            *limit_routes(self.desk),
            *mode_routes(self.desk),
            *switch_routes(self.desk),
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
        ({"max_order_value": "-1"}, "max_order_value"),
        ({"max_order_value": "much"}, "max_order_value"),
    ],
)
async def test_what_is_no_limit_is_not_taken(
    world: World, body: dict[str, Any], field: str
) -> None:
    reply = await world.put(**body)

    assert (reply.status_code, reply.json()["field"]) == (422, field)


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
