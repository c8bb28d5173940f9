"""The core dies at each of its appends in turn, and the next one finds everything as it was.

Goal: no prefix of the log leads to a lost or doubled order, change or fill. Method: a session of
an order that fills, one that rests, a change of it and its cancel is run until the process dies
at append n, before or just after the log has stored it; a new core on the same log and the
same venue then gets the same requests again, as a client would send them, and must arrive where
a session without a crash does.
"""

import asyncio
import contextlib
from pathlib import Path

import pytest
from tests.trading import (
    Core,
    PlainVenue,
    a_resting_ask,
    an_ask,
    first_of,
    running_core,
    until,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import RefusedError
from trade2026.core.numbers import Qty
from trade2026.domain.oms.change import Change
from trade2026.domain.position.ledger import Ledger
from trade2026.model.execution import ExecType
from trade2026.model.journal import JournalEvent
from trade2026.model.order import OrdStatus
from trade2026.model.subjects import ORDERS_EVENT, POSITION_EVENT
from trade2026.ports.bus import Delivery

APPENDS = 18
"""A session without a crash makes fewer; the test checks that it does."""


async def _session(core: Core) -> None:
    await core.oms.submit(an_ask("fills"))
    order, _ = await core.oms.submit(a_resting_ask("rests"))
    # An order that a crash left unsent has failed, or fails now: nothing is left to cancel.
    with contextlib.suppress(RefusedError):
        larger = Change(order_qty=Qty(2 * order.request.order_qty), key="larger")
        await core.oms.replace(order.request.order_id, larger, "tess")
    with contextlib.suppress(RefusedError):
        await core.oms.cancel(order.request.order_id, "tess")


async def _finish(core: Core) -> None:
    await _session(core)
    core.clock.advance(2 * NS_PER_S)
    orders = core.oms.journal.orders
    await until(lambda: orders.open_orders() == ())
    seq = await core.bus.last_seq(ORDERS_EVENT.stream)
    await until(lambda: core.ptrc.ledger.seq == seq and core.risk.book.accounts.seq == seq)


async def _run_to_death(
    log: MemoryLog, venue: PlainVenue, dies_at: int, stored: bool, archive: Path | None = None
) -> bool:
    async with running_core(log, venue, dies_at=dies_at, is_stored=stored, archive=archive) as core:
        session = asyncio.ensure_future(_session(core))
        done = asyncio.Event()
        session.add_done_callback(lambda _: done.set())
        if not core.bus.died.is_set():
            await first_of(done, core.bus.died)
        session.cancel()
        await asyncio.gather(session, return_exceptions=True)
        return core.bus.died.is_set()


@pytest.mark.parametrize("is_stored", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("dies_at", range(APPENDS))
async def test_a_core_that_dies_at_any_append_is_followed_by_one_that_lost_nothing(
    dies_at: int, is_stored: bool, tmp_path: Path
) -> None:
    log = MemoryLog()
    venue = PlainVenue(log)
    archive = tmp_path / "orders.db"

    await _run_to_death(log, venue, dies_at, is_stored, archive)
    async with running_core(log, venue, life=1, archive=archive) as core:
        await _finish(core)

        orders = core.oms.journal.orders
        # A session that died before an order left may end as FAILED: told so, never sent.
        for key in ("fills", "rests"):
            order = orders.by_key("default", key)
            assert order is not None
            is_sent = order.request.order_id in venue.taken
            assert is_sent or order.status is OrdStatus.FAILED
        assert sum(orders.counts().values()) == 2
        rests = orders.by_key("default", "rests")
        assert rests is not None
        # The venue has the order as the log has it, and made the change once.
        taken = venue.taken.get(rests.request.order_id)
        assert taken is None or taken.order_qty == rests.request.order_qty
        made = [r for r in venue.reports.get(rests.request.order_id, ()) if r.replace_id]
        assert len(made) == len({r.replace_id for r in made}) <= 1
        await _compare(core, venue)
        await _compare_with_the_log(core)


async def _compare(core: Core, venue: PlainVenue) -> None:
    made = [
        report
        for reports in venue.reports.values()
        for report in reports
        if report.exec_type is ExecType.TRADE
    ]
    booked = await core.oms.journal.orders.fills()
    positions = core.ptrc.ledger.positions()
    assert sorted(fill.report.exec_id for fill in booked) == sorted(r.exec_id for r in made)
    assert sum(p.quantity for p in positions) == sum(r.last_qty * r.side.sign for r in made)
    exposure = core.risk.book.exposure("default")
    assert exposure is not None
    assert (exposure.reserved, exposure.open_order_count) == (0, 0)
    assert exposure.cash * 10**9 == core.ptrc.ledger.accounts()[0].cash
    assert core.oms.steps.surprise_count == 0


async def _compare_with_the_log(core: Core) -> None:
    folded = Ledger()
    told: list[int] = []

    async def on_journal(event: JournalEvent, delivery: Delivery) -> None:
        folded.apply(event, delivery.stream_seq)

    async def on_position(_: object, delivery: Delivery) -> None:
        told.append(delivery.stream_seq)

    await core.bus.fold(ORDERS_EVENT, on_journal)
    await core.bus.fold(POSITION_EVENT, on_position)
    assert folded.digest() == core.ptrc.ledger.digest()
    # The deposit and each fill, once.
    assert len(told) == 1 + len(await core.oms.journal.orders.fills())


async def test_the_session_ends_before_the_last_append_that_is_tried() -> None:
    log = MemoryLog()

    assert await _run_to_death(log, PlainVenue(log), 5, stored=True)
    assert not await _run_to_death(log, PlainVenue(log), APPENDS, stored=True)
