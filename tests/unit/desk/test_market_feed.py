"""Feeds reach the log as they came: PRISM's bounded and counted, a recording's without loss."""

import asyncio
from collections.abc import Iterator

import structlog
from tests import feeds
from tests.feeds import batch

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_MS, SystemClock, VirtualClock
from trade2026.core.errors import StartError
from trade2026.desk.market_feed import (
    BATCH_BYTES,
    BATCH_LIMIT,
    QUEUE_LIMIT,
    Frames,
    PrismFeed,
    ReplayFeed,
)
from trade2026.model.instrument import BINANCE, PRISM
from trade2026.model.market import RawBatch
from trade2026.model.subjects import MARKET_RAW

LOG = structlog.get_logger()


def a_bus() -> LocalBus:
    return LocalBus(MemoryLog(), SystemClock(), with_codec=True)


async def logged(bus: LocalBus) -> list[RawBatch]:
    """Return every raw batch in the log."""
    found: list[RawBatch] = []

    async def note(message: RawBatch, _: object) -> None:
        found.append(message)

    await (await bus.fold(MARKET_RAW, note)).stop()
    return found


def a_replay(bus: LocalBus, frames: list[tuple[int, bytes]], speed: float = 0) -> ReplayFeed:
    return ReplayFeed(
        bus,
        SystemClock(),
        LOG,
        venue=BINANCE,
        symbol=feeds.SYMBOL,
        session="run",
        frames=lambda: iter(frames),
        speed=speed,
    )


async def test_prisms_batches_are_logged_with_the_time_of_their_arrival() -> None:
    bus = a_bus()
    feed = PrismFeed(bus, VirtualClock(77), LOG)
    running = asyncio.ensure_future(feed.run())

    feed.on_batch("", batch(b"a", b"b", first=5, venue=PRISM, session="life"))
    await asyncio.sleep(0.05)
    running.cancel()

    (told,) = await logged(bus)
    assert (told.first_index, told.session) == (5, "life")
    assert [(frame.payload, frame.ts_recv_ns) for frame in told.frames] == [(b"a", 77), (b"b", 77)]
    assert (feed.status.state, feed.status.frame_count) == ("running", 2)


async def test_while_the_log_is_away_the_oldest_are_dropped_and_counted() -> None:
    feed = PrismFeed(a_bus(), VirtualClock(), LOG)

    for number in range(QUEUE_LIMIT + 3):
        feed.on_batch("", batch(b"x", first=number, venue=PRISM))

    assert feed.status.dropped_count == 3
    assert feed.status.waiting_count == QUEUE_LIMIT


async def test_a_recording_is_logged_whole_and_in_order_and_then_has_ended() -> None:
    bus = a_bus()
    frames = [(number, str(number).encode()) for number in range(2 * BATCH_LIMIT + 7)]
    feed = a_replay(bus, frames)

    await feed.run()

    told = await logged(bus)
    assert [frame.payload for one in told for frame in one.frames] == [text for _, text in frames]
    assert [one.first_index for one in told] == [0, BATCH_LIMIT, 2 * BATCH_LIMIT]
    assert all(one.is_replay for one in told)
    assert (feed.status.state, feed.status.frame_count) == ("ended", len(frames))


async def test_an_empty_recording_ends_at_once() -> None:
    feed = a_replay(a_bus(), [], speed=1)

    await feed.run()

    assert feed.status.state == "ended"


async def test_a_recording_keeps_its_pace_or_a_multiple_of_it() -> None:
    bus = a_bus()
    frames = [(number * 10 * NS_PER_MS, b"x") for number in range(21)]
    clock = SystemClock()
    began_ns = clock.monotonic_ns()

    await a_replay(bus, frames, speed=2).run()

    took_ns = clock.monotonic_ns() - began_ns
    told = await logged(bus)
    assert took_ns >= 100 * NS_PER_MS
    assert sum(len(one.frames) for one in told) == len(frames)
    assert len(told) > 5


async def test_a_paced_recording_that_falls_behind_catches_up_in_full_batches() -> None:
    bus = a_bus()

    await a_replay(bus, [(0, b"x")] * (BATCH_LIMIT + 30), speed=1).run()

    assert [len(one.frames) for one in await logged(bus)] == [BATCH_LIMIT, 30]


async def test_frames_that_come_together_share_a_message() -> None:
    bus = a_bus()

    await a_replay(bus, [(7, b"x")] * 40, speed=1).run()

    assert [len(one.frames) for one in await logged(bus)] == [40]


async def test_large_frames_are_spread_over_messages() -> None:
    bus = a_bus()

    await a_replay(bus, [(0, b"x" * (BATCH_BYTES // 2))] * 5).run()

    assert [len(one.frames) for one in await logged(bus)] == [2, 2, 1]


async def test_a_recording_waits_for_the_log_and_loses_nothing() -> None:
    log = MemoryLog()
    bus = LocalBus(log, SystemClock(), with_codec=True)
    feed = a_replay(bus, [(number, b"x") for number in range(2 * BATCH_LIMIT)])

    log.up.clear()
    running = asyncio.ensure_future(feed.run())
    await asyncio.sleep(0.05)
    waiting = feed.status.frame_count
    log.up.set()
    await running

    assert (waiting, feed.status.frame_count) == (0, 2 * BATCH_LIMIT)


async def test_a_recording_that_breaks_off_says_so_and_keeps_what_it_had() -> None:
    bus = a_bus()

    def broken() -> Iterator[tuple[int, bytes]]:
        yield from [(0, b"x")] * (BATCH_LIMIT + 7)
        raise StartError("the file ends in the middle")

    def opened() -> Frames:
        return broken()

    feed = ReplayFeed(
        bus, SystemClock(), LOG, venue=BINANCE, symbol="X", session="run", frames=opened, speed=0
    )
    await feed.run()

    assert (feed.status.state, feed.status.problem) == ("failed", "the file ends in the middle")
    assert feed.status.frame_count == BATCH_LIMIT + 7
