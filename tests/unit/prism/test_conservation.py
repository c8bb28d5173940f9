"""Thousands of random orders, prices beyond reason, cancels on paper: nothing is created."""

import asyncio

from tests.factories import NOW_NS, px, qty
from tests.prism import (
    FOK,
    IOC,
    SECOND,
    Orders,
    a_clock,
    cancel_of,
    check_conserved,
    check_told,
    living,
    published,
    told,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.numbers import format_nanos
from trade2026.model.execution import ExecType
from trade2026.model.market import BookBatch, BookSnapshot, Level
from trade2026.model.order import NewOrderSingle, Side

BUY, SELL = Side.BUY, Side.SELL


async def test_a_price_beyond_what_the_market_can_hold_ends_in_one_way_and_harms_nobody() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    far = [orders.limit(side, "999999999.99", "0.01") for side in Side]
    async with living(log, clock) as prism:
        for _ in range(4):
            clock.advance(SECOND)
            await prism.settle()

        for order in far:
            assert (await prism.venue.submit(order)).is_accepted

        check_conserved(prism)
        check_told(prism, log)
    kinds = {r.exec_type for r in published(log)}
    assert kinds <= {ExecType.NEW, ExecType.TRADE, ExecType.REJECTED}
    assert {r.order_id for r in published(log)} == {order.order_id for order in far}


async def test_a_paper_order_that_rests_is_cancelled_by_its_owner() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).limit(BUY, "59000")
    snapshot = BookSnapshot(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        seq=1,
        bids=(Level(px("60000"), qty("1")),),
        asks=(Level(px("60001"), qty("1")),),
    )
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(BookBatch(venue="BINANCE", symbol="BTCUSDT", snapshot=snapshot))
        await prism.venue.submit(order)

        await prism.venue.cancel(cancel_of(order))

        check_conserved(prism, agents=0)
        check_told(prism, log)
    assert [r.exec_type for r in published(log)] == [ExecType.NEW, ExecType.CANCELED]


async def test_thousands_of_random_orders_conserve_everything_to_the_nano() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock) as prism:
        for _ in range(4):
            clock.advance(SECOND)
            await prism.settle()
        random = chance.stream(1, "outsiders")
        sent: list[NewOrderSingle] = []
        for _ in range(40):
            bids, asks = prism.venue.floor.exchange.depth("BTCUSDT", 1)
            mid = (bids[0][0] + asks[0][0]) // 2
            batch: list[NewOrderSingle] = []
            for _ in range(50):
                side = BUY if random.random() < 0.5 else SELL
                account = f"a{random.integers(3)}"
                size = format_nanos(int(random.integers(10, 50_000)) * qty("0.00001"))
                price = format_nanos((mid + int(random.integers(-400, 400))) * qty("0.01"))
                force = (IOC, FOK)[random.integers(2)] if random.random() < 0.3 else None
                changes = {} if force is None else {"time_in_force": force}
                if random.random() < 0.3:
                    batch.append(orders.market(side, size, account=account))
                else:
                    batch.append(orders.limit(side, price, size, account=account, **changes))
            is_direct = bool(random.integers(2))
            await asyncio.gather(*(prism.venue.submit(o, is_direct=is_direct) for o in batch))
            sent += batch
            cancels = [cancel_of(sent[random.integers(len(sent))]) for _ in range(20)]
            await asyncio.gather(*(prism.venue.cancel(c, is_direct=is_direct) for c in cancels))
            clock.advance(SECOND // 5)
            await prism.settle()

        kinds_seen = {report.exec_type for report, _ in told(log).values()}
        assert kinds_seen >= {
            ExecType.NEW,
            ExecType.TRADE,
            ExecType.CANCELED,
            ExecType.EXPIRED,
            ExecType.CANCEL_REJECTED,
        }
        assert any(r.contra == "outsider" for r, _ in told(log).values())
        check_conserved(prism)
        check_told(prism, log)
