"""Every kind of order on PRISM, and changes of orders: what is reported, and that it replays."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from tests.factories import qty
from tests.prism import (
    SECOND,
    Orders,
    Prism,
    a_clock,
    a_house,
    cancel_of,
    check_conserved,
    living,
    published,
)
from tests.unit.prism.test_control import do
from tests.unit.prism.test_replay import read

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.numbers import Px, Qty, format_nanos
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM
from trade2026.model.order import (
    NewOrderSingle,
    OrderReplaceRequest,
    OrdType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from trade2026.model.prism import ControlKind
from trade2026.prism.replay import play_again

BUY, SELL = Side.BUY, Side.SELL
E = ExecType


@pytest.fixture
def clock() -> VirtualClock:
    return a_clock()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def orders(clock: VirtualClock) -> Orders:
    return Orders(clock)


@pytest.fixture
async def prism(log: MemoryLog, clock: VirtualClock) -> AsyncGenerator[Prism]:
    """A market that stands still: whatever happens, the test did."""
    async with living(log, clock) as prism:
        for _ in range(4):
            clock.advance(SECOND)
            await prism.settle()
        await do(prism, ControlKind.PAUSE)
        yield prism
        clock.advance(2 * SECOND)
        await prism.settle()
        check_conserved(prism)
    assert play_again(await read(log), a_house()).is_equal


def reports_of(log: MemoryLog, order: NewOrderSingle) -> list[ExecutionReport]:
    return [r for r in published(log) if r.order_id == order.order_id]


def kinds(log: MemoryLog, order: NewOrderSingle) -> list[ExecType]:
    return [r.exec_type for r in reports_of(log, order)]


def changed(order: NewOrderSingle, **changes: Any) -> NewOrderSingle:
    return msgspec.structs.replace(order, **changes)


def a_stop(orders: Orders, side: Side, stop: str, **changes: Any) -> NewOrderSingle:
    order = orders.market(side, "0.02")
    return changed(order, ord_type=OrdType.STOP, stop_px=Px(int(qty(stop))), **changes)


def replace_of(order: NewOrderSingle, replace_id: str = "r1", **asked: str) -> OrderReplaceRequest:
    return OrderReplaceRequest(
        order_id=order.order_id,
        replace_id=replace_id,
        account=order.account,
        venue=PRISM,
        symbol=order.symbol,
        transact_time_ns=order.transact_time_ns,
        **{field: qty(text) for field, text in asked.items()},  # type: ignore[arg-type]
    )


async def traded_at(prism: Prism, orders: Orders) -> int:
    """Return the last price, in nanos, after somebody bought."""
    await prism.venue.submit(orders.market(BUY, "0.001", account="other"))
    return prism.venue.floor.tapes["BTCUSDT"][-1].ticks * 10_000_000


async def test_a_stop_waits_triggers_and_fills(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    last = await traded_at(prism, orders)
    stop = a_stop(orders, SELL, format_nanos(last - 10**9))
    await prism.venue.submit(stop)
    assert kinds(log, stop) == [E.NEW]

    # Somebody sells through the book, down to the stop.
    await prism.venue.submit(orders.market(SELL, "60", account="other"))

    told = reports_of(log, stop)
    assert [r.exec_type for r in told][:2] == [E.NEW, E.TRIGGERED]
    assert told[1].leaves_qty == stop.order_qty
    assert told[-1].leaves_qty == 0


async def test_a_stop_that_is_passed_already_triggers_at_once(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    await traded_at(prism, orders)
    stop = a_stop(orders, BUY, "100")

    await prism.venue.submit(stop)

    assert kinds(log, stop)[:3] == [E.NEW, E.TRIGGERED, E.TRADE]


async def test_a_waiting_stop_is_cancelled_and_is_in_no_level(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    last = await traded_at(prism, orders)
    stop = changed(
        a_stop(orders, SELL, "100"), ord_type=OrdType.STOP_LIMIT, price=Px(last - last % 10**9)
    )
    depth = prism.venue.floor.exchange.depth("BTCUSDT", 1_000)
    await prism.venue.submit(stop)
    assert prism.venue.floor.exchange.depth("BTCUSDT", 1_000) == depth
    assert prism.venue.floor.orders.open_count == 1

    await prism.venue.cancel(cancel_of(stop))

    assert kinds(log, stop) == [E.NEW, E.CANCELED]


async def test_a_trailing_stop_is_taken(prism: Prism, log: MemoryLog, orders: Orders) -> None:
    await traded_at(prism, orders)
    order = changed(
        orders.market(SELL, "0.02"),
        ord_type=OrdType.TRAILING_STOP,
        trailing_offset=Px(int(qty("10"))),
    )
    await prism.venue.submit(order)
    await prism.venue.submit(orders.market(SELL, "60", account="other"))

    assert kinds(log, order)[:2] == [E.NEW, E.TRIGGERED]


async def test_a_gtd_order_ends_at_its_time_of_the_market(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    ends_ns = prism.venue.floor.exchange.sim_ns + 3 * SECOND
    order = orders.limit(BUY, "50000", time_in_force=TimeInForce.GTD, expire_ns=ends_ns)
    await prism.venue.submit(order)
    await do(prism, ControlKind.STEP, step_ns=2 * SECOND)
    assert kinds(log, order) == [E.NEW]

    await do(prism, ControlKind.STEP, step_ns=3 * SECOND)

    assert kinds(log, order) == [E.NEW, E.EXPIRED]


async def test_a_post_only_order_rests_or_is_rejected(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    rests = orders.limit(BUY, "50000", is_post_only=True)
    takes = orders.limit(BUY, "70000", is_post_only=True)

    await prism.venue.submit(rests)
    await prism.venue.submit(takes)

    assert kinds(log, rests) == [E.NEW]
    (report,) = reports_of(log, takes)
    assert (report.exec_type, report.text.split()[0]) == (E.REJECTED, "WOULD_TRADE")


async def test_an_iceberg_shows_only_a_part(prism: Prism, log: MemoryLog, orders: Orders) -> None:
    order = orders.limit(BUY, "50000", "0.5", display_qty=qty("0.1"))
    await prism.venue.submit(order)

    bids, _ = prism.venue.floor.exchange.depth("BTCUSDT", 1_000)

    assert (5_000_000, 10_000) in bids
    assert kinds(log, order) == [E.NEW]


@pytest.mark.parametrize(
    ("stp", "resting", "coming"),
    [
        (SelfTradePrevention.CANCEL_NEWEST, [E.NEW], [E.NEW, E.CANCELED]),
        (SelfTradePrevention.CANCEL_OLDEST, [E.NEW, E.CANCELED], [E.NEW]),
        (SelfTradePrevention.CANCEL_BOTH, [E.NEW, E.CANCELED], [E.NEW, E.CANCELED]),
        (SelfTradePrevention.DECREMENT, [E.NEW, E.REPLACED], [E.NEW, E.CANCELED]),
    ],
)
async def test_an_owner_that_would_meet_itself(  # noqa: PLR0917 - pytest passes by name
    prism: Prism,
    log: MemoryLog,
    orders: Orders,
    stp: SelfTradePrevention,
    resting: list[ExecType],
    coming: list[ExecType],
) -> None:
    # High above the market, where nobody else is: the book's best bid is the owner's.
    offers = prism.venue.floor.exchange.depth("BTCUSDT", 1_000)[1]
    await prism.venue.submit(orders.market(BUY, str(sum(n for _, n in offers) / 1e5), account="x"))
    first = orders.limit(BUY, "70000", "0.3")
    second = orders.limit(SELL, "70000", "0.1", stp=stp)

    await prism.venue.submit(first)
    await prism.venue.submit(second)

    assert kinds(log, first) == resting
    assert kinds(log, second) == coming
    if stp is SelfTradePrevention.DECREMENT:
        assert reports_of(log, first)[-1].order_qty == qty("0.2")
        assert reports_of(log, first)[-1].leaves_qty == qty("0.2")


async def test_a_change_is_reported_once_and_holds(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.limit(BUY, "50000", "0.5")
    await prism.venue.submit(order)

    for _ in range(2):
        ack = await prism.venue.replace(replace_of(order, order_qty="0.3", price="50010"))
        assert ack.is_accepted

    told = reports_of(log, order)
    assert [r.exec_type for r in told] == [E.NEW, E.REPLACED]
    assert (told[1].order_qty, told[1].price) == (qty("0.3"), Px(int(qty("50010"))))
    assert (told[1].leaves_qty, told[1].replace_id) == (qty("0.3"), "r1")
    bids, _ = prism.venue.floor.exchange.depth("BTCUSDT", 1_000)
    assert (5_001_000, 30_000) in bids
    assert all(ticks != 5_000_000 for ticks, _ in bids)


async def test_a_change_may_trade_at_once_and_keeps_what_has_traded(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.limit(BUY, "50000", "0.02")
    await prism.venue.submit(order)

    await prism.venue.replace(replace_of(order, price="70000"))

    assert kinds(log, order)[:3] == [E.NEW, E.REPLACED, E.TRADE]
    await prism.venue.replace(replace_of(order, "r2", order_qty="0.01"))
    last = reports_of(log, order)[-1]
    assert (last.exec_type, last.text.split()[0]) == (E.REPLACE_REJECTED, "TOO_LATE")


async def test_a_stop_is_moved_while_it_waits(prism: Prism, log: MemoryLog, orders: Orders) -> None:
    await traded_at(prism, orders)
    stop = a_stop(orders, SELL, "100")
    await prism.venue.submit(stop)

    await prism.venue.replace(replace_of(stop, stop_px="90000"))

    assert kinds(log, stop)[:4] == [E.NEW, E.REPLACED, E.TRIGGERED, E.TRADE]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "NOTHING_ASKED"),
        ({"stop_px": "50000"}, "BAD_STOP"),
        ({"price": "50000.001"}, "TICK_SIZE"),
        ({"order_qty": "0.000001"}, "LOT_SIZE"),
    ],
)
async def test_a_change_that_cannot_be_leaves_the_order_as_it_is(
    prism: Prism, log: MemoryLog, orders: Orders, asked: dict[str, str], code: str
) -> None:
    order = orders.limit(BUY, "50000", "0.5")
    await prism.venue.submit(order)

    await prism.venue.replace(replace_of(order, **asked))

    last = reports_of(log, order)[-1]
    assert (last.exec_type, last.text.split()[0]) == (E.REPLACE_REJECTED, code)
    assert last.leaves_qty == order.order_qty
    assert prism.venue.floor.orders.open_count == 1


async def test_a_change_of_an_unknown_order_or_a_strangers_is_refused(
    prism: Prism, orders: Orders
) -> None:
    order = orders.limit(BUY, "50000")
    unknown = await prism.venue.replace(replace_of(order, price="50010"))
    await prism.venue.submit(order)
    stranger = await prism.venue.replace(
        replace_of(changed(order, account="stranger"), price="50010")
    )

    assert not unknown.is_accepted
    assert not stranger.is_accepted


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stop_px": Px(10**9)}, "BAD_STOP"),
        ({"ord_type": OrdType.STOP, "price": None}, "BAD_STOP"),
        ({"ord_type": OrdType.STOP, "price": None, "stop_px": Px(1)}, "BAD_STOP"),
        ({"ord_type": OrdType.TRAILING_STOP, "price": None}, "BAD_OFFSET"),
        ({"ord_type": OrdType.STOP_LIMIT, "price": None, "stop_px": Px(10**9)}, "BAD_PRICE"),
        ({"expire_ns": 5}, "BAD_EXPIRY"),
        ({"time_in_force": TimeInForce.GTD}, "BAD_EXPIRY"),
        # Larger than the market counts: the log would take it, and the market would fall over it.
        ({"time_in_force": TimeInForce.GTD, "expire_ns": 2**63}, "BAD_EXPIRY"),
        ({"time_in_force": TimeInForce.GTD, "expire_ns": 2**64 - 1}, "BAD_EXPIRY"),
        ({"display_qty": Qty(9 * 10**18)}, "BAD_DISPLAY"),
        ({"ord_type": OrdType.STOP, "price": None, "stop_px": Px(10**7 * 10**12)}, "BAD_STOP"),
        ({"time_in_force": TimeInForce.GTD, "expire_ns": 5}, "TOO_LATE"),
        ({"time_in_force": TimeInForce.IOC, "is_post_only": True}, "BAD_POST_ONLY"),
        ({"time_in_force": TimeInForce.FOK, "display_qty": qty("0.01")}, "BAD_DISPLAY"),
        ({"display_qty": qty("0.000001")}, "BAD_DISPLAY"),
        ({"order_qty": qty("1"), "display_qty": qty("0.00001")}, "INVALID"),
    ],
)
async def test_an_order_whose_terms_do_not_go_together_is_rejected(
    prism: Prism, log: MemoryLog, orders: Orders, changes: dict[str, Any], code: str
) -> None:
    order = changed(orders.limit(BUY, "50000"), **changes)

    await prism.venue.submit(order)

    (report,) = reports_of(log, order)
    assert (report.exec_type, report.text.split()[0]) == (E.REJECTED, code)


async def test_waiting_stops_end_with_the_life_too(log: MemoryLog, clock: VirtualClock) -> None:
    orders = Orders(clock)
    async with living(log, clock) as prism:
        stop = a_stop(orders, SELL, "100")
        await prism.venue.submit(stop)
    async with living(log, clock) as prism:
        last = reports_of(log, stop)[-1]
        assert (last.exec_type, last.text) == (E.CANCELED, "VENUE_RESTART")
        assert prism.venue.floor.orders.open_count == 0


async def test_a_recorded_market_names_what_it_cannot_do(
    log: MemoryLog, clock: VirtualClock
) -> None:
    orders = Orders(clock)
    async with living(log, clock, is_paper=True) as prism:
        stop = a_stop(orders, SELL, "100")
        day = orders.limit(BUY, "50000", time_in_force=TimeInForce.DAY)
        quiet = orders.limit(BUY, "50000", is_post_only=True)
        for order in (stop, day, quiet):
            await prism.venue.submit(order)

            (report,) = reports_of(log, order)
            assert report.exec_type is E.REJECTED
            assert report.text.startswith("NOT_SUPPORTED")
