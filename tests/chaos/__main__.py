"""Kill one process after another under load, and look whether anything is missing: `make chaos`.

`make soak` does the same for a given time and kills nobody.

Four accounts send orders at a steady rate. A seed chooses whom SIGKILL hits and when; after
each kill everything must be healthy again without help. Afterwards all books are compared: of
the OMS, the ledger, P&L, the venue, the lake, and of the log folded again.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from tests.e2e import audit
from tests.e2e.rig import Platform, running_platform
from tests.e2e.traffic import Traffic

from trade2026.core.chance import fresh_seed, stream
from trade2026.shell.settings import FILE_NAME

ACCOUNTS: Final = ("default", "north", "south", "west")
SETTINGS: Final = f"[oms]\naccounts = {json.dumps(ACCOUNTS)}\n"
HEALTHY_WITHIN_S: Final = 30.0
FIRST_S: Final = 5.0
PAUSE_S: Final = (1.0, 6.0)
"""From health to the next kill."""


def main() -> int:
    """Play as the command line says; return 0 where nothing is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="without it a fresh one")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=0.0, help="at least so long")
    parser.add_argument("--rate", type=float, default=200.0, help="orders a second")
    asked = parser.parse_args()
    seed = fresh_seed() % 10**6 if asked.seed is None else asked.seed
    length = f", {asked.minutes:g} minutes" if asked.minutes else ""
    print(f"seed {seed}: {asked.kills} kills at {asked.rate:g} orders/s{length}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        (data_dir / FILE_NAME).write_text(SETTINGS, "utf-8")
        with running_platform(data_dir) as platform:
            faults = run(platform, seed, asked)
    for fault in faults[:100]:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults; make chaos SEED={seed}" if faults else "nothing is missing")
    return 1 if faults else 0


def run(platform: Platform, seed: int, asked: argparse.Namespace) -> list[str]:
    """Return what is wrong with a fresh platform after so many kills and minutes."""
    widen_limits(platform, asked.rate)
    first = audit.first_of(platform)
    random = stream(seed, "chaos")
    slow: list[str] = []
    begun = time.monotonic()
    with Traffic(platform, ACCOUNTS, asked.rate) as traffic:
        time.sleep(FIRST_S)
        for number in range(asked.kills):
            time.sleep(float(random.uniform(*PAUSE_S)))
            slow += kill_one(platform, random, number)
        while (left_s := 60 * asked.minutes - (time.monotonic() - begun)) > 0:
            time.sleep(min(left_s, 60.0))
            print(f"{len(traffic.acknowledged):,} orders; MiB: {memory_of(platform)}", flush=True)
    took_s = time.monotonic() - begun
    sent = len(traffic.acknowledged)
    print(
        f"{sent:,} orders acknowledged in {took_s:.0f} s, {sent / took_s:.0f} a second", flush=True
    )
    return slow + audit.faults_of(platform, traffic, first)


def widen_limits(platform: Platform, rate_hz: float) -> None:
    """Set limits that this load stays within."""
    most = int(4 * rate_hz)
    limits = {"max_orders_per_s": most, "max_repeats_per_s": most, "max_open_orders": 10_000}
    body = {**limits, "scope": "default", "reason": "chaos"}
    reply = platform.call("PUT", "risk", "/risk/limits", json=body)
    assert reply.status_code < 300, reply.text


def memory_of(platform: Platform) -> str:
    """Return how much memory each process has, where the system tells."""
    told: list[str] = []
    for unit in platform.state()["units"]:
        status = Path(f"/proc/{unit['pid']}/status")
        lines = status.read_text("ascii").splitlines() if status.exists() else []
        sizes = [int(line.split()[1]) >> 10 for line in lines if line.startswith("VmRSS")]
        told += [f"{unit['name']} {size}" for size in sizes]
    return ", ".join(told)


def kill_one(platform: Platform, random: np.random.Generator, number: int) -> list[str]:
    """Kill a process of chance; return a fault where the platform does not get well in time."""
    names = sorted(unit["name"] for unit in platform.state()["units"])
    name = names[int(random.integers(len(names)))]
    killed = platform.kill(name)
    begun = time.monotonic()

    def is_well() -> bool:
        return platform.process_of(name) != killed and platform.is_healthy()

    # It is waited for longer than is allowed, so that the run goes on and says how long it took.
    platform.wait_for(is_well, 4 * HEALTHY_WITHIN_S, f"health after {name}")
    took_s = time.monotonic() - begun
    now = datetime.now(tz=UTC)  # noqa: TID251 - for the reader's eye.
    print(f"{now:%H:%M:%S} {number + 1:2} {name}: healthy after {took_s:.1f} s", flush=True)
    return [] if took_s <= HEALTHY_WITHIN_S else [f"{name}: healthy after {took_s:.1f} s only"]


if __name__ == "__main__":
    sys.exit(main())
