"""What is done to the market as a whole: it takes effect, is kept, and is told who did it."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import count
from typing import Any

import pytest
from tests.prism import (
    SECOND,
    Orders,
    Prism,
    SetClock,
    a_clock,
    check_conserved,
    check_told,
    living,
    published,
    told,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import EventId
from trade2026.model.execution import ExecType
from trade2026.model.market import RawBatch
from trade2026.model.order import Side
from trade2026.model.prism import (
    ControlKind,
    PrismControl,
    PrismPace,
    PrismParams,
    PrismShock,
    ShockKind,
)
from trade2026.model.subjects import LIVE_PRISM_FEED, Stream
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.control import AUDIT_LENGTH, Controls, merged
from trade2026.prism.life import FORMER
from trade2026.prism.pace import Pace

BUY, SELL = Side.BUY, Side.SELL
K = ControlKind

_NUMBERS = count()


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


async def do(prism: Prism, kind: ControlKind, **fields: Any) -> None:
    control = PrismControl(kind=kind, asked_by="ann", **fields)
    await prism.venue.control(control, EventId(f"control-{next(_NUMBERS)}"))


async def pass_time(prism: Prism, seconds: int) -> None:
    for _ in range(seconds):
        prism.clock.advance(SECOND)
        await prism.settle()


def sim_ns(prism: Prism) -> int:
    return prism.venue.floor.exchange.sim_ns


def market_of(prism: Prism) -> AgentMarket:
    exchange = prism.venue.floor.exchange
    assert isinstance(exchange, AgentMarket)
    return exchange


async def test_a_paused_market_stands_and_starts_again_where_it_stood(prism: Prism) -> None:
    await do(prism, K.PAUSE)
    stood = sim_ns(prism)
    mark = prism.venue.mark
    await pass_time(prism, 5)
    assert sim_ns(prism) == stood
    assert prism.venue.mark == mark

    await do(prism, K.START)
    await pass_time(prism, 2)
    assert sim_ns(prism) == stood + 2 * SECOND


async def test_an_order_to_a_paused_market_is_matched_at_its_time(
    prism: Prism, orders: Orders, log: MemoryLog
) -> None:
    await do(prism, K.PAUSE)
    await prism.venue.submit(orders.market(BUY))

    assert {r.ts_event_ns for r in published(log)} == {sim_ns(prism)}
    assert [r.exec_type for r in published(log)][:2] == [ExecType.NEW, ExecType.TRADE]
    check_told(prism, log)


@pytest.mark.parametrize(("speed_milli", "passed_s"), [(100, 0.1), (10_000, 10), (1_000_000, 1000)])
async def test_time_passes_by_the_speed(prism: Prism, speed_milli: int, passed_s: float) -> None:
    await do(prism, K.SPEED, speed_milli=speed_milli)
    before = sim_ns(prism)

    prism.clock.advance(SECOND)
    for _ in range(20):
        await prism.settle()

    assert sim_ns(prism) == before + int(passed_s * SECOND)


async def test_as_fast_as_possible_does_not_wait_for_the_wall(prism: Prism) -> None:
    before = sim_ns(prism)
    await do(prism, K.SPEED, speed_milli=0)

    await prism.settle()

    assert sim_ns(prism) > before + 100 * SECOND


async def test_a_step_ends_exactly_where_it_should_and_answers_then(prism: Prism) -> None:
    await do(prism, K.PAUSE)
    before = sim_ns(prism)

    await do(prism, K.STEP, step_ns=700 * SECOND + 1)

    assert sim_ns(prism) == before + 700 * SECOND + 1
    assert not prism.venue.controls.pace.is_stepping


async def test_what_a_step_brought_is_in_the_log_before_it_is_answered(
    prism: Prism, orders: Orders, log: MemoryLog
) -> None:
    bids, asks = prism.venue.floor.exchange.depth("BTCUSDT", 1)
    middle = (bids[0][0] + asks[0][0]) // 2
    order = orders.limit(BUY, str(middle / 100), "0.001")
    await prism.venue.submit(order)
    await do(prism, K.PAUSE)

    await do(prism, K.STEP, step_ns=600 * SECOND)

    assert ExecType.TRADE in {r.exec_type for r in published(log) if r.order_id == order.order_id}
    assert prism.venue.floor.reporter.last_seq == max(told(log))


async def test_a_step_by_events_ends_with_the_wake_that_brought_the_last(prism: Prism) -> None:
    await do(prism, K.PAUSE)
    before = prism.venue.mark.events

    await do(prism, K.STEP, step_events=300)

    assert 300 <= prism.venue.mark.events - before < 330


async def test_only_a_paused_market_is_stepped_and_one_step_at_a_time(prism: Prism) -> None:
    with pytest.raises(RefusedError):
        await do(prism, K.STEP, step_ns=1)
    await do(prism, K.PAUSE)

    first = asyncio.ensure_future(do(prism, K.STEP, step_ns=3_000 * SECOND))
    await asyncio.sleep(0)
    with pytest.raises(RefusedError):
        await do(prism, K.STEP, step_ns=1)
    await first
    await asyncio.gather(*(do(prism, K.PAUSE), do(prism, K.STEP, step_ns=1)))


async def test_a_reset_begins_anew_from_the_seed_and_ends_what_worked(
    prism: Prism, orders: Orders, log: MemoryLog
) -> None:
    rests = orders.limit(BUY, "50000", account="a")
    await prism.venue.submit(rests)
    await prism.venue.submit(orders.market(BUY, "0.5", account="b"))
    await pass_time(prism, 30)
    held = {h.party: h for h in prism.venue.floor.all_holdings() if h.party == "account:b"}

    await do(prism, K.RESET, seed=11)

    floor = prism.venue.floor
    last = [r for r in published(log) if r.order_id == rests.order_id][-1]
    assert (last.exec_type, last.text) == (ExecType.CANCELED, "VENUE_RESET")
    assert floor.orders.open_count == 0
    assert (prism.venue.life.life, prism.venue.life.seed, prism.venue.life.draw) == (1, 11, 0)
    assert {agent.pnl["BTCUSDT"] for agent in floor.exchange.agents()} == {0}
    assert FORMER in {h.party for h in floor.all_holdings()}
    assert held == {h.party: h for h in floor.all_holdings() if h.party == "account:b"}
    check_conserved(prism)
    await prism.venue.submit(orders.market(SELL, account="b"))
    check_told(prism, log)


async def test_a_clock_that_is_set_back_holds_neither_market_nor_memory_nor_feed() -> None:
    log, clock = MemoryLog(), SetClock()
    async with living(log, clock) as prism:
        said: list[RawBatch] = []

        await prism.bus.watch(LIVE_PRISM_FEED, lambda _, batch: said.append(batch))
        await pass_time(prism, 10)
        clock.off_ns = -3_600 * SECOND
        await prism.settle()
        before, kept = sim_ns(prism), len(log.records(Stream.PRISM_SNAPSHOT))
        said.clear()

        await pass_time(prism, 5)

        assert sim_ns(prism) == before + 5 * SECOND
        assert len(log.records(Stream.PRISM_SNAPSHOT)) == kept + 5
        assert len(said) >= 5
        await prism.venue.submit(Orders(clock).market(BUY))
        check_told(prism, log)


@pytest.mark.parametrize("step", [{"step_ns": 3_600 * SECOND}, {"step_events": 1_000_000}])
async def test_a_reset_ends_a_step_and_the_fresh_market_stands_still(
    prism: Prism, step: dict[str, int]
) -> None:
    await do(prism, K.PAUSE)
    stepping = asyncio.ensure_future(do(prism, K.STEP, **step))
    await asyncio.sleep(0)
    await do(prism, K.RESET, seed=5)

    with pytest.raises(RefusedError, match="a reset ended the step"):
        await asyncio.wait_for(stepping, 5)
    stood = sim_ns(prism)
    await pass_time(prism, 3)
    assert prism.venue.life.seed == 5
    assert sim_ns(prism) == stood
    assert not prism.venue.controls.pace.is_stepping
    await do(prism, K.STEP, step_ns=SECOND)
    assert sim_ns(prism) == stood + SECOND


async def test_the_same_seed_gives_the_same_market_again(prism: Prism) -> None:
    marks: list[tuple[int, str]] = []
    for _ in range(2):
        await do(prism, K.PAUSE)
        await do(prism, K.RESET, seed=5)
        await do(prism, K.STEP, step_ns=60 * SECOND)
        marks.append((prism.venue.mark.events, prism.venue.mark.digest))
        await do(prism, K.STEP, step_ns=7 * SECOND)
        check_conserved(prism)

    await do(prism, K.SEED, seed=6)
    await do(prism, K.RESET)
    await do(prism, K.STEP, step_ns=60 * SECOND)

    assert marks[0] == marks[1]
    assert marks[0] != (prism.venue.mark.events, prism.venue.mark.digest)
    assert prism.venue.life.seed == 6


async def test_controls_are_kept_over_a_crash(log: MemoryLog, clock: VirtualClock) -> None:
    async with living(log, clock) as prism:
        await pass_time(prism, 2)
        await do(prism, K.SPEED, speed_milli=500)
        await pass_time(prism, 2)
        # These are in the log only, behind the last snapshot.
        await do(prism, K.PARAMS, params=PrismParams(type_name="mm", values={"size_clips": 2.0}))
        await do(prism, K.SEED, seed=77)
        await do(prism, K.PAUSE)

    async with living(log, clock) as prism:
        venue = prism.venue
        stood = sim_ns(prism)
        await pass_time(prism, 3)

        assert sim_ns(prism) == stood
        assert venue.controls.pace.state().is_paused
        assert venue.controls.pace.speed_milli == 500
        assert venue.controls.pace.next_seed == 77
        assert market_of(prism).agent_params()["mm"]["agent:mm-0"]["size_clips"] == 2.0
        assert [a.control.kind for a in venue.controls.audit] == [
            K.SPEED,
            K.PARAMS,
            K.SEED,
            K.PAUSE,
        ]


@pytest.mark.parametrize("is_stored", [False, True])
async def test_wherever_a_reset_is_cut_off_it_is_done_once_or_not_at_all(is_stored: bool) -> None:
    for dies_at in range(12, 30):
        log, clock = MemoryLog(), a_clock()
        orders = Orders(clock)
        async with living(log, clock, dies_at=dies_at, is_stored=is_stored) as prism:
            asking = asyncio.ensure_future(_reset_in_the_middle(prism, orders))
            done, _ = await asyncio.wait(
                {asking, asyncio.ensure_future(prism.bus.died.wait())},
                return_when=asyncio.FIRST_COMPLETED,
            )
            asking.cancel()
            del done
        async with living(log, clock) as prism:
            was_asked = any(a.control.kind is K.RESET for a in prism.venue.controls.audit)
            assert prism.venue.life.seed == (9 if was_asked else 7)
            assert prism.venue.floor.orders.open_count == 0
            check_conserved(prism)
            check_told(prism, log)


async def _reset_in_the_middle(prism: Prism, orders: Orders) -> None:
    await pass_time(prism, 2)
    await prism.venue.submit(orders.limit(BUY, "50000", account="a"))
    await prism.venue.submit(orders.limit(SELL, "70000", account="b"))
    await prism.venue.submit(orders.market(BUY, account="b"))
    await do(prism, K.RESET, seed=9)
    await prism.venue.submit(orders.limit(BUY, "50000", account="a"))


async def test_a_recorded_market_cannot_be_controlled(log: MemoryLog, clock: VirtualClock) -> None:
    async with living(log, clock, is_paper=True) as prism:
        for kind in K:
            with pytest.raises(RefusedError):
                await do(prism, kind)


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (K.SPEED, {}, "speed"),
        (K.SPEED, {"speed_milli": 99}, "speed"),
        (K.SPEED, {"speed_milli": 1_000_001}, "speed"),
        (K.STEP, {}, "ns"),
        (K.STEP, {"step_ns": 1, "step_events": 1}, "ns"),
        (K.STEP, {"step_ns": 0}, "ns"),
        (K.STEP, {"step_events": 1_000_001}, "events"),
        (K.SEED, {}, "seed"),
        (K.SEED, {"seed": -1}, "seed"),
        (K.RESET, {"seed": 2**63}, "seed"),
        (
            K.SHOCK,
            {"shock": PrismShock(kind=ShockKind.NEWS, symbol="X", size=1, duration_ns=0)},
            "symbol",
        ),
        (K.PARAMS, {"params": PrismParams(type_name="x", values={"a_s": 1})}, "type"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field_and_not_logged(
    prism: Prism, log: MemoryLog, kind: ControlKind, fields: dict[str, Any], field: str
) -> None:
    await do(prism, K.PAUSE)
    before = prism.venue.controls.last_place

    with pytest.raises(InvalidInputError) as caught:
        await do(prism, kind, **fields)

    assert caught.value.field == field
    assert prism.venue.controls.last_place == before
    assert prism.venue.controls.audit[-1].result.startswith("REFUSED")
    assert told(log) == {}


def test_a_thousand_refusals_hide_nothing_that_was_done() -> None:
    controls = Controls(Pace(PrismPace(), now_ns=0, sim_ns=0))
    pause = PrismControl(kind=K.PAUSE, asked_by="tess")
    for place in range(1, 11):
        controls.note(pause, place, enters_ns=place)

    for number in range(3 * AUDIT_LENGTH):
        controls.refused(pause, 100 + number, "no")

    assert controls.audit_from_seq == 1
    assert [one.place for one in controls.audit[:10]] == list(range(1, 11))
    assert len(controls.audit) == 10 + AUDIT_LENGTH


def test_what_is_set_again_is_kept_once_and_on_top() -> None:
    kind = PrismParams(type_name="mm", values={"a_s": 1.0, "b_s": 1.0})
    one = PrismParams(agent="agent:mm-0", values={"a_s": 2.0})

    params = merged(merged(merged((), kind), one), PrismParams(type_name="mm", values={"a_s": 3.0}))

    assert params == (
        PrismParams(type_name="mm", values={"b_s": 1.0}),
        one,
        PrismParams(type_name="mm", values={"a_s": 3.0}),
    )
    again = PrismParams(agent="agent:mm-0", values={"a_s": 4.0})
    assert merged(params, again)[-1] == again
    assert one not in merged(params, again)
