"""How fast the default market of six symbols and forty agents runs on one core.

``python benchmarks/market.py`` prints events a second and multiples of real time, as the
median and the best of five stretches of a simulated half hour, and how long the start takes.
"""

import statistics
import time

from trade2026.core.clock import NS_PER_S
from trade2026.prism.config import default_config
from trade2026.prism.market import Market

STRETCH_S = 1_800
RUNS = 5


def main() -> None:
    """Measure the start and the run."""
    started = time.perf_counter()
    market = Market(default_config(1), start_ns=0)
    market.run_until(NS_PER_S)
    market.drain()
    print(f"start: {time.perf_counter() - started:.2f} s to the first simulated second")

    times: list[float] = []
    counts: list[int] = []
    for _ in range(RUNS):
        started = time.perf_counter()
        market.run_until(market.sim_ns + STRETCH_S * NS_PER_S)
        times.append(time.perf_counter() - started)
        counts.append(len(market.drain()))
    median, best = statistics.median(times), min(times)
    events = statistics.fmean(counts)
    print(f"{len(market.symbols)} symbols x {len(market.agents())} agents: ", end="")
    print(f"{events / STRETCH_S:,.0f} events in a simulated second")
    print(f"{events / median:,.0f} events/s median, {events / best:,.0f} best; ", end="")
    print(f"{STRETCH_S / median:,.0f} x real time median, {STRETCH_S / best:,.0f} x best")


if __name__ == "__main__":
    main()
