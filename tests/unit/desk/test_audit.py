"""The audit at work: one chain, whatever is killed, repeated, or written by somebody else."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
import structlog
from msgspec.structs import replace
from tests.contract.bus.messages import until
from tests.factories import NOW_NS, a_control, an_order

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.cli.audit import walk_chain
from trade2026.core.clock import VirtualClock
from trade2026.core.errors import SupersededError
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.desk import audit
from trade2026.desk.audit import SOURCES, AuditDesk
from trade2026.domain.audit.chain import Verification
from trade2026.model.audit import AuditRecord
from trade2026.model.journal import CancelRequested, OrderReceived
from trade2026.model.post_trade import AUDIT_RECORD
from trade2026.model.risk import TradingMode
from trade2026.model.subjects import ORDERS_EVENT, RISK_CONTROL, Stream
from trade2026.ports.bus import Bus

LOG = structlog.get_logger()
CLOCK = VirtualClock(NOW_NS)


class MortalBus(LocalBus):
    """A bus whose process dies at one of the audit's appends, before it or just after."""

    dies_at = 0
    is_stored = False
    died: asyncio.Event

    async def append_after(self, after_seq: int, *event: Any, **options: Any) -> int:
        self.dies_at -= 1
        if self.dies_at >= 0:
            return await super().append_after(after_seq, *event, **options)
        if self.is_stored:
            await super().append_after(after_seq, *event, **options)
        self.died.set()
        await asyncio.Event().wait()
        raise AssertionError


def a_bus(log: MemoryLog) -> LocalBus:
    return LocalBus(log, CLOCK, with_codec=True)


async def place(bus: Bus, number: int, sent_by: str = "tess") -> None:
    event = OrderReceived(
        event_id=EventId(f"received-{number}"),
        account=AccountId("default"),
        order_id=OrderId(f"order-{number}"),
        order_seq=1,
        ts_ns=NOW_NS,
        request=an_order(sent_by=sent_by),
    )
    await bus.append(ORDERS_EVENT, event, event_id=event.event_id, account="default")


async def begin(bus: Bus) -> AuditDesk:
    """Start the audit as its service does; its loop runs as long as the test."""
    desk = AuditDesk(bus, LOG)
    await bus.fold(AUDIT_RECORD, desk.on_batch, from_seq=await desk.first_seq())
    for source, deed_of in SOURCES:
        await bus.fold(
            source,
            desk.reader(source, deed_of),
            from_seq=await desk.seq_after(source)(),
            on_poison=desk.on_poison,
        )
    return desk


async def settled(desk: AuditDesk, count: int) -> None:
    loop = asyncio.ensure_future(desk.run())
    await until(lambda: desk.head.number >= count)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop


async def read(log: MemoryLog) -> list[AuditRecord]:
    """Return all records of a chain that is whole."""
    walk = Verification()
    problem, records = await walk_chain(a_bus(log), walk)
    assert (problem or walk.end()) == ""
    return records


async def test_deeds_of_all_logs_become_one_chain() -> None:
    log = MemoryLog()
    bus = a_bus(log)
    desk = await begin(bus)
    await place(bus, 1)
    control = a_control(1, TradingMode.HALTED)
    await bus.append(RISK_CONTROL, control, event_id=control.control_id, scope="global")
    await place(bus, 2)

    await settled(desk, 3)

    records = await read(log)
    assert sorted(one.deed.target for one in records) == ["global", "order-1", "order-2"]
    assert list(desk.records()) == records
    assert desk.head.hash == records[-1].hash
    await bus.close()


async def test_more_deeds_than_a_message_holds_are_written_before_the_loop_begins() -> None:
    log = MemoryLog()
    bus = a_bus(log)
    for number in range(1, 3 * audit.BATCH_MAX):
        await place(bus, number)

    desk = await begin(bus)

    assert desk.head.number == 2 * audit.BATCH_MAX
    await settled(desk, 3 * audit.BATCH_MAX - 1)
    assert len(await read(log)) == 3 * audit.BATCH_MAX - 1
    await bus.close()


@pytest.mark.parametrize("in_a_message", [1, 3, 8])
async def test_a_start_reads_few_more_records_than_are_shown(
    in_a_message: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "KEPT", 40)
    monkeypatch.setattr(audit, "BATCH_MAX", in_a_message)
    log = MemoryLog()
    bus = a_bus(log)
    for number in range(480):
        await place(bus, number)
    await settled(await begin(bus), 480)
    whole = await read(log)
    monkeypatch.setattr(audit, "BATCH_MAX", 8)

    desk = AuditDesk(bus, LOG)
    begun = await desk.first_seq()
    await bus.fold(AUDIT_RECORD, desk.on_batch, from_seq=begun)

    assert list(desk.records()) == whole[-40:]
    assert desk.head.hash == whole[-1].hash
    newest = await bus.last_seq(AUDIT_RECORD.stream)
    assert (newest + 1 - begun) * in_a_message <= 2 * 40 + 2 * 8
    await bus.close()


async def test_a_chain_of_one_message_is_read_whole() -> None:
    bus = a_bus(MemoryLog())
    assert await AuditDesk(bus, LOG).first_seq() == 1
    await place(bus, 1)
    await settled(await begin(bus), 1)

    desk = await begin(bus)

    assert [one.number for one in desk.records()] == [1]
    await bus.close()


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("dies_at", [0, 1, 2])
async def test_a_killed_writer_leaves_no_fork_no_gap_and_nothing_twice(
    dies_at: int, *, is_stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "BATCH_MAX", 2)
    log = MemoryLog()
    writer = a_bus(log)
    for number in range(1, 8):
        await place(writer, number)
    mortal = MortalBus(log, CLOCK, with_codec=True)
    mortal.dies_at, mortal.is_stored, mortal.died = dies_at, is_stored, asyncio.Event()
    dying = asyncio.ensure_future(begin(mortal))
    await asyncio.wait_for(mortal.died.wait(), 20)
    dying.cancel()

    desk = await begin(a_bus(log))
    await settled(desk, 7)

    records = await read(log)
    assert [one.deed.target for one in records] == [f"order-{n}" for n in range(1, 8)]


async def test_of_two_writers_the_one_that_was_overtaken_ends() -> None:
    log = MemoryLog()
    bus, other = a_bus(log), a_bus(log)
    # Frozen before it could see what its successor writes.
    old = AuditDesk(bus, LOG)
    await bus.fold(ORDERS_EVENT, old.reader(ORDERS_EVENT, SOURCES[0][1]))
    new = await begin(other)
    await place(other, 1)
    await settled(new, 1)
    await place(other, 2)

    with pytest.raises(SupersededError):
        await asyncio.wait_for(old.run(), 20)

    await settled(new, 2)
    assert len(await read(log)) == 2
    await bus.close()
    await other.close()


async def test_an_outage_of_the_log_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "RETRY_S", 0.001)
    monkeypatch.setattr(LocalBus.append_after, "__kwdefaults__", {"timeout_s": 0.01})
    log = MemoryLog()
    bus = a_bus(log)
    desk = await begin(bus)
    await place(bus, 1)
    await asyncio.sleep(0.01)
    log.up.clear()
    writing = asyncio.ensure_future(settled(desk, 1))
    await asyncio.sleep(0.05)

    log.up.set()
    await writing

    assert len(await read(log)) == 1
    await bus.close()


async def test_a_long_text_is_cut() -> None:
    log = MemoryLog()
    bus = a_bus(log)
    desk = await begin(bus)
    event = CancelRequested(
        event_id=EventId("1"),
        account=AccountId("default"),
        order_id=OrderId("order-1"),
        order_seq=2,
        ts_ns=NOW_NS,
        asked_by="tess",
    )
    await bus.append(ORDERS_EVENT, event, event_id=event.event_id, account="default")
    monstrous = an_order(cl_ord_id="k" * 5_000)
    received = OrderReceived(
        event_id=EventId("2"),
        account=AccountId("default"),
        order_id=OrderId("order-2"),
        order_seq=1,
        ts_ns=NOW_NS,
        request=monstrous,
    )
    await bus.append(ORDERS_EVENT, received, event_id=received.event_id, account="default")

    await settled(desk, 2)

    assert len((await read(log))[1].deed.text) == audit.TEXT_MAX + 2
    await bus.close()


async def test_an_event_that_cannot_be_read_is_written_down_as_such() -> None:
    log = MemoryLog()
    bus = a_bus(log)
    await place(bus, 1)
    log.append(Stream.ORDERS, "orders.event.other", b"\x01nonsense", EventId("x"), now_ns=NOW_NS)
    await place(bus, 2)

    desk = await begin(bus)
    await settled(desk, 3)

    (unreadable,) = (one for one in await read(log) if one.deed.result == "UNREADABLE")
    assert unreadable.deed.target == "orders.event.other 2"
    await bus.close()


async def test_a_byte_changed_in_the_log_is_found() -> None:
    log = MemoryLog()
    bus = a_bus(log)
    desk = await begin(bus)
    await place(bus, 1, "tess")
    await settled(desk, 1)
    await place(bus, 2, "tess")
    await settled(desk, 2)
    stored = log.records(Stream.AUDIT)
    stored[0] = replace(stored[0], content=stored[0].content.replace(b"tess", b"ines"))

    walk = Verification()
    problem, _ = await walk_chain(a_bus(log), walk)

    assert problem == ""
    assert walk.end().startswith("record 1 was changed")
    stored[0] = replace(stored[0], content=b"\x01")
    walk = Verification()
    problem, _ = await walk_chain(a_bus(log), walk)
    assert problem == "record 1 cannot be read"
    await bus.close()


async def test_deeds_that_come_within_a_moment_are_one_message_of_the_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Long enough for any machine to place twenty orders in.
    monkeypatch.setattr(audit, "GATHER_S", 1.0)
    log = MemoryLog()
    bus = a_bus(log)
    desk = await begin(bus)
    loop = asyncio.ensure_future(desk.run())

    for number in range(20):
        await place(bus, number)
    await until(lambda: desk.head.number == 20)
    loop.cancel()

    assert await bus.last_seq(AUDIT_RECORD.stream) == 1
    assert len(await read(log)) == 20
