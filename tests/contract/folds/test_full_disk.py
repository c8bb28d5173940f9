"""While the disk is full the old snapshot stays, the fold goes on, and a minute has one line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contract.folds.every_fold import MAKERS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return how every fold went in a process whose files could not grow."""
    folder = tmp_path_factory.mktemp("full")
    # A process of its own: the limit holds for all of its files.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.contract.folds.full_disk", str(folder)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("fold", [*MAKERS, "orders"])
def test_the_old_one_stays_and_the_fold_goes_on(fold: str, found: dict[str, Any]) -> None:
    told = found[fold]

    assert told["stayed"]
    assert told["drafts"] == 0
    assert told["same"]
    assert told["read_again"] == 0
    # The first, and one for every full minute after it.
    assert 1 <= told["warned"] <= 1 + told["minutes"]
