"""The gateway's log from a snapshot on: nothing that was written is lost, or applied twice."""

import asyncio
from pathlib import Path

import pytest
from tests.factories import NOW_NS, an_order
from tests.live import RULES
from tests.trading import LOG, MortalBus, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import StoppingError
from trade2026.core.ids import Ids, OrderId
from trade2026.core.numbers import Money, Qty
from trade2026.desk.live_log import LiveLog
from trade2026.desk.snapshots import Snapshots
from trade2026.domain.live.state import LiveMemory, LiveState
from trade2026.model.execution import ExecType
from trade2026.model.instrument import LIVE
from trade2026.model.live import LiveEvent, LiveMode, OrderTaken
from trade2026.model.live_subjects import LIVE_EVENT
from trade2026.ports.bus import Delivery


class Life:
    """One life of the gateway's log, with its snapshots in a folder that outlives it."""

    def __init__(self, log: MemoryLog, folder: Path) -> None:
        clock = VirtualClock(NOW_NS)
        self.bus = MortalBus(log, clock, with_codec=True)
        self.bus.died, self.bus.pause_over = asyncio.Event(), asyncio.Event()
        ids = Ids(clock, chance.stream(log.last_seq(LIVE_EVENT.stream), "ids"))
        self.log = LiveLog(bus=self.bus, clock=clock, ids=ids, log=LOG, state=LiveState(RULES))
        store = SnapshotFiles(folder / "live.snapshot")
        self.snapshots = Snapshots(
            self.log.keeper(), store=store, bus=self.bus, clock=clock, log=LOG
        )
        self.read = 0
        self.folded = 0

    async def begin(self) -> "Life":
        from_seq = await self.snapshots.begin(LIVE_EVENT)()
        follow = self.snapshots.following(LIVE_EVENT, self.log.on_event)

        async def count(event: LiveEvent, delivery: Delivery) -> None:
            self.read += 1
            await follow(event, delivery)
            self.folded += 1

        await self.bus.fold(LIVE_EVENT, count, from_seq=from_seq)
        return self

    async def take(self, number: int) -> None:
        event = OrderTaken(
            event_id=self.log.new_id(),
            ts_ns=NOW_NS,
            order=an_order(order_id=OrderId(f"order-{number}"), venue=LIVE),
            route=LiveMode.LIVE,
            sent_qty=Qty(1),
            worth=Money(1),
            client_id=f"c{number}",
        )
        await self.log.write(event)

    async def hear_of(self, number: int) -> None:
        await self.log.report(self.log.state.orders[OrderId(f"order-{number}")], ExecType.NEW)


async def state_in(log: MemoryLog, folder: Path) -> LiveMemory:
    """Return what a life comes to that begins on *log* with what is in *folder*."""
    life = await Life(log, folder).begin()
    await life.bus.close()
    return life.log.state.freeze()


async def whole(log: MemoryLog, folder: Path) -> LiveMemory:
    """Return what the log alone comes to."""
    (folder / "none").mkdir(exist_ok=True)
    return await state_in(log, folder / "none")


async def test_what_is_ahead_of_the_log_in_a_snapshot_is_not_applied_again(tmp_path: Path) -> None:
    log = MemoryLog()
    life = await Life(log, tmp_path).begin()
    await life.take(1)
    await until(lambda: life.folded == 1)
    life.bus.tells.clear()
    await life.take(2)
    await life.hear_of(1)
    await life.snapshots.take()

    after = await Life(log, tmp_path).begin()

    assert after.read == 2
    assert after.log.state.freeze() == life.log.state.freeze() == await whole(log, tmp_path)
    assert not after.log.keeper().freeze().ahead
    await after.snapshots.take()
    assert await state_in(log, tmp_path) == await whole(log, tmp_path)
    life.bus.tells.set()
    for one in (life, after):
        await one.bus.close()


async def test_what_the_log_tells_before_its_writer_hears_is_in_no_snapshot_without_being_applied(
    tmp_path: Path,
) -> None:
    log = MemoryLog()
    life = await Life(log, tmp_path).begin()
    await life.take(1)
    await until(lambda: life.folded == 1)
    life.bus.pauses_at, life.bus.is_mute = life.bus.count, True
    writing = asyncio.ensure_future(life.take(2))
    await until(lambda: life.read == 2)
    await life.snapshots.take()

    assert await state_in(log, tmp_path) == await whole(log, tmp_path)
    assert OrderId("order-2") not in life.log.state.orders

    life.bus.pause_over.set()
    await writing
    await until(lambda: life.folded == 2)
    await life.snapshots.take()
    assert life.log.state.freeze() == await whole(log, tmp_path)
    assert await state_in(log, tmp_path) == await whole(log, tmp_path)
    await life.bus.close()


async def test_what_cannot_be_applied_is_left_to_the_next_life(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def breaks(_: LiveEvent) -> None:
        raise AssertionError("cannot be applied")

    log = MemoryLog()
    life = await Life(log, tmp_path).begin()
    await life.take(1)
    await until(lambda: life.folded == 1)
    life.bus.pauses_at, life.bus.is_mute = life.bus.count, True
    writing = asyncio.ensure_future(life.take(2))
    await until(lambda: life.read == 2)
    with monkeypatch.context() as patch:
        patch.setattr(life.log.state, "apply", breaks)
        life.bus.pause_over.set()
        with pytest.raises(StoppingError):
            await writing
        await asyncio.sleep(0.05)
    await life.snapshots.take()

    assert life.folded == 1
    assert len((await state_in(log, tmp_path)).orders) == 2
    assert await state_in(log, tmp_path) == await whole(log, tmp_path)
    await life.bus.close()
