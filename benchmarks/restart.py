"""How soon the OMS is ready again with a million orders in the log, and in how much memory.

``python benchmarks/restart.py [--orders N]`` starts a NATS server of its own,
writes a log of N orders of five events each, one in a thousand still open, and starts the
OMS's fold in a process of its own: first without an archive, which makes it, then with it,
after a kill. It fails where the second start took longer than 3 seconds.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bus import PASSWORD, USER, free_port
from tests.factories import NOW_NS, a_deposit, a_fill, a_report, an_order

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.core.clock import SystemClock
from trade2026.core.ids import ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money
from trade2026.desk.journal import Journal
from trade2026.domain.oms import decide
from trade2026.domain.oms.order import apply
from trade2026.domain.oms.query import EVERY_ORDER
from trade2026.model import codec
from trade2026.model.execution import ExecType
from trade2026.model.journal import OrderEvent
from trade2026.model.subjects import ORDERS_EVENT

READY_WITHIN_S = 3.0
OPEN_EVERY = 1_000
MB = 1_000_000


def order_id_of(number: int) -> OrderId:
    """Return ids that rise with the numbers, as UUIDv7 do."""
    return OrderId(f"0199f000-{number >> 16 & 0xFFFF:04x}-7000-8000-{number:012x}")


def life_of(number: int) -> list[OrderEvent]:
    """Return the events of one order: received, approved, sent, taken in, and mostly filled."""
    order_id = order_id_of(number)
    request = an_order(order_id=order_id, cl_ord_id=ClOrdId(f"key-{number}"))
    events: list[OrderEvent] = [decide.received(request, NOW_NS)]
    order = apply(None, events[0])

    def book(event: Any) -> None:
        nonlocal order
        events.append(event)
        order = apply(order, event)

    def report(said: Any) -> None:
        book(decide.judge_report(order, said, event_id=said.exec_id, ts_ns=NOW_NS))

    book(decide.approved(order, Money(1), NOW_NS))
    book(decide.sent(order, "PRISM", NOW_NS))
    report(a_report(request, exec_id=ExecId(f"N-{number}"), exec_type=ExecType.NEW))
    if number % OPEN_EVERY:
        report(a_fill(request, last_qty=request.order_qty, exec_id=ExecId(f"F-{number}")))
    return events


async def write_log(url: str, count: int) -> int:
    """Write the log of *count* orders, and return how many events it has."""
    connection = await Connection.open(
        url=url, user=USER, password=PASSWORD, name="writer", timeout_s=10
    )
    bus = await _bus(url)
    name = ORDERS_EVENT.name(account="default")
    written = 1
    # Without ids: the server would hold all of the window's in memory.
    await connection.publish(name, codec.encode(a_deposit()))
    for number in range(count):
        for event in life_of(number):
            await connection.publish(name, codec.encode(event))
            written += 1
        if number % 500 == 0:
            await connection.flush(30)
            await _stored(bus, written - 5_000)
    await _stored(bus, written)
    await bus.close()
    await connection.close()
    return written


async def _stored(bus: NatsBus, seq: int) -> None:
    while await bus.last_seq(ORDERS_EVENT.stream) < seq:  # noqa: ASYNC110 - no event tells.
        await asyncio.sleep(0.01)


async def _bus(url: str) -> NatsBus:
    return await NatsBus.connect(
        url=url, user=USER, password=PASSWORD, name="restart", clock=SystemClock()
    )


async def _start(url: str, path: Path, orders: int) -> tuple[float, int]:
    begun_s = time.monotonic()
    bus = await _bus(url)
    journal = Journal(bus, SystemClock(), structlog.get_logger(), SqliteOrderArchive(path))
    seq = await journal.begin()
    await bus.fold(ORDERS_EVENT, journal.on_event, from_seq=seq)
    ready_s = time.monotonic() - begun_s
    known = journal.orders
    assert sum(known.counts().values()) == orders
    assert len(known.open_orders()) == -(-orders // OPEN_EVERY)
    for number in (1, orders // 2, orders - 1):
        order = known.by_key("default", f"key-{number}")
        assert order is not None
        assert order == known.get(order_id_of(number))
    page = await known.page(EVERY_ORDER, after=order_id_of(orders // 2), limit=100)
    assert page[0].request.order_id == order_id_of(orders // 2 - 1)
    return ready_s, seq


def start(url: str, path: Path, orders: int, told: Any) -> None:
    """Start the fold, tell how long it took, and die on the spot."""
    ready_s, seq = uvloop.run(_start(url, path, orders))
    told.put((ready_s, seq, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
    told.close()
    told.join_thread()
    os._exit(9)


def measure(what: str, url: str, path: Path, orders: int) -> float:
    """Start it in a process of its own, print one line, and return the seconds to ready."""
    spawn = multiprocessing.get_context("spawn")
    told: Any = spawn.Queue()
    process = spawn.Process(target=start, args=(url, path, orders, told))
    begun_s = time.monotonic()
    process.start()
    ready_s, seq, peak = told.get()
    wall_s = time.monotonic() - begun_s
    process.join()
    print(
        f"{what}: ready after {ready_s:.2f} s ({wall_s:.2f} s with the start of Python), "
        f"from event {seq:,}, peak memory {peak / MB:.0f} MB",
        flush=True,
    )
    return float(ready_s)


async def run(orders: int, folder: Path) -> bool:
    """Return whether the restart was fast enough."""
    ports = {"client_port": free_port(), "http_port": free_port()}
    server = NatsServer(folder / "nats", **ports, user=USER, password=PASSWORD)
    await server.start()
    try:
        await migrate_streams(server.url, USER, PASSWORD)
        begun_s = time.monotonic()
        events = await write_log(server.url, orders)
        print(f"log: {orders:,} orders, {events:,} events, {time.monotonic() - begun_s:.0f} s")
        path = folder / "orders.db"
        await asyncio.to_thread(measure, "without an archive", server.url, path, orders)
        print(f"archive: {path.stat().st_size / MB:.0f} MB")
        ready_s = await asyncio.to_thread(
            measure, "with it, after a kill", server.url, path, orders
        )
        return ready_s <= READY_WITHIN_S
    finally:
        await server.stop()


def main() -> None:
    """Measure, and exit 1 where the restart took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    orders = parser.parse_args().orders
    with tempfile.TemporaryDirectory() as folder:
        is_fast = uvloop.run(run(orders, Path(folder)))
    print("PASS" if is_fast else "FAIL", f"ready within {READY_WITHIN_S:.0f} s")
    sys.exit(not is_fast)


if __name__ == "__main__":
    main()
