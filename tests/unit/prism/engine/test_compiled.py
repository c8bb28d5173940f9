"""Compiled kernels are kept between processes, in a folder of their own sources' version."""

import subprocess
import sys
from pathlib import Path

from trade2026.prism.agents.informed import INFORMED
from trade2026.prism.engine.compiled import address_of

SCRIPT = """
from trade2026.prism.engine import compiled
from trade2026.prism.engine.chance import uniform
import numpy as np
uniform(np.zeros(1, np.int64), 0)
print(sum(uniform.stats.cache_hits.values()), sum(uniform.stats.cache_misses.values()))
"""


def run(cache: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"NUMBA_CACHE_DIR": str(cache)},
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


def test_an_agent_is_compiled_once() -> None:
    assert address_of(INFORMED.wake) == address_of(INFORMED.wake)
