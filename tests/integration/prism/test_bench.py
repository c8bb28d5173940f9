"""The benchmark of PRISM runs through, small and without its floors."""

import subprocess
import sys
from pathlib import Path

from benchmarks.prism.gates import ROWS

ROOT = Path(__file__).parents[3]
SMALL = ("--messages", "5000", "--repeats", "1", "--stretch", "1", "--starts", "0")


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.prism", *SMALL, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )


def test_a_small_run_shows_every_row_and_writes_what_it_shows(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"

    done = _run("--no-gates", "--peers", "/nowhere", "--results", str(results))

    assert done.returncode == 0, done.stderr
    assert all(f"| {row.name} |" in done.stdout for row in ROWS.values())
    assert "bourse: not installed" in done.stdout
    assert " floors and " in done.stdout.splitlines()[-1]
    assert done.stdout.splitlines()[-1] in results.read_text("utf-8")


def test_a_run_in_which_a_floor_was_not_measured_fails() -> None:
    done = _run("--peers", "/nowhere")

    assert done.returncode == 1, done.stderr
    assert ROWS["bourse"].name in done.stdout.splitlines()[-1].partition("SKIP:")[2]
