"""What the bus costs: a command between two processes, an append, a fold.

Run as ``python benchmarks/bus.py``. It starts a NATS server of its own on free ports.
"""

import asyncio
import multiprocessing
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from multiprocessing.synchronize import Event as ProcessEvent
from pathlib import Path

import uvloop

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.bus.nats import NatsBus
from trade2026.adapters.bus.streams import migrate_streams
from trade2026.adapters.infra.nats import NatsServer
from trade2026.core.clock import NS_PER_S, NS_PER_US, SystemClock, TimeNs
from trade2026.core.ids import AccountId, EventId
from trade2026.core.numbers import Money
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import ORDERS_EVENT, Command
from trade2026.ports.bus import Bus, Delivery

USER = "benchmark"
PASSWORD = "of a server that lives for a minute"  # noqa: S105 - see what it says.
COMMAND_COUNT = 3_000
APPEND_COUNT = 3_000
FOLD_COUNT = 20_000
IN_FLIGHT = 200

ECHO = Command[TradeBatch, TradeBatch](
    pattern="bench.echo", giver="a", takers=("b",), request=TradeBatch, reply=TradeBatch
)
REQUEST = TradeBatch(venue="PRISM", symbol="SYNTH", records=())
CLOCK = SystemClock()


async def _echo(request: TradeBatch) -> TradeBatch:
    return request


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _deposit(number: int) -> CashDeposited:
    return CashDeposited(
        event_id=EventId(str(number)),
        account=AccountId("bench"),
        currency="USD",
        amount=Money(number),
        text="",
        ts_ns=TimeNs(0),
    )


def _serve_process(url: str, is_ready: ProcessEvent, is_over: ProcessEvent) -> None:
    async def serve() -> None:
        bus = await _connect(url)
        await bus.serve(ECHO, _echo)
        is_ready.set()
        while not is_over.is_set():  # noqa: ASYNC110 - the event is another process's.
            await asyncio.sleep(0.1)
        await bus.close()

    uvloop.run(serve())


async def _connect(url: str) -> NatsBus:
    return await NatsBus.connect(
        url=url, user=USER, password=PASSWORD, name="benchmark", clock=CLOCK
    )


async def _latency(name: str, count: int, step: Callable[[int], Awaitable[object]]) -> None:
    took_us: list[float] = []
    for number in range(count):
        begun_ns = CLOCK.monotonic_ns()
        await step(number)
        took_us.append((CLOCK.monotonic_ns() - begun_ns) / NS_PER_US)
    took_us.sort()
    p50, p99 = took_us[count // 2], took_us[count * 99 // 100]
    print(f"{name:<42} p50 {p50:8.1f} us   p99 {p99:8.1f} us")


async def _append(bus: Bus, number: int) -> int:
    event_id = EventId(f"bench-{number}")
    return await bus.append(
        ORDERS_EVENT, _deposit(number), event_id=event_id, account="bench", timeout_s=10
    )


async def _append_many(bus: Bus, first: int, count: int) -> None:
    begun_ns = CLOCK.monotonic_ns()
    for start in range(first, first + count, IN_FLIGHT):
        async with asyncio.TaskGroup() as group:
            for number in range(start, start + IN_FLIGHT):
                group.create_task(_append(bus, number))
    _print_rate(f"append, {IN_FLIGHT} in flight", count, begun_ns)


async def _fold(bus: Bus, name: str) -> None:
    handled = 0

    async def take(_event: JournalEvent, _delivery: Delivery) -> None:
        nonlocal handled
        handled += 1

    begun_ns = CLOCK.monotonic_ns()
    await bus.fold(ORDERS_EVENT, take)
    _print_rate(name, handled, begun_ns)


def _print_rate(name: str, count: int, begun_ns: int) -> None:
    rate = count * NS_PER_S / (CLOCK.monotonic_ns() - begun_ns)
    print(f"{name:<42} {rate:12,.0f} /s")


async def _over_nats(url: str) -> None:
    bus = await _connect(url)
    await _latency(
        "command between two processes, NATS", COMMAND_COUNT, lambda _: bus.ask(ECHO, REQUEST)
    )
    await _latency("append, acknowledged, file storage", APPEND_COUNT, lambda n: _append(bus, n))
    await _append_many(bus, APPEND_COUNT, FOLD_COUNT)
    await _fold(bus, "fold from the log, NATS")
    await bus.close()


async def _in_process() -> None:
    bus = LocalBus(MemoryLog(), CLOCK, with_codec=False)
    await bus.serve(ECHO, _echo)
    await _latency("command in process", COMMAND_COUNT, lambda _: bus.ask(ECHO, REQUEST))
    await bus.close()


async def _main(folder: Path) -> None:
    server = NatsServer(
        folder, client_port=free_port(), http_port=free_port(), user=USER, password=PASSWORD
    )
    await server.start()
    context = multiprocessing.get_context("spawn")
    is_ready, is_over = context.Event(), context.Event()
    process = context.Process(target=_serve_process, args=(server.url, is_ready, is_over))
    try:
        await migrate_streams(server.url, USER, PASSWORD)
        process.start()
        await asyncio.to_thread(is_ready.wait, 30)
        await _in_process()
        await _over_nats(server.url)
    finally:
        is_over.set()
        await asyncio.to_thread(process.join, 10)
        await server.stop()


if __name__ == "__main__":
    print(
        f"Python {sys.version.split()[0]}, uvloop {uvloop.__version__}, one NATS server, one disk"
    )
    with tempfile.TemporaryDirectory() as temporary:
        uvloop.run(_main(Path(temporary)))
