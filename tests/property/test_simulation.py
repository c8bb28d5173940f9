"""Two hundred seeds of the trading core among crashes, losses, delays and repeats add up."""

import subprocess
import sys

import pytest


# A process of its own: the same seed is then the same run, whatever ran before it here.
@pytest.mark.timeout(600)
def test_two_hundred_seeds_add_up() -> None:
    python = ["env", "PYTHONHASHSEED=0", sys.executable]
    command = [*python, "-m", "tests.simulation", "--first", "0", "--seeds", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 seeds from 0 on, 0 failed" in done.stdout
