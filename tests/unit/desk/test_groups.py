"""Groups at work: exits follow their entry, legs take off each other, and crashes lose nothing."""

import asyncio
from typing import Any

import pytest
from tests.factories import px, qty
from tests.trading import Core, PlainVenue, a_resting_ask, first_of, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import ClOrdId
from trade2026.core.numbers import Qty
from trade2026.desk.ask import OrderAsk
from trade2026.domain.oms.change import Change
from trade2026.domain.oms.order import Order
from trade2026.model.execution import ExecType
from trade2026.model.order import GroupKind, GroupLeg, OrdStatus, OrdType, Side

APPENDS = 22

ENTRY: dict[str, Any] = {"order_qty": qty("0.04")}
PROFIT: dict[str, Any] = {**ENTRY, "side": Side.SELL, "price": px("62000")}
STOP: dict[str, Any] = {
    **ENTRY,
    "side": Side.SELL,
    "ord_type": OrdType.STOP,
    "price": None,
    "stop_px": px("55000"),
}


def asks(kind: GroupKind, *legs: dict[str, Any], group_id: str = "g") -> list[OrderAsk]:
    made: list[OrderAsk] = []
    for number, leg in enumerate(legs):
        group = GroupLeg(group_id=group_id, kind=kind, number=number, count=len(legs))
        made.append(a_resting_ask(ClOrdId(f"{group_id}-{number}"), group=group, **leg))
    return made


BRACKET = asks(GroupKind.BRACKET, ENTRY, PROFIT, STOP)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    return PlainVenue(log)


def leg(core: Core, number: int) -> Order:
    order = core.oms.journal.orders.by_key("default", f"g-{number}")
    assert order is not None
    return order


async def fill(core: Core, venue: PlainVenue, number: int, amount: str) -> None:
    await venue.fill(leg(core, number).request.order_id, qty(amount))


def refusals(core: Core, venue: PlainVenue, number: int) -> int:
    reports = venue.reports[leg(core, number).request.order_id]
    return sum(report.exec_type is ExecType.CANCEL_REJECTED for report in reports)


def totals(core: Core) -> list[int]:
    return [leg(core, n).leaves_qty for n in range(3)]


async def test_exits_wait_and_then_follow_what_the_entry_trades(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.oms.submit_group(BRACKET)
        assert [leg(core, n).status for n in range(3)] == ["SENT", "NEW", "NEW"]

        await fill(core, venue, 0, "0.01")
        await until(lambda: totals(core) == [qty("0.03"), qty("0.01"), qty("0.01")])
        await until(lambda: leg(core, 2).is_resting)
        await fill(core, venue, 0, "0.03")
        await until(lambda: totals(core) == [0, qty("0.04"), qty("0.04")])

        await fill(core, venue, 1, "0.015")
        await until(lambda: totals(core) == [0, qty("0.025"), qty("0.025")])
        await fill(core, venue, 1, "0.025")
        await until(lambda: totals(core) == [0, 0, 0])

        assert [leg(core, n).status for n in range(3)] == ["FILLED", "FILLED", "CANCELLED"]
        assert core.oms.journal.orders.held("default", "BTCUSDT") == 0
        assert core.oms.steps.surprise_count == 0


async def test_an_entry_that_ends_without_a_fill_takes_its_exits_along(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.oms.submit_group(BRACKET)
        await core.oms.cancel(leg(core, 0).request.order_id, "tess")
        await until(lambda: all(leg(core, n).is_done for n in range(3)))

        assert {leg(core, n).status for n in range(3)} == {OrdStatus.CANCELLED}
        assert len(venue.taken) == 1


async def test_one_cancels_the_other_and_crossing_fills_are_booked_and_alarmed(
    log: MemoryLog, venue: PlainVenue
) -> None:
    other = {**ENTRY, "price": px("51000")}
    async with running_core(log, venue) as core:
        await core.oms.submit_group(asks(GroupKind.OCO, ENTRY, other))
        venue.is_deaf = True
        await fill(core, venue, 0, "0.04")
        await fill(core, venue, 1, "0.01")
        await until(lambda: leg(core, 1).cum_qty == qty("0.01"))
        venue.is_deaf = False
        core.clock.advance(2 * NS_PER_S)
        await until(lambda: leg(core, 1).is_done)

        assert (leg(core, 0).status, leg(core, 1).status) == ("FILLED", "CANCELLED")
        assert core.oms.journal.orders.held("default", "BTCUSDT") == qty("0.05")
        assert core.oms.steps.surprise_count == 1
        await until(lambda: bool(core.risk.alerts))
        assert "BOTH_FILLED" in core.risk.alerts.newest()[0][0].text


async def test_a_venue_that_refuses_to_cancel_a_leg_is_asked_ever_more_seldom(
    log: MemoryLog, venue: PlainVenue
) -> None:
    other = {**ENTRY, "price": px("51000")}
    async with running_core(log, venue) as core:
        await core.oms.submit_group(asks(GroupKind.OCO, ENTRY, other))
        venue.refuses_cancels = True
        await fill(core, venue, 0, "0.04")
        after_s = 0
        for count in range(1, 5):
            await until(lambda count=count: refusals(core, venue, 1) == count)
            await asyncio.sleep(0.1)
            assert refusals(core, venue, 1) == count
            core.clock.advance(2 ** (count - 1) * NS_PER_S)
            after_s += 2 ** (count - 1)

        assert after_s == 15
        venue.refuses_cancels = False
        core.clock.advance(60 * NS_PER_S)
        await until(lambda: leg(core, 1).is_done)


async def test_a_leg_that_risk_refuses_ends_the_others(log: MemoryLog, venue: PlainVenue) -> None:
    wild = {**ENTRY, "price": px("70000")}
    async with running_core(log, venue) as core:
        legs, _ = await core.oms.submit_group(asks(GroupKind.OCO, ENTRY, wild))
        await until(lambda: leg(core, 0).is_done)

        assert legs[1].status is OrdStatus.RISK_REJECTED
        assert leg(core, 0).status is OrdStatus.CANCELLED


async def test_the_same_group_again_is_placed_once(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        answers = await asyncio.gather(*(core.oms.submit_group(BRACKET) for _ in range(3)))
        again, is_new = await core.oms.submit_group(BRACKET)

        assert [new for _, new in answers].count(True) == 1
        assert not is_new
        assert [o.request.order_id for o in again] == [o.request.order_id for o in answers[0][0]]
        larger = {**ENTRY, "order_qty": qty("0.05")}
        with pytest.raises(RefusedError, match="another"):
            await core.oms.submit_group(asks(GroupKind.BRACKET, larger, PROFIT, STOP))


async def test_a_sender_may_move_an_exit_but_its_quantity_is_the_groups(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        await core.oms.submit_group(BRACKET)
        await fill(core, venue, 0, "0.04")
        await until(lambda: totals(core) == [0, qty("0.04"), qty("0.04")])
        stop_id = leg(core, 2).request.order_id
        await until(lambda: leg(core, 2).is_resting or leg(core, 2).venue_ack_ns is not None)

        moved = await core.oms.replace(stop_id, Change(stop_px=px("56000")), "tess")
        with pytest.raises(InvalidInputError, match="quantity"):
            await core.oms.replace(stop_id, Change(order_qty=qty("1")), "tess")

        assert moved.request.stop_px == px("56000")


async def _trade(core: Core, venue: PlainVenue) -> None:
    """Place the bracket and fill the entry in two parts, as far as that did not happen yet."""
    await core.oms.submit_group(BRACKET)
    entry = leg(core, 0)
    order_id = entry.request.order_id
    while order_id in venue.taken and (done := _filled(venue, order_id)) < entry.asked.order_qty:
        part = qty("0.01") if done == 0 else Qty(entry.asked.order_qty - done)
        # The venue outlives the core: what it has begun to tell it tells.
        await asyncio.shield(venue.fill(order_id, part))
        await until(lambda: leg(core, 0).cum_qty == _filled(venue, order_id))
        await until(lambda: totals(core)[2] == leg(core, 0).cum_qty)


def _filled(venue: PlainVenue, order_id: Any) -> int:
    return sum(report.last_qty for report in venue.reports[order_id])


@pytest.mark.parametrize("is_stored", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("dies_at", range(APPENDS))
async def test_a_position_has_its_exits_wherever_the_core_dies(
    log: MemoryLog, venue: PlainVenue, dies_at: int, is_stored: bool
) -> None:
    async with running_core(log, venue, dies_at=dies_at, is_stored=is_stored) as core:
        trading = asyncio.ensure_future(_trade(core, venue))
        done = asyncio.Event()
        trading.add_done_callback(lambda _: done.set())
        if not core.bus.died.is_set():
            await first_of(done, core.bus.died)
        trading.cancel()
        await asyncio.gather(trading, return_exceptions=True)

    async with running_core(log, venue, life=1) as core:
        core.clock.advance(2 * NS_PER_S)
        known = [core.oms.journal.orders.by_key("default", f"g-{n}") for n in range(3)]
        if known[0] is not None:
            # Whatever the entry has traded, or trades from here on, has its exits.
            assert all(known)
        entry_id = None if known[0] is None else known[0].request.order_id
        if entry_id is not None and entry_id in venue.taken and _filled(venue, entry_id) == 0:
            await venue.fill(entry_id, qty("0.01"))
        if entry_id is not None and entry_id in venue.taken:
            traded = _filled(venue, entry_id)
            await until(lambda: totals(core)[1:] == [traded, traded])
        else:
            await until(lambda: core.oms.journal.orders.open_orders() == ())
        assert core.oms.steps.surprise_count == 0
