"""The rules of routing over HTTP: who may set them, and what is told of an order."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import structlog
from httpx import Response
from tests.apps import app_of, client_of
from tests.factories import NOW_NS, px
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.adapters.venues import LOOKS
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.routing import RoutingDesk
from trade2026.edge.routing import routing_routes
from trade2026.model.route import LookRequest, VenueSight
from trade2026.model.route_subjects import LIVE_LOOK, VENUE_LOOK
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

RULE: dict[str, Any] = {"name": "cheap", "venues": ["PRISM", "LIVE"], "by": "PRICE"}
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 0.01, "type": "MARKET"}


class World:
    """The routes before two venues, of which one asks less."""

    def __init__(self) -> None:
        clock = VirtualClock(NOW_NS)
        self.bus = LocalBus(MemoryLog(), clock, with_codec=True)
        self.mint = Mint(clock)
        ids = Ids(clock, chance.stream(1, "ids"))
        desk = RoutingDesk(
            bus=self.bus, clock=clock, ids=ids, log=structlog.get_logger(), looks=LOOKS, kept_ns=0
        )
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        service = Service(name="exeq", routes=routing_routes(desk))
        self.client = client_of(app_of(service, doorkeeper, clock))

    async def begin(self) -> None:
        async def at(ask: str) -> VenueSight:
            return VenueSight(bid_px=px("90"), ask_px=px(ask))

        async def on_prism(_: LookRequest) -> VenueSight:
            return await at("101")

        async def on_live(_: LookRequest) -> VenueSight:
            return await at("100")

        await self.bus.serve(VENUE_LOOK, on_prism)
        await self.bus.serve(LIVE_LOOK, on_live)

    async def call(self, method: str, path: str, body: Any = None, **who: Any) -> Response:
        headers = self.mint.bearer(**({"roles": ["risk"], "accounts": ["*"]} | who))
        return await self.client.request(method, path, json=body, headers=headers)


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    made = World()
    await made.begin()
    async with made.client:
        yield made
    await made.bus.close()


async def test_rules_are_set_shown_and_explained(world: World) -> None:
    before = (await world.call("GET", "/routes")).json()
    body = {"rules": [RULE], "reason": "cheaper"}
    done = await world.call("PUT", "/routes", body, sub="ann")
    shown = (await world.call("GET", "/routes")).json()
    told = (await world.call("POST", "/routes/explain", ORDER)).json()

    assert (before["rules"], before["set_ns"]) == ([], None)
    assert done.status_code == 200
    assert (shown["asked_by"], shown["reason"], shown["set_ns"]) == ("ann", "cheaper", NOW_NS)
    assert shown["rules"][0] == {
        **RULE,
        "symbols": [],
        "accounts": [],
        "strategies": [],
        "types": [],
    }
    assert told == {
        "venue": "LIVE",
        "rule": "cheap",
        "why": "PRISM trades at 101 and 0 bps; LIVE trades at 100 and 0 bps",
    }


async def test_only_whoever_controls_every_account_sets_rules(world: World) -> None:
    body = {"rules": [RULE], "reason": ""}

    assert (await world.call("PUT", "/routes", body, roles=["trader"])).status_code == 403
    assert (await world.call("PUT", "/routes", body, accounts=["a"])).status_code == 403
    assert (await world.call("GET", "/routes")).json()["rules"] == []


async def test_an_order_of_somebody_elses_account_is_not_explained(world: World) -> None:
    who = {"roles": ["viewer"], "accounts": ["a"]}

    mine = await world.call("POST", "/routes/explain", {**ORDER, "account": "a"}, **who)
    theirs = await world.call("POST", "/routes/explain", {**ORDER, "account": "b"}, **who)
    assert (mine.json()["venue"], theirs.status_code) == ("PRISM", 403)


@pytest.mark.parametrize(
    "rules",
    [
        [RULE, RULE],
        [{**RULE, "venues": []}],
        [{**RULE, "venues": ["XNAS"]}],
        [{**RULE, "by": "CHANCE"}],
        [{**RULE, "types": ["NONE"]}],
        [{**RULE, "what": "else"}],
        [{**RULE, "name": f"{number}"} for number in range(101)],
    ],
)
async def test_nonsense_is_refused(world: World, rules: list[dict[str, Any]]) -> None:
    reply = await world.call("PUT", "/routes", {"rules": rules, "reason": ""})

    assert reply.status_code == 422
