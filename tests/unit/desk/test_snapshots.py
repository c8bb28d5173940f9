"""A restart begins from the newest snapshot that fits, and from nothing that does not."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.factories import NOW_NS, a_deposit
from tests.trading import LOG, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.errors import UnavailableError
from trade2026.core.ids import EventId
from trade2026.desk.snapshots import EVENTS_MOST, EVERY_NS, LEAST_NS, Keeper, Snapshots
from trade2026.model.journal import CashDeposited
from trade2026.model.subjects import ORDERS_EVENT, Stream
from trade2026.ports.bus import Delivery
from trade2026.ports.snapshots import SnapshotStore


class Sum(msgspec.Struct, frozen=True):
    """A state."""

    total: int


class OtherSum(msgspec.Struct, frozen=True):
    """The state of another version."""

    total: int
    more: int = 0


class Life:
    """One life of a fold that adds deposits up."""

    def __init__(
        self,
        log: MemoryLog,
        store: SnapshotStore,
        *,
        rules: int = 1,
        fold: str = "sum",
        lead: int = 0,
    ) -> None:
        self.total = 0
        self.seen: list[int] = []
        """Places of the events that this life has read."""
        self.fails = False
        self.poisoned = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.clock = VirtualClock(NOW_NS)
        self.bus = LocalBus(log, self.clock, with_codec=True)
        keeper = Keeper(
            fold=fold, state=Sum, rules=rules, freeze=lambda: Sum(self.total), thaw=self._thaw
        )
        self.snapshots = Snapshots(
            keeper,
            store=store,
            bus=self.bus,
            clock=self.clock,
            log=LOG,
            most=EVENTS_MOST,
            lead=lead,
        )

    async def begin(self) -> None:
        await self.bus.fold(
            ORDERS_EVENT,
            self.snapshots.following(ORDERS_EVENT, self.on_event),
            from_seq=await self.snapshots.begin(ORDERS_EVENT)(),
            on_poison=self.snapshots.pinning(self.on_poison),
        )

    async def on_event(self, event: CashDeposited, delivery: Delivery) -> None:
        self.seen.append(delivery.stream_seq)
        await self.gate.wait()
        if self.fails:
            raise UnavailableError("it fails")
        self.total += event.amount

    async def on_poison(self, *_: object) -> None:
        self.poisoned.set()

    async def tell(self, *amounts: int, is_heard: bool = True) -> None:
        for amount in amounts:
            deposit = a_deposit(str(amount))
            event_id = EventId(f"event-{await self.bus.last_seq(Stream.ORDERS)}")
            await self.bus.append(
                ORDERS_EVENT,
                msgspec.structs.replace(deposit, event_id=event_id, amount=amount),
                event_id=event_id,
                account="default",
            )
        last_seq = await self.bus.last_seq(Stream.ORDERS)
        if is_heard:
            await until(lambda: last_seq in self.seen)
        await asyncio.sleep(0.01)

    def _thaw(self, state: Sum) -> None:
        self.total = state.total


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the newest snapshot is."""
    return tmp_path / "sum.snapshot"


@pytest.fixture
def log() -> MemoryLog:
    """Return an empty log."""
    return MemoryLog()


async def _life(log: MemoryLog, path: Path, **words: object) -> Life:
    life = Life(log, SnapshotFiles(path), **words)  # type: ignore[arg-type]
    await life.begin()
    return life


async def _two_snapshots(log: MemoryLog, path: Path) -> None:
    """Leave a snapshot at the second event, one at the fourth, and an event after it."""
    life = await _life(log, path)
    await life.tell(1, 2)
    await life.snapshots.take()
    await life.tell(3, 4)
    await life.snapshots.take()
    await life.tell(5)


async def test_a_restart_reads_only_what_came_after_the_newest_snapshot(
    log: MemoryLog, path: Path
) -> None:
    await _two_snapshots(log, path)

    life = await _life(log, path)

    assert (life.total, life.seen) == (15, [5])


async def test_it_follows_the_log_from_there(log: MemoryLog, path: Path) -> None:
    await _two_snapshots(log, path)
    life = await _life(log, path)

    await life.tell(6)
    await life.snapshots.close()
    again = await _life(log, path)

    assert (again.total, again.seen) == (21, [])


async def test_a_damaged_one_is_told_of_and_the_one_before_it_is_used(
    log: MemoryLog, path: Path
) -> None:
    await _two_snapshots(log, path)
    _damage(path)

    with capture_logs() as told:
        life = await _life(log, path)

    assert (life.total, life.seen) == (15, [3, 4, 5])
    assert [one["why"] for one in told if one["log_level"] == "warning"] == ["it is damaged"]


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _is_kept(path: Path) -> bool:
    return bool(SnapshotFiles(path).read())


async def test_where_none_is_whole_the_whole_log_is_folded(log: MemoryLog, path: Path) -> None:
    await _two_snapshots(log, path)
    _damage(path)
    _damage(path.with_suffix(".previous"))

    life = await _life(log, path)

    assert (life.total, life.seen) == (15, [1, 2, 3, 4, 5])


@pytest.mark.parametrize("words", [{"rules": 2}, {"fold": "other"}])
async def test_one_of_another_fold_or_version_is_not_used(
    log: MemoryLog, path: Path, words: dict[str, object]
) -> None:
    await _two_snapshots(log, path)

    life = await _life(log, path, **words)

    assert (life.total, life.seen) == (15, [1, 2, 3, 4, 5])


def test_a_field_more_is_another_version() -> None:
    def keeper(state: type[msgspec.Struct]) -> str:
        return Keeper(
            fold="sum", state=state, rules=1, freeze=lambda: Sum(0), thaw=lambda _: None
        ).form

    assert keeper(Sum) == keeper(Sum)
    assert keeper(Sum) != keeper(OtherSum)


async def test_one_of_another_log_is_not_used(path: Path) -> None:
    await _two_snapshots(MemoryLog(), path)
    other = MemoryLog()
    life = await _life(other, path.with_name("other.snapshot"))
    await life.tell(7, 7, 7, 7, 7)

    again = await _life(other, path)

    assert (again.total, again.seen) == (35, [1, 2, 3, 4, 5])


async def test_one_that_is_ahead_of_the_log_is_not_used(log: MemoryLog, path: Path) -> None:
    await _two_snapshots(log, path)
    shorter = _copy_of(log, 3)

    life = await _life(shorter, path)

    # The one before it stands at the second event, which this log has.
    assert (life.total, life.seen) == (6, [3])


async def test_one_whose_event_the_log_has_otherwise_is_not_used(
    log: MemoryLog, path: Path
) -> None:
    await _two_snapshots(log, path)
    other = _copy_of(log, 3)
    life = await _life(other, path.with_name("other.snapshot"))
    life.clock.advance(NS_PER_S)
    await life.tell(40, 50)

    again = await _life(other, path)

    assert (again.total, again.seen) == (96, [3, 4, 5])


def _copy_of(log: MemoryLog, count: int) -> MemoryLog:
    """Return the log as it was brought back from a copy of its first *count* events."""
    made = MemoryLog()
    made.created_ns = log.created_ns
    for record in log.records(Stream.ORDERS)[:count]:
        made.append(
            Stream.ORDERS,
            record.subject,
            record.content,
            EventId(f"copy-{record.seq}"),
            now_ns=record.appended_ns,
        )
    return made


async def test_nothing_is_taken_within_an_event(log: MemoryLog, path: Path) -> None:
    life = await _life(log, path)
    await life.tell(1)
    life.gate.clear()
    await life.tell(2)

    await life.snapshots.take()

    assert not _is_kept(path)
    life.gate.set()
    await life.tell(3)
    await life.snapshots.close()
    assert _is_kept(path)


async def test_nothing_is_taken_after_an_event_that_could_not_be_handled(
    log: MemoryLog, path: Path
) -> None:
    life = await _life(log, path)
    await life.tell(1, 2)
    await life.snapshots.take()
    life.fails = True
    await life.tell(3)
    await life.poisoned.wait()
    life.fails = False
    await life.tell(4, is_heard=False)

    await life.snapshots.close()
    again = await _life(log, path)

    # The next life meets the event again.
    assert (again.total, again.seen) == (10, [3, 4])


async def test_nothing_is_taken_after_an_event_that_nobody_can_read(
    log: MemoryLog, path: Path
) -> None:
    life = await _life(log, path)
    await life.tell(1)
    log.append(Stream.ORDERS, "orders.event.default", b"\xff", EventId("x"), now_ns=NOW_NS)
    await life.poisoned.wait()
    await life.tell(2, is_heard=False)

    await life.snapshots.close()

    assert not _is_kept(path)


async def test_one_is_due_after_so_many_events_or_so_long(log: MemoryLog, path: Path) -> None:
    life = await _life(log, path)
    await life.tell(1)
    running = asyncio.ensure_future(life.snapshots.run())
    assert not _is_kept(path)

    life.clock.advance(EVERY_NS)
    await life.tell(2)
    await until(lambda: _is_kept(path))

    running.cancel()
    assert (await _life(log, path)).seen == []


async def test_the_first_is_due_sooner_by_the_lead_and_no_later_one(
    log: MemoryLog, path: Path
) -> None:
    life = await _life(log, path, lead=EVENTS_MOST - 2)
    life.clock.advance(LEAST_NS)
    await life.tell(1)
    is_kept_early = _is_kept(path)
    await life.tell(2)
    await until(lambda: _is_kept(path))
    await asyncio.to_thread(path.unlink)
    life.clock.advance(LEAST_NS)
    await life.tell(3, 4, 5)

    assert not is_kept_early
    assert not _is_kept(path)


async def test_a_store_that_takes_nothing_is_told_of_and_the_fold_goes_on(
    log: MemoryLog, path: Path
) -> None:
    class Full(SnapshotFiles):
        def write(self, content: bytes) -> None:
            raise UnavailableError(f"{len(content)} bytes are too many")

        def read(self) -> tuple[bytes, ...]:
            raise UnavailableError("nobody can read it")

    life = Life(log, Full(path))
    with capture_logs() as told:
        await life.begin()
        await life.tell(1)
        await life.snapshots.take()
        await life.tell(2)

    assert life.total == 3
    warned = [one["event"] for one in told if one["log_level"] == "warning"]
    assert warned == ["the whole log is folded", "no snapshot"]
