"""A past moment, with and without a change: the unchanged course is what happened."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from tests.prism import SECOND, Orders, Prism, a_clock, a_house, check_conserved, living
from tests.unit.prism.test_control import do
from tests.unit.prism.test_replay import Crowd

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock, VirtualClock
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.model.execution import ExecType
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.prism import ControlKind, PrismShock, ShockKind
from trade2026.prism import history
from trade2026.prism.archive import Archive
from trade2026.prism.control import AUDIT_LENGTH, DONE
from trade2026.prism.fork import AddedOrder, Forked
from trade2026.prism.forks import ForkAsk, Forks, Made

BUY, SELL = Side.BUY, Side.SELL
BTC = "BTCUSDT"


class World:
    """A small PRISM with a past of some minutes, and its forks."""

    def __init__(self, prism: Prism, archive: Archive) -> None:
        self.prism = prism
        self.orders = Orders(prism.clock, seed=99)
        self.forks = Forks(
            venue=prism.venue,
            archive=archive,
            house=a_house(),
            bus=prism.bus,
            clock=SystemClock(),
        )

    @property
    def sim_ns(self) -> int:
        return self.prism.venue.floor.exchange.sim_ns

    async def fork(self, **fields: Any) -> Made:
        asked: dict[str, Any] = {"run_ns": 20 * SECOND, **fields}
        return await self.forks.make(ForkAsk(**asked))

    def adds(self, order: NewOrderSingle, after_s: int = 0) -> tuple[AddedOrder, ...]:
        return (AddedOrder(order=order, after_ns=after_s * SECOND),)


@pytest.fixture
def clock() -> VirtualClock:
    return a_clock()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "prism", structlog.get_logger())


@pytest.fixture
async def world(clock: VirtualClock, archive: Archive) -> AsyncGenerator[World]:
    async with living(MemoryLog(), clock, archive=archive) as prism:
        await a_past(prism, seconds=200)
        yield World(prism, archive)


async def a_past(prism: Prism, *, seconds: int) -> Crowd:
    """Let some minutes pass, with outsiders who trade and a shock in between."""
    crowd = Crowd(prism.clock, seed=5)
    for number in range(seconds // 4):
        prism.clock.advance(3 * SECOND)
        await prism.settle()
        await crowd.act(prism)
        if number == 20:
            shock = PrismShock(
                kind=ShockKind.VOLATILITY, symbol=BTC, size=4, duration_ns=60 * SECOND
            )
            await do(prism, ControlKind.SHOCK, shock=shock)
    prism.clock.advance(SECOND)
    await prism.settle()
    return crowd


def is_same(forked: Forked) -> bool:
    return forked.changed.samples == forked.unchanged.samples


async def test_a_large_order_moves_its_path_and_no_other(world: World) -> None:
    mark = world.prism.venue.mark
    order = world.orders.market(BUY, "40", account="fork")

    made = await world.fork(ago_ns=70 * SECOND, added=world.adds(order))

    forked = made.forked
    fills = [r for r in forked.changed.reports if r.exec_type is ExecType.TRADE]
    assert forked.proof is not None
    assert forked.proof.is_equal
    assert forked.proof.recorded.events > 0
    assert {fill.order_id for fill in fills} == {order.order_id}
    assert forked.unchanged.reports == []
    assert forked.changed.samples[BTC] != forked.unchanged.samples[BTC]
    assert forked.changed.samples["AAPL"] == forked.unchanged.samples["AAPL"]
    assert forked.changed.mark.digest != forked.unchanged.mark.digest
    assert len(forked.times_ns) == len(forked.changed.samples[BTC]) == 101
    assert forked.times_ns[-1] - forked.times_ns[0] == 20 * SECOND
    # The living market has not noticed.
    assert world.prism.venue.mark == mark
    check_conserved(world.prism)


async def test_what_the_market_did_is_what_the_unchanged_path_shows(world: World) -> None:
    tape = world.prism.venue.floor.tapes[BTC]
    at_ns = world.sim_ns - 40 * SECOND
    happened = [t for t in tape if at_ns < t.time_ns <= at_ns + 20 * SECOND]
    order = world.orders.limit(BUY, "100", "1", account="fork")

    made = await world.fork(at_ns=at_ns, added=world.adds(order))

    samples = made.forked.unchanged.samples[BTC][1:]
    assert len(happened) > 5
    assert sum(s.trades for s in samples) == len(happened)
    assert sum(s.lots for s in samples) == sum(t.lots for t in happened)


async def test_an_order_that_meets_nobody_changes_nothing_but_its_level(world: World) -> None:
    order = world.orders.limit(BUY, "100", "1", account="fork")

    made = await world.fork(ago_ns=30 * SECOND, added=world.adds(order, after_s=3))

    assert is_same(made.forked)
    assert [r.exec_type for r in made.forked.changed.reports] == [ExecType.NEW]


async def test_an_order_taken_out_is_gone_from_the_changed_path_alone(world: World) -> None:
    order = world.orders.market(SELL, "30")
    await world.prism.venue.submit(order)
    entered_ns = world.sim_ns
    world.prism.clock.advance(30 * SECOND)
    await world.prism.settle()

    made = await world.fork(removed=frozenset({order.order_id}), run_ns=10 * SECOND)

    forked = made.forked
    assert forked.at_ns == entered_ns
    assert forked.proof is not None
    assert forked.proof.is_equal
    assert forked.unchanged.samples[BTC][1] != forked.changed.samples[BTC][1]
    assert forked.unchanged.samples["AAPL"] == forked.changed.samples["AAPL"]


async def test_a_run_into_the_future_is_proved_up_to_the_present(world: World) -> None:
    order = world.orders.market(BUY, "1", account="fork")

    made = await world.fork(ago_ns=0, run_ns=100 * SECOND, added=world.adds(order))

    assert made.forked.proof is not None
    assert made.forked.proof.is_equal
    assert made.forked.proof.recorded.sim_ns == world.sim_ns


async def test_a_shock_of_the_past_is_there_again(world: World) -> None:
    (shock,) = (a for a in world.prism.venue.controls.audit if a.control.kind is ControlKind.SHOCK)
    order = world.orders.limit(BUY, "100", "1", account="fork")

    made = await world.fork(
        at_ns=shock.enters_ns - SECOND, run_ns=70 * SECOND, added=world.adds(order)
    )

    assert made.forked.proof is not None
    assert made.forked.proof.is_equal


async def test_a_fork_of_a_past_minute_is_ready_within_a_second(world: World) -> None:
    order = world.orders.market(BUY, "1", account="fork")

    made = await world.fork(ago_ns=60 * SECOND, added=world.adds(order))

    assert 0 < made.start_ns < SECOND
    assert made.took_ns >= made.start_ns


async def test_a_wrong_record_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = world.orders.market(BUY, "1", account="fork")
    history = world.prism.venue.history
    wrong = [msgspec.structs.replace(m, digest="0" * 32) for m in history.marks_from(0)]
    monkeypatch.setattr(history, "_marks", wrong)

    made = await world.fork(ago_ns=30 * SECOND, run_ns=2 * SECOND, added=world.adds(order))

    assert made.forked.proof is not None
    assert not made.forked.proof.is_equal


async def test_a_life_that_is_over_can_be_forked_too(clock: VirtualClock, archive: Archive) -> None:
    log = MemoryLog()
    async with living(log, clock, archive=archive) as prism:
        await a_past(prism, seconds=80)
        first_end = prism.venue.floor.exchange.sim_ns
        first = prism.venue.mark
    async with living(log, clock, archive=archive) as prism:
        await a_past(prism, seconds=20)
        world = World(prism, archive)
        order = world.orders.market(BUY, "5", account="fork")

        made = await world.fork(life=0, at_ns=first_end - 30 * SECOND, added=world.adds(order))

        assert made.life == 0
        assert made.forked.proof is not None
        assert made.forked.proof.is_equal
        assert made.forked.proof.recorded.sim_ns <= first.sim_ns
        assert made.forked.changed.samples[BTC] != made.forked.unchanged.samples[BTC]
        for number, beyond in ((7, 1), (0, first.sim_ns + 2), (0, first.sim_ns + 2_000 * SECOND)):
            with pytest.raises(InvalidInputError):
                await world.fork(life=number, at_ns=beyond, added=world.adds(order))
        with pytest.raises(RefusedError):
            await world.fork(life=0, at_ns=1, added=world.adds(order))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "add"),
        ({"run_ns": 0}, "run_s"),
        ({"run_ns": 1_801 * SECOND}, "run_s"),
        ({"removed": frozenset({"nobody"}), "at_ns": 1}, "remove"),
    ],
)
async def test_a_wrong_value_is_named(world: World, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await world.fork(**{"ago_ns": None, **fields})

    assert caught.value.field == field


async def test_the_moment_must_be_named_once_and_be_past(world: World) -> None:
    added = world.adds(world.orders.market(BUY, "1", account="fork"))
    for fields in (
        {},
        {"at_ns": world.sim_ns, "ago_ns": 1},
        {"ago_ns": -1},
        {"ago_ns": 1, "life": 0},
        {"at_ns": world.sim_ns + SECOND},
    ):
        with pytest.raises(InvalidInputError):
            await world.fork(added=added, **fields)


async def test_only_so_many_forks_are_made_at_once_and_none_takes_too_long(world: World) -> None:
    def ask(ago_s: int) -> Any:
        order = world.orders.market(BUY, "1", account="fork")
        return world.fork(ago_ns=ago_s * SECOND, run_ns=1_000 * SECOND, added=world.adds(order))

    made = await asyncio.gather(*(ask(10) for _ in range(3)), return_exceptions=True)

    assert [type(one) for one in made] == [Made, Made, RefusedError]


async def test_nonsense_hides_no_fork_that_was_made_and_keeps_little(world: World) -> None:
    order = world.orders.market(BUY, "1", account="fork")
    await world.fork(ago_ns=10 * SECOND, run_ns=SECOND, added=world.adds(order))
    for _ in range(AUDIT_LENGTH + 1):
        with pytest.raises(InvalidInputError):
            await world.fork(ago_ns=-1, added=world.adds(order) * 100)

    audit = world.forks.audit

    assert [one.result for one in audit].count(DONE) == 1
    assert len(audit) == AUDIT_LENGTH + 1
    assert {len(one.ask.added) for one in audit} == {1, 3}


async def test_history_that_memory_let_go_of_is_read_from_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.prism.venue.history, "_complete_from", 10**9)
    order = world.orders.market(BUY, "1", account="fork")

    made = await world.fork(ago_ns=90 * SECOND, added=world.adds(order))

    assert made.forked.proof is not None
    assert made.forked.proof.is_equal


async def test_an_order_that_memory_let_go_of_is_found_in_the_log_and_taken_out(
    clock: VirtualClock, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_INPUTS", 20)
    async with living(MemoryLog(), clock, archive=archive) as prism:
        crowd = await a_past(prism, seconds=160)
        world = World(prism, archive)
        first = next(one for one in crowd.asked if one.price is None)
        held = {placed[1].order for placed in prism.venue.history.entries({first.order_id})}

        made = await world.fork(removed=frozenset({first.order_id}))

        assert held == set()
        assert made.forked.proof is not None
        assert made.forked.proof.is_equal
        assert made.forked.changed.mark.digest != made.forked.unchanged.mark.digest
