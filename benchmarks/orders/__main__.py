"""Measure an order's way and hold it to its floors: ``make bench-orders``.

In the bare domain beside NautilusTrader, which lives in the peers' environment and takes its turns
in the same run; through the desks over an in-memory log; and over HTTP on a whole platform. The
run ends with 1 where a floor is missed or could not be measured; its last line says so.
"""

import argparse
import asyncio
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop
from benchmarks.orders import http, paths
from benchmarks.prism import gates
from benchmarks.prism.gates import Figure, Row
from benchmarks.run import processor

HERE: Final = Path(__file__).parent
ROWS: Final = {
    "domain": Row(
        name="bare domain, submit to P&L, p50", unit="us", target=20, floor=50, at_most=True,
    ),
    "peer": Row(
        name="NautilusTrader's p50 beside it", unit="x ours", target=20, floor=8, at_most=False,
    ),
    "risk": Row(
        name="risk decision in process, p50", unit="us", target=100, floor=None, at_most=True,
    ),
    "process": Row(
        name="services in process, POST to SENT, p50", unit="us", target=1_000, floor=None,
        at_most=True,
    ),
    "http p50": Row(
        name=f"over HTTP at {http.RATE}/s, POST to answer, p50", unit="ms", target=3, floor=None,
        at_most=True,
    ),
    "http p99": Row(
        name=f"over HTTP at {http.RATE}/s, POST to answer, p99", unit="ms", target=15, floor=None,
        at_most=True,
    ),
    "rate": Row(
        name="over HTTP, highest clean rate", unit="orders/s", target=1_000, floor=300,
        at_most=False,
    ),
    "held": Row(
        name="over HTTP, held for minutes", unit="orders/s", target=1_000, floor=300,
        at_most=False,
    ),
    "lost": Row(
        name="orders and fills lost or doubled", unit="faults", target=0, floor=0, at_most=True,
    ),
}  # fmt: skip
"""By key, in the order in which they are shown."""


def peer(python: Path, orders: int) -> dict[str, Any] | None:
    """Return what NautilusTrader made of so many orders; None where it is not installed."""
    if not python.exists():
        return None
    command = [str(python), str(HERE / "nautilus.py"), str(orders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"NautilusTrader: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout.splitlines()[-1])


def measure_domain(python: Path, orders: int, repeats: int) -> dict[str, Figure]:
    """Return the figures of the bare domain, medians of turns taken with the peer."""
    ours: list[dict[str, Figure]] = []
    theirs: list[float] = []
    version = ""
    for _ in range(repeats):
        ours.append(paths.domain_path(orders))
        said = peer(python, orders)
        if said is not None:
            theirs.append(statistics.median(said["times_us"][paths.WARM_UP :]))
            version = said["version"]
    found = {key: _median([turn[key] for turn in ours]) for key in ours[0]}
    if not theirs:
        return found | {"peer": Figure(value=None, text="NautilusTrader is not installed")}
    median = statistics.median(theirs)
    text = f"NautilusTrader {version}: p50 {median:,.0f} us, {repeats} turns"
    return found | {"peer": Figure(value=median / (found["domain"].value or 1), text=text)}


def _median(turns: list[Figure]) -> Figure:
    return sorted(turns, key=lambda one: one.value or 0)[len(turns) // 2]


def heading() -> list[str]:
    """Return what was measured where, and when."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    today = dt.datetime.now(tz=dt.UTC).date()  # noqa: TID251 - the date of the run.
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [
        "# An order's way",
        "",
        (
            f"By `make bench-orders` on {today}, commit {told.stdout.strip() or 'unknown'}, Python "
            f"{platform.python_version()}, {processor()}, {os.cpu_count()} cores, "
            f"{platform.system()}; load of the machine before (1, 5, 15 minutes): {load}."
        ),
        "",
    ]


def main() -> int:
    """Run it all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orders", description=__doc__)
    parser.add_argument("--orders", type=int, default=5_000, help="of a turn in process")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each rate over HTTP")
    parser.add_argument("--minutes", type=float, default=5, help="of --hold over HTTP afterwards")
    parser.add_argument("--hold", type=float, default=http.RATE, help="orders a second")
    parser.add_argument("--no-http", action="store_true", help="only what needs no platform")
    parser.add_argument("--peers", default=".venv-peers/bin/python", help="the peers' Python")
    parser.add_argument("--results", type=Path, help="write the results here as well")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    head = heading()
    figures = measure_domain(Path(options.peers), options.orders, options.repeats)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures |= runner.run(paths.in_process(options.orders))
    raw: list[str] = []
    if not options.no_http:
        over_http, raw = http.measure(options.seconds, options.minutes, options.hold)
        figures |= over_http
    found = gates.findings(figures, ROWS)
    texts = [f"{one.row.name}: {one.figure.text}" for one in found]
    lines = [*gates.table(found), "", "```", *texts, *raw, "```", "", gates.summary(found)]
    print("\n".join(lines))
    if options.results:
        options.results.write_text("\n".join(head + lines) + "\n", "utf-8")
    return gates.exit_code(found)


if __name__ == "__main__":
    sys.exit(main())
