"""Routing at work: venues are looked at, silence is illness, and rules outlive a restart."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import structlog
from tests.factories import NOW_NS, an_order, px
from tests.trading import until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.venues import LOOKS
from trade2026.core import chance
from trade2026.core.clock import NS_PER_MS, VirtualClock
from trade2026.core.errors import InvalidInputError, UnavailableError
from trade2026.core.ids import Ids
from trade2026.desk.routing import WANTED_NS, RoutingDesk
from trade2026.domain.audit.deeds import deed_of_routes
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.route import LookRequest, RouteBy, RouteRule, VenueSight
from trade2026.model.route_subjects import EXEC_ROUTES, LIVE_LOOK, VENUE_LOOK

CHEAP = RouteRule(name="cheap", venues=(PRISM, LIVE), by=RouteBy.PRICE)


class World:
    """A routing desk between two venues, over a log that outlives it."""

    def __init__(self, log: MemoryLog, kept_ns: int = 0) -> None:
        self.clock = clock = VirtualClock(NOW_NS)
        self.bus = LocalBus(log, clock, with_codec=True)
        self.desk = RoutingDesk(
            bus=self.bus,
            clock=clock,
            ids=Ids(clock, chance.stream(1, "ids")),
            log=structlog.get_logger(),
            looks=LOOKS,
            kept_ns=kept_ns,
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


@pytest.fixture
async def keen(log: MemoryLog) -> AsyncGenerator[World]:
    made = World(log, kept_ns=20 * NS_PER_MS)
    await made.begin()
    await made.desk.set_rules([CHEAP], reason="", asked_by="ann")
    yield made
    await made.bus.close()


async def test_an_order_waits_for_no_venue_that_was_looked_at_lately(keen: World) -> None:
    first = await keen.desk.on_ask(an_order(price=px("102")))
    keen.clock.advance(20 * NS_PER_MS)
    assert await keen.desk.on_ask(an_order(price=px("102"))) == first
    assert len(keen.looked) == 2

    # Another symbol was not looked at, and later none was.
    await keen.desk.on_ask(an_order(symbol="ETHUSDT", price=px("102")))
    assert keen.looked[2:] == [(PRISM, "ETHUSDT"), (LIVE, "ETHUSDT")]
    keen.live = VenueSight(problem="PANIC")
    keen.clock.advance(1)
    found = await keen.desk.on_ask(an_order(price=px("102")))
    assert (found.venue, "LIVE PANIC" in found.why) == (PRISM, True)


async def test_venues_are_looked_at_in_the_background_while_orders_come(keen: World) -> None:
    await keen.desk.on_ask(an_order(price=px("102")))
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(keen.desk.run())
        await until(lambda: len(keen.looked) >= 6)
        # What fell silent is known before an order would have to wait for it.
        keen.live = None
        seen = len(keen.looked)
        await until(lambda: len(keen.looked) >= seen + 4)
        count = len(keen.looked)
        found = await keen.desk.on_ask(an_order(price=px("102")))
        assert (found.venue, "LIVE does not answer" in found.why) == (PRISM, True)
        assert len(keen.looked) == count

        keen.clock.advance(WANTED_NS + 1)
        await asyncio.sleep(0.05)
        count = len(keen.looked)
        await asyncio.sleep(0.1)
        assert len(keen.looked) == count
        looking.cancel()


async def test_nothing_is_looked_at_in_the_background_where_every_order_looks(
    world: World,
) -> None:
    await world.desk.run()

    await world.desk.on_ask(an_order())
    await world.desk.on_ask(an_order())
    assert len(world.looked) == 2
