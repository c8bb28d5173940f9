"""PRISM comes back from its log: told once, booked on both sides, wherever it died."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pytest
from tests.prism import (
    SECOND,
    Orders,
    Prism,
    a_clock,
    cancel_of,
    check_conserved,
    check_tape,
    check_told,
    inputs,
    living,
    outcome_fills,
    published,
    status_of,
    told,
)
from tests.trading import first_of
from tests.unit.prism.test_control import pass_time
from tests.unit.prism.test_paper_market import a_book

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import EventId
from trade2026.model import codec
from trade2026.model.execution import ExecType
from trade2026.model.measure import FillBatch
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.prism import (
    ControlKind,
    PrismControl,
    PrismInput,
    PrismOutcome,
    PrismSnapshot,
)
from trade2026.model.subjects import PRISM_FILL, PRISM_INPUT, PRISM_OUTCOME, Stream
from trade2026.prism import recorder
from trade2026.prism.outside import REMEMBER_NS

BUY, SELL = Side.BUY, Side.SELL

T = TypeVar("T")


class Story:
    """A life's worth of orders: fills with agents, between outsiders, direct, and refusals."""

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        self.clock = clock
        self.orders = Orders(clock, seed)
        self.acked: list[NewOrderSingle] = []
        self.direct: set[str] = set()

    async def play(self, prism: Prism) -> None:
        """Ask everything, one after another, as an OMS that waits for its answers."""
        venue, orders = prism.venue, self.orders
        await pass_time(prism, 3)
        low = orders.limit(BUY, "50000", account="a")
        rests = orders.limit(BUY, "60500", "3", account="a")
        await self._submit(prism, low)
        await self._submit(prism, rests)
        # Two outsiders meet, then one of them meets agents too.
        await self._submit(prism, orders.limit(SELL, "60500", "0.5", account="b"))
        await self._submit(prism, orders.market(SELL, "0.02", account="c"), is_direct=True)
        await asyncio.gather(
            self._submit(prism, orders.market(BUY, "0.03", account="b")),
            self._submit(prism, orders.market(SELL, "0.02", account="a")),
            self._submit(prism, orders.limit(BUY, "50000.001", account="c")),
        )
        await venue.cancel(cancel_of(low))
        await venue.status(status_of(orders.market(BUY, account="d")))
        self.clock.advance(2 * SECOND)
        await prism.settle()
        await self._submit(prism, orders.limit(SELL, "70000", account="b"))

    async def _submit(
        self, prism: Prism, order: NewOrderSingle, *, is_direct: bool = False
    ) -> None:
        await prism.venue.submit(order, is_direct=is_direct)
        self.acked.append(order)
        if is_direct:
            self.direct.add(order.order_id)


async def play_until_death(log: MemoryLog, story: Story, *, dies_at: int, is_stored: bool) -> bool:
    """Play the story in one life and return whether it lived to the end."""
    async with living(log, story.clock, dies_at=dies_at, is_stored=is_stored) as prism:
        if prism.bus.died.is_set():
            return False
        playing = asyncio.ensure_future(story.play(prism))
        over = asyncio.Event()
        playing.add_done_callback(lambda _: over.set())
        await first_of(over, prism.bus.died)
        if playing.done():
            playing.result()
            return True
        playing.cancel()
        await asyncio.wait([playing])
        return False


async def check_memory(log: MemoryLog, story: Story) -> None:
    """Begin a life on the log and assert that everything is as it was told."""
    async with living(log, story.clock) as prism:
        venue = prism.venue
        await prism.settle()
        check_conserved(prism)
        check_told(prism, log)
        check_tape(log)
        assert venue.floor.orders.open_count == 0
        reported = {report.order_id for report, _ in told(log).values()}
        for message in inputs(log):
            if message.order is not None:
                assert message.order.order_id in reported
        before = len(told(log))
        for order in story.acked:
            is_direct = order.order_id in story.direct
            assert order.order_id in reported
            assert (await venue.submit(order, is_direct=is_direct)).is_accepted
            status = await venue.status(status_of(order), is_direct=is_direct)
            assert status.is_known
            assert status.reports[-1].leaves_qty == 0
        assert len(told(log)) == before


async def die_before_telling(prism: Prism, *orders: NewOrderSingle) -> None:
    """Die as soon as the log has what came of *orders* in one step: nothing of it is told."""
    await prism.venue.recorder.stop()
    # Their inputs, and then the outcome.
    prism.bus.dies_at, prism.bus.is_stored = prism.bus.count + len(orders), True
    dying = asyncio.gather(*(prism.venue.submit(one) for one in orders))
    await prism.bus.died.wait()
    dying.cancel()


@pytest.mark.parametrize("is_stored", [False, True], ids=["not stored", "stored"])
async def test_wherever_it_dies_nothing_told_is_lost_or_doubled(is_stored: bool) -> None:
    survived = False
    dies_at = 0
    while not survived:
        log, clock = MemoryLog(), a_clock()
        story = Story(clock, seed=dies_at)
        survived = await play_until_death(log, story, dies_at=dies_at, is_stored=is_stored)

        await check_memory(log, story)
        dies_at += 1

    assert dies_at > 30


async def test_dying_again_and_again_while_coming_back_loses_nothing() -> None:
    log, clock = MemoryLog(), a_clock()
    story = Story(clock, seed=1)
    for dies_at in (45, 0, 1, 3, 45, 2, 45, 30):
        story.orders = Orders(clock, seed=100 + dies_at + len(story.acked))
        await play_until_death(log, story, dies_at=dies_at, is_stored=dies_at % 2 == 1)

    await check_memory(log, story)


async def test_an_outcome_that_stands_twice_in_the_log_is_told_of_once() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).market(BUY)
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
        await die_before_telling(prism, order)
    outcome = [r for r in log.records(Stream.PRISM_INPUT) if "outcome" in r.subject][-1]
    again = codec.decode(PrismOutcome, outcome.content)
    assert again.fills
    bus = LocalBus(log, clock, with_codec=True)
    await bus.append(PRISM_OUTCOME, again, event_id=EventId("again"), part="market")

    async with living(log, clock) as prism:
        await prism.settle()

    taped = [r for r in log.records(Stream.PRISM_TAPE) if r.subject.startswith("prism.fill.")]
    fills = [f for r in taped for f in codec.decode(FillBatch, r.content).records]
    assert fills[-1:] == list(again.fills[order.symbol])
    assert len(fills) == len({(f.seq, f.px) for f in fills})


async def test_what_an_earlier_life_told_late_hides_no_fill_of_the_last() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await prism.settle()
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
        await die_before_telling(prism, Orders(clock).market(BUY))
    # Each life numbers its fills anew. One that was killed while it told of some is told of late.
    (_, symbol, fill), *_ = outcome_fills(log)
    same_number = msgspec.structs.replace(fill, maker="agent:1", taker="agent:2")
    late = FillBatch(life=0, symbol=symbol, records=(same_number,))
    bus = LocalBus(log, clock, with_codec=True)
    await bus.append(PRISM_FILL, late, event_id=EventId("late"), symbol=symbol)

    async with living(log, clock) as prism:
        await prism.settle()

    check_tape(log)


@pytest.mark.parametrize("dies_at", [0, 1, 2])
async def test_many_fills_that_are_owed_are_told_though_telling_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr(recorder, "_MOST_IN_ONE", 1)
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await pass_time(prism, 3)
        asks = [orders.market(side, "1") for side in (BUY, SELL, BUY)]
        await die_before_telling(prism, *asks)
    assert len(outcome_fills(log)) >= 3

    await play_until_death(log, Story(clock, seed=9), dies_at=dies_at, is_stored=True)
    async with living(log, clock) as prism:
        await prism.settle()
    check_tape(log)


async def test_wherever_it_dies_around_a_reset_every_fill_is_told_once() -> None:
    survived = False
    dies_at = 0
    while not survived:
        log, clock = MemoryLog(), a_clock()
        orders = Orders(clock)
        async with living(log, clock) as prism:
            await pass_time(prism, 3)
            await prism.venue.recorder.stop()
            prism.bus.dies_at = prism.bus.count + dies_at
            reset = PrismControl(kind=ControlKind.RESET, seed=5)
            playing = asyncio.gather(
                prism.venue.submit(orders.market(BUY)),
                prism.venue.submit(orders.market(SELL)),
                prism.venue.control(reset, EventId("reset")),
            )
            over = asyncio.Event()
            playing.add_done_callback(lambda _, over=over: over.set())
            await first_of(over, prism.bus.died)
            survived = playing.done()
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

        async with living(log, clock) as prism:
            await prism.settle()
            check_told(prism, log)
        check_tape(log)
        dies_at += 1

    assert dies_at > 8


async def test_fills_of_a_recording_are_never_owed() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock, is_paper=True) as prism:
        prism.paper.on_book(a_book())
        await prism.venue.submit(Orders(clock).market(BUY))
    assert any(report.exec_type is ExecType.TRADE for report, _ in told(log).values())

    async with living(log, clock) as prism:
        await prism.settle()

    assert outcome_fills(log) == []


async def test_what_worked_ends_as_cancelled_by_the_restart() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).limit(BUY, "50000")
    async with living(log, clock) as prism:
        await prism.settle()
        await prism.venue.submit(order)

    async with living(log, clock) as prism:
        status = await _settled(prism, lambda: prism.venue.status(status_of(order)))

    assert [r.exec_type for r in status.reports] == [ExecType.NEW, ExecType.CANCELED]
    assert status.reports[-1].text == "VENUE_RESTART"
    assert published(log) == list(status.reports)


async def test_absurd_orders_in_the_log_do_not_keep_it_from_coming_back() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    absurd = [orders.limit(BUY, "50000", symbol=letter * 600_000) for letter in "abc"]
    bus = LocalBus(log, clock, with_codec=True)
    for order in absurd:
        message = PrismInput(
            input_id=EventId(order.order_id), enters_ns=clock.now_ns(), order=order
        )
        await bus.append(PRISM_INPUT, message, event_id=message.input_id, symbol="unlisted")

    async with living(log, clock) as prism:
        await prism.settle()
        check_told(prism, log)

    assert {r.order_id for r in published(log)} == {order.order_id for order in absurd}


async def test_a_disowned_order_stays_so_in_the_next_life() -> None:
    log, clock = MemoryLog(), a_clock()
    order = Orders(clock).market(BUY)
    async with living(log, clock) as prism:
        await prism.settle()
        await prism.venue.status(status_of(order))

    async with living(log, clock) as prism:
        ack = await _settled(prism, lambda: prism.venue.submit(order))

    assert not ack.is_accepted
    assert published(log) == []


async def test_an_order_forgotten_long_ago_is_found_in_the_log_and_not_repeated() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    done, rests = orders.market(BUY), orders.limit(BUY, "50000")
    unknown = orders.market(SELL)
    async with living(log, clock) as prism:
        await prism.settle()
        await prism.venue.submit(done)
        await prism.venue.submit(rests)
        await prism.venue.status(status_of(unknown))
        clock.advance(REMEMBER_NS + SECOND)
        while prism.venue.floor.orders.get(done.order_id):
            await prism.settle()
        before = published(log)

        ack = await prism.venue.submit(done)
        status = await prism.venue.status(status_of(done))
        late = await prism.venue.submit(unknown)

        assert ack.is_accepted
        assert status.is_known
        assert status.reports[0].exec_type is ExecType.NEW
        assert not late.is_accepted
        assert published(log) == before
        assert [o.order_id for o in prism.venue.floor.orders.older_orders()] == [rests.order_id]
        clock.advance(2 * SECOND)
        await prism.settle()

    async with living(log, clock) as prism:
        status = await _settled(prism, lambda: prism.venue.status(status_of(rests)))
        first_seq = _snapshots(log)[-1].log_from_seq
        check_conserved(prism)
        check_told(prism, log)

    assert [r.exec_type for r in status.reports] == [ExecType.NEW, ExecType.CANCELED]
    # The next life reads from the end of the log, not from its beginning.
    assert first_seq > 4


async def test_paper_and_agents_take_turns_without_forgetting_what_anybody_holds() -> None:
    for dies_at in range(10, 40, 3):
        log, clock = MemoryLog(), a_clock()
        story = Story(clock, seed=3)
        await play_until_death(log, story, dies_at=dies_at, is_stored=True)

        async with living(log, clock, is_paper=True) as prism:
            await prism.settle()
            check_conserved(prism)
        await check_memory(log, story)


async def test_a_log_that_no_longer_knows_its_duplicates_gets_none() -> None:
    for dies_at in range(10, 40, 3):
        log, clock = MemoryLog(), a_clock()
        story = Story(clock, seed=4)
        await play_until_death(log, story, dies_at=dies_at, is_stored=True)
        log._ids.clear()  # pyright: ignore[reportPrivateUsage]

        await check_memory(log, story)


async def test_every_life_numbers_its_feed_above_the_last() -> None:
    log, clock = MemoryLog(), a_clock()
    lives: list[int] = []
    for _ in range(3):
        async with living(log, clock) as prism:
            lives.append(prism.venue.floor.life)

    assert lives == [0, 1, 2]
    assert [s.restarts for s in _snapshots(log)[:1]] == [0]


def _snapshots(log: MemoryLog) -> list[PrismSnapshot]:
    return [codec.decode(PrismSnapshot, r.content) for r in log.records(Stream.PRISM_SNAPSHOT)]


async def _settled(prism: Prism, ask: Callable[[], Awaitable[T]]) -> T:
    await prism.settle()
    return await ask()
