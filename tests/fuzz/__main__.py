"""Run the fuzzer: `make fuzz`, or with kernels as they are, `python -m tests.fuzz`."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final

from tests.fuzz.agreement import Report, run, told_by
from tests.fuzz.shrink import in_one_list, is_disagreed, shrunk, story

from trade2026.core.chance import fresh_seed
from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.layout import is_checked

MESSAGES: Final = 10_000_000
EACH: Final = 50_000
"""Messages of one seed."""
ENOUGH: Final = 1_000_000
"""From so many messages on, every kind and reason of event must have been among them."""


def main() -> int:
    """Run as the command line says; return 0 where both books agreed all the time."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="in all seeds together")
    parser.add_argument("--each", type=int, default=EACH, help="of one seed")
    parser.add_argument("--seed", type=int, default=None, help="the first; without it a fresh one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    first = fresh_seed() % 10**9 if asked.seed is None else asked.seed
    each = min(asked.each, asked.messages)
    seeds = range(first, first + -(-asked.messages // each))
    checked = "with bounds checks" if is_checked() else "without bounds checks"
    print(f"seeds {seeds[0]} to {seeds[-1]}, {each:,} messages each, {checked}", flush=True)

    begun = time.monotonic()
    reports = _run_all(seeds, each, asked.jobs)
    if reports is None:
        return 1
    messages = sum(report.messages for report in reports)
    missing = _missing(reports) if messages >= ENOUGH else []
    print(
        f"{messages:,} messages of {len(seeds)} seeds made {sum(r.events for r in reports):,}"
        f" events, up to {max(r.most_open for r in reports):,} orders open; both books agree"
        f" ({time.monotonic() - begun:.0f} s)"
    )
    if missing:
        print(f"but nothing of: {', '.join(missing)}")
    return 1 if missing else 0


def _run_all(seeds: range, each: int, jobs: int) -> list[Report] | None:
    reports: list[Report] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(run, seed, each): seed for seed in seeds}
        for future in as_completed(futures):
            try:
                report = future.result()
            except BrokenProcessPool:
                print(f"a process died, perhaps at seed {futures[future]}")
                return None
            if report.trouble:
                pool.shutdown(wait=False, cancel_futures=True)
                _tell(report, each)
                return None
            reports.append(report)
            print(
                f"seed {report.seed}: {report.messages:,} messages, {report.events:,} events,"
                f" up to {report.most_open:,} orders open",
                flush=True,
            )
    return reports


def _tell(report: Report, each: int) -> None:
    print(f"seed {report.seed}: {report.trouble}")
    print(f"again: make fuzz SEED={report.seed} MESSAGES={each}", flush=True)
    messages = in_one_list(told_by(report.seed, each))
    if not is_disagreed(messages):
        print("the books differ only where they are told the time with a batch")
        return
    print("looking for fewer messages that show it ...", flush=True)
    print(story(shrunk(messages, is_disagreed)))


def _missing(reports: list[Report]) -> list[str]:
    kinds = set[int]().union(*(report.kinds for report in reports))
    reasons = set[int]().union(*(report.reasons for report in reports))
    missing = [kind.name for kind in EventKind if kind not in kinds]
    return missing + [reason.name for reason in EventReason if reason not in reasons]


if __name__ == "__main__":
    sys.exit(main())
