"""Orders that left memory are found again, and a restart reads only what came after."""

import sqlite3
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.factories import NOW_NS, a_deposit, a_quote
from tests.trading import LOG, Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.errors import StoreDamagedError, UnavailableError
from trade2026.core.ids import EventId, ExecId
from trade2026.desk.journal import Journal
from trade2026.desk.known_orders import KnownOrders
from trade2026.domain.oms.kept import Fill
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.query import EVERY_ORDER, OrderQuery
from trade2026.model.execution import ExecutionReport
from trade2026.model.instrument import PRISM
from trade2026.model.journal import JournalEvent
from trade2026.model.order import OrdStatus
from trade2026.model.subjects import ORDERS_EVENT, Stream
from trade2026.ports.bus import Delivery

MINUTE_NS = 60 * NS_PER_S


@pytest.fixture
def log() -> MemoryLog:
    """Return an empty log."""
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    """Return a venue that outlives the cores."""
    return PlainVenue(log)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the archive is."""
    return tmp_path / "orders.db"


class Desk:
    """A journal of its own on the log."""

    def __init__(self, log: MemoryLog, path: Path) -> None:
        self.bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
        self.journal = Journal(
            self.bus, VirtualClock(NOW_NS + MINUTE_NS), LOG, SqliteOrderArchive(path)
        )
        self.folded: list[int] = []

    async def begin(self) -> None:
        await self.bus.fold(ORDERS_EVENT, self._on_event, from_seq=await self.journal.begin())

    async def _on_event(self, event: JournalEvent, delivery: Delivery) -> None:
        self.folded.append(delivery.stream_seq)
        await self.journal.on_event(event, delivery)


@pytest.fixture
def desk(log: MemoryLog, path: Path) -> Generator[Desk]:
    """Return a journal that was not begun."""
    made = Desk(log, path)
    yield made
    made.journal.orders.close()


async def fill(core: Core, key: str) -> Order:
    order, _ = await core.oms.submit(an_ask(key))
    order_id = order.request.order_id
    await until(lambda: core.oms.journal.order(order_id).is_done)
    return core.oms.journal.order(order_id)


async def archived(core: Core) -> None:
    """Have everything that is done leave memory."""
    journal = core.oms.journal
    seq = await core.bus.last_seq(Stream.ORDERS)
    await until(lambda: core.risk.book.accounts.seq == seq)
    core.clock.advance(MINUTE_NS)
    quote = a_quote("59999.99", "60000.01")
    core.risk.book.quote(PRISM, "BTCUSDT", quote, core.clock.now_ns())
    await journal.commit()
    await journal.commit()


async def test_a_done_order_leaves_memory_and_is_found_by_id_key_page_and_fills(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> None:
    async with running_core(log, venue, archive=path) as core:
        filled = [await fill(core, f"key-{number}") for number in range(3)]
        resting, _ = await core.oms.submit(a_resting_ask("rests"))
        orders = core.oms.journal.orders
        before = await orders.page(EVERY_ORDER), await orders.fills(), orders.counts()
        await archived(core)

        assert orders.in_memory_count == 1
        assert (await orders.page(EVERY_ORDER), await orders.fills(), orders.counts()) == before
        assert orders.in_memory_count == 1
        assert orders.get(filled[0].request.order_id) == filled[0]
        assert orders.by_key("default", "key-1") == filled[1]
        assert len(orders.events_of(filled[2].request.order_id)) == filled[2].order_seq
        assert [f.number for f in orders.fills_of(filled[2].request.order_id)] == [3]
        assert orders.get(resting.request.order_id) is not None


async def test_pages_are_whole_wherever_the_orders_are(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> None:
    async with running_core(log, venue, archive=path) as core:
        ids = [(await fill(core, f"old-{number}")).request.order_id for number in range(5)]
        await archived(core)
        core.oms.journal.orders.get(ids[2])
        ids += [(await fill(core, f"new-{number}")).request.order_id for number in range(3)]
        orders = core.oms.journal.orders

        found: list[str] = []
        after: str | None = None
        while page := await orders.page(EVERY_ORDER, after=after, limit=2):
            found += [order.request.order_id for order in page]
            after = found[-1]
        assert found == sorted(ids, reverse=True)
        numbers: list[int] = []
        while fills := await orders.fills(after=len(numbers), limit=3):
            numbers += [one.number for one in fills]
        assert numbers == list(range(1, 9))
        assert await orders.page(OrderQuery(status=OrdStatus.SENT)) == ()
        assert await orders.page(OrderQuery(accounts=frozenset({"other"}))) == ()
        assert await orders.fills(accounts=frozenset({"other"})) == ()


async def test_a_key_of_an_order_that_left_memory_still_sends_nothing(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> None:
    async with running_core(log, venue, archive=path) as core:
        first = await fill(core, "key")
        await archived(core)
        again, is_new = await core.oms.submit(an_ask("key"))

        assert (again, is_new) == (first, False)
        assert len(venue.taken) == 1


async def test_a_late_fill_of_an_order_that_left_memory_is_booked_once(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> None:
    async with running_core(log, venue, archive=path) as core:
        order = await fill(core, "key")
        await archived(core)
        report = venue.reports[order.request.order_id][-1]
        late = report_again(report, "late")
        await core.oms.steps.book(late)
        await archived(core)
        await core.oms.steps.book(late)
        await core.oms.steps.book(report)

        found = core.oms.journal.order(order.request.order_id)
        assert found.cum_qty == 2 * order.cum_qty
        assert len(await core.oms.journal.orders.fills()) == 2


async def test_a_restart_reads_only_what_came_after_the_archive(
    log: MemoryLog, venue: PlainVenue, path: Path, desk: Desk
) -> None:
    async with running_core(log, venue, archive=path) as core:
        await fill(core, "old")
        resting, _ = await core.oms.submit(a_resting_ask("rests"))
        await archived(core)
        seq = await core.bus.last_seq(Stream.ORDERS)
        await fill(core, "new")
        before = core.oms.journal.orders.counts(), await core.oms.journal.orders.fills()
        last = await core.bus.last_seq(Stream.ORDERS)

    await desk.begin()

    assert desk.folded == list(range(seq + 1, last + 1))
    orders = desk.journal.orders
    assert (orders.counts(), await orders.fills()) == before
    assert [o.request.order_id for o in orders.open_orders()] == [resting.request.order_id]
    assert orders.cash_opened("default")


@pytest.fixture
async def before(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> tuple[dict[OrdStatus, int], tuple[Fill, ...]]:
    """Leave an archive with a filled order, as if the fold had not met any of it; return it."""
    async with running_core(log, venue, archive=path) as core:
        orders = core.oms.journal.orders
        await fill(core, "key")
        last_seq = log.last_seq(Stream.ORDERS)
        await orders.commit(
            log_id=log_id(log), seq=0, last_seq=last_seq, now_ns=core.clock.now_ns()
        )
        return orders.counts(), await orders.fills()


async def test_an_archive_ahead_of_the_fold_changes_nothing_when_the_rest_is_read(
    before: tuple[dict[OrdStatus, int], tuple[Fill, ...]], desk: Desk
) -> None:
    with capture_logs() as told:
        await desk.begin()
    assert not told

    assert desk.folded[0] == 1
    assert (desk.journal.orders.counts(), await desk.journal.orders.fills()) == before


async def test_a_start_that_is_cut_short_does_not_forget_how_far_the_archive_is(
    before: tuple[dict[OrdStatus, int], tuple[Fill, ...]], log: MemoryLog, path: Path, desk: Desk
) -> None:
    # The next life is killed when it has read one event of those that the archive has.
    short = KnownOrders(SqliteOrderArchive(path))
    assert short.load(log_id(log), log.last_seq(Stream.ORDERS)) == 0
    await short.commit(log_id=log_id(log), seq=1, last_seq=1, now_ns=NOW_NS)
    short.close()

    await desk.begin()

    assert desk.folded[0] == 2
    assert (desk.journal.orders.counts(), await desk.journal.orders.fills()) == before


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM lives", "UPDATE image SET content = x'0100'", "PRAGMA user_version = 99"],
)
async def test_a_damaged_archive_is_made_again_from_the_log(
    log: MemoryLog, venue: PlainVenue, path: Path, desk: Desk, damage: str
) -> None:
    async with running_core(log, venue, archive=path) as core:
        order = await fill(core, "key")
        await core.oms.submit(a_resting_ask())
        await archived(core)
        before = core.oms.journal.orders.counts()
    with sqlite3.connect(path) as database:
        database.execute(damage)
    database.close()

    await desk.begin()

    assert desk.folded[0] == 1
    assert desk.journal.orders.counts() == before
    assert desk.journal.orders.by_key("default", "key") == order


async def test_an_archive_of_another_log_is_not_used(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> None:
    async with running_core(log, venue, archive=path) as core:
        await fill(core, "key")
        await archived(core)
    other = MemoryLog()
    other.created_ns = NOW_NS

    async with running_core(other, PlainVenue(other), archive=path) as core:
        assert core.oms.journal.orders.by_key("default", "key") is None
        assert sum(core.oms.journal.orders.counts().values()) == 0


async def test_an_archive_that_is_ahead_of_the_log_is_made_again_and_told_of(
    log: MemoryLog, venue: PlainVenue, path: Path
) -> None:
    async with running_core(log, venue, archive=path) as core:
        await fill(core, "first")
        seq = await core.bus.last_seq(Stream.ORDERS)
        await fill(core, "second")
        await archived(core)
    older = MemoryLog()
    older.created_ns = log.created_ns
    for record in log.records(Stream.ORDERS)[:seq]:
        name = EventId(f"copy-{record.seq}")
        older.append(Stream.ORDERS, record.subject, record.content, name, now_ns=NOW_NS)
    desk = Desk(older, path)

    with capture_logs() as told:
        await desk.begin()

    orders = desk.journal.orders
    assert (orders.by_key("default", "first") is None, desk.folded[0]) == (False, 1)
    assert orders.by_key("default", "second") is None
    why = [one["why"] for one in told if one["log_level"] == "warning"]
    assert why == ["the archive of orders belongs to another log"]
    orders.close()


async def test_an_archive_that_was_cut_short_is_made_again_and_told_of(
    log: MemoryLog, venue: PlainVenue, path: Path, desk: Desk
) -> None:
    async with running_core(log, venue, archive=path) as core:
        for number in range(40):
            await fill(core, f"key-{number}")
        await archived(core)
        before = core.oms.journal.orders.counts()
    _cut_short(path)

    with capture_logs() as told:
        await desk.begin()

    assert (desk.folded[0], desk.journal.orders.counts()) == (1, before)
    assert "malformed" in next(one["why"] for one in told if one["log_level"] == "warning")


def _cut_short(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _put_away(path: Path) -> None:
    path.rename(path.with_suffix(".away"))
    path.mkdir()


def _bring_back(path: Path) -> None:
    path.rmdir()
    path.with_suffix(".away").rename(path)


async def test_an_archive_that_does_not_answer_now_is_not_thrown_away(
    log: MemoryLog, venue: PlainVenue, path: Path, desk: Desk
) -> None:
    async with running_core(log, venue, archive=path) as core:
        await fill(core, "key")
        await archived(core)
    _put_away(path)

    # The process ends, and is started again until it does.
    with pytest.raises(UnavailableError):
        await desk.begin()
    _bring_back(path)
    await desk.begin()

    assert desk.folded == []
    assert desk.journal.orders.by_key("default", "key") is not None


async def test_damage_that_is_found_later_ends_the_process_and_the_next_starts_anew(
    log: MemoryLog, venue: PlainVenue, path: Path, desk: Desk
) -> None:
    async with running_core(log, venue, archive=path) as core:
        order = await fill(core, "key")
        await archived(core)
        with sqlite3.connect(path) as database:
            database.execute("UPDATE lives SET content = x'00'")
        database.close()
        await core.oms.submit(a_resting_ask())

        with pytest.raises(StoreDamagedError):
            core.oms.journal.orders.get(order.request.order_id)
        with pytest.raises(StoreDamagedError):
            await core.oms.journal.keep()

    await desk.begin()
    assert desk.folded[0] == 1
    assert desk.journal.orders.get(order.request.order_id) == order


async def test_an_event_that_cannot_be_booked_is_met_again_by_the_next_start(
    log: MemoryLog, path: Path, desk: Desk
) -> None:
    async def on_poison(*_: object) -> None:
        pass

    await desk.begin()
    await desk.journal.write(a_deposit())
    await desk.journal.pinning(on_poison)(
        ORDERS_EVENT, None, Delivery(subject="x", stream_seq=1, appended_ns=NOW_NS), "why"
    )
    await until(lambda: desk.folded == [1])
    await desk.journal.commit()
    desk.journal.orders.close()
    again = Desk(log, path)
    await again.begin()

    assert again.folded == [1]
    again.journal.orders.close()


def log_id(log: MemoryLog) -> int:
    """Return what names the log."""
    return log.created_ns


def report_again(report: ExecutionReport, exec_id: str) -> ExecutionReport:
    """Return *report* under another id."""
    return msgspec.structs.replace(report, exec_id=ExecId(exec_id))
