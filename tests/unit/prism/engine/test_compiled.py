"""Compiled kernels are kept between processes, in a folder of their own sources' version."""

import shutil
import subprocess
import sys
from pathlib import Path

from trade2026.prism.agents.informed import INFORMED
from trade2026.prism.engine.compiled import cache_folder

SCRIPT = """
from trade2026.prism.engine import index, memory
book = memory.new_book(0, 128)
index.index_all(book.ctypes.data)
stats = index.index_all.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


# Trades, looks at the market and lets its books grow, and prints what was compiled meanwhile.
TRADING = """
import gc
from numba.core.registry import CPUDispatcher
from trade2026.core.clock import NS_PER_S
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.prism.agent_market import AgentMarket, warm_up
from trade2026.prism.config import default_config
from trade2026.prism.exchange import Terms

def compiled():
    kernels = [k for k in gc.get_objects() if isinstance(k, CPUDispatcher)]
    return {(k.py_func.__name__, str(s)) for k in kernels for s in k.signatures}

warm_up()
before = compiled()
market = AgentMarket(default_config(1), start_ns=0, life=0, holdings=(), last_mid_px={})
market.run_until(5 * NS_PER_S)
market.depth("AAPL", 5)
for number in range(1, 3_000):
    terms = Terms(Side.BUY, OrdType.LIMIT, TimeInForce.GTC, ticks=number % 50 + 1, lots=1)
    market.submit(symbol="AAPL", number=number, owner=2**20, terms=terms)
terms = Terms(Side.SELL, OrdType.MARKET, TimeInForce.GTC, ticks=0, lots=100)
market.submit(symbol="AAPL", number=3_000, owner=2**20 + 1, terms=terms)
market.cancel(symbol="AAPL", number=5)
market.drain()
market.run_until(6 * NS_PER_S)
market.last_mid_px(), market.holdings(), market.agents(), market.depth("AAPL", 100)
print(len(before) > 0, sorted(compiled() - before))
"""


def run(cache: Path, script: str = SCRIPT) -> str:
    result = subprocess.run(
        ["env", f"NUMBA_CACHE_DIR={cache}", sys.executable, "-c", script],
        capture_output=True,
        check=True,
        text=True,
    )
    return result.stdout.strip()


def test_a_second_process_loads_what_the_first_compiled(tmp_path: Path) -> None:
    first = run(tmp_path)
    second = run(tmp_path)

    assert (first, second) == ("0 1", "1 0")
    assert [path.name.startswith("kernels-") for path in tmp_path.iterdir()] == [True]


def test_after_the_warm_up_nothing_is_compiled_and_nothing_stale_is_kept(tmp_path: Path) -> None:
    own = cache_folder()
    if own.exists():
        shutil.copytree(own, tmp_path / own.name)
    (tmp_path / "kernels-of-yesterday" / "engine").mkdir(parents=True)
    (tmp_path / "somebody-elses").mkdir()

    printed = run(tmp_path, TRADING)

    assert printed == "True []"
    assert {path.name for path in tmp_path.iterdir()} == {own.name, "somebody-elses"}


def test_an_agent_is_compiled_once() -> None:
    assert INFORMED.address() == INFORMED.address()


AT_ONCE = """
import os, threading
from trade2026.prism.config import default_config
from trade2026.prism.market import Market

def play():
    market = Market(default_config(1, default_config(1).agents[:2]), start_ns=0)
    market.run_until(10**9)
    seen.append(len(market.drain()))

seen = []
threads = [threading.Thread(target=play) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(seen), len(set(seen)), os.listdir())
"""


def test_threads_that_need_the_same_kernels_at_once_wait_for_one(tmp_path: Path) -> None:
    cache, place = tmp_path / "cache", tmp_path / "place"
    place.mkdir()
    done = subprocess.run(
        ["env", f"NUMBA_CACHE_DIR={cache}", sys.executable, "-c", AT_ONCE],
        capture_output=True,
        check=True,
        text=True,
        cwd=place,
    )

    assert done.stdout.strip() == "3 1 []"
    assert [path.name.startswith("kernels-") for path in cache.iterdir()] == [True]
