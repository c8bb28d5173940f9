"""Breakers at work: they trip once, durably, cancel what would open, and wait for a person."""

from collections.abc import AsyncGenerator

import pytest
import structlog
from tests.factories import NOW_NS, a_limits_set, a_quote, money
from tests.trading import Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import RefusedError
from trade2026.core.ids import Ids
from trade2026.core.numbers import Px, Qty, parse_nanos
from trade2026.desk.breakers import BreakerDesk
from trade2026.model.instrument import PRISM
from trade2026.model.order import OrdStatus, Side
from trade2026.model.risk import RefusalCode, TradingMode
from trade2026.model.subjects import LOSS_MARK, RISK_ACK, RISK_ALERT, RISK_LIMITS

SCOPE = "account:default"
LOT = Qty(parse_nanos("1"))


class World:
    """A core with breakers; the account holds 1 BTC, bought at 60,000."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.risk = core.risk
        self.breakers = BreakerDesk(
            bus=core.bus,
            clock=core.clock,
            ids=Ids(core.clock, chance.stream(core.life, "breakers")),
            log=structlog.get_logger(),
            risk=core.risk,
        )

    async def begin(self) -> None:
        bus = self.core.bus
        await bus.fold(RISK_LIMITS, self.risk.on_limits)
        await bus.fold(RISK_ALERT, self.risk.alerts.on_alert)
        await bus.fold(RISK_ACK, self.risk.alerts.on_ack)
        await bus.fold(LOSS_MARK, self.breakers.on_mark)

    def market(self, px: int) -> None:
        self.risk.book.quote(PRISM, "BTCUSDT", a_quote(f"{px - 1}", f"{px + 1}"), NOW_NS)

    async def watch(self) -> None:
        self.core.clock.advance(NS_PER_S)
        await self.breakers.watch()

    def mode(self) -> TradingMode:
        return self.risk.book.modes.mode_of(SCOPE)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)


@pytest.fixture
async def world(log: MemoryLog, venue: PlainVenue) -> AsyncGenerator[World]:
    async with running_core(log, venue) as core:
        made = World(core)
        await made.begin()
        await core.oms.submit(an_ask(order_qty=LOT))
        await until(lambda: core.risk.book.accounts.get("default").held_count == 1)
        await made.watch()
        yield made


async def test_losing_too_much_in_a_day_leaves_the_account_only_to_reduce(world: World) -> None:
    opens, _ = await world.core.oms.submit(a_resting_ask("opens"))
    reduces, _ = await world.core.oms.submit(
        a_resting_ask("reduces", side=Side.SELL, order_qty=LOT, price=Px(parse_nanos("62000")))
    )
    world.risk.book.set_limits(a_limits_set(SCOPE, max_daily_loss=money("1000")))
    world.market(58_900)

    await world.watch()

    order = world.core.oms.journal.order
    await until(lambda: order(opens.request.order_id).status is OrdStatus.CANCELLED)
    assert order(reduces.request.order_id).status is OrdStatus.SENT
    assert world.mode() is TradingMode.REDUCE_ONLY
    kinds = [(alert.level, alert.kind) for alert, _ in world.risk.alerts.newest()]
    assert kinds[:2] == [("BREACH", "daily_loss"), ("HALT", "mode")]


async def test_falling_fast_halts(world: World) -> None:
    world.risk.book.set_limits(a_limits_set(SCOPE, max_fast_drawdown_bps=10))
    world.market(58_000)

    await world.watch()

    assert world.mode() is TradingMode.HALTED
    refused, _ = await world.core.oms.submit(an_ask(side=Side.SELL))
    assert [one.code for one in refused.refusals] == [RefusalCode.HALTED]


async def test_a_breaker_trips_once_and_an_alert_is_told_once_a_day(world: World) -> None:
    world.risk.book.set_limits(a_limits_set(SCOPE, max_daily_loss=money("1000")))
    world.market(58_900)

    for _ in range(3):
        await world.watch()

    kinds = [alert.kind for alert, _ in world.risk.alerts.newest()]
    assert (kinds.count("mode"), kinds.count("daily_loss")) == (1, 1)


async def test_a_breaker_never_loosens_what_is_stricter(world: World) -> None:
    await world.risk.switch(
        scope=SCOPE, mode=TradingMode.HALTED, cancel_open=True, reason="by hand", asked_by="tess"
    )
    world.risk.book.set_limits(a_limits_set(SCOPE, max_daily_loss=money("1000")))
    world.market(58_900)

    await world.watch()

    assert world.mode() is TradingMode.HALTED


async def test_the_way_back_is_explicit(world: World) -> None:
    world.risk.book.set_limits(a_limits_set(SCOPE, max_daily_loss=money("1000")))
    world.market(58_900)
    await world.watch()

    with pytest.raises(RefusedError, match=r"daily loss .* of 1000: widen the limit, or resume"):
        await world.breakers.resume(SCOPE, rearm=False, reason="again", asked_by="tess")
    await world.breakers.resume("global", rearm=False, reason="another scope", asked_by="tess")
    assert world.mode() is TradingMode.REDUCE_ONLY
    control = await world.breakers.resume(SCOPE, rearm=True, reason="again", asked_by="tess")

    assert control.reason == "again (breakers armed anew)"
    await world.watch()
    assert world.mode() is TradingMode.NORMAL
    world.market(57_800)
    await world.watch()
    assert world.mode() is TradingMode.REDUCE_ONLY


async def test_a_limit_that_was_widened_lets_trading_go_on(world: World) -> None:
    world.risk.book.set_limits(a_limits_set(SCOPE, max_daily_loss=money("1000")))
    world.market(58_900)
    await world.watch()
    world.risk.book.set_limits(a_limits_set(SCOPE, 2, max_daily_loss=money("2000")))

    await world.breakers.resume(SCOPE, rearm=False, reason="wider", asked_by="tess")

    assert world.mode() is TradingMode.NORMAL


async def test_a_restart_forgives_no_loss_and_no_trip(
    world: World, log: MemoryLog, venue: PlainVenue
) -> None:
    world.market(61_000)
    for _ in range(6):
        await world.watch()
    world.risk.book.set_limits(a_limits_set(SCOPE, max_daily_loss=money("1000")))
    world.market(58_900)
    await world.watch()

    async with running_core(log, venue, life=1) as core:
        reborn = World(core)
        await reborn.begin()
        await until(lambda: core.risk.book.accounts.get("default").held_count == 1)
        reborn.market(60_000)

        assert reborn.mode() is TradingMode.REDUCE_ONLY
        lost = core.risk.losses("default")
        # From 61,000 to 60,000, of the 1,001,000 there were then; less the fee.
        assert lost.drawdown_bps == 10
        known = [alert.kind for alert, _ in core.risk.alerts.newest()]
        assert known[:2] == ["daily_loss", "mode"]


async def test_nothing_is_written_while_nothing_happens(world: World, log: MemoryLog) -> None:
    def count() -> int:
        return len(log.records(LOSS_MARK.stream))

    for _ in range(6):
        await world.watch()
    before = count()
    for _ in range(50):
        await world.watch()
    assert count() == before
    for _ in range(20):
        await world.watch()
    assert count() > before


async def test_an_alert_is_acknowledged_once_and_outlives_a_restart(
    world: World, log: MemoryLog, venue: PlainVenue
) -> None:
    alert = await world.risk.alerts.tell("WARN", "test", SCOPE, "look")
    first = await world.risk.alerts.acknowledge(alert, "seen", "ann")
    again = await world.risk.alerts.acknowledge(alert, "me too", "bob")

    assert again == first
    async with running_core(log, venue, life=1) as core:
        reborn = World(core)
        await reborn.begin()
        assert core.risk.alerts.newest()[0] == (alert, first)


async def test_the_oldest_alert_makes_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trade2026.desk.alerts.ALERTS_KEPT", 2)
    for number in range(3):
        await world.risk.alerts.tell("WARN", "test", SCOPE, f"look {number}")

    assert [one.text for one, _ in world.risk.alerts.newest()] == ["look 2", "look 1"]
