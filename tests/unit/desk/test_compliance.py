"""A long day is judged as a short one is, and meanwhile others have their turn."""

import asyncio
from pathlib import Path

import pytest
import structlog
from tests.books import Books
from tests.factories import NOW_NS
from tests.simulation.loop import VirtualLoop

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import EventId
from trade2026.desk import day_lines
from trade2026.desk.compliance import ComplianceDesk
from trade2026.desk.day import DAY_S
from trade2026.desk.day_reader import day_of
from trade2026.desk.rules import RULES_FILE
from trade2026.domain.compliance.sheet import Breach
from trade2026.model.journal import OrderWithdrawn
from trade2026.model.subjects import ORDERS_EVENT

LAYERING = '[[rule]]\nkind = "cancel_ratio"\nname = "layering"\nmin_orders = 1\n'
PRICED = '[[rule]]\nkind = "price_far"\nname = "far"\nmax_bps = 500\n'


def taken_back(orders: int) -> Books:
    """Return a log of so many orders, which are all taken back once they are all there."""
    books = Books()
    for order in [books.order() for _ in range(orders)]:
        withdrawn = OrderWithdrawn(
            event_id=EventId(f"{order.order_id}-w"),
            account=order.account,
            order_id=order.order_id,
            order_seq=2,
            ts_ns=NOW_NS,
        )
        books.write(withdrawn)
    return books


async def judged_the_day_after(
    books: Books, folder: Path, rules: str
) -> tuple[int, tuple[Breach, ...]]:
    """Return how many turns others had while the day of *books* was judged, and its breaches."""
    (folder / RULES_FILE).write_text(rules)
    clock = VirtualClock(TimeNs(NOW_NS + DAY_S * NS_PER_S))
    bus = LocalBus(MemoryLog(), clock, with_codec=True)
    for event in books.log:
        await bus.append(ORDERS_EVENT, event, event_id=event.event_id, account=event.account)
    desk = ComplianceDesk(
        bus=bus,
        clock=clock,
        log=structlog.get_logger(),
        data_dir=folder,
        settles_at=ExchangeCalendar().settles_ns,
        store=SnapshotFiles(folder / "day.snapshot"),
    )
    past = await desk.books(day_of(NOW_NS))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(count())
    found = await desk.judge(past)
    other.cancel()
    await bus.close()
    return turns, found


@pytest.mark.parametrize("rules", [LAYERING, LAYERING + PRICED], ids=["plain", "priced"])
def test_a_past_day_is_put_together_in_parts_before_it_is_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rules: str
) -> None:
    monkeypatch.setattr(day_lines, "LINES_A_BLOCK", 10)
    turns: list[int] = []
    # In blocks: one, and six.
    for orders in (5, 30):
        # Nothing on this loop depends on how soon a thread is done.
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            judging = judged_the_day_after(taken_back(orders), tmp_path, rules)
            taken, (found,) = runner.run(judging)
        assert found.measured == f"{orders} of {orders} orders"
        turns.append(taken)

    assert turns[1] - turns[0] == 5
