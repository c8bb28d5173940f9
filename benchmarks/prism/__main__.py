"""Measure PRISM against its peers and hold it to its floors: ``make bench-prism``.

All figures are ratios within one run, medians of turns in which the contestants take turns.
What runs on one thread is measured in time of a processor, so that other work on the machine
says little; what starts, and what runs on two, in time of the clock.
The run ends with 1 where a floor is missed or could not be measured; its last line says so.
"""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.prism import gates, kernel, market, native, past, start
from benchmarks.prism.gates import Figure
from benchmarks.run import processor

HERE: Final = Path(__file__).parent
BOOKS: Final = ("bourse", "pyorderbook", "lightmatchingengine", "order-matching")
SEED: Final = 1


def peer(python: Path, name: str, flow: Path, repeats: int) -> dict[str, Any] | None:
    """Return what peers.py says of *name*; None where it is not installed."""
    if not python.exists():
        return None
    command = [str(python), str(HERE / "peers.py"), name, str(flow), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def show_peers(python: Path, flow: Path, messages: Any, repeats: int) -> list[str]:
    """Run the books of others on the beginning of the flow; return a line for each."""
    lines: list[str] = []
    for name in BOOKS:
        said = peer(python, name, flow, repeats)
        if said is None:
            lines.append(f"{name}: not installed")
            continue
        count = said["messages"]
        ours = kernel.OurBook(orders=kernel.ORDERS)
        ours.run(messages, 0, count)
        trades = ours.take_trades()
        same = (said["trades"], said["lots"]) == (len(trades), int(trades["lots"].sum()))
        lines.append(
            f"{name} {said['version']}: {1e9 * said['took'] / count:,.0f} ns a message from "
            f"Python, {count:,} messages, {'the same' if same else 'other'} trades"
        )
    return lines


def run(options: argparse.Namespace) -> tuple[dict[str, Figure], list[str]]:
    """Measure every row; return the figures, and lines about books that gate nothing."""
    figures: dict[str, Figure] = {}
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = Path(options.peers)
        if native.has_compiler():
            built = native.Native(folder)
            messages = built.flow(options.messages, SEED)
            figures |= kernel.measure(built, messages, options.repeats)
            path = folder / "flow.npy"
            kernel.save_prefix(messages, path)
            lines = show_peers(python, path, messages, min(3, options.repeats))
        else:
            figures["kernel"] = Figure(value=None, text=f"there is no {native.COMPILER}")
        bourse = peer(python, "bourse-market", folder, options.repeats)
        rates = None if bourse is None else bourse["orders_per_s"]
        figures |= market.measure_size(options.repeats, options.stretch, rates)
        figures |= market.measure_threads(options.repeats, 10 * options.stretch)
        figures |= market.measure_user(options.repeats, options.stretch)
        figures |= market.measure_measures(3 * options.repeats, options.stretch)
        figures |= market.measure_callback(options.repeats, max(1, options.stretch // 10))
        figures |= past.measure(options.repeats)
        if options.starts:
            figures |= start.measure(options.starts, options.repeats)
    return figures, lines


def heading() -> list[str]:
    """Return what was measured where, and when."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    today = dt.datetime.now(tz=dt.UTC).date()  # noqa: TID251 - the date of the run.
    compiler = native.compiler_version() if native.has_compiler() else "no C++ compiler"
    return [
        "# How fast PRISM is",
        "",
        (
            f"By `make bench-prism` on {today}, commit {commit or 'unknown'}, Python "
            f"{platform.python_version()}, {compiler}, {processor()}, {os.cpu_count()} cores, "
            f"{platform.system()}. Ratios are of one run; one thread by processor time."
        ),
        "",
    ]


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--stretch", type=int, default=6_000, help="simulated seconds of a turn")
    parser.add_argument("--starts", type=int, default=3, help="cold starts")
    parser.add_argument("--peers", default=".venv-peers/bin/python", help="the peers' Python")
    parser.add_argument("--results", type=Path, help="write the results here as well")
    parser.add_argument("--no-gates", action="store_true", help="end with 0 in any case")
    options = parser.parse_args()
    figures, peers = run(options)
    found = gates.findings(figures)
    lines = gates.table(found)
    raw = [f"{f.row.name}: {f.figure.text}" for f in found] + peers
    lines += ["", "```", *raw, "```", "", gates.summary(found)]
    print("\n".join(lines))
    if options.results:
        options.results.write_text("\n".join(heading() + lines) + "\n", "utf-8")
    return 0 if options.no_gates else gates.exit_code(found)


if __name__ == "__main__":
    sys.exit(main())
