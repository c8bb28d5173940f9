"""PRISM on paper: a recorded book on the bus's own messages, orders through the venue."""

from tests.factories import NOW_NS, px, qty
from tests.prism import (
    SECOND,
    Orders,
    Prism,
    a_clock,
    check_conserved,
    check_told,
    living,
    published,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.model.execution import ExecType, LastLiquidityInd
from trade2026.model.instrument import BINANCE, PRISM
from trade2026.model.market import (
    Aggressor,
    BookBatch,
    BookDelta,
    BookSnapshot,
    Level,
    Trade,
    TradeBatch,
)
from trade2026.model.order import NewOrderSingle, Side
from trade2026.prism.paper_market import RECORDED

BUY, SELL = Side.BUY, Side.SELL


def levels(*pairs: tuple[str, str]) -> tuple[Level, ...]:
    return tuple(Level(px(price), qty(quantity)) for price, quantity in pairs)


def a_book(*deltas: BookDelta, venue: str = BINANCE) -> BookBatch:
    """Return bids 59990x1, 59980x1 against asks 60000x0.5, 60010x1 at sequence 10."""
    snapshot = BookSnapshot(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        seq=10,
        bids=levels(("59990", "1"), ("59980", "1")),
        asks=levels(("60000", "0.5"), ("60010", "1")),
    )
    return BookBatch(venue=venue, symbol="BTCUSDT", snapshot=snapshot, deltas=deltas)


def a_delta(prev_seq: int, seq: int, **sides: tuple[Level, ...]) -> BookDelta:
    return BookDelta(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        prev_seq=prev_seq,
        seq=seq,
        bids=sides.get("bids", ()),
        asks=sides.get("asks", ()),
    )


def deltas(*records: BookDelta) -> BookBatch:
    return BookBatch(venue=BINANCE, symbol="BTCUSDT", deltas=records)


def a_print(price: str, quantity: str, aggressor: Aggressor) -> TradeBatch:
    trade = Trade(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        trade_id="1",
        px=px(price),
        qty=qty(quantity),
        aggressor_side=aggressor,
    )
    return TradeBatch(venue=BINANCE, symbol="BTCUSDT", records=(trade,))


def fills(log: MemoryLog, order: NewOrderSingle) -> list[tuple[int, int]]:
    return [
        (r.last_px, r.last_qty)
        for r in published(log)
        if r.order_id == order.order_id and r.exec_type is ExecType.TRADE
    ]


def last(log: MemoryLog, order: NewOrderSingle) -> ExecType:
    return [r.exec_type for r in published(log) if r.order_id == order.order_id][-1]


async def settle(prism: Prism) -> None:
    prism.venue.stir()
    await prism.settle()


async def test_an_order_fills_from_the_recorded_book_against_the_recording() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).market(BUY, "0.7")
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(a_book())

        await prism.venue.submit(order)

        check_conserved(prism, agents=0)
        check_told(prism, log)
    assert fills(log, order) == [(px("60000"), qty("0.5")), (px("60010"), qty("0.2"))]
    assert {r.contra for r in published(log)} == {"", RECORDED}


async def test_a_resting_order_fills_by_the_recordings_trades_as_maker() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).limit(BUY, "59990", "0.3")
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(a_book())
        await prism.venue.submit(order)

        prism.paper.on_trades(a_print("59990", "1.1", Aggressor.SELL))
        prism.paper.on_trades(a_print("59985", "5", Aggressor.SELL))
        await settle(prism)

        check_conserved(prism, agents=0)
        check_told(prism, log)
    assert fills(log, order) == [(px("59990"), qty("0.1")), (px("59990"), qty("0.2"))]
    assert published(log)[-1].last_liquidity_ind is LastLiquidityInd.ADDED


async def test_nothing_fills_on_a_guess_after_a_gap_until_the_next_snapshot() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    rests, early, late = (
        orders.limit(BUY, "59995"),
        orders.market(BUY),
        orders.market(BUY),
    )
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(a_book())
        await prism.venue.submit(rests)

        prism.paper.on_book(deltas(a_delta(11, 12, asks=levels(("59995", "1")))))
        await settle(prism)
        await prism.venue.submit(early)
        prism.paper.on_book(a_book())
        await prism.venue.submit(late)

    assert fills(log, rests) == []
    assert last(log, early) is ExecType.REJECTED
    assert fills(log, late) == [(px("60000"), qty("0.01"))]


async def test_old_deltas_and_prisms_own_market_data_are_passed_over() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).limit(BUY, "59995")
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(a_book(a_delta(10, 11)))
        await prism.venue.submit(order)

        prism.paper.on_book(deltas(a_delta(9, 10, asks=levels(("59995", "1")))))
        prism.paper.on_book(
            BookBatch(venue=PRISM, symbol="BTCUSDT", deltas=a_book(venue=PRISM).deltas)
        )
        await settle(prism)

        assert fills(log, order) == []
        prism.paper.on_book(deltas(a_delta(11, 12, asks=levels(("59995", "1")))))
        await settle(prism)
    assert fills(log, order) == [(px("59995"), qty("0.01"))]


async def test_recorded_prices_off_the_grid_are_not_seen() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).market(BUY, "1")
    batch = BookBatch(
        venue=BINANCE,
        symbol="BTCUSDT",
        snapshot=BookSnapshot(
            ts_event_ns=NOW_NS,
            ts_recv_ns=NOW_NS,
            seq=1,
            bids=(),
            asks=levels(("60000.001", "5"), ("60001", "0.000019")),
        ),
    )
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(batch)

        await prism.venue.submit(order)

    assert fills(log, order) == [(px("60001"), qty("0.00001"))]
    assert last(log, order) is ExecType.EXPIRED


async def test_a_paper_fill_after_the_snapshot_is_booked_on_both_sides_in_the_next_life() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()
        prism.paper.on_book(a_book())
        await prism.venue.submit(orders.market(BUY, "0.7"))

    clock.advance(SECOND)
    async with living(log, clock, is_paper=True) as prism:
        await prism.settle()

        held = {h.party: h for h in prism.venue.floor.all_holdings() if h.symbol == "BTCUSDT"}
        assert held["account:default"].inventory == qty("0.7")
        assert held[RECORDED].inventory == -qty("0.7")
        check_conserved(prism, agents=0)
        check_told(prism, log)
