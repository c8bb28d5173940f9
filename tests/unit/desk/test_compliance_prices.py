"""The rule on prices reads the market's log, and says what it cannot judge by it."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.books import Books
from tests.factories import NOW_NS, px, qty

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import EventId
from trade2026.desk.compliance import ComplianceDesk
from trade2026.desk.day_reader import day_of
from trade2026.desk.rules import RULES_FILE
from trade2026.model.instrument import InstrumentKind
from trade2026.model.market import Quote, QuoteBatch
from trade2026.model.subjects import MARKET_QUOTE, ORDERS_EVENT
from trade2026.ports.bus import Delivery, EventHandler, Subscription

RULE = '[[rule]]\nkind = "price_far"\nname = "far"\nmax_bps = 500\n'


def settles_at(_: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
    return trade_ns


@pytest.fixture
async def bus() -> AsyncGenerator[LocalBus]:
    bus = LocalBus(MemoryLog(), VirtualClock(NOW_NS), with_codec=True)
    books = Books()
    books.trade("2", "100", ts_event_ns=NOW_NS)
    books.trade("-1", "106", ts_event_ns=TimeNs(NOW_NS + NS_PER_S))
    for event in books.log:
        await bus.append(ORDERS_EVENT, event, event_id=event.event_id, account=event.account)
    yield bus
    await bus.close()


def desk(bus: LocalBus, folder: Path) -> ComplianceDesk:
    (folder / RULES_FILE).write_text(RULE)
    return ComplianceDesk(
        bus=bus,
        clock=VirtualClock(NOW_NS),
        log=structlog.get_logger(),
        data_dir=folder,
        settles_at=settles_at,
        store=SnapshotFiles(folder / "day.snapshot"),
    )


async def quote(bus: LocalBus, price: str, at_ns: int) -> None:
    one = Quote(
        ts_event_ns=TimeNs(at_ns),
        ts_recv_ns=TimeNs(at_ns),
        seq=at_ns,
        best_bid_px=px(price),
        best_bid_qty=qty("1"),
        best_ask_px=px(price),
        best_ask_qty=qty("1"),
    )
    batch = QuoteBatch(venue="PRISM", symbol="BTCUSDT", records=(one,))
    await bus.append(
        MARKET_QUOTE, batch, event_id=EventId(f"q{at_ns}"), venue="PRISM", symbol="BTCUSDT"
    )


async def test_a_fill_far_from_the_market_of_its_moment_is_found(
    bus: LocalBus, tmp_path: Path
) -> None:
    await quote(bus, "100", NOW_NS - NS_PER_S)
    # What is quoted afterwards excuses nothing.
    await quote(bus, "106", NOW_NS + 2 * NS_PER_S)
    compliance = desk(bus, tmp_path)

    (found,) = await compliance.check(compliance.today())

    assert found.measured == "600 bps: 106 at a market of 100"
    (again,) = await compliance.judge(await compliance.books(compliance.today()))
    assert again.measured == found.measured


async def test_a_day_whose_market_is_gone_is_told_and_not_passed(
    bus: LocalBus, tmp_path: Path
) -> None:
    compliance = desk(bus, tmp_path)

    (found,) = await compliance.check(compliance.today())

    assert found.measured == "2 fills not judged: the log has no price of their time"
    assert len(found.evidence) == 2


async def test_only_the_quotes_around_what_is_judged_are_read(
    bus: LocalBus, tmp_path: Path
) -> None:
    read: list[int] = []

    class Noting(LocalBus):
        async def fold(self, subject: Any, handler: EventHandler, **options: Any) -> Subscription:
            async def note(event: Any, delivery: Delivery) -> None:
                if subject is MARKET_QUOTE:
                    read.append(delivery.stream_seq)
                await handler(event, delivery)

            return await super().fold(subject, note, **options)

    clock = VirtualClock(NOW_NS - 3_600 * NS_PER_S)
    log = bus._log  # pyright: ignore[reportPrivateUsage] - the same log at other times.
    noting = Noting(log, clock, with_codec=True)
    for hour in (-1, 0, 1):
        clock.set_to(NOW_NS + hour * 3_600 * NS_PER_S)
        await quote(noting, "100", clock.now_ns())

    (found,) = await desk(noting, tmp_path).check(day_of(NOW_NS))

    assert found.measured == "600 bps: 106 at a market of 100"
    # A part of a log is read to its end and no further than a handful.
    assert 1 not in read
    assert 2 in read
