"""What the edge costs: the same requests directly at the OMS and through the one door.

``python benchmarks/edge.py`` starts a platform of its own and stops it. Requests go over kept
connections; the time a request takes is measured one after another, the rate with several
senders at once.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.rig import running_platform

SENDERS = 8
WARM_UP = 100


async def one_by_one(client: httpx.AsyncClient, url: str, count: int) -> list[float]:
    """Return how long each request took, in milliseconds."""
    times_ms: list[float] = []
    for number in range(count + WARM_UP):
        begin = time.perf_counter()
        reply = await client.get(url)
        if number >= WARM_UP:
            times_ms.append((time.perf_counter() - begin) * 1e3)
        assert reply.status_code == 200, reply.text
    return times_ms


async def rate(client: httpx.AsyncClient, url: str, count: int) -> float:
    """Return how many requests a second several senders get answered."""
    begin = time.perf_counter()
    await asyncio.gather(*(one_by_one(client, url, count // SENDERS) for _ in range(SENDERS)))
    return (count // SENDERS + WARM_UP) * SENDERS / (time.perf_counter() - begin)


async def measure(urls: dict[str, str], token: str, count: int) -> None:
    """Print one line for each way."""
    headers = {"authorization": f"Bearer {token}"}
    p50_of: dict[str, float] = {}
    async with httpx.AsyncClient(headers=headers, timeout=15, trust_env=False) as client:
        for way, url in urls.items():
            times_ms = await one_by_one(client, url, count)
            p50_of[way] = statistics.median(times_ms)
            p99 = statistics.quantiles(times_ms, n=100)[98]
            per_s = await rate(client, url, count)
            print(
                f"{way}: p50 {p50_of[way]:.2f} ms, p99 {p99:.2f} ms, "
                f"{per_s:.0f} requests/s with {SENDERS} senders"
            )
    direct, edge = p50_of.values()
    print(f"added by the edge: p50 {edge - direct:.2f} ms")


def main() -> None:
    """Start a platform and measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    count = parser.parse_args().count
    with (
        tempfile.TemporaryDirectory() as folder,
        running_platform(Path(folder) / "data") as platform,
    ):
        urls = {
            "directly": platform.url("oms", "/orders?limit=1"),
            "through the edge": platform.url("nginx", "/api/oms/orders?limit=1"),
        }
        uvloop.run(measure(urls, platform.token(), count))


if __name__ == "__main__":
    main()
