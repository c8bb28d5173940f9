"""The kill switch at work: all is cancelled, all is closed, also after a restart in between."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS, a_quote
from tests.trading import (
    LOG,
    PX,
    Core,
    PlainVenue,
    a_resting_ask,
    an_ask,
    running_core,
    until,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import UnavailableError, VenueUnavailableError
from trade2026.core.ids import AccountId, EventId, StrategyId
from trade2026.core.numbers import Px, Qty, parse_nanos
from trade2026.desk.closing import Closer
from trade2026.desk.kill import CLOSE_EVERY_NS, FLAT_WITHIN_NS, KillDesk
from trade2026.model.execution import ExecType, VenueOrderStatus
from trade2026.model.instrument import PRISM
from trade2026.model.kill import Closed, CloseRequest, KillReport, KillStatus
from trade2026.model.order import OrderStatusRequest, OrdStatus, Side
from trade2026.model.risk import HaltRequest, RefusalCode, RiskControl, TradingMode
from trade2026.model.subjects import (
    KILL_REPORT,
    ORDERS_CLEAR,
    ORDERS_CLOSE,
    RISK_CONTROL,
    scope_key,
)

ACCOUNT = "account:default"


class World:
    """A core with a kill switch."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.kills = KillDesk(bus=core.bus, clock=core.clock, ids=core.ids, log=LOG, risk=core.risk)

    async def begin(self) -> None:
        bus, closer = self.core.bus, Closer(self.core.oms)
        await bus.fold(KILL_REPORT, self.kills.on_report)
        await bus.fold(RISK_CONTROL, self.kills.on_control)
        await bus.serve(ORDERS_CLOSE, closer.on_close)
        await bus.serve(ORDERS_CLEAR, closer.on_clear)

    async def kill(self, scope: str = ACCOUNT, *, flatten: bool = True) -> RiskControl:
        control = await self.core.risk.switch(
            scope=scope,
            mode=TradingMode.HALTED,
            cancel_open=True,
            flatten=flatten,
            reason="test",
            asked_by="tess",
        )
        await until(lambda: bool(self.kills.under_way() or self.kills.reports()))
        return control

    async def halt(self) -> None:
        """Halt the account, and nothing more."""
        await self.core.risk.switch(
            scope=ACCOUNT, mode=TradingMode.HALTED, cancel_open=False, reason="", asked_by="tess"
        )

    async def step(self) -> None:
        """Take one step, and wait for all that it began."""
        async with asyncio.TaskGroup() as tasks:
            self.kills.step(tasks.create_task)

    async def done(self) -> KillReport:
        for _ in range(500):
            self.core.clock.advance(2_000_000)
            await self.step()
            if not self.kills.under_way():
                break
            await asyncio.sleep(0.002)
        (report, *_) = self.kills.reports()
        return report

    def held(self) -> int:
        return self.core.risk.book.accounts.get("default").quantity("BTCUSDT")

    async def hold(self, side: Side = Side.BUY, strategy: str = "manual") -> None:
        before = self.held()
        await self.core.oms.submit(an_ask(side=side, strategy=StrategyId(strategy)))
        await until(lambda: self.held() != before)


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
        yield made


@pytest.mark.parametrize("side", Side)
async def test_a_kill_cancels_and_flattens_and_times_it(world: World, side: Side) -> None:
    await world.hold(side)
    resting, _ = await world.core.oms.submit(a_resting_ask())

    control = await world.kill()
    report = await world.done()

    order = world.core.oms.journal.order(resting.request.order_id)
    assert (report.status, report.close_count, report.left) == (KillStatus.FLAT, 1, ())
    assert order.status is OrdStatus.CANCELLED
    assert world.held() == 0
    assert report.control_id == control.control_id
    assert report.cancelled_ns is not None
    assert report.flat_ns is not None
    assert control.ts_ns < report.cancelled_ns <= report.flat_ns
    alert, _ = world.core.risk.alerts.newest()[0]
    assert "ended FLAT, cancelled after" in alert.text


async def test_without_flatten_positions_stay(world: World) -> None:
    await world.hold()
    await world.kill(flatten=False)
    report = await world.done()

    assert (report.status, report.close_count) == (KillStatus.CANCELLED, 0)
    assert world.held() > 0


async def test_a_killed_strategy_is_flat_and_others_go_on(world: World) -> None:
    await world.hold(strategy="a")
    await world.hold(strategy="b")
    await world.kill("strategy:a")
    await world.done()

    shares = world.core.risk.book.accounts.get("default").shares
    assert shares["a"].quantities["BTCUSDT"] == 0
    assert shares["b"].quantities["BTCUSDT"] == parse_nanos("0.01")


async def test_where_all_is_halted_only_the_switch_itself_may_reduce(world: World) -> None:
    await world.hold()
    await world.kill(flatten=False)

    mine, _ = await world.core.oms.submit(an_ask(side=Side.SELL, is_reduce_only=True))

    assert [one.code for one in mine.refusals] == [RefusalCode.HALTED]


async def test_a_restart_in_the_middle_goes_on_with_it(
    log: MemoryLog, venue: PlainVenue, tmp_path: Path
) -> None:
    archive = tmp_path / "orders.db"
    async with running_core(log, venue, archive=archive) as core:
        first = World(core)
        await first.begin()
        await first.hold()
        await core.oms.submit(a_resting_ask())
        control = await first.kill()
        assert first.kills.reports() == []

    async with running_core(log, venue, life=1, archive=archive) as core:
        reborn = World(core)
        await reborn.begin()
        report = await reborn.done()

        assert (report.status, report.control_id) == (KillStatus.FLAT, control.control_id)
        assert reborn.held() == 0

    async with running_core(log, venue, life=2, archive=archive) as core:
        last = World(core)
        await last.begin()
        assert last.kills.under_way() == []
        assert [one.control_id for one in last.kills.reports()] == [control.control_id]


@pytest.mark.parametrize("looks", [0, 8])
async def test_a_restart_is_not_slower_than_the_life_before_it(
    log: MemoryLog, venue: PlainVenue, tmp_path: Path, looks: int
) -> None:
    archive = tmp_path / "orders.db"
    async with running_core(log, venue, archive=archive) as core:
        first = World(core)
        await first.begin()
        await first.hold()
        core.risk.book.quote(PRISM, "BTCUSDT", a_quote("0", "0"), NOW_NS)
        await first.kill()
        for _ in range(looks):
            core.clock.advance(CLOSE_EVERY_NS)
            await first.step()
        assert [one.close_count for one in first.kills.under_way()] == [looks]

    async with running_core(log, venue, life=1, archive=archive) as core:
        reborn = World(core)
        await reborn.begin()
        await reborn.step()
        await until(lambda: not reborn.held())

        assert [one.close_count for one in reborn.kills.under_way()] == [1]


async def test_what_is_wanted_by_now_is_asked_for_and_not_what_nobody_answered(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        world, asked = World(core), list[CloseRequest]()
        await core.bus.fold(RISK_CONTROL, world.kills.on_control)
        await world.hold()
        await world.hold()

        async def lost(request: CloseRequest) -> Closed:
            asked.append(request)
            raise UnavailableError("lost on the way back")

        await core.bus.serve(ORDERS_CLOSE, lost)
        await world.kill("strategy:manual")
        for lot in (0, 0, 1, 0):
            # As where a fill was busted meanwhile.
            share = core.risk.book.accounts.get("default").share("manual")
            share.move("BTCUSDT", -lot * parse_nanos("0.01"), 0)
            core.clock.advance(CLOSE_EVERY_NS)
            await world.step()

        assert [one.order_qty for one in asked] == [
            parse_nanos(text) for text in ("0.02", "0.02", "0.01", "0.01")
        ]
        one, again, other, other_again = (request.cl_ord_id for request in asked)
        assert one == again != other == other_again


async def test_what_is_not_flat_in_time_is_told_of_and_tried_on(world: World) -> None:
    await world.hold()
    book = world.core.risk.book
    book.quote(PRISM, "BTCUSDT", a_quote("0", "0"), NOW_NS)
    await world.kill()
    await world.step()
    world.core.clock.advance(FLAT_WITHIN_NS + 1)
    await world.step()

    texts = [alert.text for alert, _ in world.core.risk.alerts.newest() if alert.kind == "kill"]
    assert len(texts) == 1
    assert "is not done after 30 s: default BTCUSDT SELL: no reference price" in texts[0]
    assert [one.close_count for one in world.kills.under_way()] == [2]

    now_ns = world.core.clock.now_ns()
    book.quote(PRISM, "BTCUSDT", a_quote("59999.99", "60000.01"), now_ns)
    assert (await world.done()).status is KillStatus.FLAT


async def test_a_venue_that_is_deaf_is_waited_for(world: World, venue: PlainVenue) -> None:
    await world.core.oms.submit(a_resting_ask())
    venue.is_deaf = True
    await world.kill()
    for _ in range(3):
        world.core.clock.advance(NS_PER_S)
        await world.step()
    assert [one.cancelled_ns for one in world.kills.under_way()] == [None]

    venue.is_deaf = False
    world.core.clock.advance(2 * NS_PER_S)
    await until(lambda: not world.core.oms.journal.orders.open_orders())
    assert (await world.done()).status is KillStatus.FLAT


async def test_a_venue_that_refuses_to_cancel_is_asked_ever_more_seldom(
    world: World, venue: PlainVenue
) -> None:
    order, _ = await world.core.oms.submit(a_resting_ask())
    venue.refuses_cancels = True
    reports, journal = venue.reports[order.request.order_id], world.core.oms.journal

    def refusals() -> int:
        return [one.exec_type for one in reports].count(ExecType.CANCEL_REJECTED)

    def is_refused() -> bool:
        return not journal.order(order.request.order_id).is_cancel_requested

    await world.kill()
    await until(lambda: refusals() == 1 and is_refused())
    asked_s: list[int] = []
    for second in range(1, 41):
        before = refusals()
        world.core.clock.advance(NS_PER_S)
        await world.step()
        await until(is_refused)
        asked_s += [second] * (refusals() - before)
    assert asked_s == [1, 2, 4, 8, 13, 18, 23, 28, 33, 38]

    # A new word is passed on at once.
    venue.refuses_cancels = False
    await world.kill()
    await until(lambda: not journal.orders.open_orders())
    assert (await world.done()).status is KillStatus.FLAT


async def test_what_a_person_was_refused_before_delays_no_kill(
    world: World, venue: PlainVenue
) -> None:
    order, _ = await world.core.oms.submit(a_resting_ask())
    order_id, journal = order.request.order_id, world.core.oms.journal
    venue.refuses_cancels = True
    for _ in range(6):
        await world.core.oms.cancel(order_id, "tess")
        await until(lambda: not journal.order(order_id).is_cancel_requested)
    await world.kill()
    await until(lambda: bool(journal.order(order_id).cancel_refusals[0].count == 7))

    venue.refuses_cancels = False
    world.core.clock.advance(NS_PER_S)
    await world.step()
    await until(lambda: journal.order(order_id).is_done)
    assert (await world.done()).status is KillStatus.FLAT


async def test_a_venue_that_never_answers_keeps_no_other_position_from_being_closed(
    world: World, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hold()
    ask = a_resting_ask(symbol="ETHUSDT", price=Px(parse_nanos("3000")))
    world.core.risk.book.quote(PRISM, "ETHUSDT", a_quote("3000", "3000.01"), NOW_NS)
    venue.is_deaf = True
    doubted, _ = await world.core.oms.submit(ask)
    venue.is_deaf = False
    status = venue.status

    async def silent(request: OrderStatusRequest) -> VenueOrderStatus:
        if request.symbol == "ETHUSDT":
            raise VenueUnavailableError("nothing is heard of it")
        return await status(request)

    monkeypatch.setattr(venue, "status", silent)
    await world.kill()
    for _ in range(500):
        world.core.clock.advance(2_000_000)
        await world.step()
        if not world.held():
            break
        await asyncio.sleep(0.002)

    assert world.held() == 0
    assert not world.core.oms.journal.order(doubted.request.order_id).is_done
    assert [one.cancelled_ns for one in world.kills.under_way()] == [None]


async def test_dust_is_left_and_said(world: World) -> None:
    await world.hold()
    share = world.core.risk.book.accounts.get("default")
    share.share("manual").move("BTCUSDT", -parse_nanos("0.0099999"), 0)

    await world.kill("strategy:manual")
    report = await world.done()

    assert report.status is KillStatus.NOT_FLAT
    assert report.left == ("default BTCUSDT 0.0000001: too little for an order",)


async def test_who_resumes_ends_a_kill(world: World) -> None:
    resting, _ = await world.core.oms.submit(a_resting_ask(price=Px(PX - 10**13)))
    world.core.risk.book.quote(PRISM, "BTCUSDT", a_quote("0", "0"), NOW_NS)
    assert resting.status is OrdStatus.SENT
    await world.kill()
    await world.core.risk.switch(
        scope=ACCOUNT, mode=TradingMode.NORMAL, cancel_open=False, reason="", asked_by="tess"
    )

    assert (await world.done()).status is KillStatus.ABANDONED


async def test_a_service_that_halts_the_account_meanwhile_keeps_nothing_in(world: World) -> None:
    await world.hold()
    control = await world.kill()
    for mode in (TradingMode.REDUCE_ONLY, TradingMode.HALTED):
        await world.core.risk.on_halt(
            HaltRequest(account=AccountId("default"), mode=mode, reason="odd", asked_by="ptrc")
        )
    report = await world.done()

    ends = {one.control_id: one.status for one in world.kills.reports()}
    assert ends[control.control_id] is KillStatus.FLAT
    assert report.status is not KillStatus.ABANDONED
    assert world.held() == 0


async def test_a_mere_halt_does_not_take_over_from_a_kill_that_only_cancels(world: World) -> None:
    await world.core.oms.submit(a_resting_ask())
    await world.kill(flatten=False)
    await world.halt()

    assert (await world.done()).status is KillStatus.CANCELLED


async def test_a_halt_meanwhile_keeps_nothing_in_after_a_restart(
    log: MemoryLog, venue: PlainVenue, tmp_path: Path
) -> None:
    archive = tmp_path / "orders.db"
    async with running_core(log, venue, archive=archive) as core:
        first = World(core)
        await first.begin()
        await first.hold()
        await first.kill()
        await first.halt()

    async with running_core(log, venue, life=1, archive=archive) as core:
        reborn = World(core)
        await reborn.begin()

        assert (await reborn.done()).status is KillStatus.FLAT
        assert reborn.held() == 0


async def test_who_resumed_and_halted_again_has_ended_a_kill(world: World) -> None:
    await world.hold()
    await world.kill()
    await world.core.risk.switch(
        scope=ACCOUNT, mode=TradingMode.NORMAL, cancel_open=False, reason="", asked_by="tess"
    )
    await world.halt()

    assert (await world.done()).status is KillStatus.ABANDONED
    assert world.held() > 0


async def test_a_release_that_was_made_before_a_kill_does_not_end_it(world: World) -> None:
    await world.hold()
    control = await world.kill()
    early = replace(
        control, control_id=EventId("early"), mode=TradingMode.NORMAL, cancel_open=False
    )
    await world.core.bus.append(
        RISK_CONTROL, early, event_id=early.control_id, scope=scope_key(ACCOUNT)
    )

    assert (await world.done()).status is KillStatus.FLAT


@pytest.mark.parametrize(("flatten", "status"), [(True, "ABANDONED"), (False, "FLAT")])
async def test_a_kill_anew_takes_over_only_where_it_asks_for_no_less(
    world: World, *, flatten: bool, status: str
) -> None:
    await world.hold()
    first = await world.kill()
    second = await world.kill(flatten=flatten)
    await until(lambda: len(world.kills.under_way()) == 2)
    await world.done()

    ends = {one.control_id: one.status for one in world.kills.reports()}
    assert ends[first.control_id].value == status
    assert ends[second.control_id] is (KillStatus.FLAT if flatten else KillStatus.CANCELLED)
    assert world.held() == 0


async def test_an_oms_that_is_away_is_asked_again(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        world = World(core)
        await core.bus.fold(RISK_CONTROL, world.kills.on_control)
        await world.hold()
        await world.kill()
        await world.step()
        assert [one.close_count for one in world.kills.under_way()] == [0]

        await core.bus.serve(ORDERS_CLOSE, Closer(core.oms).on_close)
        assert (await world.done()).status is KillStatus.FLAT


async def test_the_oldest_report_makes_room(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trade2026.desk.kill.REPORTS_KEPT", 1)
    async with running_core(log, venue) as core:
        world = World(core)
        await world.begin()
        await two_kills(world)

        assert [one.scope for one in world.kills.reports()] == ["strategy:b"]


async def two_kills(world: World) -> None:
    for scope in ("strategy:a", "strategy:b"):
        await world.kill(scope)
        await world.done()


async def test_a_close_is_an_order_like_any_other(world: World) -> None:
    await world.hold()
    await world.kill()
    await world.done()

    orders = await world.core.oms.journal.orders.page()
    closing = next(one for one in orders if one.request.sent_by == "kill-switch")
    assert closing.request.is_reduce_only
    assert closing.cum_qty == Qty(parse_nanos("0.01"))
    assert closing.status is OrdStatus.FILLED


async def test_a_close_that_is_asked_for_again_while_the_log_is_away_closes_once(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        world = World(core)
        await world.hold()
        (request,) = core.risk.book.closings(ACCOUNT).requests
        closer, bought = Closer(core.oms), len(venue.taken)
        log.up.clear()
        async with asyncio.TaskGroup() as tasks:
            # Each has an id of its own, and none is answered before the others are asked.
            closes = [tasks.create_task(closer.on_close(request)) for _ in range(4)]
            await asyncio.sleep(0.1)
            log.up.set()
        await until(lambda: not world.held())
        closes.append(asyncio.ensure_future(closer.on_close(request)))
        await closes[-1]

        refusals = sorted(bool(close.result().refusal) for close in closes)
        assert refusals == [False, True, True, True, True]
        assert len(venue.taken) == bought + 1
        assert core.oms.journal.orders.held("default", "BTCUSDT") == 0


async def test_two_closes_of_one_strategy_close_what_it_holds_and_not_what_others_do(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        world = World(core)
        await world.hold(strategy="a")
        await world.hold(strategy="b")
        await world.hold(strategy="b")
        (request,) = core.risk.book.closings("strategy:a").requests
        closer = Closer(core.oms)

        first = await closer.on_close(request)
        both = [first, *await asyncio.gather(*(closer.on_close(request) for _ in range(3)))]

        assert [bool(one.refusal) for one in both] == [False, True, True, True]
        await until(lambda: not core.oms.journal.orders.open_orders())
        shares = core.risk.book.accounts.get("default").shares
        await until(lambda: shares["a"].quantities["BTCUSDT"] == 0)
        assert shares["b"].quantities["BTCUSDT"] == 2 * parse_nanos("0.01")


async def test_a_close_whose_answer_was_lost_does_not_take_from_another_strategy(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        world = World(core)
        await world.begin()
        await world.hold(strategy="a")
        await world.hold(strategy="b")
        await world.hold(strategy="b")
        before, ask = world.held(), core.bus.ask
        await world.kill("strategy:a")

        async def ask_briefly(subject: Any, request: Any, **keys: str) -> Any:
            return await ask(subject, request, timeout_s=0.05, **keys)

        monkeypatch.setattr(core.bus, "ask", ask_briefly)
        log.up.clear()
        for _ in range(3):
            core.clock.advance(NS_PER_S)
            await world.step()
        monkeypatch.undo()
        log.up.set()

        assert (await world.done()).status is KillStatus.FLAT
        await asyncio.sleep(0.1)
        assert world.held() == before * 2 // 3
