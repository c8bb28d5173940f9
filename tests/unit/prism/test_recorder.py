"""What PRISM tells the log of its market: everything once, bounded while the log is away."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
import structlog
from tests.prism import SYMBOLS, Orders, Prism, a_clock, check_tape, living
from tests.trading import MortalBus
from tests.unit.prism.test_control import pass_time

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import EventId
from trade2026.model import codec
from trade2026.model.measure import FillBatch, MomentBatch, SpanBatch
from trade2026.model.order import Side
from trade2026.model.prism import ControlKind, PrismControl
from trade2026.model.subjects import Event, Stream
from trade2026.prism.recorder import Recorder

NAMES: dict[type[Any], str] = {SpanBatch: "span", FillBatch: "fill", MomentBatch: "moment"}


def told_in(log: MemoryLog, kind: type[Any]) -> list[Any]:
    """Return the batches of *kind* in the log."""
    begin = f"prism.{NAMES[kind]}."
    records = [r for r in log.records(Stream.PRISM_TAPE) if r.subject.startswith(begin)]
    return [codec.decode(kind, record.content) for record in records]


def records_of(log: MemoryLog, kind: type[Any], symbol: str) -> list[Any]:
    """Return a symbol's records of a kind of batch."""
    return [r for batch in told_in(log, kind) if batch.symbol == symbol for r in batch.records]


class LossyBus(LocalBus):
    """Keeps the first event, but its answer is lost."""

    is_lossy = True

    async def append(self, subject: Any, message: object, **more: Any) -> int:
        seq = await super().append(subject, message, **more)
        if self.is_lossy:
            self.is_lossy = False
            raise BusUnavailableError("no answer")
        return seq


async def flush(prism: Prism) -> None:
    await prism.venue.recorder.stop()


async def test_spans_and_moments_are_told_second_by_second_without_a_gap() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await pass_time(prism, 12)
        await flush(prism)

    for symbol in SYMBOLS:
        spans = records_of(log, SpanBatch, symbol)
        assert len(spans) >= 10
        for before, after in pairwise(spans):
            assert before.end_ns == after.begin_ns
            assert after.end_ns - after.begin_ns == NS_PER_S
        assert sum(span.quoted_ns for span in spans) > 8 * NS_PER_S
        moments = records_of(log, MomentBatch, symbol)
        assert len(moments) >= 10
        assert moments[-1].bids
        assert moments[-1].asks


async def test_where_the_last_span_stands_is_known() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        assert prism.venue.recorder.span_seq == 0
        await pass_time(prism, 3)
        await flush(prism)

        told = [
            r.seq for r in log.records(Stream.PRISM_TAPE) if r.subject.startswith("prism.span.")
        ]
        assert prism.venue.recorder.span_seq == told[-1] > 0


async def test_an_outsiders_fill_is_told_with_both_parties() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await pass_time(prism, 5)
        order = Orders(clock).market(Side.BUY)
        await prism.venue.submit(order)
        await prism.settle()
        await flush(prism)

    fills = records_of(log, FillBatch, order.symbol)
    own = [fill for fill in fills if not fill.taker.startswith("agent:")]
    assert sum(fill.qty for fill in own) == order.order_qty
    assert {fill.side for fill in own} == {Side.BUY}
    assert all(fill.maker.startswith("agent:") for fill in own)
    assert len({fill.taker for fill in own}) == 1


async def test_the_volume_of_spans_is_that_of_the_fills() -> None:
    log, clock = MemoryLog(), a_clock()
    prism = Prism(log, clock)
    await prism.venue.open()
    # The first round is late: much happens in it.
    clock.advance(10 * NS_PER_S)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(prism.venue.run())
        await pass_time(prism, 20)
        running.cancel()
    await flush(prism)

    for symbol in SYMBOLS:
        spans = records_of(log, SpanBatch, symbol)
        fills = records_of(log, FillBatch, symbol)
        until = spans[-1].end_ns
        inside = [fill for fill in fills if fill.ts_event_ns < until]
        assert sum(s.buy_qty + s.sell_qty for s in spans) == sum(f.qty for f in inside)
        assert sum(span.trades for span in spans) == len(inside)


async def let_pass(recorder: Recorder, prism: Prism, seconds: int) -> None:
    """Run the market past the venue, and let *recorder* take what it gave."""
    floor = prism.venue.floor
    recorder.begin(floor)
    for _ in range(seconds):
        floor.exchange.run_until(floor.exchange.sim_ns + NS_PER_S)
        await recorder.take(floor, floor.exchange.drain())


async def test_what_waits_is_bounded_and_nothing_of_it_is_lost() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism, asyncio.TaskGroup() as tasks:
        recorder = Recorder(prism.bus, structlog.get_logger(), rows_max=40)
        market = tasks.create_task(let_pass(recorder, prism, 60))
        await asyncio.sleep(0.2)
        assert not market.done()
        assert 40 < recorder.waiting_rows < 80

        publishing = tasks.create_task(recorder.run())
        await market
        publishing.cancel()
        await recorder.stop()

    assert recorder.waiting_rows == 0
    for symbol in SYMBOLS:
        spans = records_of(log, SpanBatch, symbol)
        # A second is told when something happens after it: the last ones may still be open.
        assert len(spans) >= 55
        assert all(a.end_ns == b.begin_ns for a, b in pairwise(spans))


async def test_a_batch_whose_fate_is_unknown_is_told_once() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        bus = LossyBus(log, clock, with_codec=True)
        recorder = Recorder(bus, structlog.get_logger())
        await let_pass(recorder, prism, 5)
        await recorder.stop()

    assert not bus.is_lossy
    assert recorder.waiting_rows == 0
    for symbol in SYMBOLS:
        begins = [span.begin_ns for span in records_of(log, SpanBatch, symbol)]
        assert len(begins) == len(set(begins)) >= 3


class SlowBus(LocalBus):
    """Has an event at once, and answers later."""

    is_slow = True

    async def append(self, subject: Any, message: object, **more: Any) -> int:
        seq = await super().append(subject, message, **more)
        if self.is_slow:
            await asyncio.sleep(60)
        return seq


async def test_what_came_behind_a_batch_whose_fate_is_unknown_is_told_at_the_stop() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        bus = SlowBus(log, clock, with_codec=True)
        recorder = Recorder(bus, structlog.get_logger())
        await let_pass(recorder, prism, 5)
        running = asyncio.ensure_future(recorder.run())
        await asyncio.sleep(0.1)
        for _ in range(5):
            floor = prism.venue.floor
            floor.exchange.run_until(floor.exchange.sim_ns + NS_PER_S)
            await recorder.take(floor, floor.exchange.drain())
        running.cancel()
        await asyncio.wait([running])
        bus.is_slow = False
        await recorder.stop()

    counts = [len(records_of(log, kind, s)) for kind in NAMES for s in SYMBOLS]
    assert recorder.waiting_rows == 0
    assert recorder.told_rows == sum(counts)


class StuckTape(MortalBus):
    """Has the tape answer nobody, until it is let go of."""

    answers = asyncio.Event()

    async def append(self, subject: Event[Any], message: Any, **options: Any) -> int:
        if subject.stream is Stream.PRISM_TAPE:
            await self.answers.wait()
        return await super().append(subject, message, **options)


async def test_a_tape_that_does_not_answer_holds_up_no_order_and_loses_no_fill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.prism.MortalBus", StuckTape)
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    monkeypatch.setattr(StuckTape, "answers", asyncio.Event())
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
        await prism.venue.submit(orders.market(Side.BUY))
        assert prism.venue.recorder.untold()
        kept = log.last_seq(Stream.PRISM_SNAPSHOT)
        for _ in range(5):
            clock.advance(NS_PER_S)
            await prism.settle()
            async with asyncio.timeout(5):
                await prism.venue.submit(orders.market(Side.BUY))
        assert prism.venue.recorder.untold()
        assert await prism.venue.ping() == ""
        # Another one would say that all fills before it are told.
        assert log.last_seq(Stream.PRISM_SNAPSHOT) == kept
    StuckTape.answers.set()

    async with living(log, clock) as prism:
        await prism.settle()
        check_tape(log)
        before = log.last_seq(Stream.PRISM_SNAPSHOT)
        clock.advance(2 * NS_PER_S)
        await prism.venue.submit(orders.market(Side.BUY))
        async with asyncio.timeout(5):
            while log.last_seq(Stream.PRISM_SNAPSHOT) == before:
                await prism.settle()


async def test_no_life_begins_while_fills_of_the_one_before_are_untold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.prism.MortalBus", StuckTape)
    monkeypatch.setattr(StuckTape, "answers", asyncio.Event())
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
        await prism.venue.submit(Orders(clock).market(Side.BUY))
        kept = log.last_seq(Stream.PRISM_SNAPSHOT)
        reset = PrismControl(kind=ControlKind.RESET, seed=5)
        resetting = asyncio.ensure_future(prism.venue.control(reset, EventId("reset")))
        await asyncio.sleep(0.2)
        assert not resetting.done()
        assert log.last_seq(Stream.PRISM_SNAPSHOT) == kept

        StuckTape.answers.set()
        await resetting
        check_tape(log)
