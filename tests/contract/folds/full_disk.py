"""A process whose files may not grow: every fold meets it while it writes, and tells how it went.

``python -m tests.contract.folds.full_disk FOLDER`` prints a JSON object by fold. A limit on the
size of files stands for a full disk: the same call fails, with another number.

Source: setrlimit(2), RLIMIT_FSIZE; Python ignores SIGXFSZ, so that the write fails with EFBIG.
"""

import asyncio
import json
import resource
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs
from tests.contract.folds.every_fold import MAKERS, Life, a_log, copy_of
from tests.factories import NOW_NS
from tests.trading import LOG, PlainVenue, an_ask, running_core

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.stores.order_archive import SqliteOrderArchive
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.desk.journal import Journal
from trade2026.model.subjects import ORDERS_EVENT

BYTES = 100
SECONDS = 150
PACE_NS = 40 * NS_PER_S
"""So much time passes with every event that a fold reads."""
NS_PER_MINUTE = 60 * NS_PER_S


@contextmanager
def _full_disk() -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _drafts(folder: Path) -> int:
    return len(list(folder.glob("*.new")))


def _warned(told: list[Any], event: str) -> int:
    # The log is shared: a core that has just ended may still tell of snapshots of its own.
    return sum(one["event"] == event and one["log_level"] == "warning" for one in told)


async def _fold(fold: str, log: MemoryLog, folder: Path) -> dict[str, object]:
    """Write one, fail to write others while the log goes on, and write again.

    The last try is one that was asked for, as at the end of a process.
    """
    life = await Life(fold, copy_of(log, 0.5), folder).begin()
    await life.snapshots.take()
    await life.end()
    kept = SnapshotFiles(life.path).read()
    life = Life(fold, log, folder, pace_ns=PACE_NS)
    with capture_logs() as told, _full_disk():
        await life.begin()
        minutes = life.read * PACE_NS // NS_PER_MINUTE
        await life.snapshots.take()
    stayed = SnapshotFiles(life.path).read() == kept
    drafts = _drafts(folder)
    await life.snapshots.take()
    again = await Life(fold, log, folder).begin()
    same = again.state == life.state
    await life.end()
    await again.end()
    return {
        "minutes": minutes,
        "warned": _warned(told, "no snapshot") - 1,
        "stayed": stayed,
        "drafts": drafts,
        "same": same,
        "read_again": again.read,
    }


async def _orders(folder: Path) -> dict[str, object]:
    """Let the archive of orders take nothing for a while, and everything afterwards."""
    log = MemoryLog()
    async with running_core(log, PlainVenue(log)) as core:
        for number in range(5):
            await core.oms.submit(an_ask(f"key-{number}"))
    clock = VirtualClock(NOW_NS)
    bus = LocalBus(log, clock, with_codec=True)
    path = folder / "orders.db"
    journal = Journal(bus, clock, LOG, SqliteOrderArchive(path))
    await bus.fold(ORDERS_EVENT, journal.on_event, from_seq=await journal.begin())
    before = journal.orders.counts()
    with capture_logs() as told, _full_disk():
        for _ in range(SECONDS):
            clock.advance(NS_PER_S)
            await journal.commit()
    kept = journal.orders.changed_count
    clock.advance(60 * NS_PER_S)
    await journal.commit()
    left = journal.orders.changed_count
    await journal.close()
    again = Journal(bus, clock, LOG, SqliteOrderArchive(path))
    begin = await again.begin()
    same = again.orders.counts() == before
    last = await bus.last_seq(ORDERS_EVENT.stream)
    await again.close()
    await bus.close()
    return {
        "minutes": SECONDS // 60,
        "warned": _warned(told, "the archive of orders does not answer"),
        "stayed": kept > 0,
        "drafts": left,
        "same": same,
        "read_again": last + 1 - begin,
    }


async def main(folder: Path) -> None:
    """Tell how every fold went."""
    log = await a_log()
    found = {fold: await _fold(fold, log, folder) for fold in MAKERS}
    found["orders"] = await _orders(folder)
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
