"""The same log gives the same market: in another process, whatever its hashing, too."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.prism import (
    CONFIG,
    INSTRUMENTS,
    SECOND,
    Orders,
    Prism,
    a_clock,
    cancel_of,
    living,
    make_agents,
    make_paper,
)
from tests.unit.prism.test_control import do

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import format_nanos
from trade2026.model.order import NewOrderSingle, OrdType, Side, TimeInForce
from trade2026.model.prism import ControlKind, PrismParams, PrismShock, ShockKind
from trade2026.prism.holdings import FeeRates
from trade2026.prism.life import House
from trade2026.prism.limits import Limits
from trade2026.prism.recorded import RecordedLife, read_life
from trade2026.prism.replay import play_again

HOUSE = House(
    make_exchange=make_agents,
    instruments=INSTRUMENTS,
    fees=FeeRates(),
    limits=Limits(),
    seed=CONFIG.seed,
)


@pytest.fixture
async def bus() -> AsyncGenerator[LocalBus]:
    bus = LocalBus(MemoryLog(), a_clock(), with_codec=True)
    yield bus
    await bus.close()


class Crowd:
    """Outsiders who ask at random, many at a time."""

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        self.orders = Orders(clock, seed)
        self.random = np.random.default_rng(seed)
        self.asked: list[NewOrderSingle] = []

    async def act(self, prism: Prism) -> None:
        """Let some of them ask, while time passes in uneven portions."""
        asks = [self._ask(prism) for _ in range(int(self.random.integers(1, 6)))]
        await asyncio.gather(*asks)
        prism.clock.advance(int(self.random.integers(1, SECOND)))
        await prism.settle()

    async def _ask(self, prism: Prism) -> None:
        random = self.random
        is_direct = bool(random.random() < 0.3)
        if self.asked and random.random() < 0.25:
            order = self.asked[int(random.integers(len(self.asked)))]
            await prism.venue.cancel(cancel_of(order), is_direct=is_direct)
            return
        side = Side.BUY if random.random() < 0.5 else Side.SELL
        price = 60_000_000_000_000 + int(random.integers(-3_000, 3_000)) * 10_000_000
        order = self.orders.limit(
            side, format_nanos(price), "0.2", account=f"a{random.integers(3)}"
        )
        if random.random() < 0.3:
            order = msgspec.structs.replace(order, ord_type=OrdType.MARKET, price=None)
        if random.random() < 0.3:
            order = msgspec.structs.replace(order, time_in_force=TimeInForce.FOK)
        self.asked.append(order)
        await prism.venue.submit(order, is_direct=is_direct)


async def a_story(log: MemoryLog, seed: int, *, rounds: int = 25) -> None:
    """Write a life with orders, cancels and controls into *log*."""
    clock = a_clock()
    crowd = Crowd(clock, seed)
    async with living(log, clock) as prism:
        for number in range(rounds):
            await crowd.act(prism)
            if number == rounds // 3:
                shock = PrismShock(
                    kind=ShockKind.CRASH, symbol="BTCUSDT", size=50, duration_ns=3 * SECOND
                )
                await do(prism, ControlKind.SHOCK, shock=shock)
                await do(prism, ControlKind.SPEED, speed_milli=3_000)
            if number == rounds // 2:
                params = PrismParams(type_name="noise", values={"mean_pause_s": 0.7})
                await do(prism, ControlKind.PARAMS, params=params)
                await do(prism, ControlKind.PAUSE)
                await do(prism, ControlKind.STEP, step_ns=SECOND)
                await do(prism, ControlKind.START)
        clock.advance(2 * SECOND)
        await prism.settle()


async def read(log: MemoryLog, number: int | None = None) -> RecordedLife:
    bus = LocalBus(log, a_clock(), with_codec=True)
    try:
        return await read_life(bus, number)
    finally:
        await bus.close()


@pytest.mark.parametrize("seed", range(6))
async def test_the_same_log_gives_the_same_hash(seed: int) -> None:
    log = MemoryLog()
    await a_story(log, seed)

    played = play_again(await read(log), HOUSE)

    assert played.is_equal
    assert played.digest == played.recorded_digest
    assert played.events == played.recorded_events > 200
    assert played.inputs > 30


async def test_inputs_enter_in_the_order_of_the_log_and_not_in_the_one_they_came() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock) as prism:
        clock.advance(4 * SECOND)
        await prism.settle()
        bus = prism.bus
        bus.pauses_at, bus.pause_over = bus.count, asyncio.Event()
        # They would meet: which of them rests depends on who enters first.
        asked = [
            asyncio.ensure_future(prism.venue.submit(orders.limit(side, price, account=account)))
            for side, price, account in ((Side.BUY, "61000", "a"), (Side.SELL, "60500", "b"))
        ]
        await asyncio.sleep(0.05)
        bus.pause_over.set()
        await asyncio.gather(*asked)
        clock.advance(2 * SECOND)
        await prism.settle()

    recorded = await read(log)
    entered = [m.order.account for _, m in recorded.inputs if m.order is not None]
    assert entered == ["b", "a"]
    assert play_again(recorded, HOUSE).is_equal


async def test_without_one_of_its_inputs_it_comes_elsewhere() -> None:
    log = MemoryLog()
    await a_story(log, 1)
    recorded = await read(log)
    at = next(
        at
        for at, (_, message) in enumerate(recorded.inputs)
        if message.order is not None and message.order.ord_type is OrdType.MARKET
    )
    del recorded.inputs[at]

    assert not play_again(recorded, HOUSE).is_equal


async def test_every_life_of_a_log_can_be_played_again() -> None:
    log = MemoryLog()
    for seed in range(2):
        await a_story(log, seed, rounds=8)
    clock = a_clock()
    async with living(log, clock) as prism:
        clock.advance(2 * SECOND)
        await prism.settle()
        await do(prism, ControlKind.RESET, seed=3)
        clock.advance(2 * SECOND)
        await prism.settle()

    for life in range(4):
        played = play_again(await read(log, life), HOUSE)
        assert played.is_equal
        assert played.life == life
    with pytest.raises(InvalidInputError):
        await read(log, 4)


async def test_other_rules_and_recorded_markets_are_not_compared() -> None:
    log = MemoryLog()
    await a_story(log, 1, rounds=2)
    recorded = await read(log)
    other = msgspec.structs.replace(recorded.life, rules="others")

    with pytest.raises(RefusedError):
        play_again(RecordedLife(life=other, inputs=[], mark=recorded.mark), HOUSE)
    with pytest.raises(RefusedError):
        play_again(RecordedLife(life=recorded.life, inputs=[], mark=None), HOUSE)
    paper = House(
        make_exchange=make_paper,
        instruments=INSTRUMENTS,
        fees=FeeRates(),
        limits=Limits(),
        seed=CONFIG.seed,
    )
    with pytest.raises(RefusedError):
        play_again(recorded, paper)


SCRIPT = """
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.unit.prism.test_replay import HOUSE, a_story, read
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.prism.replay import play_again

async def main():
    log = MemoryLog()
    await a_story(log, 4, rounds=10)
    played = play_again(await read(log), HOUSE)
    print("HASH", played.is_equal, played.digest, played.recorded_digest)

asyncio.run(main())
"""


def test_processes_that_hash_otherwise_come_to_the_same() -> None:
    root = Path(__file__).parents[3]

    def run(hash_seed: str) -> str:
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(root=str(root))],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{root / 'src'}"},
            capture_output=True,
            check=True,
            text=True,
        )
        return result.stdout.splitlines()[-1]

    first, second = run("1"), run("4242")

    assert first == second
    assert first.startswith("HASH True")
