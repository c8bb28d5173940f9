"""What orders need is done beside everything else, and no venue that is silent holds it up."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS
from tests.trading import PX, Core, PlainVenue, a_resting_ask, an_ask, running_core, until
from tests.unit.desk.test_routed import Site, resting

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import UnavailableError, VenueUnavailableError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px, Qty
from trade2026.desk import aside, cancelling
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.query import OrderQuery
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.journal import CancelRequested, OrderReported
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderStatusRequest,
    OrdStatus,
    OrdType,
    TimeInForce,
)
from trade2026.model.risk import GLOBAL_SCOPE, RiskApproved, RiskRequest, RiskVerdict, TradingMode
from trade2026.ports.bus import Delivery

DELIVERY = Delivery(subject="exec.report.PRISM.default", stream_seq=1, appended_ns=NOW_NS)


class Questions:
    """What a venue is asked, and the moment from which it answers."""

    def __init__(self, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = Counter[OrderId]()
        self.may_answer = asyncio.Event()
        status = venue.status

        async def slow(request: OrderStatusRequest) -> VenueOrderStatus:
            self.asked[request.order_id] += 1
            answer = await status(request)
            await self.may_answer.wait()
            return answer

        monkeypatch.setattr(venue, "status", slow)


async def doubted(core: Core, venue: PlainVenue, count: int) -> list[OrderId]:
    """Return orders that never came to the venue."""
    venue.is_deaf = True
    orders = [(await core.oms.submit(a_resting_ask(f"key-{n}")))[0] for n in range(count)]
    venue.is_deaf = False
    return [order.request.order_id for order in orders]


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)


async def test_orders_in_doubt_are_asked_about_side_by_side_and_each_once_at_a_time(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 5)
    async with running_core(log, venue) as core:
        orders = await doubted(core, venue, 8)
        questions = Questions(venue, monkeypatch)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: len(questions.asked) == 5)
        # Many sweeps later.
        await asyncio.sleep(1.2)

        assert set(questions.asked.values()) == {1}
        assert questions.asked.keys() < set(orders)
        questions.may_answer.set()
        await until(lambda: all(core.oms.journal.order(one).is_done for one in orders))


async def test_orders_that_nobody_answers_for_keep_none_from_its_turn(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 3)
    monkeypatch.setattr(aside, "PAUSE_S", 0.01)
    async with running_core(log, venue) as core:
        first, *_, newest = await doubted(core, venue, 8)
        status = venue.status

        async def about_one(request: OrderStatusRequest) -> VenueOrderStatus:
            if request.order_id != newest:
                raise VenueUnavailableError("of this one nothing is known")
            return await status(request)

        monkeypatch.setattr(venue, "status", about_one)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(newest).is_done)

        assert not core.oms.journal.order(first).is_done


async def test_an_order_ends_in_time_while_others_are_asked_about_in_vain(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 3)
    async with running_core(log, venue) as core:
        await doubted(core, venue, 8)
        until_ns = TimeNs(core.clock.now_ns() + NS_PER_S)
        timed, _ = await core.oms.submit(
            a_resting_ask("timed", time_in_force=TimeInForce.GTD, expire_ns=until_ns)
        )
        Questions(venue, monkeypatch)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(timed.request.order_id).is_done)

        assert core.oms.journal.order(timed.request.order_id).status is OrdStatus.EXPIRED


async def test_a_cancel_is_asked_again_while_others_are_asked_about_in_vain(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 3)
    async with running_core(log, venue) as core:
        doubts = await doubted(core, venue, 8)
        order, _ = await core.oms.submit(a_resting_ask("cancelled"))
        order_id = order.request.order_id
        await until(lambda: core.oms.journal.order(order_id).venue_ack_ns is not None)
        venue.is_deaf = True
        await core.oms.cancel(order_id, "tess")
        venue.is_deaf = False
        status = venue.status

        async def about_one(request: OrderStatusRequest) -> VenueOrderStatus:
            if request.order_id != order_id:
                await asyncio.Event().wait()
            return await status(request)

        monkeypatch.setattr(venue, "status", about_one)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(order_id).is_done)

        assert not any(core.oms.journal.order(one).is_done for one in doubts)


async def test_a_stop_that_rests_here_ends_in_time_while_a_venue_is_silent(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 3)
    async with running_core(log, venue) as core:
        until_ns = TimeNs(core.clock.now_ns() + NS_PER_S)
        timed = {"time_in_force": TimeInForce.GTD, "expire_ns": until_ns}
        there = [
            (await core.oms.submit(a_resting_ask(f"key-{n}", **timed)))[0].request.order_id
            for n in range(8)
        ]
        stop, _ = await core.oms.submit(
            an_ask("stop", ord_type=OrdType.STOP, stop_px=Px(PX + PX // 10), **timed)
        )

        async def silent(_: OrderCancelRequest) -> VenueAck:
            await asyncio.Event().wait()
            raise AssertionError("never")

        monkeypatch.setattr(venue, "cancel", silent)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(stop.request.order_id).is_done)

        assert core.oms.journal.order(stop.request.order_id).status is OrdStatus.EXPIRED
        assert sum(core.oms.journal.order(one).is_cancel_requested for one in there) == 3


@pytest.mark.parametrize("is_change", [False, True])
async def test_an_order_that_its_venue_took_and_forgot_stands_and_a_person_hears_of_it_once(
    log: MemoryLog, venue: PlainVenue, *, is_change: bool
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        await until(lambda: core.oms.journal.order(order_id).venue_ack_ns is not None)
        alerts = core.risk.alerts
        for _ in range(2):
            venue.is_deaf = True
            if is_change:
                await core.oms.replace(order_id, Change(price=Px(PX - PX // 5)), "tess")
            else:
                await core.oms.cancel(order_id, "tess")
            venue.is_deaf = False
            venue.taken.pop(order_id, None)
            venue.reports.pop(order_id, None)
            core.clock.advance(2 * NS_PER_S)
            await until(lambda: core.oms.journal.order(order_id).status is OrdStatus.SENT)

        order = core.oms.journal.order(order_id)
        assert order.leaves_qty == order.request.order_qty
        assert not order.is_cancel_requested
        assert order.change is None
        assert core.oms.steps.surprise_count == 1
        await until(lambda: len(alerts.newest()) == 1)
        (alert, _) = alerts.newest()[0]
        assert alert.text.startswith("FORGOTTEN: ")


async def test_a_report_is_booked_while_its_order_is_asked_about(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        venue.is_mute = venue.is_lossy = True
        order, _ = await core.oms.submit(a_resting_ask())
        venue.is_mute = venue.is_lossy = False
        order_id, part = order.request.order_id, Qty(order.request.order_qty // 2)
        questions = Questions(venue, monkeypatch)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: questions.asked[order_id] == 1)
        await venue.fill(order_id, part)

        await until(lambda: core.oms.journal.order(order_id).cum_qty == part)
        assert questions.asked[order_id] == 1
        questions.may_answer.set()
        await until(lambda: len(core.oms.journal.order(order_id).exec_ids) == 2)
        assert len(await core.oms.journal.orders.fills()) == 1


async def test_an_order_that_was_reported_on_meanwhile_is_not_given_up_by_an_older_word(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        (order_id,) = await doubted(core, venue, 1)
        questions = Questions(venue, monkeypatch)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: questions.asked[order_id] == 1)
        other, _ = await core.oms.submit(a_resting_ask("other"))
        word = replace(venue.reports[other.request.order_id][0], exec_id="late", order_id=order_id)
        await core.oms.on_report(word, DELIVERY)
        questions.may_answer.set()
        await asyncio.sleep(0.05)

        assert core.oms.journal.order(order_id).status is OrdStatus.SENT


async def test_a_report_is_booked_while_the_answer_to_its_order_is_waited_for(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        may_answer = hold_submit(venue, monkeypatch)
        placing = asyncio.ensure_future(core.oms.submit(an_ask("key")))
        orders = core.oms.journal.orders
        await until(lambda: (o := orders.by_key("default", "key")) is not None and o.is_done)

        assert not placing.done()
        may_answer.set()
        order, _ = await placing
        assert order.status is OrdStatus.FILLED


async def test_an_order_whose_answer_is_waited_for_is_not_asked_about(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        may_answer = hold_submit(venue, monkeypatch)
        venue.is_lossy = True
        placing = asyncio.ensure_future(core.oms.submit(a_resting_ask("key")))
        await until(lambda: bool(venue.taken))
        core.clock.advance(2 * NS_PER_S)
        # More than one sweep later it is reported on.
        await asyncio.sleep(1.2)
        (order_id,) = venue.taken
        await core.oms.on_report(venue.reports[order_id][0], DELIVERY)
        may_answer.set()
        await placing
        await asyncio.sleep(0.05)

        assert venue.asked_about == []


async def test_an_order_that_is_about_to_be_handed_over_is_not_asked_about_before(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = Core(log, venue)
    check, checks, may_judge = core.risk.on_check, list[RiskRequest](), asyncio.Event()

    async def slow(request: RiskRequest) -> RiskVerdict:
        checks.append(request)
        if len(checks) == 2:
            await may_judge.wait()
        return await check(request)

    monkeypatch.setattr(core.risk, "on_check", slow)
    await core.begin()
    running = asyncio.ensure_future(core.run())
    await asyncio.sleep(0)
    # The log is slow to take that it is sent, so that risk is asked once more.
    core.bus.pauses_at = core.bus.count + 1
    placing = asyncio.ensure_future(core.oms.submit(a_resting_ask("key")))
    await until(lambda: core.bus.is_paused)
    core.clock.advance(NS_PER_S // 5)
    core.bus.pause_over.set()
    await until(lambda: len(checks) == 2)
    order_id = checks[0].order.order_id
    assert core.oms.journal.order(order_id).status is OrdStatus.SENT
    rechecking = asyncio.ensure_future(core.oms.recheck(order_id))
    await asyncio.sleep(0.05)

    assert venue.asked_about == []
    may_judge.set()
    await placing
    await rechecking
    assert list(venue.taken) == venue.asked_about == [order_id]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await core.bus.close()
    core.end()


@asynccontextmanager
async def cancelled_in_hand_over(
    core: Core, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[OrderId, list[OrderId]]]:
    """Have an order cancelled that its venue has, and does not answer before the block ends.

    Yields:
        The order, and those that the venue was told to cancel so far.
    """
    may_answer = hold_submit(venue, monkeypatch)
    told = list[OrderId]()
    cancel = venue.cancel

    async def note(request: OrderCancelRequest) -> VenueAck:
        told.append(request.order_id)
        return await cancel(request)

    monkeypatch.setattr(venue, "cancel", note)
    placing = asyncio.ensure_future(core.oms.submit(a_resting_ask("key")))
    await until(lambda: bool(venue.taken))
    (order_id,) = venue.taken
    cancelling = asyncio.ensure_future(core.oms.cancel(order_id, "tess"))
    await until(lambda: core.oms.journal.order(order_id).is_cancel_requested)
    yield order_id, told
    may_answer.set()
    await asyncio.gather(placing, cancelling)


async def test_a_cancel_does_not_overtake_its_order(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        async with cancelled_in_hand_over(core, venue, monkeypatch) as (order_id, told):
            await asyncio.sleep(0.05)

            assert told == []
        assert told == [order_id]


async def test_a_cancel_that_overtook_its_order_on_the_way_is_asked_for_again(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        late = list[RiskApproved[NewOrderSingle]]()
        submit, cancel = venue.submit, venue.cancel

        async def lose(approved: RiskApproved[NewOrderSingle]) -> VenueAck:
            late.append(approved)
            raise VenueUnavailableError("slow on the way")

        async def overtake(request: OrderCancelRequest) -> VenueAck:
            answer = await cancel(request)
            await submit(late.pop())
            monkeypatch.setattr(venue, "cancel", cancel)
            return answer

        monkeypatch.setattr(venue, "submit", lose)
        monkeypatch.setattr(venue, "cancel", overtake)
        order, _ = await core.oms.submit(a_resting_ask("key"))
        order_id = order.request.order_id
        await core.oms.cancel(order_id, "tess")
        await until(lambda: core.oms.journal.order(order_id).venue_ack_ns is not None)
        assert core.oms.journal.order(order_id).is_cancel_requested

        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(order_id).is_done)
        assert core.oms.journal.order(order_id).status is OrdStatus.CANCELLED


async def test_a_venue_is_not_told_to_cancel_what_has_filled_before_its_turn_came(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        async with cancelled_in_hand_over(core, venue, monkeypatch) as (order_id, told):
            await venue.fill(order_id, venue.taken[order_id].order_qty)
            await until(lambda: core.oms.journal.order(order_id).is_done)

        assert told == []
        assert core.oms.journal.order(order_id).status is OrdStatus.FILLED


async def test_an_order_that_somebody_asks_about_when_its_turn_comes_is_not_asked_about_again(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "MOST_IN_LANE", 1)
    async with running_core(log, venue) as core:
        (first,) = await doubted(core, venue, 1)
        venue.is_mute = venue.is_lossy = True
        order, _ = await core.oms.submit(a_resting_ask("taken"))
        venue.is_mute = venue.is_lossy = False
        second, asked = order.request.order_id, Counter[OrderId]()
        may_answer = {one: asyncio.Event() for one in (first, second)}
        status = venue.status

        async def slow(request: OrderStatusRequest) -> VenueOrderStatus:
            asked[request.order_id] += 1
            await may_answer[request.order_id].wait()
            return await status(request)

        monkeypatch.setattr(venue, "status", slow)
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: asked[first] == 1)
        rechecking = asyncio.ensure_future(core.oms.recheck(second))
        await until(lambda: asked[second] == 1)
        may_answer[first].set()
        await until(lambda: core.oms.journal.order(first).is_done)
        await asyncio.sleep(0.05)
        may_answer[second].set()
        await rechecking
        await asyncio.sleep(0.05)

        assert asked[second] == 1


async def test_an_order_that_is_to_be_cancelled_already_does_not_expire(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        until_ns = TimeNs(core.clock.now_ns() + NS_PER_S)
        order, _ = await core.oms.submit(
            a_resting_ask(time_in_force=TimeInForce.GTD, expire_ns=until_ns)
        )
        order_id = order.request.order_id
        await core.oms.cancels.end(order_id)
        assert not core.oms.journal.order(order_id).is_cancel_requested
        venue.is_deaf = True
        await core.oms.cancel(order_id, "tess")
        core.clock.advance(2 * NS_PER_S)
        await core.oms.cancels.end(order_id)

        events = core.oms.journal.orders.events_of(order_id)
        wishes = [event for event in events if isinstance(event, CancelRequested)]
        assert [wish.is_expiry for wish in wishes] == [False]


@pytest.mark.parametrize("is_control", [False, True])
async def test_all_venues_are_told_of_a_kill_at_once(
    monkeypatch: pytest.MonkeyPatch, *, is_control: bool
) -> None:
    monkeypatch.setattr(cancelling, "MOST_AT_VENUE", 5)
    site = Site(*(LIVE,) * 40, PRISM)
    async with site.core() as core:
        for number in range(41):
            await core.oms.submit(resting(str(number)))
        orders = core.oms.journal.orders
        (elsewhere,) = (o.request.order_id for o in orders.open_orders() if o.venue == PRISM)
        told = Counter[OrderId]()

        async def silent(request: OrderCancelRequest) -> VenueAck:
            told[request.order_id] += 1
            await asyncio.Event().wait()
            raise AssertionError("never")

        monkeypatch.setattr(site.live, "cancel", silent)
        if is_control:
            await core.risk.switch(
                scope=GLOBAL_SCOPE,
                mode=TradingMode.HALTED,
                cancel_open=True,
                reason="test",
                asked_by="tess",
            )
        else:
            await core.oms.clear(GLOBAL_SCOPE, "tess")
        await until(lambda: core.oms.journal.order(elsewhere).is_done)
        # The slow venue has been told of as many as it may be, each once, and answered nothing.
        await until(lambda: len(told) == 5)
        assert set(told.values()) == {1}
        assert len(orders.open_orders()) == 40


def hold_submit(venue: PlainVenue, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let the venue take orders, and answer when the event that is returned is set."""
    may_answer = asyncio.Event()
    submit = venue.submit

    async def slow(approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        ack = await submit(approved)
        await may_answer.wait()
        return ack

    monkeypatch.setattr(venue, "submit", slow)
    return may_answer


async def test_an_order_whose_sender_waits_keeps_no_other_from_its_end(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        held, free = [(await core.oms.submit(a_resting_ask(f"key-{n}")))[0] for n in range(2)]
        locks = core.oms._locks  # pyright: ignore[reportPrivateUsage] - as while risk is asked.
        async with locks.of(held.request.order_id):
            killing = asyncio.ensure_future(core.oms.clear(GLOBAL_SCOPE, "tess"))
            await until(lambda: core.oms.journal.order(free.request.order_id).is_done)
            assert not killing.done()
        assert len(await killing) == 2
        await until(lambda: core.oms.journal.order(held.request.order_id).is_done)


async def test_who_clears_again_while_the_log_is_away_waits_with_the_first(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: OrderCancelRequest) -> VenueAck:
        await asyncio.Event().wait()
        raise AssertionError("never")

    monkeypatch.setattr(venue, "cancel", silent)
    async with running_core(log, venue) as core:
        orders = [(await core.oms.submit(a_resting_ask(f"key-{n}")))[0] for n in range(5)]
        log.up.clear()
        before = len(asyncio.all_tasks())
        askers = [asyncio.ensure_future(core.oms.clear(GLOBAL_SCOPE, "tess")) for _ in range(9)]
        every = [asyncio.ensure_future(core.oms.cancel_all(OrderQuery(), "tess")) for _ in range(2)]
        await asyncio.sleep(0.05)
        # Each asker, and once what they wait for.
        clearing = len(orders) + 1
        assert len(asyncio.all_tasks()) - before <= len(askers) + clearing + 2 * (2 + len(orders))
        log.up.set()
        await asyncio.gather(*askers)

        for order in orders:
            events = core.oms.journal.orders.events_of(order.request.order_id)
            assert sum(isinstance(event, CancelRequested) for event in events) == 1
        for task in every:
            task.cancel()


async def test_while_the_log_is_away_so_much_waits_and_no_more_but_a_kill_is_taken_in(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trade2026.desk.orders.ASKED_LIMIT", 8)
    async with running_core(log, venue) as core:
        placed = [(await core.oms.submit(a_resting_ask(f"key-{n}")))[0] for n in range(5)]
        first = placed[0].request.order_id
        log.up.clear()
        waiting = [asyncio.ensure_future(core.oms.cancel_all(OrderQuery(), "tess"))]
        waiting += [asyncio.ensure_future(core.oms.cancel_all(OrderQuery(), "tess"))]
        await asyncio.sleep(0.05)
        before = len(asyncio.all_tasks())
        for _ in range(3):
            with pytest.raises(UnavailableError, match="8 orders are being cancelled"):
                await core.oms.cancel_all(OrderQuery(), "tess")
            with pytest.raises(UnavailableError, match="8 orders are being cancelled"):
                await core.oms.cancel(first, "tess")
            with pytest.raises(UnavailableError, match="8 orders are being cancelled"):
                await core.oms.replace(first, Change(price=Px(PX - 10**13)), "tess")
        assert len(asyncio.all_tasks()) == before

        killing = asyncio.ensure_future(core.oms.clear(GLOBAL_SCOPE, "tess"))
        await asyncio.sleep(0.05)
        assert not killing.done()
        log.up.set()
        await asyncio.gather(killing, *waiting)
        await until(lambda: all(core.oms.journal.order(o.request.order_id).is_done for o in placed))
        after, _ = await core.oms.submit(a_resting_ask("later"))
        await core.oms.cancel(after.request.order_id, "tess")


async def test_who_finds_nothing_to_cancel_is_counted_until_it_is_answered(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trade2026.desk.orders.ASKED_LIMIT", 2)
    async with running_core(log, venue) as core:
        asked = [core.oms.cancel_all(OrderQuery(), "tess") for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)

        assert [type(one) for one in answers] == [list, list, UnavailableError]
        assert await core.oms.cancel_all(OrderQuery(), "tess") == []


async def test_a_cancel_refused_of_an_order_that_filled_meanwhile_surprises_nobody(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask("key"))
        order_id = order.request.order_id

        async def filled_first(request: OrderCancelRequest) -> VenueAck:
            await venue.fill(order_id, order.request.order_qty)
            await until(lambda: core.oms.journal.order(order_id).is_done)
            return VenueAck(order_id=request.order_id, is_accepted=False, text="UNKNOWN_ORDER")

        monkeypatch.setattr(venue, "cancel", filled_first)
        after = await core.oms.cancel(order_id, "tess")

        assert after.status is OrdStatus.FILLED
        events = core.oms.journal.orders.events_of(order_id)
        assert not any(one.surprise for one in events if isinstance(one, OrderReported))
