"""The normaliser tells each thing once, comes back where it was, and loses nothing to an outage."""

import asyncio
from typing import Any

import structlog
from tests import feeds
from tests.factories import NOW_NS
from tests.feeds import batch

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.errors import StartError
from trade2026.core.ids import EventId
from trade2026.desk.normalizing import Checkpoint, NormalizerDesk
from trade2026.model import codec
from trade2026.model.market import BookSnapshot, RawBatch, Ticker, TradeBatch
from trade2026.model.subjects import (
    FRAME_REJECT,
    LIVE_BOOK,
    LIVE_TICKER,
    LIVE_TRADE,
    MARKET_BAR,
    MARKET_BOOK,
    MARKET_RAW,
    MARKET_TRADE,
    Event,
    Stream,
)
from trade2026.ports.bus import Subscription

MS = 1_723_161_300_000
SNAPSHOT = feeds.snapshot(10, [("99", "1")], [("101", "3")])


class Kept:
    """A checkpoint in memory."""

    def __init__(self) -> None:
        self.content: bytes | None = None

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        self.content = content


class Full(Kept):
    """Somewhere that takes none."""

    def write(self, content: bytes) -> None:
        del content
        raise StartError("no space left")


class Rig:
    """A log, a clock and a checkpoint that outlive the normaliser on them."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.clock = VirtualClock(NOW_NS)
        self.kept = Kept()
        self.bus = LocalBus(self.log, self.clock, with_codec=True)

    async def start(self) -> tuple[NormalizerDesk, Subscription]:
        desk = NormalizerDesk(self.bus, self.clock, structlog.get_logger(), self.kept)
        folding = await self.bus.fold(MARKET_RAW, desk.on_raw, from_seq=await desk.begin())
        return desk, folding

    async def feed(self, raw: RawBatch) -> None:
        event_id = EventId(f"{raw.session}-{raw.first_index}")
        await self.bus.append(
            MARKET_RAW, raw, event_id=event_id, venue=raw.venue, symbol=raw.symbol
        )

    async def told(self, subject: Event[Any]) -> list[Any]:
        """Return every message of *subject* in the log."""
        found: list[Any] = []

        async def note(message: object, _: object) -> None:
            found.append(message)

        await (await self.bus.fold(subject, note)).stop()
        return found

    def market_count(self) -> int:
        return len(self.log.records(Stream.MARKET))


def a_batch(first: int, *numbers: int) -> RawBatch:
    frames = [feeds.trade(number, "100", "1", MS + number) for number in numbers]
    return batch(*frames, first=first, recv_ns=NOW_NS + first)


async def test_a_batch_becomes_events_of_each_kind() -> None:
    rig = Rig()
    await rig.feed(batch(SNAPSHOT, feeds.trade(1, "100", "1", MS), b"junk"))

    desk, folding = await rig.start()
    await folding.stop()

    (trades,) = await rig.told(MARKET_TRADE)
    (rejected,) = await rig.told(FRAME_REJECT)
    assert isinstance(trades, TradeBatch)
    assert [trade.trade_id for trade in trades.records] == ["1"]
    assert [(record.index, record.code) for record in rejected.records] == [(2, "NOT_JSON")]
    assert desk.feeds["BINANCE", "BTCUSDT"].state.sync.is_synced


async def test_a_venue_nobody_speaks_is_put_aside_whole() -> None:
    rig = Rig()
    await rig.feed(batch(SNAPSHOT, b"junk", venue="NOWHERE"))

    _, folding = await rig.start()
    await folding.stop()

    (rejected,) = await rig.told(FRAME_REJECT)
    assert [record.code for record in rejected.records] == ["UNKNOWN_VENUE", "UNKNOWN_VENUE"]
    assert rig.market_count() == 0


async def test_after_a_restart_the_book_is_in_sync_without_a_new_snapshot() -> None:
    rig = Rig()
    await rig.feed(batch(SNAPSHOT))
    desk, folding = await rig.start()
    await desk.save()
    await folding.stop()

    await rig.feed(batch(feeds.depth(11, 12, [("99.5", "4")]), first=1))
    again, folding = await rig.start()
    await folding.stop()

    state = again.feeds["BINANCE", "BTCUSDT"].state
    assert (state.sync.is_synced, state.sync.book.seq, state.sync.gap_count) == (True, 12, 0)


async def test_what_is_folded_again_after_a_crash_is_in_the_log_once() -> None:
    rig = Rig()
    await rig.feed(batch(SNAPSHOT, feeds.depth(11, 12)))
    await rig.feed(a_batch(2, 1, 2, 1_500))
    _, folding = await rig.start()
    await folding.stop()
    before = rig.market_count()

    # No checkpoint was kept: everything is folded again.
    _, folding = await rig.start()
    await folding.stop()

    assert rig.market_count() == before


async def test_trades_are_not_told_again_when_the_log_has_forgotten_their_ids() -> None:
    rig = Rig()
    await rig.feed(a_batch(0, 1, 2))
    _, folding = await rig.start()
    await folding.stop()
    await rig.feed(a_batch(2, 3))

    rig.log._ids.clear()  # pyright: ignore[reportPrivateUsage] - a server's window has passed.
    _, folding = await rig.start()
    await folding.stop()

    told = await rig.told(MARKET_TRADE)
    assert [[trade.trade_id for trade in one.records] for one in told] == [["1", "2"], ["3"]]


async def test_a_checkpoint_of_another_log_is_not_used() -> None:
    rig, other = Rig(), Rig()
    for first in range(3):
        await rig.feed(a_batch(first, first))
    desk, folding = await rig.start()
    await desk.save()
    await folding.stop()

    other.kept = rig.kept
    await other.feed(a_batch(0, 1))
    again, folding = await other.start()
    await folding.stop()

    assert again.feeds["BINANCE", "BTCUSDT"].state.counts.trades == 1


async def test_an_unreadable_checkpoint_costs_only_time() -> None:
    rig = Rig()
    await rig.feed(a_batch(0, 1))
    rig.kept.content = b"\x01broken"

    desk, folding = await rig.start()
    await folding.stop()

    assert desk.feeds["BINANCE", "BTCUSDT"].state.counts.trades == 1


async def test_a_checkpoint_that_cannot_be_kept_stops_nothing() -> None:
    rig = Rig()
    rig.kept = Full()
    desk, folding = await rig.start()
    await rig.feed(a_batch(0, 1))
    await asyncio.sleep(0.02)

    await desk.save()
    await rig.feed(a_batch(1, 2))
    await asyncio.sleep(0.02)
    await folding.stop()

    assert desk.feeds["BINANCE", "BTCUSDT"].state.counts.trades == 2


async def test_a_checkpoint_of_an_older_form_is_not_used() -> None:
    rig = Rig()
    await rig.feed(a_batch(0, 1))
    rig.kept.content = codec.encode(Checkpoint(form=0, raw_seq=1, feeds=[]))

    desk, folding = await rig.start()
    await folding.stop()

    assert desk.feeds["BINANCE", "BTCUSDT"].state.counts.trades == 1


async def test_a_gap_is_told_as_an_empty_book() -> None:
    rig = Rig()
    await rig.feed(batch(SNAPSHOT, feeds.depth(20, 21)))

    _, folding = await rig.start()
    await folding.stop()

    first, lost = await rig.told(MARKET_BOOK)
    assert (first.snapshot.seq, len(first.snapshot.bids)) == (10, 1)
    assert (lost.snapshot.bids, lost.snapshot.asks, lost.deltas) == ((), (), ())


async def test_a_running_normaliser_shows_and_keeps_by_itself() -> None:
    rig = Rig()
    tickers: list[Ticker] = []
    await rig.bus.watch(LIVE_TICKER, lambda _, ticker: tickers.append(ticker))
    await rig.feed(a_batch(0, 1))
    desk, folding = await rig.start()

    running = asyncio.ensure_future(desk.run())
    async with asyncio.timeout(5):
        while not (tickers and rig.kept.content):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    running.cancel()
    await folding.stop()
    await rig.bus.close()

    assert tickers[0].trade_count == 1


async def test_an_outage_is_waited_for_and_nothing_is_lost() -> None:
    rig = Rig()
    _, folding = await rig.start()
    await rig.feed(a_batch(0, 1))
    await asyncio.sleep(0)

    rig.log.up.clear()
    await asyncio.sleep(0.05)
    rig.log.up.set()
    await rig.feed(a_batch(1, 2))
    async with asyncio.timeout(5):
        while rig.market_count() < 2:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
    await folding.stop()

    told = await rig.told(MARKET_TRADE)
    assert [[trade.trade_id for trade in one.records] for one in told] == [["1"], ["2"]]


async def test_the_clock_closes_bars_when_the_feed_is_silent() -> None:
    rig = Rig()
    await rig.feed(a_batch(0, 1))
    desk, folding = await rig.start()

    await desk.close_bars()
    early = await rig.told(MARKET_BAR)
    rig.clock.advance(2 * NS_PER_S)
    await desk.close_bars()
    await folding.stop()

    (bars,) = await rig.told(MARKET_BAR)
    assert (early, bars.records[0].volume_qty) == ([], 10**9)


async def test_live_copies_are_the_latest_of_what_changed() -> None:
    rig = Rig()
    tickers: list[Ticker] = []
    books: list[BookSnapshot] = []
    trades: list[TradeBatch] = []
    await rig.bus.watch(LIVE_TICKER, lambda _, ticker: tickers.append(ticker))
    await rig.bus.watch(LIVE_BOOK, lambda _, book: books.append(book))
    await rig.bus.watch(LIVE_TRADE, lambda _, batch: trades.append(batch))
    await rig.feed(batch(SNAPSHOT, feeds.trade(1, "100", "1", MS)))
    desk, folding = await rig.start()
    await rig.feed(batch(feeds.trade(2, "102", "1", MS), first=2))
    await asyncio.sleep(0.02)

    desk.show()
    desk.show()
    await asyncio.sleep(0.02)
    await folding.stop()

    assert [ticker.last_px for ticker in tickers] == [102 * 10**9]
    assert [book.seq for book in books] == [10]
    assert [[trade.trade_id for trade in one.records] for one in trades] == [["1", "2"]]
    await rig.bus.close()
