"""Kills side by side: who waits for a venue or a place that is silent delays nobody else."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.factories import NOW_NS, a_quote
from tests.trading import LOG, Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.errors import RefusedError, VenueUnavailableError
from trade2026.core.numbers import Px, parse_nanos
from trade2026.desk.closing import Closer
from trade2026.desk.kill import STEP_EVERY_S, KillDesk
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.instrument import PRISM
from trade2026.model.kill import Cleared, ClearRequest, Closed, CloseRequest, KillStatus
from trade2026.model.order import OrderCancelRequest, OrderStatusRequest
from trade2026.model.risk import RiskControl, TradingMode
from trade2026.model.subjects import KILL_REPORT, ORDERS_CLEAR, ORDERS_CLOSE, RISK_CONTROL

BTC, ETH = "symbol:BTCUSDT", "symbol:ETHUSDT"


class DeafVenue(PlainVenue):
    """A venue that hears nothing of what is to become of its ETHUSDT orders."""

    async def cancel(self, request: OrderCancelRequest) -> VenueAck:
        if request.symbol == "ETHUSDT":
            raise VenueUnavailableError("lost on the way")
        return await super().cancel(request)

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        if request.symbol == "ETHUSDT":
            raise VenueUnavailableError("lost on the way")
        return await super().status(request)


class World:
    """A core with a kill switch at work, and an OMS that never answers about some places."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.kills = KillDesk(bus=core.bus, clock=core.clock, ids=core.ids, log=LOG, risk=core.risk)
        self.closer = Closer(core.oms)
        self.silent: set[str] = set()
        """Scopes that are never cleared, and symbols that are never closed."""
        self.is_refusing = False
        self.asked: list[str] = []
        """About which of both it was asked."""

    async def begin(self) -> None:
        bus = self.core.bus
        await bus.fold(KILL_REPORT, self.kills.on_report)
        await bus.fold(RISK_CONTROL, self.kills.on_control)
        await bus.serve(ORDERS_CLOSE, self.on_close)
        await bus.serve(ORDERS_CLEAR, self.on_clear)
        self.core.risk.book.quote(PRISM, "ETHUSDT", a_quote("3000", "3000.01"), NOW_NS)

    async def on_close(self, request: CloseRequest) -> Closed:
        await self._hear(request.symbol)
        if self.is_refusing:
            raise RefusedError(f"no {request.symbol} today")
        return await self.closer.on_close(request)

    async def on_clear(self, request: ClearRequest) -> Cleared:
        await self._hear(request.scope)
        return await self.closer.on_clear(request)

    async def _hear(self, what: str) -> None:
        self.asked.append(what)
        if what in self.silent:
            await asyncio.Event().wait()

    async def kill(self, scope: str, *, flatten: bool = True) -> RiskControl:
        return await self.core.risk.switch(
            scope=scope,
            mode=TradingMode.HALTED,
            cancel_open=True,
            flatten=flatten,
            reason="test",
            asked_by="tess",
        )

    async def hold(self, *symbols: str) -> None:
        for symbol in symbols:
            await self.core.oms.submit(an_ask(symbol=symbol))
            await until(lambda symbol=symbol: bool(self.held(symbol)))

    async def rest(self, symbol: str, price: str) -> None:
        await self.core.oms.submit(a_resting_ask(symbol=symbol, price=Px(parse_nanos(price))))

    def held(self, symbol: str) -> int:
        return self.core.risk.book.accounts.get("default").quantity(symbol)

    def ended(self) -> dict[str, KillStatus]:
        return {one.scope: one.status for one in self.kills.reports()}

    def scopes_under_way(self) -> list[str]:
        return [one.scope for one in self.kills.under_way()]

    async def passing(self, condition: Callable[[], bool], within_s: float = 1.0) -> None:
        """Let time go by until *condition* holds: less of it than anybody waits for an answer."""
        async with asyncio.timeout(within_s):
            while not condition():
                self.core.clock.advance(50 * NS_PER_MS)
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        running = asyncio.ensure_future(self.kills.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait({running}, timeout=1)
            assert running.cancelled()


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[World]:
    monkeypatch.setattr("trade2026.desk.kill.STEP_EVERY_S", STEP_EVERY_S / 10)
    log = MemoryLog()
    async with running_core(log, DeafVenue(log)) as core:
        made = World(core)
        await made.begin()
        yield made


async def test_a_kill_whose_close_is_never_answered_delays_no_other_kill(world: World) -> None:
    await world.hold("BTCUSDT", "ETHUSDT")
    await world.rest("BTCUSDT", "50000")
    world.silent = {"ETHUSDT"}
    async with world.at_work():
        await world.kill(ETH)
        await world.passing(lambda: "ETHUSDT" in world.asked)
        await world.kill(BTC)
        await world.passing(lambda: world.ended() == {BTC: KillStatus.FLAT})

        assert world.scopes_under_way() == [ETH]
        assert world.held("ETHUSDT") > 0


async def test_a_kill_that_is_never_cleared_delays_no_other_kill(world: World) -> None:
    await world.hold("BTCUSDT")
    await world.rest("ETHUSDT", "2900")
    await world.rest("BTCUSDT", "50000")
    world.silent = {ETH}
    async with world.at_work():
        await world.kill(ETH)
        await world.passing(lambda: ETH in world.asked)
        await world.kill(BTC)
        began_ns = world.core.clock.now_ns()
        await world.passing(lambda: world.ended() == {BTC: KillStatus.FLAT})
        await world.passing(lambda: world.core.clock.now_ns() - began_ns > 2 * NS_PER_S)

    assert world.asked.count(ETH) == 1


async def test_a_place_whose_close_is_never_answered_delays_no_other_place(world: World) -> None:
    await world.hold("BTCUSDT", "ETHUSDT")
    world.silent = {"ETHUSDT"}
    world.core.risk.book.quote(PRISM, "BTCUSDT", a_quote("0", "0"), NOW_NS)
    async with world.at_work():
        await world.kill("account:default")
        await world.passing(lambda: {"BTCUSDT", "ETHUSDT"} <= set(world.asked))
        now_ns = world.core.clock.now_ns()
        world.core.risk.book.quote(PRISM, "BTCUSDT", a_quote("59999.99", "60000.01"), now_ns)
        await world.passing(lambda: not world.held("BTCUSDT"))

        assert world.held("ETHUSDT") > 0
        assert world.ended() == {}


async def test_what_is_not_answered_yet_is_not_asked_again(world: World) -> None:
    await world.hold("ETHUSDT")
    world.silent = {"ETHUSDT"}
    async with world.at_work():
        await world.kill(ETH)
        await world.passing(lambda: "ETHUSDT" in world.asked)
        began_ns = world.core.clock.now_ns()
        await world.passing(lambda: world.core.clock.now_ns() - began_ns > 2 * NS_PER_S)

    assert world.asked == ["ETHUSDT"]


async def test_a_kill_of_a_wider_scope_does_not_close_what_another_is_closing(
    world: World,
) -> None:
    await world.hold("BTCUSDT", "ETHUSDT")
    world.silent = {"ETHUSDT"}
    async with world.at_work():
        await world.kill(ETH)
        await world.passing(lambda: "ETHUSDT" in world.asked)
        await world.kill("global")
        await world.passing(lambda: not world.held("BTCUSDT"))
        began_ns = world.core.clock.now_ns()
        await world.passing(lambda: world.core.clock.now_ns() - began_ns > NS_PER_S)

        assert world.asked.count("ETHUSDT") == 1
        assert world.scopes_under_way() == ["global", ETH]


async def test_a_stop_ends_what_waits_and_the_next_life_goes_on(world: World) -> None:
    await world.hold("ETHUSDT")
    world.silent = {"ETHUSDT"}
    async with world.at_work():
        control = await world.kill(ETH)
        await world.passing(lambda: "ETHUSDT" in world.asked)

    world.silent = set()
    core = world.core
    world.kills = KillDesk(bus=core.bus, clock=core.clock, ids=core.ids, log=LOG, risk=core.risk)
    await core.bus.fold(KILL_REPORT, world.kills.on_report)
    await core.bus.fold(RISK_CONTROL, world.kills.on_control)
    async with world.at_work():
        await world.passing(lambda: world.ended() == {ETH: KillStatus.FLAT})

    assert [one.control_id for one in world.kills.reports()] == [control.control_id]
    assert world.held("ETHUSDT") == 0


async def test_each_place_says_why_it_is_not_closed(world: World) -> None:
    await world.hold("BTCUSDT", "ETHUSDT")
    world.is_refusing = True
    async with world.at_work():
        await world.kill("account:default")
        await world.passing(lambda: str(world.kills.under_way()).count("today") == 2)
        (standing,) = world.kills.under_way()

    assert [left.rpartition(": ")[2] for left in standing.left] == [
        "no BTCUSDT today",
        "no ETHUSDT today",
    ]
