"""The ledger tells a little behind its fold: no snapshot of it has what is not told yet."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.folds.every_fold import Life, a_log
from tests.factories import NOW_NS, a_deposit, a_fill, an_order, an_unknown, qty
from tests.trading import until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import CodecError
from trade2026.core.ids import AccountId, EventId
from trade2026.desk.ledger import account_and_seq
from trade2026.desk.persistence import END_WITHIN_S
from trade2026.model import codec
from trade2026.model.booking import SplitBooked
from trade2026.model.instrument import PRISM
from trade2026.model.journal import JournalEvent
from trade2026.model.subjects import ORDERS_EVENT, POSITION_EVENT, Stream
from trade2026.ports.bus import Delivery


class Far:
    """Makes the log answer a ledger only while it is opened."""

    def __init__(self, life: Life) -> None:
        self.open = asyncio.Event()
        self.under_way = 0
        life.bus.append = self._late(life.bus.append)  # type: ignore[method-assign]
        life.bus.append_behind = self._late(life.bus.append_behind)  # type: ignore[method-assign]

    def _late(self, append: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
        async def late(*event: Any, **options: Any) -> int:
            self.under_way += 1
            await self.open.wait()
            return await append(*event, **options)

        return late


@pytest.fixture
async def log() -> MemoryLog:
    """Return a log of orders of which nobody was told what they come to."""
    made = MemoryLog()
    for record in (await a_log()).records(Stream.ORDERS):
        made.append(
            Stream.ORDERS,
            record.subject,
            record.content,
            EventId(f"copy-{record.seq}"),
            now_ns=record.appended_ns,
        )
    return made


def _told(log: MemoryLog) -> list[int]:
    """Return the sequences of the changes that the log has, in its order."""
    changes = [
        codec.decode(POSITION_EVENT.message, r.content) for r in log.records(Stream.POSITIONS)
    ]
    return [account_and_seq(change)[1] for change in changes]


async def _all_of(log: MemoryLog, folder: Path) -> list[int]:
    """Return what is told once a life has read all and had the time for it."""
    life = await Life("ledger", log, folder).begin()
    assert await life.made.keeper.settle()
    await life.end()
    return _told(log)


async def test_changes_are_told_without_waiting_for_each(log: MemoryLog, tmp_path: Path) -> None:
    life = Life("ledger", log, tmp_path)
    far = Far(life)

    async with asyncio.timeout(5):
        await life.begin()

    await until(lambda: far.under_way >= 3)
    assert _told(log) == []
    far.open.set()
    assert await life.made.keeper.settle()
    told = _told(log)
    assert told == sorted(set(told))
    assert len(told) >= 3
    await life.end()


async def test_no_snapshot_is_due_before_all_is_told(log: MemoryLog, tmp_path: Path) -> None:
    life = Life("ledger", log, tmp_path, pace_ns=NS_PER_S)
    far = Far(life)
    reading = asyncio.ensure_future(life.begin())
    await until(lambda: far.under_way == 1)
    await asyncio.sleep(0.05)
    assert not life.path.exists()
    assert not reading.done()

    far.open.set()
    await reading

    assert life.path.exists()
    await life.end()
    # And who begins from one tells nothing twice.
    told = _told(log)
    assert await _all_of(log, tmp_path) == told == sorted(set(told))


async def test_who_takes_one_waits_until_all_is_told(log: MemoryLog, tmp_path: Path) -> None:
    life = Life("ledger", log, tmp_path)
    far = Far(life)
    await life.begin()
    taking = asyncio.ensure_future(life.snapshots.take())
    await asyncio.sleep(0.05)
    assert not taking.done()

    far.open.set()
    await taking

    assert life.path.exists()
    assert _told(log)
    await life.end()


async def test_a_log_that_is_away_at_the_end_is_not_waited_for(
    log: MemoryLog, tmp_path: Path
) -> None:
    life = Life("ledger", log, tmp_path)
    Far(life)
    await life.begin()

    async with asyncio.timeout(END_WITHIN_S + 2):
        await life.snapshots.close()

    assert not life.path.exists()
    await life.end()
    # The next life tells all of it.
    told = await _all_of(log, tmp_path)
    assert len(told) >= 3
    assert told == sorted(set(told))


async def test_nothing_is_booked_behind_what_cannot_be_told(log: MemoryLog, tmp_path: Path) -> None:
    life = Life("ledger", log, tmp_path)

    async def refuse(*_: object, **__: object) -> int:
        raise CodecError("too large")

    life.bus.append = refuse  # type: ignore[method-assign]
    _, (subject, on_journal) = life.made.reads
    first, *_ = log.records(Stream.ORDERS)
    event = codec.decode(subject.message, first.content)
    delivery = Delivery(subject=first.subject, stream_seq=first.seq, appended_ns=first.appended_ns)
    await on_journal(event, delivery)
    assert not await life.made.keeper.settle()

    with pytest.raises(CodecError):
        await on_journal(event, delivery)
    await life.snapshots.take()

    assert not life.path.exists()
    await life.end()


def _put(log: MemoryLog, *events: JournalEvent) -> None:
    for event in events:
        name = ORDERS_EVENT.name(account=event.account)
        content = codec.encode(event)
        log.append(Stream.ORDERS, name, content, event.event_id, now_ns=NOW_NS)


def _split(number: int) -> SplitBooked:
    """Return a split after which two in a row hold more than a message can say."""
    return SplitBooked(
        event_id=EventId(f"split-{number}"),
        account=AccountId("ann"),
        ts_ns=NOW_NS,
        asked_by="tess",
        text="",
        venue=PRISM,
        symbol="BTCUSDT",
        numerator=1_000_000,
        denominator=1,
    )


async def test_a_change_that_cannot_be_told_halts_its_account_alone(tmp_path: Path) -> None:
    log = MemoryLog()
    bought = a_fill(an_order(account=AccountId("ann")), last_qty=qty("1"))
    _put(log, a_deposit(account="ann"), a_deposit(account="bob"), an_unknown(bought))
    _put(log, _split(1), _split(2), a_deposit("1", "ann"), a_deposit("2", "bob"))

    # And the next life the same way.
    for number in range(2):
        life = await Life("ledger", log, tmp_path).begin()
        assert await life.made.keeper.settle()
        *_, orders = life.subscriptions
        assert orders.stats().is_halted
        assert _told(log) == [1, 2, 3, 4, 7, *range(8, 8 + number)]
        _put(log, a_deposit(str(number + 3), "bob"))
        await until(lambda number=number: _told(log)[-1] == 8 + number)
        await life.end()


async def test_no_life_takes_what_another_told_for_its_own(log: MemoryLog, tmp_path: Path) -> None:
    ids: list[str] = []
    for number in range(2):
        # Each is told of nothing that the other has done.
        orders = MemoryLog()
        for record in log.records(Stream.ORDERS):
            _put(orders, codec.decode(ORDERS_EVENT.message, record.content))
        life = Life("ledger", orders, tmp_path / str(number))
        life.bus.append = _noting(ids, life.bus.append)  # type: ignore[method-assign]
        life.bus.append_behind = _noting(ids, life.bus.append_behind)  # type: ignore[method-assign]
        await life.begin()
        assert await life.made.keeper.settle()
        await life.end()

    assert len(ids) == len(set(ids)) >= 6


def _noting(ids: list[str], append: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
    async def noting(*event: Any, **options: Any) -> int:
        ids.append(options["event_id"])
        return await append(*event, **options)

    return noting
