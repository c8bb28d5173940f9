"""The order desk journals before it acts, asks when in doubt, and places a key once."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.factories import NOW_NS
from tests.trading import PX, Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import AccountId, OrderId
from trade2026.core.numbers import Qty, parse_nanos
from trade2026.model.execution import ExecType
from trade2026.model.journal import OrderApproved, OrderReceived
from trade2026.model.order import OrdStatus
from trade2026.model.risk import GLOBAL_SCOPE, RefusalCode, TradingMode
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Delivery

DELIVERY = Delivery(subject="exec.report.PRISM.default", stream_seq=1, appended_ns=NOW_NS)


async def kill(core: Core, mode: TradingMode = TradingMode.HALTED) -> None:
    await core.risk.switch(
        scope=GLOBAL_SCOPE,
        mode=mode,
        cancel_open=mode is TradingMode.HALTED,
        reason="test",
        asked_by="tess",
    )


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)


async def test_a_market_order_fills_moves_the_position_and_costs_a_fee(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, is_new = await core.oms.submit(an_ask())
        orders = core.oms.journal.orders
        await until(lambda: orders.open_orders() == () and bool(core.pnl.positions("default")))

        pnl = core.pnl.snapshot("default")
        assert is_new
        assert core.oms.journal.order(order.request.order_id).status is OrdStatus.FILLED
        assert core.ptrc.ledger.positions()[0].quantity == parse_nanos("0.01")
        assert pnl is not None
        assert pnl.fees == parse_nanos("0.3")
        assert pnl.realized + pnl.unrealized - pnl.fees == pnl.equity - pnl.deposits


async def test_the_log_has_an_order_before_the_venue_does(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask())

        events = core.oms.journal.orders.events_of(order.request.order_id)
        assert isinstance(events[0], OrderReceived)
        assert isinstance(events[1], OrderApproved)
        assert events[1].venue == "PRISM"
        # The venue's own reports come behind in the log, so it was told after.
        assert order.status is OrdStatus.SENT


async def test_an_order_that_risk_refuses_never_reaches_the_venue(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(an_ask(order_qty=Qty(parse_nanos("11"))))

        assert order.status is OrdStatus.RISK_REJECTED
        assert order.refusals[0].code is RefusalCode.ORDER_QTY_LIMIT
        assert venue.taken == {}


async def test_the_same_key_at_the_same_moment_places_one_order(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        answers = await asyncio.gather(*(core.oms.submit(an_ask("key")) for _ in range(5)))

        assert len({order.request.order_id for order, _ in answers}) == 1
        assert [is_new for _, is_new in answers].count(True) == 1
        assert len(venue.taken) == 1


async def test_a_key_of_another_order_is_refused(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        await core.oms.submit(an_ask("key"))

        with pytest.raises(RefusedError, match="another order"):
            await core.oms.submit(an_ask("key", order_qty=Qty(parse_nanos("0.02"))))


async def test_a_key_is_known_after_a_restart(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        first, _ = await core.oms.submit(an_ask("key"))

    async with running_core(log, venue, life=1) as core:
        again, is_new = await core.oms.submit(an_ask("key"))

        assert not is_new
        assert again.request.order_id == first.request.order_id
        assert len(venue.taken) == 1


async def test_an_unknown_account_is_refused(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        with pytest.raises(InvalidInputError, match="account"):
            await core.oms.submit(an_ask(account=AccountId("stranger")))


async def test_a_cancel_ends_by_the_venues_word(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        asked = await core.oms.cancel(order_id, "tess")
        await until(lambda: core.oms.journal.order(order_id).is_done)

        assert asked.is_cancel_requested
        assert core.oms.journal.order(order_id).status is OrdStatus.CANCELLED
        with pytest.raises(RefusedError):
            await core.oms.cancel(order_id, "tess")


async def test_an_order_the_venue_never_got_is_in_doubt_until_it_is_asked(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        venue.is_deaf = True
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        assert (order.status, order.venue_ack_ns) == (OrdStatus.SENT, None)

        venue.is_deaf = False
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(order_id).is_done)

        assert core.oms.journal.order(order_id).status is OrdStatus.FAILED
        assert venue.taken == {}


async def test_a_cancel_of_an_order_the_venue_never_got_ends_it(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        venue.is_deaf = True
        order, _ = await core.oms.submit(a_resting_ask())
        venue.is_deaf = False

        # No time passes: who asks again and again must not keep it in doubt.
        ended = await core.oms.cancel(order.request.order_id, "tess")

        assert ended.status is OrdStatus.FAILED
        assert venue.taken == {}


async def test_an_order_whose_answer_got_lost_is_not_sent_twice(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        venue.is_mute = True
        order, _ = await core.oms.submit(an_ask())
        venue.is_mute = False
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: core.oms.journal.order(order.request.order_id).is_done)

        assert core.oms.journal.order(order.request.order_id).status is OrdStatus.FILLED
        assert len(await core.oms.journal.orders.fills()) == 1
        assert core.oms.steps.surprise_count == 0


async def test_a_report_on_an_unknown_order_is_booked_and_limits_the_account(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(an_ask())
        await until(lambda: core.oms.journal.order(order.request.order_id).is_done)
        fill = next(
            r for r in venue.reports[order.request.order_id] if r.exec_type is ExecType.TRADE
        )
        await core.oms.on_report(replace(fill, order_id=OrderId("nobody"), exec_id="X-1"), DELIVERY)
        await until(lambda: len(core.ptrc.ledger.positions()) == 2)

        assert core.risk.book.modes.mode_over("default") is TradingMode.REDUCE_ONLY
        await until(lambda: bool(core.risk.alerts))
        assert core.risk.alerts.newest()[0][0].level == "BREACH"
        assert len(core.oms.journal.orders.unknown) == 1


async def test_a_fill_after_the_end_is_booked_and_alarmed_but_limits_nothing(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        await core.oms.cancel(order_id, "tess")
        await until(lambda: core.oms.journal.order(order_id).is_done)
        ended = venue.reports[order_id][-1]
        half = Qty(order.request.order_qty // 2)
        late = replace(
            ended, exec_id="X-1", exec_type=ExecType.TRADE, last_px=PX, last_qty=half, cum_qty=half
        )

        await core.oms.on_report(late, DELIVERY)
        await until(lambda: bool(core.ptrc.ledger.positions()))

        assert core.oms.journal.order(order_id).cum_qty == half
        assert core.risk.book.modes.mode_over("default") is TradingMode.NORMAL
        alert, _ = core.risk.alerts.newest()[0]
        assert (alert.level, alert.kind) == ("WARN", "surprise")


async def test_a_bust_before_its_fill_takes_it_back_in_all_books_also_after_a_restart(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask())
        order_id = order.request.order_id
        part = Qty(parse_nanos("0.004"))
        venue.is_lossy = True
        await venue.fill(order_id, part)
        fill = venue.reports[order_id][-1]
        kind = ExecType.TRADE_CANCEL
        bust = replace(fill, exec_id="b", exec_ref_id=fill.exec_id, exec_type=kind, cum_qty=Qty(0))
        await core.oms.on_report(bust, DELIVERY)
        modes = core.risk.book.modes
        await until(lambda: modes.mode_over("default") is TradingMode.REDUCE_ONLY)
        await until(lambda: len(core.risk.alerts.newest()) == 1)
        # The process ends between the fill and what takes it back.
        core.bus.dies_at, core.bus.is_stored = core.bus.count, True
        booking = asyncio.ensure_future(core.oms.on_report(fill, DELIVERY))
        await core.bus.died.wait()
    booking.cancel()
    await asyncio.gather(booking, return_exceptions=True)

    async with running_core(log, venue, life=1) as core:
        orders = core.oms.journal.orders
        for report in (fill, bust, fill):
            await core.oms.on_report(report, DELIVERY)
        seq = await core.bus.last_seq(ORDERS_EVENT.stream)
        await until(lambda: core.ptrc.ledger.seq == seq == core.risk.book.accounts.seq)

        assert core.oms.journal.order(order_id).cum_qty == 0
        assert orders.held("default", "BTCUSDT") == 0
        assert core.risk.book.accounts.get("default").quantity("BTCUSDT") == 0
        assert sum(one.quantity for one in core.ptrc.ledger.positions()) == 0
        assert len(await orders.fills()) == 2


async def test_an_over_fill_is_booked_and_puts_the_account_in_reduce_only(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(an_ask())
        order_id = order.request.order_id
        await until(lambda: core.oms.journal.order(order_id).is_done)
        twice = Qty(2 * order.request.order_qty)
        again = replace(venue.reports[order_id][-1], exec_id="X-1", cum_qty=twice)

        await core.oms.on_report(again, DELIVERY)
        await until(lambda: core.ptrc.ledger.positions()[0].quantity == twice)

        assert core.risk.book.modes.mode_over("default") is TradingMode.REDUCE_ONLY
        assert core.oms.journal.order(order_id).cum_qty == twice


async def test_a_kill_refuses_new_orders_cancels_open_ones_and_outlives_a_restart(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask())
        await kill(core)
        refused, _ = await core.oms.submit(an_ask())
        order_id = order.request.order_id
        await until(lambda: core.oms.journal.order(order_id).is_done)

        assert refused.status is OrdStatus.RISK_REJECTED
        assert refused.refusals[0].code is RefusalCode.HALTED
        assert core.oms.journal.order(order_id).status is OrdStatus.CANCELLED

    async with running_core(log, venue, life=1) as core:
        refused, _ = await core.oms.submit(an_ask())
        await kill(core, TradingMode.NORMAL)
        filled, _ = await core.oms.submit(an_ask())

        assert refused.status is OrdStatus.RISK_REJECTED
        assert filled.status is not OrdStatus.RISK_REJECTED


async def test_a_kill_binds_before_the_log_has_it(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        log.up.clear()
        killing = asyncio.ensure_future(kill(core))
        await asyncio.sleep(0)

        verdict_mode = core.risk.book.modes.mode_over("default")
        log.up.set()
        await killing

        assert verdict_mode is TradingMode.HALTED


@pytest.mark.parametrize("appends", [0, 1, 2])
async def test_an_order_whose_sender_got_a_503_is_never_sent(
    log: MemoryLog, venue: PlainVenue, appends: int
) -> None:
    async with running_core(log, venue) as core:
        core.bus.pauses_at = core.bus.count + appends
        placing = asyncio.ensure_future(core.oms.submit(an_ask("late")))
        if appends < 2:
            await until(lambda: core.bus.is_paused)
            core.clock.advance(6 * NS_PER_S)
            core.bus.pause_over.set()
        order, _ = await placing

        # Two steps are written before an order leaves: whichever waits, it does not leave.
        unsent = {OrdStatus.FAILED, OrdStatus.RISK_REJECTED}
        assert (order.status in unsent) == (appends < 2)
        assert (venue.taken == {}) == (appends < 2)


async def test_an_order_that_waited_for_the_log_is_not_sent_after_a_kill(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        core.bus.pauses_at = core.bus.count + 1
        placing = asyncio.ensure_future(core.oms.submit(an_ask()))
        await until(lambda: core.bus.is_paused)
        core.bus.pauses_at = -1
        await kill(core)
        core.clock.advance(NS_PER_S)
        core.bus.pause_over.set()
        order, _ = await placing

        assert order.status is OrdStatus.FAILED
        assert "halted" in order.text
        assert venue.taken == {}


async def test_a_limit_after_an_over_fill_outlives_a_core_that_dies_right_then(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(an_ask())
        order_id = order.request.order_id
        await until(lambda: core.oms.journal.order(order_id).is_done)
        await until(lambda: bool(core.pnl.positions("default")))
        again = replace(
            venue.reports[order_id][-1], exec_id="X-1", cum_qty=Qty(2 * order.request.order_qty)
        )
        core.bus.dies_at, core.bus.is_stored = core.bus.count, True
        dying = asyncio.ensure_future(core.oms.on_report(again, DELIVERY))
        await core.bus.died.wait()
        dying.cancel()

    async with running_core(log, venue, life=1) as core:
        assert core.risk.book.modes.mode_over("default") is TradingMode.REDUCE_ONLY


async def test_parallel_orders_cannot_pass_a_limit_together(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        # Each alone may be held; two of them are above thirty per cent of the equity.
        asks = [a_resting_ask(order_qty=Qty(parse_nanos("4"))) for _ in range(3)]
        answers = await asyncio.gather(*(core.oms.submit(ask) for ask in asks))

        statuses = sorted(order.status for order, _ in answers)
        assert statuses.count(OrdStatus.RISK_REJECTED) == 2
