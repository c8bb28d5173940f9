"""How long a read of the hot cache takes: in this process, and over HTTP.

``python benchmarks/hot_cache.py`` starts a Valkey and the service on free ports, keeps feeding
it quotes and positions, and prints a line for each kind of read; the
targets are a p99 of 1 ms in process and 3 ms over HTTP.
"""

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import structlog
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.factories import a_quote
from tests.integration.services.test_hot_cache import World
from tests.unit.desk.test_hot_cache import PLACE, a_change, a_hot_cache, quotes

from trade2026.adapters.stores.memory import MemoryCache
from trade2026.core.clock import SystemClock

READS = 20_000
REQUESTS = 3_000
FEED_EVERY_S = 0.01
SYMBOLS = 50


def report(what: str, times_s: list[float]) -> None:
    """Print one line of figures."""
    cuts = statistics.quantiles(times_s, n=1000)
    p50, p99 = cuts[499] * 1e3, cuts[989] * 1e3
    print(f"{what}: p50 {p50:.4f} ms, p99 {p99:.4f} ms, n {len(times_s)}")


async def in_process() -> None:
    """Read a quote, a position and an exposure in turn; an account holds many symbols."""
    desk = a_hot_cache(MemoryCache(SystemClock()))
    await desk.on_quotes(quotes(a_quote()), PLACE)
    for number in range(SYMBOLS):
        change = a_change("1", "50000", seq=number + 1, symbol=f"SYM{number}")
        await desk.on_position(change, PLACE)
    reads = {
        "market": lambda: desk.market("BTCUSDT"),
        "position": lambda: desk.positions("default", "SYM7"),
        "exposure": lambda: desk.exposure("default"),
    }
    for name, read in reads.items():
        times: list[float] = []
        for _ in range(READS):
            began = time.perf_counter()
            found = read()
            times.append(time.perf_counter() - began)
            assert found
        report(f"hot cache, {name} in process", times)


async def over_http(folder: Path) -> None:
    """Read quotes from a service that listens, while it is fed and writes to Valkey."""
    world = World(folder)
    await world.valkey.start()
    async with world.run(http=True) as runtime, asyncio.TaskGroup() as tasks:
        await world.tell("2", "50000")
        feeding = tasks.create_task(feed(world))
        async with httpx.AsyncClient(base_url=runtime.url("hot_cache"), trust_env=False) as client:
            times: list[float] = []
            for _ in range(REQUESTS):
                began = time.perf_counter()
                reply = await client.get("/quote/BTCUSDT")
                times.append(time.perf_counter() - began)
                assert reply.status_code == 200, reply.text
        feeding.cancel()
    await world.close()
    report("hot cache, quote over HTTP, client and server in one process", times)


async def feed(world: World) -> None:
    """Tell of a quote and a position again and again."""
    number = 0
    while True:
        number += 1
        await world.tell("2", str(50_000 + number % 100))
        await asyncio.sleep(FEED_EVERY_S)


def main() -> int:
    """Run both."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    uvloop.run(in_process())
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(over_http(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
