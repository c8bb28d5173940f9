"""Hold every execution algorithm against its benchmark in PRISM: ``make bench-algos``.

Each seed is one market, run without any order and once with each; a pair has the same seed, so
that their difference is the order's own doing. What is asked for is a share of what trades in
the market without the order. Figures are means over the seeds with 95 % confidence; a cost is
positive.
"""

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.algos.pairs import ROWS, SHARE_BPS, Figures, one_seed
from benchmarks.algos.worker import LAST_S, SYMBOL
from benchmarks.run import processor

from trade2026.domain.execution.algorithms import BY_NAME

HERE: Final = Path(__file__).parent
SEEDS: Final = 60
WORDS: Final = (
    "* benchmark: the average price against the algorithm's own benchmark, as it was with the",
    "  order, and as it would have been without it.",
    "* own doing: against the mid price of the same market without the order, at the moments of",
    "  its trades: spread and impact, and nothing of where the market went anyway.",
    "* arrival: against the mid price at the beginning, and how much that varies over the seeds:",
    "  what waiting risks.",
    "* price at the end, 5 min later: by how much the order moved the market, and what is left.",
    "* all at once: one market order at the beginning, for comparison.",
)


def shown(values: list[float]) -> str:
    """Return the mean with its 95 % confidence."""
    known = np.array(values)
    half = 1.96 * float(known.std(ddof=1)) / len(known) ** 0.5
    return f"{known.mean():+.2f} ± {half:.2f}"


def table(found: list[dict[str, Figures]]) -> list[str]:
    """Return the table of all rows; where nothing traded there is no price."""
    lines = [
        (
            "| algorithm | benchmark | filled % | share of volume % | children "
            "| benchmark, with the order | benchmark, without it | own doing "
            "| arrival | (deviation) | price at the end | 5 min later |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row, (name, _) in ROWS.items():
        keys = found[0][row].keys() | {"own", "without", "doing", "arrival"}
        column = {key: [one[row][key] for one in found if key in one[row]] for key in keys}
        lines.append(
            f"| {row} | {BY_NAME[name].benchmark} | {np.mean(column['filled']):.1f} "
            f"| {np.mean(column['share']):.2f} | {np.mean(column['children']):.0f} "
            f"| {shown(column['own'])} | {shown(column['without'])} | {shown(column['doing'])} "
            f"| {shown(column['arrival'])} | {np.std(column['arrival'], ddof=1):.1f} "
            f"| {shown(column['end'])} | {shown(column['tail'])} |"
        )
    return lines


def main() -> int:
    """Run all seeds, and write what they say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, default=None)
    options = parser.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(one_seed, range(1, options.seeds + 1)))
    took_s = time.perf_counter() - began
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    today = dt.datetime.now(tz=dt.UTC).date()  # noqa: TID251 - the date of the run.
    text = "\n".join(
        [
            "# Execution algorithms in PRISM",
            "",
            (
                f"By `make bench-algos` on {today}, commit {commit or 'unknown'}, Python "
                f"{platform.python_version()}, {processor()}, {os.cpu_count()} cores, "
                f"{platform.system()}, in {took_s:,.0f} s."
            ),
            "",
            (
                f"{options.seeds} seeds, each without an order and once with each; {SYMBOL}; "
                f"{SHARE_BPS / 100:g} % of what trades in {LAST_S // 60} minutes without it, "
                "bought by odd seeds and sold by even ones. Means with 95 % confidence, in basis "
                "points; a cost is positive. Fees are not in it."
            ),
            "",
            *WORDS,
            "",
            *table(found),
            "",
        ]
    )
    print(text)
    if options.results is not None:
        options.results.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
