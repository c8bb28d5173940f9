"""How soon each fold of the log is ready again with a million orders in it, in how much memory.

``python benchmarks/restart.py [--orders N] [--results FILE]`` starts a NATS server of its own,
writes a log of N orders of four events each, one in a thousand still open, and one parent order
with ten children for every hundred of them, and starts every fold that a service has of it (OMS,
ledger, risk, P&L, algorithms, hot cache, the edge's stream, the books of the day), each in a
process of its own: first with nothing beside the log, then with what the first one left behind
when it was killed. It fails where any second start took longer than 3 seconds, and tells besides
what was read for it, which no load on the machine changes: events of the log, bytes of a snapshot.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bus import PASSWORD, USER, free_port
from benchmarks.restart_log import OPEN_EVERY, ORDERS_A_PARENT, order_id_of, write_log
from tests.factories import NOW_NS, an_order

from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.stores.memory import MemoryCache
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core import chance
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.ids import Ids
from trade2026.desk.algos import Algos
from trade2026.desk.day_reader import DAY_FOLD, DayReader, day_of
from trade2026.desk.equity import EquityDesk
from trade2026.desk.hot_cache import HotCache
from trade2026.desk.journal import Journal
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.orders import OmsSettings, OrderDesk
from trade2026.desk.risk import RiskDesk
from trade2026.desk.snapshots import Keeper, Snapshots
from trade2026.desk.streams_hub import Hub, Kind, Topic
from trade2026.domain.oms.query import EVERY_ORDER
from trade2026.domain.risk.book import RiskBook
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.subjects import ALGO_EVENT, ORDERS_EVENT, POSITION_EVENT, Event
from trade2026.ports.bus import Delivery, EventHandler, Subscription

READY_WITHIN_S = 3.0
LIVES_ON_S = 7.0
MB = 1_000_000


class CountingBus(NatsBus):
    """A bus that counts the events that folds read."""

    read_count = 0

    async def fold(self, subject: Event[Any], handler: EventHandler, **more: Any) -> Subscription:
        """Fold, and count."""

        async def count(event: Any, delivery: Delivery) -> None:
            self.read_count += 1
            await handler(event, delivery)

        return await super().fold(subject, count, **more)


class Ready(NamedTuple):
    """How a start went."""

    ready_s: float
    read_count: int
    snapshot_bytes: int
    """Of the newest one that it found; 0 where there was none."""
    memory_bytes: int
    """Most that the process had by then."""


async def _start_oms(bus: NatsBus, folder: Path, orders: int) -> None:
    journal = Journal(
        bus, SystemClock(), structlog.get_logger(), SqliteOrderArchive(folder / "orders.db")
    )
    await bus.fold(ORDERS_EVENT, journal.on_event, from_seq=await journal.begin())
    known = journal.orders
    assert sum(known.counts().values()) == orders
    assert len(known.open_orders()) == -(-orders // OPEN_EVERY)
    for number in (1, orders // 2, orders - 1):
        order = known.by_key("default", f"key-{number}")
        assert order is not None
        assert order == known.get(order_id_of(number))
    page = await known.page(EVERY_ORDER, after=order_id_of(orders // 2), limit=100)
    assert page[0].request.order_id == order_id_of(orders // 2 - 1)


async def _start_ledger(bus: NatsBus, folder: Path, orders: int) -> Snapshots:
    clock, log = SystemClock(), structlog.get_logger()
    desk = LedgerDesk(bus, clock, Ids(clock, chance.stream(1, "ids")), log)
    snapshots = _snapshots(desk.keeper(), bus, folder)
    for subject, handler in ((POSITION_EVENT, desk.on_own_event), (ORDERS_EVENT, desk.on_journal)):
        await _fold(bus, snapshots, subject, handler)
    (position,) = desk.ledger.positions()
    assert position.quantity == _filled(orders) * an_order().order_qty
    return snapshots


async def _start_risk(bus: NatsBus, folder: Path, orders: int) -> Snapshots:
    clock, log = SystemClock(), structlog.get_logger()
    desk = RiskDesk(
        bus=bus,
        clock=clock,
        ids=Ids(clock, chance.stream(1, "ids")),
        log=log,
        book=RiskBook(instruments=PRISM_INSTRUMENTS),
    )
    snapshots = _snapshots(desk.keeper(), bus, folder)
    await _fold(bus, snapshots, ORDERS_EVENT, desk.on_journal)
    exposure = desk.book.exposure("default")
    assert exposure is not None
    assert exposure.open_order_count == -(-orders // OPEN_EVERY)
    return snapshots


async def _start_equity(bus: NatsBus, folder: Path, orders: int) -> Snapshots:
    desk = EquityDesk(bus=bus, clock=SystemClock(), log=structlog.get_logger())
    snapshots = _snapshots(desk.keeper(), bus, folder)
    await _fold(bus, snapshots, POSITION_EVENT, desk.on_position)
    (position,) = desk.positions("default")
    assert position.position.quantity == _filled(orders) * an_order().order_qty
    return snapshots


async def _start_algos(bus: NatsBus, folder: Path, orders: int) -> Snapshots:
    clock, log = SystemClock(), structlog.get_logger()
    desk = OrderDesk(
        bus=bus,
        clock=clock,
        ids=Ids(clock, chance.stream(1, "ids")),
        log=log,
        settings=OmsSettings(),
        calendar=ExchangeCalendar(),
        archive=SqliteOrderArchive(folder / "algos.db"),
    )
    algos = Algos(bus=bus, clock=clock, log=log, orders=desk)
    snapshots = _snapshots(algos.keeper(), bus, folder)
    await _fold(bus, snapshots, ALGO_EVENT, algos.on_event)
    running = [one for one in algos.newest() if not one.is_done]
    assert len(running) == -(-(orders // ORDERS_A_PARENT) // OPEN_EVERY)
    return snapshots


async def _start_hot_cache(bus: NatsBus, folder: Path, orders: int) -> Snapshots:
    clock = SystemClock()
    desk = HotCache(MemoryCache(clock), clock, structlog.get_logger(), "one")
    snapshots = _snapshots(desk.keeper(), bus, folder)
    await _fold(bus, snapshots, POSITION_EVENT, desk.on_position)
    (position,) = desk.positions("default", an_order().symbol)
    assert position.position.quantity == _filled(orders) * an_order().order_qty
    return snapshots


async def _start_stream(bus: NatsBus, folder: Path, orders: int) -> Snapshots:
    hub = Hub()
    snapshots = _snapshots(hub.keeper(), bus, folder)
    await _fold(bus, snapshots, ORDERS_EVENT, hub.on_journal)
    await _fold(bus, snapshots, POSITION_EVENT, hub.on_position)
    assert hub.ring(Topic(Kind.FILLS, "default")).entries[-1].value.number == _filled(orders)
    return snapshots


class DayClock(SystemClock):
    """A clock that stands in the day of the log, and by which time passes."""

    def now_ns(self) -> TimeNs:
        """Return a moment of the day."""
        return NOW_NS


async def _start_day(bus: NatsBus, folder: Path, orders: int) -> None:
    clock, log = DayClock(), structlog.get_logger()
    reader = DayReader(
        bus=bus,
        clock=clock,
        settles_at=ExchangeCalendar().settles_ns,
        store=SnapshotFiles(folder / f"{DAY_FOLD}.snapshot"),
        log=log,
    )
    books = await reader.books(day_of(NOW_NS))
    # The worst day there is: every order of the log is of it. It is put together when asked for.
    (position,) = books.ledger.positions()
    assert position.quantity == _filled(orders) * an_order().order_qty


FOLDS: Final[dict[str, Callable[[NatsBus, Path, int], Awaitable[Snapshots | None]]]] = {
    "OMS": _start_oms,
    "ledger": _start_ledger,
    "risk": _start_risk,
    "P&L": _start_equity,
    "algorithms": _start_algos,
    "hot cache": _start_hot_cache,
    "stream": _start_stream,
    "day": _start_day,
}
"""In an order in which each finds what it reads: the ledger writes what P&L folds."""


def _filled(orders: int) -> int:
    return orders - -(-orders // OPEN_EVERY)


def _snapshots(keeper: Keeper[Any], bus: NatsBus, folder: Path) -> Snapshots:
    store = SnapshotFiles(folder / f"{keeper.fold}.snapshot")
    return Snapshots(keeper, store=store, bus=bus, clock=SystemClock(), log=structlog.get_logger())


async def _fold(
    bus: NatsBus, snapshots: Snapshots, subject: Event[Any], handler: EventHandler
) -> None:
    begin = await snapshots.begin(subject)()
    await bus.fold(subject, snapshots.following(subject, handler), from_seq=begin)


async def _start(fold: str, url: str, folder: Path, orders: int, told: Any) -> None:
    home = folder / fold
    home.mkdir(exist_ok=True)
    found = sum(one.stat().st_size for one in home.glob("*.snapshot"))
    begun_s = time.monotonic()
    bus = await CountingBus.connect(
        url=url, user=USER, password=PASSWORD, name="restart", clock=SystemClock()
    )
    snapshots = await FOLDS[fold](bus, home, orders)
    told.put(
        Ready(
            ready_s=time.monotonic() - begun_s,
            read_count=bus.read_count,
            snapshot_bytes=found,
            memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )
    )
    if snapshots is not None:
        # It lives on for a moment, as any service does, and takes one if one is due.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(snapshots.run(), LIVES_ON_S)


def start(fold: str, url: str, folder: Path, orders: int, told: Any) -> None:
    """Start the fold, tell how long it took, and die on the spot."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    uvloop.run(_start(fold, url, folder, orders, told))
    told.close()
    told.join_thread()
    os._exit(9)


def measure(fold: str, what: str, url: str, folder: Path, orders: int) -> tuple[float, str]:
    """Start it in a process of its own; return the seconds to ready, and a line about it."""
    spawn = multiprocessing.get_context("spawn")
    told: Any = spawn.Queue()
    process = spawn.Process(target=start, args=(fold, url, folder, orders, told))
    begun_s = time.monotonic()
    process.start()
    while told.empty():
        assert process.is_alive(), f"{fold}, {what}: it ended before it was ready"
        time.sleep(0.05)
    how: Ready = told.get()
    wall_s = time.monotonic() - begun_s
    process.join()
    line = (
        f"{fold}, {what}: ready after {how.ready_s:.2f} s "
        f"({wall_s:.2f} s with the start of Python), {how.read_count:,} events and "
        f"{how.snapshot_bytes:,} bytes read, peak memory {how.memory_bytes / MB:.0f} MB"
    )
    print(line, flush=True)
    return how.ready_s, line


async def run(
    orders: int, folder: Path, folds: Sequence[str] = tuple(FOLDS)
) -> tuple[bool, list[str]]:
    """Return whether every restart was fast enough, and what to write down."""
    server = NatsServer(
        folder / "nats",
        client_port=free_port(),
        http_port=free_port(),
        user=USER,
        password=PASSWORD,
    )
    await server.start()
    try:
        await migrate_streams(server.url, USER, PASSWORD)
        begun_s = time.monotonic()
        events = await write_log(server.url, orders)
        lines = [f"log: {orders:,} orders, {events:,} events, {time.monotonic() - begun_s:.0f} s"]
        print(lines[0], flush=True)
        is_fast = True
        for fold in folds:
            for what in ("with the log alone", "after a kill"):
                ready_s, line = await asyncio.to_thread(
                    measure, fold, what, server.url, folder, orders
                )
                lines.append(line)
            is_fast = is_fast and ready_s <= READY_WITHIN_S
        return is_fast, lines
    finally:
        await server.stop()


def _commit() -> str:
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    """Measure, and exit 1 where a restart took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--folds", nargs="+", choices=FOLDS, default=tuple(FOLDS), help="of these")
    parser.add_argument("--results", type=Path, help="the file to write the figures to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        is_fast, lines = uvloop.run(run(arguments.orders, Path(folder), arguments.folds))
    verdict = f"{'PASS' if is_fast else 'FAIL'} ready within {READY_WITHIN_S:.0f} s"
    if arguments.results is not None:
        about = (
            f"By `make bench-restart` on {time.strftime('%Y-%m-%d', time.gmtime())}, "
            f"commit {_commit()}, Python {platform.python_version()}, {os.cpu_count()} cores, "
            f"{platform.system()}, load {os.getloadavg()[0]:.0f} at the end."
        )
        text = "\n".join(["# How soon a restart is ready", "", about, "", "```", *lines, verdict])
        arguments.results.write_text(f"{text}\n```\n")
    print(verdict)
    sys.exit(not is_fast)


if __name__ == "__main__":
    main()
