"""Phases and bands: what they do to outsiders' orders, and that they hold and are replayed."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from tests.prism import (
    SECOND,
    Orders,
    Prism,
    a_clock,
    cancel_of,
    check_conserved,
    check_told,
    living,
    published,
    told,
)
from tests.unit.prism.test_control import do, market_of, pass_time
from tests.unit.prism.test_feed import Reader
from tests.unit.prism.test_replay import HOUSE, Crowd, read

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import TimeNs, VirtualClock
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Bps, Px, fee_of, value_of
from trade2026.model.execution import ExecType, ExecutionReport, LastLiquidityInd
from trade2026.model.order import NewOrderSingle, Side, TimeInForce
from trade2026.model.prism import BookPhase, ControlKind, PrismBand, PrismPhase
from trade2026.model.subjects import LIVE_PRISM_FEED
from trade2026.prism.archive import Archive
from trade2026.prism.days import DayEnds
from trade2026.prism.outside import OutsideOrders, order_of
from trade2026.prism.replay import play_again

BUY, SELL = Side.BUY, Side.SELL
BTC, AAPL = "BTCUSDT", "AAPL"
E, K, P = ExecType, ControlKind, BookPhase


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
        await pass_time(prism, 4)
        yield prism


async def begin(prism: Prism, phase: BookPhase, *symbols: str) -> None:
    await do(prism, K.PHASE, phase=PrismPhase(symbols=symbols or (BTC,), phase=phase))


async def band(prism: Prism, low: str, high: str, symbol: str = BTC) -> None:
    low_px, high_px = (Px(int(text) * 10**9) for text in (low, high))
    await do(prism, K.BAND, bands=(PrismBand(symbol=symbol, low=low_px, high=high_px),))


def reports_of(log: MemoryLog, order: NewOrderSingle) -> list[ExecutionReport]:
    return [report for report, _ in told(log).values() if report.order_id == order.order_id]


def last_of(log: MemoryLog, order: NewOrderSingle) -> tuple[ExecType, str]:
    report = reports_of(log, order)[-1]
    return report.exec_type, report.text.partition(" ")[0]


async def test_a_halted_book_takes_no_order_and_gives_up_what_rests(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    rests, late = orders.limit(BUY, "50000"), orders.limit(BUY, "50000")
    elsewhere = orders.limit(BUY, "140", "1", symbol=AAPL)
    await prism.venue.submit(rests)
    await begin(prism, P.HALTED)
    events = prism.venue.mark.events
    await pass_time(prism, 3)

    await prism.venue.submit(late)
    await prism.venue.submit(elsewhere)
    await prism.venue.cancel(cancel_of(rests))

    assert prism.venue.mark.events > events
    assert last_of(log, late) == (E.REJECTED, "WRONG_PHASE")
    assert last_of(log, elsewhere)[0] is E.NEW
    assert last_of(log, rests)[0] is E.CANCELED
    check_told(prism, log)


async def test_what_an_auction_gathers_trades_at_its_end_and_is_booked(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    buys = orders.limit(BUY, "61000", "2", account="buyer")
    sells = orders.limit(SELL, "59000", "3", account="seller")
    direct = orders.limit(BUY, "61000", "0.5", account="direct")
    await begin(prism, P.AUCTION)
    market = orders.market(BUY)
    for order in (buys, sells, market):
        await prism.venue.submit(order)
    await prism.venue.submit(direct, is_direct=True)
    await pass_time(prism, 1)
    bids, asks = prism.venue.floor.exchange.depth(BTC, 1)
    assert bids[0][0] > asks[0][0]
    assert all(report.exec_type is not E.TRADE for report, _ in told(log).values())

    await begin(prism, P.CONTINUOUS)

    fills = [r for r, _ in told(log).values() if r.exec_type is E.TRADE]
    assert last_of(log, market) == (E.REJECTED, "WRONG_PHASE")
    assert len({fill.last_px for fill in fills}) == 1
    assert {fill.last_liquidity_ind for fill in fills} == {LastLiquidityInd.ADDED}
    assert [r.leaves_qty for r in reports_of(log, buys)][-1] == 0
    assert [r.leaves_qty for r in reports_of(log, direct)][-1] == 0
    assert sum(r.last_qty for r in reports_of(log, sells)) >= 2_500_000_000
    for fill in fills:
        assert fill.fee == fee_of(value_of(fill.last_px, fill.last_qty), Bps(HOUSE.fees.maker_bps))
    assert {r.order_id for r in published(log) if r.exec_type is E.TRADE} >= {
        buys.order_id,
        sells.order_id,
    }
    check_conserved(prism)
    check_told(prism, log)


async def test_an_auctions_crossed_book_is_not_told_and_comes_whole_afterwards(
    prism: Prism, orders: Orders
) -> None:
    reader = Reader()
    await prism.bus.watch(LIVE_PRISM_FEED, reader.on_batch)
    await pass_time(prism, 3)
    await begin(prism, P.AUCTION)
    # Two prices a side: the auction's own price is a level that the other side's trades pass.
    for side, price, quantity in (
        (BUY, "61000", "2"),
        (BUY, "60500", "1"),
        (BUY, "60000", "9"),
        (SELL, "59000", "2"),
        (SELL, "60000", "4"),
        (SELL, "60400", "9"),
    ):
        await prism.venue.submit(orders.limit(side, price, quantity, account=f"a{price}"))
        await pass_time(prism, 1)
    said = len(reader.batches)
    await pass_time(prism, 5)
    assert len(reader.batches) == said

    await begin(prism, P.CONTINUOUS)
    await pass_time(prism, 1)
    await asyncio.sleep(0.01)

    assert len(reader.batches) > said
    assert reader.trades
    reader.check_book(prism)


async def test_orders_for_the_day_end_when_their_book_closes(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    day = orders.limit(BUY, "50000", time_in_force=TimeInForce.DAY)
    direct = orders.limit(BUY, "50000", time_in_force=TimeInForce.DAY, account="direct")
    stays = orders.limit(BUY, "50000")
    await prism.venue.submit(day)
    await prism.venue.submit(direct, is_direct=True)
    await prism.venue.submit(stays)

    await begin(prism, P.CLOSED)

    assert last_of(log, day) == last_of(log, direct) == (E.EXPIRED, "EXPIRED")
    assert last_of(log, stays)[0] is E.NEW
    assert published(log)[-1].order_id == day.order_id
    check_told(prism, log)


@pytest.mark.parametrize("stride_s", [1, 10])
async def test_an_order_for_the_day_ends_exactly_with_its_day(
    prism: Prism, log: MemoryLog, orders: Orders, stride_s: int
) -> None:
    ends_ns = TimeNs(prism.venue.floor.exchange.sim_ns + 7 * SECOND + 5)
    terms: dict[str, Any] = {"time_in_force": TimeInForce.DAY, "expire_ns": ends_ns}
    ends, gone = orders.limit(BUY, "50000", **terms), orders.limit(BUY, "50000", **terms)
    await prism.venue.submit(ends)
    await prism.venue.submit(gone)
    await prism.venue.cancel(cancel_of(gone))
    for _ in range(20 // stride_s):
        prism.clock.advance(stride_s * SECOND)
        await prism.settle()
    late = orders.limit(BUY, "50000", **terms)
    await prism.venue.submit(late)

    report = reports_of(log, ends)[-1]
    assert (report.exec_type, report.ts_event_ns) == (E.EXPIRED, ends_ns)
    assert last_of(log, gone)[0] is E.CANCELED
    assert last_of(log, late) == (E.REJECTED, "TOO_LATE")
    check_told(prism, log)


def test_the_ends_of_orders_that_are_done_are_let_go_of(orders: Orders) -> None:
    known = OutsideOrders()
    ends = DayEnds(known)
    for number in range(1, 5_000):
        request = orders.limit(BUY, "1", time_in_force=TimeInForce.DAY, expire_ns=number)
        order = order_of(request, is_direct=True, input_seq=1, number=number, venue_order_id="")
        order.ended_by = None if number in {7, 4_000} else E.CANCELED
        ends.note(order)

    assert len(ends) < 1_100
    found = [ends.take(10_000) for _ in range(3)]
    assert [one and one[0] for one in found] == [7, 4_000, None]


async def test_a_band_refuses_what_lies_outside_until_it_is_taken_away(
    prism: Prism, log: MemoryLog, orders: Orders
) -> None:
    low, inside = orders.limit(BUY, "50000"), orders.limit(BUY, "59500")
    again = orders.limit(BUY, "50000")
    await band(prism, "59000", "61000")

    await prism.venue.submit(low)
    await prism.venue.submit(inside)
    stage = market_of(prism).stage(BTC)
    await band(prism, "0", "0")
    await prism.venue.submit(again)

    assert (stage.low, stage.high) == (59_000 * 10**9, 61_000 * 10**9)
    assert last_of(log, low) == (E.REJECTED, "OUT_OF_BAND")
    assert last_of(log, inside)[0] is E.NEW
    assert last_of(log, again)[0] is E.NEW


async def test_phases_and_bands_hold_over_a_crash_and_end_with_a_reset(
    log: MemoryLog, clock: VirtualClock, tmp_path: Path
) -> None:
    archive = Archive(tmp_path, structlog.get_logger())
    async with living(log, clock, archive=archive) as prism:
        await pass_time(prism, 4)
        await band(prism, "100", "200", AAPL)
        await pass_time(prism, 2)
        # This one is in the log only, behind the last snapshot.
        await begin(prism, P.HALTED, BTC, AAPL)
    for _ in range(2):
        async with living(log, clock, archive=archive) as prism:
            market = market_of(prism)
            await pass_time(prism, 2)
            assert [market.stage(s).phase for s in (BTC, AAPL)] == [P.HALTED, P.HALTED]
            assert (market.stage(AAPL).low, market.stage(AAPL).high) == (100 * 10**9, 200 * 10**9)
            assert market.stage(BTC).low == 0
    async with living(log, clock, archive=archive) as prism:
        await do(prism, K.RESET)
        market = market_of(prism)
        assert [market.stage(s).phase for s in (BTC, AAPL)] == [P.CONTINUOUS, P.CONTINUOUS]
        assert market.stage(AAPL).high == 0
        assert prism.venue.life.stages == ()


@pytest.mark.parametrize("seed", range(4))
async def test_a_life_of_phases_bands_and_days_is_replayed_to_the_same_hash(seed: int) -> None:
    log, clock = MemoryLog(), a_clock()
    crowd = Crowd(clock, seed)
    phases = [P.AUCTION, P.CONTINUOUS, P.HALTED, P.AUCTION, P.CLOSED, P.CONTINUOUS]
    async with living(log, clock) as prism:
        await pass_time(prism, 4)
        for number, phase in enumerate(phases):
            ends_ns = TimeNs(prism.venue.floor.exchange.sim_ns + (number + 1) * SECOND)
            for _ in range(3):
                day = crowd.orders.limit(
                    BUY, "59990", time_in_force=TimeInForce.DAY, expire_ns=ends_ns
                )
                await prism.venue.submit(day, is_direct=number % 2 == 0)
                await crowd.act(prism)
            await begin(prism, phase, BTC, AAPL)
            await band(prism, str(59_000 + number), "61000")
        for _ in range(6):
            await crowd.act(prism)
        await pass_time(prism, 3)
        check_conserved(prism)
        check_told(prism, log)
    assert any(r.exec_type is E.EXPIRED for r, _ in told(log).values())

    played = play_again(await read(log), HOUSE)

    assert played.is_equal
    assert played.events > 200


@pytest.mark.parametrize(
    ("control", "field"),
    [
        ({"kind": K.PHASE, "phase": PrismPhase(symbols=(), phase=P.HALTED)}, "symbol"),
        ({"kind": K.PHASE, "phase": PrismPhase(symbols=("X",), phase=P.HALTED)}, "symbol"),
        ({"kind": K.BAND}, "symbol"),
        ({"kind": K.BAND, "bands": (PrismBand(symbol="X", low=Px(1), high=Px(1)),)}, "symbol"),
        ({"kind": K.BAND, "bands": (PrismBand(symbol=BTC, low=Px(5), high=Px(10**10)),)}, "low"),
        (
            {"kind": K.BAND, "bands": (PrismBand(symbol=BTC, low=Px(10**9), high=Px(0)),)},
            "high",
        ),
        (
            {"kind": K.BAND, "bands": (PrismBand(symbol=BTC, low=Px(10**9), high=Px(10**19)),)},
            "high",
        ),
        (
            {"kind": K.BAND, "bands": (PrismBand(symbol=BTC, low=Px(2 * 10**9), high=Px(10**9)),)},
            "high",
        ),
    ],
)
async def test_what_no_book_can_be_told_is_refused_by_its_field(
    prism: Prism, control: dict[str, object], field: str
) -> None:
    kind = control["kind"]
    assert isinstance(kind, ControlKind)
    with pytest.raises(InvalidInputError) as caught:
        await do(prism, kind, **{k: v for k, v in control.items() if k != "kind"})

    assert caught.value.field == field
    assert msgspec.structs.asdict(market_of(prism).stage(BTC))["phase"] is P.CONTINUOUS
