"""A change is checked, journalled and then asked for; in doubt the venue says what came of it."""

import asyncio
from typing import Any

import pytest
from tests.factories import px, qty
from tests.trading import Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import OrderId
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.order import Order
from trade2026.model.journal import OrderChanged, ReplaceRequested
from trade2026.model.order import OrdStatus, OrdType
from trade2026.model.risk import GLOBAL_SCOPE, TradingMode
from trade2026.model.subjects import ORDERS_EVENT

DOUBLE = Change(order_qty=qty("0.02"))


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)


async def resting(core: Core, **changes: Any) -> OrderId:
    order, _ = await core.oms.submit(a_resting_ask(**changes))
    return order.request.order_id


async def until_answered(core: Core, order_id: OrderId) -> Order:
    await until(lambda: core.oms.journal.order(order_id).change is None)
    await settled(core)
    return core.oms.journal.order(order_id)


async def settled(core: Core) -> None:
    """Wait until risk has read all that was written."""
    seq = await core.bus.last_seq(ORDERS_EVENT.stream)
    await until(lambda: core.risk.book.accounts.seq == seq)


def reserved(core: Core) -> int:
    exposure = core.risk.book.exposure("default")
    assert exposure is not None
    return exposure.reserved


async def test_a_larger_order_is_reserved_before_the_venue_hears_of_it(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        before = reserved(core)
        venue.is_deaf = True
        order = await core.oms.replace(order_id, DOUBLE, "tess")
        assert order.status is OrdStatus.PENDING_REPLACE
        assert reserved(core) == 2 * before

        venue.is_deaf = False
        core.clock.advance(2 * NS_PER_S)
        order = await until_answered(core, order_id)

        assert (order.status, order.leaves_qty) == (OrdStatus.SENT, qty("0.02"))
        assert venue.taken[order_id].order_qty == qty("0.02")
        assert reserved(core) == 2 * before
        assert core.oms.steps.surprise_count == 0


async def test_a_smaller_order_gives_back_what_it_needs_no_more(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core, order_qty=qty("0.04"))
        before = reserved(core)

        await core.oms.replace(order_id, Change(order_qty=qty("0.01")), "tess")
        await until_answered(core, order_id)

        assert reserved(core) == before // 4


async def test_risk_refuses_what_is_too_large_and_the_order_stands(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        before = reserved(core)

        with pytest.raises(RefusedError, match="ORDER_QTY_LIMIT"):
            await core.oms.replace(order_id, Change(order_qty=qty("11")), "tess")
        with pytest.raises(RefusedError, match="PRICE_COLLAR"):
            await core.oms.replace(order_id, Change(price=px("70000")), "tess")

        assert core.oms.journal.order(order_id).status is OrdStatus.SENT
        assert reserved(core) == before
        assert venue.replace_ids == []


async def test_a_halted_account_may_make_an_order_smaller_and_nothing_else(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        await core.risk.switch(
            scope=GLOBAL_SCOPE,
            mode=TradingMode.HALTED,
            cancel_open=False,
            reason="test",
            asked_by="tess",
        )

        with pytest.raises(RefusedError, match="HALTED"):
            await core.oms.replace(order_id, DOUBLE, "tess")
        await core.oms.replace(order_id, Change(order_qty=qty("0.005")), "tess")
        order = await until_answered(core, order_id)

        assert order.leaves_qty == qty("0.005")


async def test_a_change_whose_answer_got_lost_is_made_once(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        await until(lambda: core.oms.journal.order(order_id).venue_ack_ns is not None)
        venue.is_mute = True
        await core.oms.replace(order_id, DOUBLE, "tess")
        venue.is_mute = False
        core.clock.advance(2 * NS_PER_S)
        order = await until_answered(core, order_id)

        assert order.leaves_qty == qty("0.02")
        assert len(set(venue.replace_ids)) == 1


async def test_the_same_change_at_the_same_moment_is_asked_for_once(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)

        await asyncio.gather(*(core.oms.replace(order_id, DOUBLE, "tess") for _ in range(5)))
        await until_answered(core, order_id)
        await core.oms.replace(order_id, DOUBLE, "tess")

        events = core.oms.journal.orders.events_of(order_id)
        assert sum(isinstance(event, ReplaceRequested) for event in events) == 1
        assert len(venue.replace_ids) == 1


async def test_fills_while_a_change_is_in_doubt_are_booked(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        venue.is_deaf = True
        await core.oms.replace(order_id, DOUBLE, "tess")
        await venue.fill(order_id, qty("0.004"))
        await until(lambda: core.oms.journal.order(order_id).cum_qty == qty("0.004"))
        venue.is_deaf = False
        core.clock.advance(2 * NS_PER_S)
        order = await until_answered(core, order_id)

        assert order.status is OrdStatus.PARTIALLY_FILLED
        assert (order.cum_qty, order.leaves_qty) == (qty("0.004"), qty("0.016"))
        assert core.oms.steps.surprise_count == 0


async def test_an_order_that_filled_before_the_change_came_is_filled_and_holds_nothing(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        venue.is_deaf = True
        await core.oms.replace(order_id, DOUBLE, "tess")
        await venue.fill(order_id, qty("0.01"))
        await until(lambda: core.oms.journal.order(order_id).is_done)
        await settled(core)

        assert core.oms.journal.order(order_id).status is OrdStatus.FILLED
        assert reserved(core) == 0


async def test_a_cancel_during_a_change_in_doubt_wins(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        venue.is_deaf = True
        await core.oms.replace(order_id, DOUBLE, "tess")
        venue.is_deaf = False
        await core.oms.cancel(order_id, "tess")
        await until(lambda: core.oms.journal.order(order_id).is_done)
        await settled(core)

        assert core.oms.journal.order(order_id).status is OrdStatus.CANCELLED
        assert venue.replace_ids == []
        assert reserved(core) == 0


async def test_a_venue_that_refuses_leaves_order_and_reservation_as_they_were(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)
        before = reserved(core)
        venue.refuses_changes = True

        await core.oms.replace(order_id, DOUBLE, "tess")
        order = await until_answered(core, order_id)

        assert (order.status, order.leaves_qty) == (OrdStatus.SENT, qty("0.01"))
        assert reserved(core) == before


async def test_a_stop_that_rests_with_us_is_changed_here_and_outlives_a_restart(
    log: MemoryLog, venue: PlainVenue
) -> None:
    stop = an_ask("stop", ord_type=OrdType.STOP, stop_px=px("61000"))
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(stop)
        order_id = order.request.order_id
        changed = await core.oms.replace(
            order_id, Change(order_qty=qty("0.02"), stop_px=px("62000")), "tess"
        )
        assert changed.is_resting

    async with running_core(log, venue, life=1) as core:
        order = core.oms.journal.order(order_id)
        await settled(core)

        assert (order.leaves_qty, order.request.stop_px) == (qty("0.02"), px("62000"))
        events = core.oms.journal.orders.events_of(order_id)
        assert isinstance(events[-1], OrderChanged)
        assert reserved(core) == events[-1].reserved
        assert venue.replace_ids == []


async def test_what_an_order_does_not_have_is_refused_with_its_name(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await resting(core)

        with pytest.raises(InvalidInputError, match="stop_price"):
            await core.oms.replace(order_id, Change(stop_px=px("1")), "tess")
