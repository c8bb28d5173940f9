"""PRISM's log is let go of behind what is needed, and what is gone is never taken for new."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
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
    status_of,
)
from tests.unit.prism.test_control import do
from tests.unit.prism.test_replay import Crowd

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.errors import BusUnavailableError, InvalidInputError, RefusedError
from trade2026.model import codec
from trade2026.model.execution import ExecType
from trade2026.model.order import Side
from trade2026.model.prism import ControlKind, PrismParams, PrismRung, PrismSnapshot
from trade2026.model.subjects import Stream
from trade2026.prism.archive import Archive
from trade2026.prism.fork import AddedOrder
from trade2026.prism.forks import ForkAsk, Forks, Made
from trade2026.prism.recorded import read_life
from trade2026.prism.replay import Replayed, play_again
from trade2026.prism.retention import KEEP_NS, RUNGS, Retention

BUY, SELL = Side.BUY, Side.SELL
MINUTE = 60 * SECOND
KEEP = 10 * MINUTE


def rung(at_s: int, log_seq: int) -> PrismRung:
    return PrismRung(at_ns=TimeNs(at_s * SECOND), log_seq=log_seq)


class TestRetention:
    """Where the log may be cut."""

    def test_nothing_younger_is_cut_and_what_is_older_is(self) -> None:
        retention = Retention(KEEP)
        for minute in range(13):
            retention.note(minute * MINUTE, minute * 100)
            assert not retention.decide(minute * MINUTE, minute * 100, needed_seq=10_000)

        assert retention.cut == rung(120, 200)
        assert retention.rungs[0] == rung(180, 300)
        retention.note(KEEP + 3 * MINUTE - 1, 1_300)
        assert not retention.decide(KEEP + 3 * MINUTE - 1, 1_300, needed_seq=10_000)
        assert retention.cut == rung(120, 200)
        assert not retention.decide(KEEP + 3 * MINUTE, 1_300, needed_seq=10_000)
        assert retention.cut == rung(180, 300)

    @given(st.lists(st.integers(-100 * KEEP, 100 * KEEP), max_size=8))
    def test_a_wrong_reading_costs_one_rung_at_most_and_places_keep_their_order(
        self, wrong: list[int]
    ) -> None:
        retention, begin_ns = Retention(KEEP, most_kept=RUNGS * 100_000), 200 * KEEP
        for minute in range(9):
            retention.note(begin_ns + minute * MINUTE, minute * 100)
        for number, off_ns in enumerate(wrong, 1):
            log_seq = number * 200_000
            for now_ns in (begin_ns + 9 * MINUTE + off_ns, begin_ns + 9 * MINUTE + number):
                retention.note(now_ns, log_seq)
                retention.decide(now_ns, log_seq, needed_seq=10**9)
            retention.decide(begin_ns + 100 * KEEP, log_seq, needed_seq=10**9)

        times = [one.at_ns for one in retention.rungs]
        assert times == sorted(times)
        assert retention.cut.log_seq <= 100 * len(wrong)
        places = [retention.place_before(begin_ns + m * MINUTE) for m in range(20)]
        assert places == sorted(places)

    def test_starts_in_a_loop_with_a_clock_ahead_cost_one_rung_and_not_the_log(self) -> None:
        retention = Retention(KEEP)
        for minute in range(9):
            retention.note(minute * MINUTE, minute * 100)
        for start in range(30):
            retention = Retention(KEEP, rungs=retention.rungs, cut=retention.cut)
            retention.note(100 * KEEP + start, 900)
            retention.decide(100 * KEEP + start, 900, needed_seq=10_000)

        assert retention.cut == rung(0, 0)
        assert len(retention.rungs) == 9

    def test_what_was_held_back_for_a_while_is_caught_up_with(self) -> None:
        retention, now_ns = Retention(KEEP), 0
        for number in range(600):
            now_ns, needed = number * KEEP // RUNGS, 0 if number < 150 else 10**9
            retention.note(now_ns, number)
            retention.decide(now_ns, number, needed_seq=needed)
            assert retention.cut.log_seq <= max(0, 2 * (number - 149))

        assert len(retention.rungs) == RUNGS
        assert retention.rungs[0].at_ns > now_ns - KEEP

    def test_a_rung_says_the_latest_time_that_was_seen_also_by_a_former_life(self) -> None:
        retention = Retention(KEEP, most_kept=RUNGS * 10)
        for now_s, log_seq in ((1_000, 10), (1_020, 15), (1_010, 20)):
            retention.note(now_s * SECOND, log_seq)

        # What came at 1,015 s by the clock that was ahead stands before place 20.
        assert retention.place_before(1_015 * SECOND) == 10
        assert retention.rungs[-1] == rung(1_020, 20)
        retention.note(1_024 * SECOND, 21)
        later = Retention(KEEP, most_kept=RUNGS * 10, latest_ns=retention.latest_ns)
        later.note(1_012 * SECOND, 30)
        assert later.rungs == (rung(1_024, 30),)

    def test_what_is_needed_is_not_cut_however_old(self) -> None:
        retention = Retention(KEEP)
        for minute in range(20):
            retention.note(minute * MINUTE, minute * 100)
            is_held = retention.decide(minute * MINUTE, minute * 100, needed_seq=500)

            assert is_held is (minute >= 15)
            assert retention.cut.log_seq == min(max(0, minute - 10), 4) * 100

    def test_too_many_messages_are_cut_however_young(self) -> None:
        retention = Retention(KEEP, most_kept=2_400)
        for number in range(60):
            retention.note(number, number * 100)

        retention.decide(60, 6_000, needed_seq=6_001)

        assert retention.cut.log_seq == 3_600
        assert len(retention.rungs) == RUNGS - 1

    def test_rungs_are_as_many_as_the_time_kept_needs(self) -> None:
        retention = Retention(KEEP)
        for second in range(10_000):
            retention.note(second * SECOND, second)
            retention.decide(second * SECOND, second, needed_seq=second + 1)

        assert len(retention.rungs) <= RUNGS + 1

    def test_a_log_that_lost_more_than_is_known_is_not_believed_to_be_whole(self) -> None:
        retention = Retention(KEEP, rungs=[rung(60, 100), rung(120, 200)], cut=rung(0, 50))

        retention.reconcile(51, 200 * SECOND)
        assert retention.cut == rung(0, 50)
        retention.reconcile(150, 200 * SECOND)
        assert retention.cut == rung(120, 149)
        assert retention.rungs == (rung(120, 200),)
        retention.reconcile(300, 200 * SECOND)
        assert retention.cut == rung(200, 299)
        assert retention.rungs == ()

    def test_what_a_log_lost_may_have_come_as_late_as_any_clock_ever_was(self) -> None:
        retention = Retention(KEEP, rungs=[rung(60, 100)], cut=rung(0, 50), latest_ns=500 * SECOND)

        retention.reconcile(300, 200 * SECOND)

        assert retention.cut == rung(500, 299)

    def test_a_place_before_a_time_has_all_that_came_later_behind_it(self) -> None:
        retention = Retention(KEEP, rungs=[rung(60, 100), rung(120, 200)], cut=rung(30, 50))

        assert retention.place_before(40 * SECOND) == 50
        assert retention.place_before(60 * SECOND) == 100
        assert retention.place_before(119 * SECOND) == 100
        assert retention.place_before(10_000 * SECOND) == 200


class World:
    """A small PRISM whose log is kept for ten minutes, and what goes on in it."""

    def __init__(self, folder: Path) -> None:
        self.log, self.clock = MemoryLog(), a_clock()
        self.archive = Archive(folder / "prism", structlog.get_logger())
        self.crowd = Crowd(self.clock, seed=5)
        self.keep_ns = KEEP

    def living(self) -> AbstractAsyncContextManager[Prism]:
        """Begin a life."""
        return living(self.log, self.clock, archive=self.archive, keep_ns=self.keep_ns)

    async def pass_minutes(self, prism: Prism, minutes: int) -> None:
        """Let outsiders trade for some minutes."""
        end_ns = self.clock.now_ns() + minutes * MINUTE
        while self.clock.now_ns() < end_ns:
            self.clock.advance(12 * SECOND)
            await prism.settle()
            await self.crowd.act(prism)

    async def cancel_all(self, prism: Prism) -> None:
        """Cancel whatever works: that is bounded by limits, not by time."""
        for order in self.crowd.asked:
            for is_direct in (True, False):
                await prism.venue.cancel(cancel_of(order), is_direct=is_direct)
        self.crowd.asked.clear()
        self.clock.advance(2 * SECOND)
        await prism.settle()

    async def replay(self, number: int | None = None) -> Replayed:
        bus = LocalBus(self.log, self.clock, with_codec=True)
        try:
            return play_again(await read_life(bus, number, self.archive), a_house())
        finally:
            await bus.close()

    async def fork(self, prism: Prism, **asked: Any) -> Made:
        forks = Forks(
            venue=prism.venue,
            archive=self.archive,
            house=a_house(),
            bus=prism.bus,
            clock=SystemClock(),
        )
        order = Orders(self.clock, seed=99).market(BUY, "1", account="fork")
        ask = ForkAsk(run_ns=20 * SECOND, added=(AddedOrder(order=order),), **asked)
        return await forks.make(ask)

    @property
    def first_seq(self) -> int:
        return self.log.first_seq(Stream.PRISM_INPUT)

    @property
    def snapshot(self) -> PrismSnapshot:
        return codec.decode(PrismSnapshot, self.log.records(Stream.PRISM_SNAPSHOT)[-1].content)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
async def aged(world: World) -> AsyncGenerator[tuple[World, Prism]]:
    async with world.living() as prism:
        await world.pass_minutes(prism, 25)
        yield world, prism


async def test_the_log_the_states_and_the_snapshot_stop_growing(world: World) -> None:
    sizes: list[tuple[int, int, int]] = []
    async with world.living() as prism:
        for _ in range(5):
            await world.pass_minutes(prism, 12)
            await world.cancel_all(prism)
            sizes.append(
                (
                    len(world.log.records(Stream.PRISM_INPUT)),
                    len(world.archive.places(0)),
                    len(codec.encode(world.snapshot)),
                )
            )

        check_conserved(prism)

    for now, warm in zip(sizes[-1], sizes[1], strict=True):
        assert now < 1.25 * warm
    assert world.first_seq > 2 * sizes[-1][0]


async def test_a_cut_is_made_only_once_its_snapshot_is_in_the_log(world: World) -> None:
    seen: list[tuple[int, int]] = []

    async with world.living() as prism:
        purge = prism.bus.purge

        async def on_purge(stream: Stream, *, before_seq: int) -> None:
            seen.append((before_seq, world.snapshot.cut.log_seq))
            await purge(stream, before_seq=before_seq)

        prism.bus.purge = on_purge
        await world.pass_minutes(prism, 20)

    assert len(seen) > 5
    assert all(before_seq == cut + 1 for before_seq, cut in seen)


async def a_history(folder: Path, keep_ns: int) -> list[object]:
    """Return what two lives came to, the second of which begins behind a cut, or not."""
    world = World(folder)
    world.keep_ns = keep_ns
    came_to: list[object] = []
    for minutes in (25, 2):
        async with world.living() as prism:
            await world.pass_minutes(prism, minutes)
            floor = prism.venue.floor
            came_to += [prism.venue.mark.digest, floor.all_holdings(), floor.reporter.last_seq]
            check_conserved(prism)
    came_to.append([report.exec_id for report in published(world.log)])
    assert (world.first_seq > 1) is (keep_ns == KEEP)
    return came_to


async def test_what_follows_is_the_same_with_a_cut_and_without(tmp_path: Path) -> None:
    cut = await a_history(tmp_path / "cut", KEEP)
    whole = await a_history(tmp_path / "whole", KEEP_NS)

    assert cut == whole


async def test_controls_hold_after_their_messages_are_gone(world: World) -> None:
    params = PrismParams(type_name="noise", values={"mean_pause_s": 3.0})
    async with world.living() as prism:
        await do(prism, ControlKind.PARAMS, params=params)
        await world.pass_minutes(prism, 25)

    async with world.living() as prism:
        await prism.settle()
        assert prism.venue.life.params == (params,)
        assert prism.venue.controls.params == (params,)
        assert prism.venue.controls.last_place > 0


async def test_an_order_from_before_what_is_kept_is_neither_new_nor_unknown(world: World) -> None:
    order, never = (Orders(world.clock, seed=s).market(BUY, account="old") for s in (1, 2))
    async with world.living() as prism:
        await prism.settle()
        await prism.venue.submit(order)
        await world.pass_minutes(prism, 25)

        for old in (order, never):
            with pytest.raises(RefusedError, match=r"kept from 2.*Z on"):
                await prism.venue.submit(old)
            with pytest.raises(RefusedError, match="not known any more"):
                await prism.venue.status(status_of(old))

        traded = [
            t for t in world.log.records(Stream.REPORTS) if order.order_id.encode() in t.content
        ]
        assert len(traded) == 2  # NEW and TRADE, once

    async with world.living() as prism:
        await prism.settle()
        with pytest.raises(RefusedError, match="not known any more"):
            await prism.venue.submit(order)


async def test_an_order_that_works_longer_than_the_log_is_kept_ends_as_it_should(
    world: World,
) -> None:
    order = Orders(world.clock, seed=1).limit(BUY, "50000", account="patient")
    async with world.living() as prism:
        await prism.settle()
        await prism.venue.submit(order)
        await world.pass_minutes(prism, 25)
        status = await prism.venue.status(status_of(order))
        assert [r.exec_type for r in status.reports] == [ExecType.NEW]

    async with world.living() as prism:
        await prism.settle()
        status = await prism.venue.status(status_of(order))
        cancelled = await prism.venue.cancel(cancel_of(order))
        check_conserved(prism)

    assert [r.exec_type for r in status.reports] == [ExecType.CANCELED]
    assert cancelled.is_accepted


async def test_a_life_is_played_again_from_the_oldest_state_kept(
    aged: tuple[World, Prism],
) -> None:
    world, prism = aged

    played = await world.replay()

    assert played.is_equal
    assert played.seed is None
    assert prism.venue.life.start_ns < played.from_ns < played.sim_ns - 5 * MINUTE


async def test_a_fork_within_what_is_kept_is_proved_and_one_before_says_what_is(
    aged: tuple[World, Prism],
) -> None:
    world, prism = aged
    oldest = world.archive.places(0)[0]

    made = await world.fork(prism, at_ns=oldest.sim_ns + MINUTE)
    assert made.forked.proof is not None
    assert made.forked.proof.is_equal

    with pytest.raises(RefusedError, match=f"kept from {oldest.sim_ns} on"):
        await world.fork(prism, at_ns=oldest.sim_ns - 1)


async def test_lives_before_what_is_kept_are_said_not_to_be(world: World) -> None:
    async with world.living() as prism:
        await world.pass_minutes(prism, 6)
    async with world.living() as prism:
        await world.pass_minutes(prism, 6)
        last_of_former = await world.replay(0)
        assert last_of_former.is_equal
        await world.pass_minutes(prism, 6)

        with pytest.raises(RefusedError, match=r"life 0 is not kept any more.*kept from 2"):
            await world.replay(0)
        with pytest.raises(RefusedError, match="life 0 is not kept any more"):
            await world.fork(prism, life=0, at_ns=1)
        with pytest.raises(InvalidInputError, match="no life 2"):
            await world.replay(2)


async def test_a_former_life_whose_beginning_is_gone_is_played_from_a_state(world: World) -> None:
    async with world.living() as prism:
        await world.pass_minutes(prism, 14)
    async with world.living() as prism:
        await world.pass_minutes(prism, 2)
        played = await world.replay(0)
        at_ns = world.archive.places(0)[1].sim_ns
        made = await world.fork(prism, life=0, at_ns=at_ns)

    assert played.is_equal
    assert played.seed is None
    assert made.forked.proof is not None
    assert made.forked.proof.is_equal


async def test_a_market_that_stands_still_holds_nothing_back(world: World) -> None:
    async with world.living() as prism:
        await world.pass_minutes(prism, 2)
        await do(prism, ControlKind.PAUSE)
        await world.pass_minutes(prism, 25)
        paused_seq = world.first_seq
        made = await world.fork(prism, ago_ns=0)

    assert paused_seq > 250
    assert made.life == 0


async def test_a_full_disk_cuts_nothing_that_the_last_state_needs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(ENOSPC, "no space left", str(file))

    async with world.living() as prism:
        await world.pass_minutes(prism, 5)
        newest = world.archive.places(0)[-1]
        monkeypatch.setattr(os, "fsync", full)
        await world.pass_minutes(prism, 25)

        assert world.archive.places(0)[-1] == newest
        assert prism.venue.cut.log_seq <= newest.log_seq
        assert world.first_seq <= newest.log_seq + 1


async def test_a_purge_that_the_log_does_not_take_is_made_later(world: World) -> None:
    async with world.living() as prism:
        await world.pass_minutes(prism, 9)
        world.log.up.clear()
        world.clock.advance(15 * MINUTE // 2)
        asyncio.get_running_loop().call_later(0.3, world.log.up.set)
        await asyncio.sleep(0.5)
        await world.pass_minutes(prism, 8)

    assert world.first_seq > 1


async def test_what_a_restart_begins_from_is_kept_however_short_the_log_is_kept(
    world: World,
) -> None:
    world.keep_ns = 10 * SECOND
    order = Orders(world.clock, seed=1).market(BUY, account="recent")
    async with world.living() as prism:
        for number in range(20):
            world.clock.advance(5 * SECOND)
            await prism.settle()
            if number == 4:
                await prism.venue.submit(order)
        before = published(world.log)

    async with world.living() as prism:
        await prism.settle()
        again = await prism.venue.submit(order)
        status = await prism.venue.status(status_of(order))

    assert again.is_accepted
    assert [r.exec_type for r in status.reports] == [ExecType.NEW, ExecType.TRADE]
    assert published(world.log) == before


async def test_states_that_nothing_can_be_played_on_from_are_let_go_of(
    aged: tuple[World, Prism],
) -> None:
    world, _ = aged
    assert all(place.log_seq + 1 >= world.first_seq for place in world.archive.places(0))
    assert len(world.archive.places(0)) > 5


async def test_whoever_dies_between_its_snapshot_and_the_purge_makes_it_at_the_next_start(
    world: World,
) -> None:
    async def never(stream: Stream, *, before_seq: int) -> None:
        raise BusUnavailableError(f"died before {stream} was purged up to {before_seq}")

    async with world.living() as prism:
        prism.bus.purge = never
        await world.pass_minutes(prism, 12)
        held = prism.venue.floor.holdings.all()
    cut = world.snapshot.cut
    assert world.first_seq == 1
    assert cut.log_seq > 0

    async with world.living() as prism:
        assert world.first_seq == cut.log_seq + 1
        assert prism.venue.floor.holdings.all() == held
        await world.pass_minutes(prism, 1)
        check_conserved(prism)
