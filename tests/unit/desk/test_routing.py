"""Routing at work: venues are looked at, silence is illness, and rules outlive a restart."""

from collections.abc import AsyncGenerator

import pytest
import structlog
from tests.factories import NOW_NS, an_order, px

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.venues import LOOKS
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import InvalidInputError, UnavailableError
from trade2026.core.ids import Ids
from trade2026.desk.routing import RoutingDesk
from trade2026.domain.audit.deeds import deed_of_routes
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.route import LookRequest, RouteBy, RouteRule, VenueSight
from trade2026.model.route_subjects import EXEC_ROUTES, LIVE_LOOK, VENUE_LOOK

CHEAP = RouteRule(name="cheap", venues=(PRISM, LIVE), by=RouteBy.PRICE)


class World:
    """A routing desk between two venues, over a log that outlives it."""

    def __init__(self, log: MemoryLog) -> None:
        clock = VirtualClock(NOW_NS)
        self.bus = LocalBus(log, clock, with_codec=True)
        self.desk = RoutingDesk(
            bus=self.bus,
            clock=clock,
            ids=Ids(clock, chance.stream(1, "ids")),
            log=structlog.get_logger(),
            looks=LOOKS,
        )
        self.prism: VenueSight | None = VenueSight(bid_px=px("99"), ask_px=px("101"))
        self.live: VenueSight | None = VenueSight(bid_px=px("99"), ask_px=px("100"))
        self.looked: list[tuple[str, str]] = []

    async def begin(self) -> None:
        await self.bus.fold(EXEC_ROUTES, self.desk.on_rules)
        await self.bus.serve(VENUE_LOOK, self._on_prism)
        await self.bus.serve(LIVE_LOOK, self._on_live)

    async def _on_prism(self, request: LookRequest) -> VenueSight:
        return self._seen(PRISM, request, self.prism)

    async def _on_live(self, request: LookRequest) -> VenueSight:
        return self._seen(LIVE, request, self.live)

    def _seen(self, name: str, request: LookRequest, sight: VenueSight | None) -> VenueSight:
        self.looked.append((name, request.symbol))
        if sight is None:
            raise UnavailableError("gone")
        return sight


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def world(log: MemoryLog) -> AsyncGenerator[World]:
    made = World(log)
    await made.begin()
    yield made
    await made.bus.close()


async def test_only_the_venues_of_the_rule_are_looked_at(world: World) -> None:
    assert (await world.desk.on_ask(an_order())).venue == PRISM
    assert world.looked == [(PRISM, "BTCUSDT")]


async def test_rules_bind_once_set_and_outlive_a_restart(world: World, log: MemoryLog) -> None:
    change = await world.desk.set_rules([CHEAP], reason="a test", asked_by="ann")

    assert (await world.desk.on_ask(an_order(price=px("102")))).venue == LIVE
    assert sorted(world.looked) == [(LIVE, "BTCUSDT"), (PRISM, "BTCUSDT")]
    reborn = World(log)
    await reborn.begin()
    assert reborn.desk.standing == change
    deed = deed_of_routes(change)
    assert (deed.who, deed.action) == ("ann", "exec.routes")
    assert "a test" in deed.text
    assert "cheap" in deed.text


async def test_a_venue_that_does_not_answer_is_not_well(world: World) -> None:
    await world.desk.set_rules([CHEAP], reason="", asked_by="ann")
    world.live = None

    found = await world.desk.on_ask(an_order(price=px("102")))
    assert (found.venue, "LIVE does not answer" in found.why) == (PRISM, True)
    world.prism = VenueSight(problem="HALTED")
    assert (await world.desk.on_ask(an_order())).venue == ""


@pytest.mark.parametrize(
    "rules",
    [
        [CHEAP, CHEAP],
        [RouteRule(name="nowhere", venues=())],
        [RouteRule(name="twice", venues=(PRISM, PRISM))],
        [RouteRule(name="elsewhere", venues=(PRISM, "XNAS"))],
    ],
)
async def test_rules_that_cannot_bind_change_nothing(world: World, rules: list[RouteRule]) -> None:
    with pytest.raises(InvalidInputError):
        await world.desk.set_rules(rules, reason="", asked_by="ann")

    assert world.desk.rules == ()
