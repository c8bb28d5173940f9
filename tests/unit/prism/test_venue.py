"""PRISM as a venue: orders in, reports out, each once, and nobody gains from nothing."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
import structlog
from tests.factories import NOW_NS, qty
from tests.prism import (
    FOK,
    INSTRUMENTS,
    IOC,
    SECOND,
    Orders,
    Prism,
    a_clock,
    cancel_of,
    check_conserved,
    check_told,
    inputs,
    living,
    published,
    status_of,
    told,
)

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import CodecError, VenueUnavailableError
from trade2026.core.numbers import Bps, Px, fee_of, format_nanos, value_of
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.prism import PrismSnapshot
from trade2026.model.subjects import Stream
from trade2026.prism.journal import Journal

BUY, SELL = Side.BUY, Side.SELL


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
    async with living(log, clock) as prism:
        # The agents need a moment to make a market.
        for _ in range(4):
            clock.advance(SECOND)
            await prism.settle()
        while spread(prism) < 2:
            clock.advance(SECOND)
            await prism.settle()
        yield prism


def kinds(log: MemoryLog, order: NewOrderSingle) -> list[ExecType]:
    return [r.exec_type for r in published(log) if r.order_id == order.order_id]


def reports_of(log: MemoryLog, order: NewOrderSingle) -> list[ExecutionReport]:
    return [r for r in published(log) if r.order_id == order.order_id]


def spread(prism: Prism) -> int:
    """Return how many ticks lie between bid and offer of BTCUSDT."""
    bids, asks = prism.venue.floor.exchange.depth("BTCUSDT", 1)
    return asks[0][0] - bids[0][0]


def inside(prism: Prism) -> str:
    """Return a price inside the spread of BTCUSDT."""
    bids, asks = prism.venue.floor.exchange.depth("BTCUSDT", 1)
    ticks = min(bids[0][0] + 1, asks[0][0] - 1)
    return format_nanos(ticks * INSTRUMENTS["BTCUSDT"].tick_size)


async def test_a_market_order_fills_against_agents_and_pays_the_taker_fee(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.market(BUY, "0.02")

    ack = await prism.venue.submit(order)

    first, *fills = reports_of(log, order)
    assert ack.is_accepted
    assert first.exec_type is ExecType.NEW
    assert first.leaves_qty == order.order_qty
    assert sum(fill.last_qty for fill in fills) == qty("0.02")
    assert all(fill.contra.startswith("agent:") for fill in fills)
    assert all(f.fee == fee_of(value_of(f.last_px, f.last_qty), Bps(5)) for f in fills)
    assert fills[-1].leaves_qty == 0
    check_conserved(prism)
    check_told(prism, log)


async def test_a_trade_between_outsiders_is_told_to_both_and_names_neither(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    price = inside(prism)
    makes, takes = orders.limit(BUY, price, account="a"), orders.limit(SELL, price, account="b")

    await prism.venue.submit(makes)
    await prism.venue.submit(takes)

    (_, made), (_, taken) = reports_of(log, makes), reports_of(log, takes)
    assert made.contra == taken.contra == "outsider"
    assert made.last_px == taken.last_px
    assert made.last_qty == taken.last_qty == qty("0.01")
    assert made.fee == fee_of(value_of(made.last_px, made.last_qty), Bps(1))
    assert taken.fee == fee_of(value_of(made.last_px, made.last_qty), Bps(5))
    check_conserved(prism)
    check_told(prism, log)


async def test_the_same_order_again_is_acknowledged_and_not_repeated(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.market(BUY)

    acks = await asyncio.gather(*(prism.venue.submit(order) for _ in range(3)))
    again = await prism.venue.submit(order)

    assert all(ack.is_accepted for ack in [*acks, again])
    assert kinds(log, order).count(ExecType.NEW) == 1
    assert [i.order for i in inputs(log)] == [order]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "DOGE.X"}, "UNKNOWN_SYMBOL"),
        ({"venue": "BINANCE"}, "WRONG_VENUE"),
        ({"order_qty": qty("0.000005")}, "LOT_SIZE"),
        ({"order_qty": qty("0.000011")}, "LOT_SIZE"),
        ({"order_qty": qty("0")}, "MIN_QTY"),
        ({"order_qty": qty("9000.00001")}, "MAX_QTY"),
        ({"price": qty("50000.001")}, "TICK_SIZE"),
        ({"price": None}, "BAD_PRICE"),
        ({"price": qty("0")}, "BAD_PRICE"),
        ({"ord_type": OrdType.MARKET}, "BAD_PRICE"),
        ({"order_qty": qty("0.00001")}, "MIN_NOTIONAL"),
        ({"order_qty": qty("9000"), "price": qty("2000000")}, "MAX_NOTIONAL"),
    ],
)
async def test_an_order_off_the_rules_is_rejected_by_a_report_with_a_code(
    prism: Prism, log: MemoryLog, orders: Orders, changes: dict[str, object], code: str
) -> None:
    order = msgspec.structs.replace(orders.limit(BUY, "50000"), **changes)

    ack = await prism.venue.submit(order)

    (report,) = reports_of(log, order)
    assert ack.is_accepted
    assert report.exec_type is ExecType.REJECTED
    assert report.text.split()[0] == code
    assert report.leaves_qty == 0


async def test_an_account_that_no_subject_can_carry_is_turned_away_unlogged(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    ack = await prism.venue.submit(orders.market(BUY, account="a.b"))

    assert not ack.is_accepted
    assert ack.text.startswith("BAD_ACCOUNT")
    assert inputs(log) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "x" * 600_000}, "TOO_LONG"),
        ({"venue": "x" * 600_000}, "TOO_LONG"),
        ({"sent_by": "x" * 600_000}, "TOO_LONG"),
        ({"cl_ord_id": "x" * 600_000}, "TOO_LONG"),
        ({"account": "x" * 65}, "BAD_ACCOUNT"),
        ({"order_id": "x" * 65}, "BAD_ORDER_ID"),
        ({"order_id": "a\r\nb: c"}, "BAD_ORDER_ID"),
        ({"order_id": ""}, "BAD_ORDER_ID"),
        ({"order_qty": 10**30}, "UNSENDABLE"),
    ],
    ids=[
        "symbol",
        "venue",
        "sent_by",
        "key",
        "account",
        "long id",
        "id of two lines",
        "no id",
        "quantity",
    ],
)
async def test_what_no_log_could_take_is_turned_away_and_the_market_goes_on(
    prism: Prism, log: MemoryLog, orders: Orders, changes: dict[str, object], code: str
) -> None:
    order, good = msgspec.structs.replace(orders.limit(BUY, "50000"), **changes), orders.market(BUY)

    ack = await prism.venue.submit(order)
    cancelled = await prism.venue.cancel(cancel_of(order))
    status = await prism.venue.status(status_of(order))
    await prism.venue.submit(good)

    assert not ack.is_accepted
    assert ack.text.split()[0] == code
    assert not cancelled.is_accepted
    assert not status.is_known
    assert ExecType.TRADE in kinds(log, good)
    assert all(len(r.content) < 5_000 for r in log.records(Stream.PRISM_INPUT))


async def test_a_report_quotes_only_a_little_of_its_order(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = msgspec.structs.replace(orders.market(BUY), symbol="x" * 2_000)

    await prism.venue.submit(order)

    (report,) = reports_of(log, order)
    assert report.text.startswith("UNKNOWN_SYMBOL")
    assert len(report.text) == 200


async def test_a_snapshot_that_the_log_does_not_take_does_not_end_the_market(
    log: MemoryLog, clock: VirtualClock
) -> None:
    bus = LocalBus(log, clock, with_codec=True)
    journal = Journal(bus, structlog.get_logger(), life=0, last_seq=0, last_report_place=0)
    snapshot = a_snapshot()
    heavy = msgspec.structs.replace(snapshot, last_mid_px={"x" * 2_000_000: Px(1)})

    assert not await journal.snapshot(heavy)
    assert await journal.snapshot(snapshot)


async def test_what_ioc_and_fok_do_not_fill_at_once_expires(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    low = orders.limit(BUY, "1000", "0.01", time_in_force=IOC)
    huge = orders.limit(BUY, "70000", "9000", time_in_force=FOK)

    await asyncio.gather(prism.venue.submit(low), prism.venue.submit(huge))

    assert kinds(log, low) == [ExecType.NEW, ExecType.EXPIRED]
    assert kinds(log, huge) == [ExecType.NEW, ExecType.EXPIRED]
    assert reports_of(log, huge)[-1].cum_qty == 0


async def test_an_owner_never_trades_with_itself(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    price = inside(prism)
    rests, crosses = orders.limit(BUY, price), orders.limit(SELL, price)

    await prism.venue.submit(rests)
    await prism.venue.submit(crosses)

    assert kinds(log, rests) == [ExecType.NEW]
    assert kinds(log, crosses) == [ExecType.NEW, ExecType.CANCELED]
    assert reports_of(log, crosses)[-1].text.startswith("SELF_TRADE")


async def test_a_cancel_ends_a_working_order_once(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.limit(BUY, "50000")
    await prism.venue.submit(order)

    first = await prism.venue.cancel(cancel_of(order))
    again = await prism.venue.cancel(cancel_of(order))

    assert first.is_accepted
    assert again.is_accepted
    assert kinds(log, order) == [ExecType.NEW, ExecType.CANCELED]
    assert prism.venue.floor.orders.open_count == 0


async def test_a_cancel_that_comes_after_the_fill_is_rejected_by_a_report(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.market(BUY)
    await prism.venue.submit(order)

    await prism.venue.cancel(cancel_of(order))

    last = reports_of(log, order)[-1]
    assert last.exec_type is ExecType.CANCEL_REJECTED
    assert last.cum_qty == order.order_qty


async def test_a_cancel_of_an_unknown_order_or_a_strangers_is_refused(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    theirs = orders.limit(BUY, "50000", account="a")
    await prism.venue.submit(theirs)
    as_another = orders.limit(BUY, "50000", account="b")
    stranger = cancel_of(as_another)
    stranger = msgspec.structs.replace(stranger, order_id=theirs.order_id)

    unknown = await prism.venue.cancel(cancel_of(as_another))
    refused = await prism.venue.cancel(stranger)

    assert not unknown.is_accepted
    assert not refused.is_accepted
    assert kinds(log, theirs) == [ExecType.NEW]


async def test_the_status_of_a_known_order_is_all_its_reports(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.market(BUY)
    await prism.venue.submit(order)

    status = await prism.venue.status(status_of(order))

    assert status.is_known
    assert list(status.reports) == reports_of(log, order)


async def test_an_order_that_was_said_to_be_unknown_is_never_executed(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.market(BUY)

    status = await prism.venue.status(status_of(order))
    ack = await prism.venue.submit(order)

    assert not status.is_known
    assert not ack.is_accepted
    assert ack.text.startswith("DISOWNED")
    assert reports_of(log, order) == []


async def test_direct_participants_trade_without_a_word_to_the_oms(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    order = orders.market(BUY)

    ack = await prism.venue.submit(order, is_direct=True)

    own = [report for report, is_direct in told(log).values() if is_direct]
    assert ack.is_accepted
    assert published(log) == []
    assert [r.exec_type for r in own][:2] == [ExecType.NEW, ExecType.TRADE]
    assert not (await prism.venue.cancel(cancel_of(order))).is_accepted
    check_conserved(prism)
    check_told(prism, log)


async def test_an_outsiders_trade_with_a_direct_participant_reaches_only_the_outsiders_oms(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    price = inside(prism)
    makes, takes = orders.limit(BUY, price), orders.limit(SELL, price)

    await prism.venue.submit(makes, is_direct=True)
    await prism.venue.submit(takes)

    assert kinds(log, makes) == []
    assert kinds(log, takes) == [ExecType.NEW, ExecType.TRADE]
    check_conserved(prism)
    check_told(prism, log)


async def test_while_the_log_is_away_nothing_is_answered_and_nothing_is_lost(
    prism: Prism, log: MemoryLog, clock: VirtualClock, orders: Orders
) -> None:
    order = orders.market(BUY)
    log.up.clear()
    asked = asyncio.ensure_future(prism.venue.submit(order))
    await prism.settle()
    stood_ns = prism.venue.floor.exchange.sim_ns
    clock.advance(SECOND)
    await prism.settle()

    assert not asked.done()
    assert prism.venue.floor.exchange.sim_ns == stood_ns

    log.up.set()
    ack = await asked
    assert ack.is_accepted
    assert kinds(log, order)[:2] == [ExecType.NEW, ExecType.TRADE]
    check_told(prism, log)


async def test_the_ping_tells_when_the_market_does_not_run(
    log: MemoryLog, clock: VirtualClock
) -> None:
    async with living(log, clock) as prism:
        await prism.settle()
        assert await prism.venue.ping() == ""
        clock.advance(5 * SECOND)

        assert "no round" in await prism.venue.ping()
    assert "not running" in await prism.venue.ping()


async def test_the_ping_tells_when_no_snapshot_is_taken(
    log: MemoryLog, clock: VirtualClock
) -> None:
    async with living(log, clock) as prism:
        append = prism.bus.append

        async def refuse(subject: Any, message: Any, **more: Any) -> Any:
            if isinstance(message, PrismSnapshot):
                raise CodecError("too large")
            return await append(subject, message, **more)

        prism.bus.append = refuse
        for passed_s, problem in ((59, ""), (2, "no snapshot for 61 s")):
            clock.advance(passed_s * SECOND)
            await prism.settle()
            assert (await prism.venue.ping()).split(":")[0] == problem
        prism.bus.append = append
        clock.advance(2 * SECOND)
        await prism.settle()
        assert await prism.venue.ping() == ""


async def test_an_order_after_the_end_is_unavailable_and_not_refused(
    log: MemoryLog, clock: VirtualClock, orders: Orders
) -> None:
    async with living(log, clock) as prism:
        await prism.settle()

    with pytest.raises(VenueUnavailableError):
        await prism.venue.submit(orders.market(BUY))


def a_snapshot() -> PrismSnapshot:
    return PrismSnapshot(
        sim_time_ns=NOW_NS, report_seq=0, holdings=(), last_mid_px={}, seed=7, restarts=0
    )
