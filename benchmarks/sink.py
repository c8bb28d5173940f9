"""What the lake costs: rows a second from the log into Delta on SeaweedFS.

Run as ``python benchmarks/sink.py``. It starts an object storage of its own on free ports;
the log is in memory, so that the figure is the sink's.
"""

import asyncio
import socket
import sys
import tempfile
from itertools import count
from pathlib import Path

import structlog
import uvloop

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.infra.seaweedfs import PORT_NAMES, SeaweedServer
from trade2026.adapters.lake.table import DeltaEvents
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.client import ObjectClient
from trade2026.core.clock import NS_PER_MS, NS_PER_S, SystemClock, TimeNs
from trade2026.core.ids import EventId
from trade2026.core.numbers import Px, Qty
from trade2026.desk.ticks import TableSink
from trade2026.model.market import Aggressor, Quote, QuoteBatch, Trade, TradeBatch
from trade2026.model.subjects import MARKET_QUOTE, MARKET_TRADE

BATCHES = 2_000
BATCH_ROWS = 500
ROWS_MAX = 100_000
COMMITS = 50
PASSWORD = "of-a-server-that-lives-for-a-minute"  # noqa: S105 - see what it says.
CLOCK = SystemClock()
NUMBERS = count()


def _ports() -> dict[str, int]:
    ports: dict[str, int] = {}
    with_offset = {"admin": 10_000}
    for name in PORT_NAMES:
        while name not in ports:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            if port + with_offset.get(name, 0) < 65_536:
                ports[name] = port
    ports["admin_grpc"] = ports["admin"] + 10_000
    return ports


def _trades(number: int) -> TradeBatch:
    now_ns = CLOCK.now_ns()
    return TradeBatch(
        venue="BINANCE",
        symbol="BTCUSDT",
        records=tuple(
            Trade(
                ts_event_ns=now_ns,
                ts_recv_ns=TimeNs(now_ns + place),
                trade_id=str(number * BATCH_ROWS + place),
                px=Px(60_000_000_000_000 + place),
                qty=Qty(1_000_000),
                aggressor_side=Aggressor.BUY,
            )
            for place in range(BATCH_ROWS)
        ),
    )


def _quotes(number: int) -> QuoteBatch:
    now_ns = CLOCK.now_ns()
    return QuoteBatch(
        venue="BINANCE",
        symbol="BTCUSDT",
        records=tuple(
            Quote(
                ts_event_ns=now_ns,
                ts_recv_ns=TimeNs(now_ns + place),
                seq=number * BATCH_ROWS + place,
                best_bid_px=Px(60_000_000_000_000),
                best_bid_qty=Qty(1_000_000),
                best_ask_px=Px(60_000_010_000_000),
                best_ask_qty=Qty(2_000_000),
            )
            for place in range(BATCH_ROWS)
        ),
    )


async def _fill(bus: LocalBus) -> None:
    keys = {"venue": "BINANCE", "symbol": "BTCUSDT"}
    for number in range(BATCHES // 2):
        await bus.append(
            MARKET_TRADE,
            _trades(number),
            event_id=EventId(f"t{next(NUMBERS)}"),
            timeout_s=1.0,
            **keys,
        )
        await bus.append(
            MARKET_QUOTE,
            _quotes(number),
            event_id=EventId(f"q{next(NUMBERS)}"),
            timeout_s=1.0,
            **keys,
        )


async def _rate(server: SeaweedServer) -> None:
    bus = LocalBus(MemoryLog(), CLOCK, with_codec=True)
    await _fill(bus)
    sink = TableSink(
        DeltaEvents(server.place, TICKS),
        ObjectClient(server.place),
        bus,
        structlog.get_logger("benchmark"),
        rows_max=ROWS_MAX,
        flush_s=1.0,
    )
    await sink.start()
    begin_ns = CLOCK.monotonic_ns()
    async with asyncio.TaskGroup() as tasks:
        loop = tasks.create_task(sink.run())
        await bus.fold(MARKET_TRADE, sink.on_batch)
        await bus.fold(MARKET_QUOTE, sink.on_batch)
        while sink.stored_rows < BATCHES * BATCH_ROWS:  # noqa: ASYNC110 - the sink tells nobody.
            await asyncio.sleep(0.01)
        took_ns = CLOCK.monotonic_ns() - begin_ns
        loop.cancel()
    await bus.close()
    rate = sink.stored_rows * NS_PER_S / took_ns
    print(f"{'rows from the log into the lake':<42} {rate:12,.0f} /s ({sink.commit_count} commits)")


async def _commit_time(server: SeaweedServer) -> None:
    table = DeltaEvents(server.place, TICKS)
    await table.open("commits")
    times_ns: list[int] = []
    for number in range(COMMITS):
        table.add(_trades(number), number + 1)
        begin_ns = CLOCK.monotonic_ns()
        await table.commit()
        times_ns.append(CLOCK.monotonic_ns() - begin_ns)
    times_ns.sort()
    median_ms, worst_ms = times_ns[COMMITS // 2] / NS_PER_MS, times_ns[-1] / NS_PER_MS
    print(f"{f'commit of {BATCH_ROWS} rows':<42} p50 {median_ms:.1f} ms, worst {worst_ms:.1f} ms")


async def _main(folder: Path) -> None:
    server = SeaweedServer(folder, ports=_ports(), password=PASSWORD)
    await server.start()
    try:
        await _commit_time(server)
        await _rate(server)
    finally:
        await server.stop()


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, one SeaweedFS, one disk")
    with tempfile.TemporaryDirectory() as temporary:
        uvloop.run(_main(Path(temporary)))
