"""The dry run over HTTP: what risk would say, without journalling or reserving anything."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx import Response
from tests.apps import app_of, client_of
from tests.factories import NOW_NS, a_deposit, a_quote
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.risk import RiskDesk
from trade2026.domain.risk.book import RiskBook
from trade2026.edge.what_if import check_routes
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.logs import service_log
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 1, "price": "50000.00"}


class World:
    """A risk desk with a deposit and a quote behind its route."""

    def __init__(self) -> None:
        clock = VirtualClock(NOW_NS)
        self.mint = Mint(clock)
        self.book = RiskBook(PRISM_INSTRUMENTS)
        self.book.apply(a_deposit("1000000"), 1)
        self.book.quote(PRISM, "BTCUSDT", a_quote("49999.99", "50000.01"), NOW_NS)
        desk = RiskDesk(
            bus=LocalBus(MemoryLog(), clock, with_codec=False),
            clock=clock,
            ids=Ids(clock, chance.stream(1, "ids")),
            log=service_log("risk"),
            book=self.book,
        )
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        service = Service(name="risk", routes=check_routes(desk))
        self.client = client_of(app_of(service, doorkeeper, clock))

    async def check(self, **changes: object) -> Response:
        """Try the order out with some of its fields changed."""
        return await self.client.post(
            "/check", json=ORDER | changes, headers=self.mint.bearer(roles=["viewer"])
        )


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    """A desk of its own."""
    made = World()
    async with made.client:
        yield made


async def test_an_order_that_would_pass_is_told_what_it_would_hold(world: World) -> None:
    reply = await world.check(dry_run=True)

    assert reply.status_code == 200
    body = reply.json()
    assert {name: body[name] for name in ("approved", "reserved", "reference_price")} == {
        "approved": True,
        "reserved": 5025,
        "reference_price": 50000.01,
    }
    assert body["reasons"] == []


async def test_a_dry_run_tells_what_the_account_would_become(world: World) -> None:
    body = (await world.check()).json()
    before, after = body["before"], body["after"]

    assert (before["gross_exposure"], after["gross_exposure"]) == (0, 50_000)
    assert (before["net_exposure"], after["net_exposure"]) == (0, 50_000)
    assert (before["margin"], after["margin"]) == (0, 5_025)
    assert before["value_at_risk"]["historical_95"] == 0
    # By an assumed volatility of 4 % a day, as nothing is known yet.
    assert 3_289 < after["value_at_risk"]["parametric_95"] < 3_290
    assert after["value_at_risk"]["minutes"] == 0
    assert [rule["rule"] for rule in body["rules"]][:2] == ["mode", "instrument"]
    assert all(rule["passed"] and rule["reason"] is None for rule in body["rules"])


async def test_a_dry_run_tells_which_rules_refuse(world: World) -> None:
    body = (await world.check(quantity=8_000)).json()

    refused = {rule["rule"]: rule["reason"]["code"] for rule in body["rules"] if not rule["passed"]}
    assert refused["value_at_risk"] == "VALUE_AT_RISK"
    assert set(refused.values()) == {reason["code"] for reason in body["reasons"]}


async def test_a_market_order_without_a_quote_has_no_value(world: World) -> None:
    body = (await world.check(symbol="AAPL", type="MARKET", price=None)).json()

    assert body["after"]["gross_exposure"] == 0
    assert "NO_REFERENCE_PRICE" in {reason["code"] for reason in body["reasons"]}


async def test_a_dry_run_reserves_nothing(world: World) -> None:
    await world.check()

    exposure = world.book.exposure("default")
    assert exposure is not None
    assert (exposure.reserved, exposure.open_order_count) == (0, 0)


async def test_an_order_that_would_be_refused_is_told_every_reason(world: World) -> None:
    reply = await world.check(quantity=8000, price="50000.001")

    body = reply.json()
    assert (body["approved"], body["reserved"]) == (False, None)
    assert {reason["code"] for reason in body["reasons"]} >= {
        "TICK_SIZE",
        "BUYING_POWER",
    }


async def test_only_a_dry_run_is_taken(world: World) -> None:
    reply = await world.check(dry_run=False)

    assert (reply.status_code, reply.json()["field"]) == (422, "dry_run")


async def test_a_stranger_is_refused(world: World) -> None:
    reply = await world.check(account="another")

    assert reply.status_code == 403
