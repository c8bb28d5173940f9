"""How long a process takes from its start to the first simulated minute, cold and cached.

``python -m benchmarks.prism.start`` is that process: the default market of six symbols, with
the line that tells a waiting person what goes on. `measure` starts it in fresh processes.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.prism.gates import Figure

ROOT: Final = Path(__file__).parents[2]
LINE: Final = "compiling the market: a moment at the first start"


def first_minute() -> None:
    """Open the default market and let a minute of it pass."""
    print(LINE, flush=True)
    from trade2026.core.clock import NS_PER_S  # noqa: PLC0415 - importing is part of the start,
    from trade2026.prism.config import default_config  # noqa: PLC0415
    from trade2026.prism.market import Market  # noqa: PLC0415

    market = Market(default_config(1), start_ns=0)
    market.run_until(60 * NS_PER_S)
    print(f"{len(market.drain())} events", flush=True)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _started(cache: Path) -> tuple[float, float]:
    environment = os.environ | {  # noqa: TID251 - it is handed on, changed.
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    started, used = time.perf_counter(), _cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.prism.start"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    took = time.perf_counter() - started, _cpu_s() - used
    assert done.stdout.startswith(LINE), "no line says what goes on"
    return took


def _kept(cache: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size)
        for path in cache.rglob("*.nb?")
        if path.is_file()
    }


def _figure(starts: list[tuple[float, float]]) -> Figure:
    taken = " ".join(f"{took:.2f}" for took, _ in starts)
    cpu = statistics.median(cpu for _, cpu in starts)
    return Figure(
        value=statistics.median(took for took, _ in starts),
        text=f"whole process {taken} s, {cpu:.2f} s of a processor; six symbols, 40 agents",
    )


def measure(cold_starts: int, cached_starts: int) -> dict[str, Figure]:
    """Start processes with an empty cache, and then with the one that those left."""
    cold: list[tuple[float, float]] = []
    cached: list[tuple[float, float]] = []
    written = 0
    for _ in range(cold_starts):
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder)
            cold.append(_started(cache))
            before = _kept(cache)
            assert before, "the first start kept no kernels"
            cached += [_started(cache) for _ in range(-(-cached_starts // cold_starts))]
            written += len(_kept(cache).items() - before.items())

    return {
        "cold": _figure(cold),
        "cached": _figure(cached),
        "compiled again": Figure(
            value=written, text=f"cache files that {len(cached)} later starts wrote or changed"
        ),
    }


if __name__ == "__main__":
    first_minute()
