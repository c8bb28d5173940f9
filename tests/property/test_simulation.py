"""Two hundred seeds of the trading core among crashes, losses, delays and repeats add up.

They do so with all of the core at work: where a part of it dies unasked, its seed fails.
"""

import subprocess
import sys

import pytest
from tests.simulation.world import run

from trade2026.desk.algos import Algos
from trade2026.desk.kill import KillDesk


# A process of its own: the same seed is then the same run, whatever ran before it here.
@pytest.mark.timeout(600)
def test_two_hundred_seeds_add_up() -> None:
    python = ["env", "PYTHONHASHSEED=0", sys.executable]
    command = [*python, "-m", "tests.simulation", "--first", "0", "--seeds", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 seeds from 0 on, 0 failed" in done.stdout


class LostError(Exception):
    """Nobody expects it."""


class DyingKillDesk(KillDesk):
    """Ends as soon as it is to work."""

    async def run(self) -> None:
        raise LostError


class DyingAlgos(Algos):
    """Ends as soon as it is to work."""

    async def run(self) -> None:
        raise LostError


@pytest.mark.parametrize(
    ("place", "dying"),
    [("tests.simulation.world.KillDesk", DyingKillDesk), ("tests.trading.Algos", DyingAlgos)],
)
def test_a_part_of_the_core_that_dies_fails_its_seed(
    monkeypatch: pytest.MonkeyPatch, place: str, dying: type[object]
) -> None:
    monkeypatch.setattr(place, dying)

    with pytest.RaisesGroup(LostError, flatten_subgroups=True):
        run(0)
