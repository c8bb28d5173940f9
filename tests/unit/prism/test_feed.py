"""PRISM's feed rebuilds its book: by the exchange's own rules, without a gap within a life."""

import asyncio
from itertools import pairwise

import msgspec
from tests.prism import INSTRUMENTS, SECOND, Orders, Prism, a_clock, living

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.domain.market.feed import FeedState
from trade2026.domain.market.normalizer import step
from trade2026.domain.market.numeral import Numerals
from trade2026.domain.market.sync import BookSync, Rule
from trade2026.model.instrument import PRISM
from trade2026.model.market import Aggressor, RawBatch, Trade
from trade2026.model.order import Side
from trade2026.model.subjects import LIVE_PRISM_FEED
from trade2026.prism.feed import LIFE_STRIDE

SYMBOL = "BTCUSDT"


class Reader:
    """Reads the feed of one symbol as the normaliser does."""

    def __init__(self) -> None:
        self.state = FeedState(venue=PRISM, symbol=SYMBOL, sync=BookSync(rule=Rule.SPOT))
        self.batches: list[RawBatch] = []
        self.trades: list[Trade] = []
        self._numerals = Numerals()

    def on_batch(self, name: str, batch: RawBatch) -> None:
        del name
        if batch.symbol == SYMBOL:
            self.batches.append(batch)
            out = step(self.state, batch, self._numerals)
            assert out.faults == []
            self.trades.extend(out.trades)

    def check_book(self, prism: Prism) -> None:
        """Assert that the book read is the book there is."""
        instrument = INSTRUMENTS[SYMBOL]
        tick, lot = instrument.tick_size, instrument.lot_size
        bids, asks = prism.venue.floor.exchange.depth(SYMBOL, 1_000)
        book = self.state.sync.book
        assert bids
        assert asks
        assert [(i.px // tick, i.qty // lot) for i in book.best_bids(1_000)] == bids
        assert [(i.px // tick, i.qty // lot) for i in book.best_asks(1_000)] == asks


async def trade_a_while(prism: Prism, clock: VirtualClock, orders: Orders, rounds: int) -> None:
    for number in range(rounds):
        clock.advance(SECOND // 5)
        await prism.venue.submit(orders.market(Side.BUY if number % 2 else Side.SELL, "0.05"))
    # One pause longer than the pace, so that the last events are spoken too.
    clock.advance(SECOND // 5)
    await prism.settle()
    await asyncio.sleep(0.01)


async def test_the_feed_rebuilds_the_book_the_trades_and_the_best_prices() -> None:
    clock, reader = a_clock(), Reader()
    async with living(MemoryLog(), clock) as prism:
        await prism.bus.watch(LIVE_PRISM_FEED, reader.on_batch)
        await trade_a_while(prism, clock, Orders(clock), 40)

        reader.check_book(prism)
        tape = prism.venue.floor.tapes[SYMBOL]
        tick, lot = INSTRUMENTS[SYMBOL].tick_size, INSTRUMENTS[SYMBOL].lot_size
        assert [
            (t.ts_event_ns, t.px // tick, t.qty // lot, t.aggressor_side) for t in reader.trades
        ] == [(t.time_ns, t.ticks, t.lots, Aggressor(t.side)) for t in tape]
        assert [int(t.trade_id) for t in reader.trades] == list(range(1, len(tape) + 1))
        quote, top = reader.state.quote, prism.venue.floor.exchange.depth(SYMBOL, 1)
        assert quote is not None
        assert (quote.best_bid_px // tick, quote.best_ask_px // tick) == (
            top[0][0][0],
            top[1][0][0],
        )
    assert reader.state.sync.is_synced
    assert reader.state.sync.gap_count == 0
    assert reader.state.counts.missed_frames == 0


async def test_updates_follow_one_another_and_a_new_life_begins_above_the_last() -> None:
    log, clock = MemoryLog(), a_clock()
    reader, orders = Reader(), Orders(clock)
    for _ in range(2):
        async with living(log, clock) as prism:
            await prism.bus.watch(LIVE_PRISM_FEED, reader.on_batch)
            await trade_a_while(prism, clock, orders, 10)
            reader.check_book(prism)

    frames = [msgspec.json.decode(f.payload) for b in reader.batches for f in b.frames]
    updates = [f["data"] for f in frames if f.get("stream", "").endswith("@depth")]
    first, second = ([u for u in updates if u["u"] // LIFE_STRIDE == life] for life in (0, 1))
    for life in (first, second):
        assert len(life) > 5
        assert all(b["U"] == a["u"] + 1 for a, b in pairwise(life))
        assert all(u["U"] <= u["u"] for u in life)
    assert len({batch.session for batch in reader.batches}) == 2


async def test_a_snapshot_comes_at_the_start_and_every_two_seconds() -> None:
    clock, reader = a_clock(), Reader()
    async with living(MemoryLog(), clock) as prism:
        await prism.bus.watch(LIVE_PRISM_FEED, reader.on_batch)
        for _ in range(30):
            clock.advance(SECOND // 5)
            await prism.settle()

    frames = [msgspec.json.decode(f.payload) for b in reader.batches for f in b.frames]
    times = [f["N"] for f in frames if "lastUpdateId" in f]
    assert len(times) >= 3
    assert all(2 * SECOND <= b - a <= 3 * SECOND for a, b in pairwise(times))
