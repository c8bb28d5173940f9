"""Run every benchmark and write what it printed to `RESULTS.md`, with machine and date.

``make bench``. PRISM, restarts and the order's way have commands of their own. A benchmark that
fails is shown as failed, and the run exits with 1.
"""

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS = (
    ("The edge", ("edge.py",)),
    ("Message bus", ("bus.py",)),
    ("Normaliser", ("normaliser.py",)),
    ("Hot cache", ("hot_cache.py",)),
    ("Order book", ("book.py",)),
    ("PRISM market", ("market.py",)),
    ("Lake", ("sink.py",)),
)


def processor() -> str:
    """Return the processor's name as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> int:
    """Run them one after another."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    today = dt.datetime.now(tz=dt.UTC).date()  # noqa: TID251 - the date of the run.
    lines = [
        "# What it measures",
        "",
        (
            f"By `make bench` on {today}, commit {commit or 'unknown'}, Python "
            f"{platform.python_version()}, {processor()}, {os.cpu_count()} cores, "
            f"{platform.system()}. Figures vary with the machine; nothing gates on them."
        ),
    ]
    failed = False
    for title, (script, *options) in BENCHMARKS:
        print(f"== {title}", flush=True)
        done = subprocess.run(
            [sys.executable, str(HERE / script), *options],
            capture_output=True,
            text=True,
            check=False,
        )
        failed |= done.returncode != 0
        text = (
            done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr.strip()[-500:]}"
        )
        print(text, flush=True)
        lines += ["", f"## {title}", "", f"`python benchmarks/{' '.join([script, *options])}`", ""]
        lines += ["```", text, "```"]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n", "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
