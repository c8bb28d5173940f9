"""Stored and remembered measures make one list, wherever the store has come to."""

from collections.abc import AsyncGenerator

import pytest
from tests.contract.analytics.conftest import READER_PASSWORD, Store
from tests.spans import BEGIN_NS, bought

from trade2026.adapters.analytics.client import AnalyticsClient, AnalyticsPlace
from trade2026.adapters.analytics.measures import ClickHouseMeasures
from trade2026.adapters.analytics.table import ClickHouseEvents
from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.infra.clickhouse import READER
from trade2026.adapters.lake.prism_rows import PRISM_ANALYTICS
from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.core.errors import UnavailableError
from trade2026.core.ids import EventId
from trade2026.desk.measures import MeasureStage
from trade2026.edge.prism_analytics import measures_reply
from trade2026.model.measure import SpanBatch
from trade2026.model.subjects import PRISM_SPAN, Stream
from trade2026.ports.bus import Delivery
from trade2026.ports.measures import Mark, Marked, MeasureRange
from trade2026.prism.all_measures import AllMeasures
from trade2026.prism.analytics import BACK, KEPT, Analytics

pytestmark = pytest.mark.integration

TEN_S = 10 * NS_PER_S
EVER = MeasureRange("BTCUSDT", TEN_S, 0, 2**63 - 1)
EVENTS = 106


def nothing_more() -> int:
    return 0


@pytest.fixture
async def bus() -> AsyncGenerator[LocalBus]:
    """A log with 70 seconds of one life and 36 of the next, of two symbols, an event each."""
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    for life, seconds in ((1, 70), (2, 36)):
        for second in range(seconds):
            for symbol in ("BTCUSDT", "ETHUSDT"):
                span = bought(second, 2, 101)
                batch = SpanBatch(life=life, symbol=symbol, records=(span,))
                event_id = EventId(f"span-{life}-{second}-{symbol}")
                await bus.append(PRISM_SPAN, batch, event_id=event_id, symbol=symbol)
    yield bus
    await bus.close()


def reader(store: Store) -> ClickHouseMeasures:
    return ClickHouseMeasures(AnalyticsPlace(store.place.url, READER, READER_PASSWORD))


async def opened(store: Store, bus: LocalBus) -> ClickHouseEvents:
    table = ClickHouseEvents(store.place, PRISM_ANALYTICS)
    await table.open(str((await bus.stream_state(Stream.PRISM_TAPE)).created_ns))
    return table


async def store_until(table: ClickHouseEvents, bus: LocalBus, last: int) -> None:
    """Store what the events up to *last* completed, as the sink does."""
    stage = MeasureStage()

    async def on_spans(batch: SpanBatch, delivery: Delivery) -> None:
        if delivery.stream_seq <= last:
            measures, needs_seq = stage(batch, delivery.stream_seq)
            table.add(measures, delivery.stream_seq, needs_seq=needs_seq)

    await (await bus.fold(PRISM_SPAN, on_spans)).stop()
    await table.commit()


async def remembered(bus: LocalBus, *, back: int = BACK) -> Analytics:
    analytics = Analytics(bus, back=back)
    begin = await analytics.begin()
    await (await bus.fold(PRISM_SPAN, analytics.on_spans, from_seq=begin)).stop()
    return analytics


async def all_pages(measures: AllMeasures, wanted: MeasureRange, limit: int) -> list[Marked]:
    found: list[Marked] = []
    before: Mark | None = None
    while page := (await measures.page(wanted, before=before, limit=limit)).found:
        found += page
        before = page[-1].mark
    return found


def shown(found: list[Marked]) -> list[tuple[int, int]]:
    return [(m.measures.life, (m.measures.begin_ns - BEGIN_NS) // NS_PER_S) for m in found]


EVERYTHING = [*((2, begin) for begin in (20, 10, 0)), *((1, 10 * n) for n in range(6, -1, -1))]


async def test_nothing_is_missing_or_doubled_wherever_the_store_has_come_to(
    store: Store, bus: LocalBus
) -> None:
    analytics = await remembered(bus)
    measures = AllMeasures(reader(store), analytics, nothing_more)
    table = await opened(store, bus)
    wanted = [measures_reply(m) for m in analytics.newest("BTCUSDT", TEN_S, limit=KEPT)]
    assert shown(await all_pages(measures, EVER, 4)) == EVERYTHING

    for last in (0, 29, 31, 60, 140, 2 * EVENTS):
        await store_until(table, bus, last)
        for limit in (1, 3, 100):
            found = await all_pages(measures, EVER, limit)
            assert [measures_reply(m.measures) for m in found] == wanted, (last, limit)
        assert (await measures.page(EVER, before=None, limit=1)).is_current


async def test_a_range_holds_the_intervals_that_begin_in_it(store: Store, bus: LocalBus) -> None:
    measures = AllMeasures(reader(store), await remembered(bus), nothing_more)
    await store_until(await opened(store, bus), bus, 100)
    wanted = EVER._replace(from_ns=BEGIN_NS + 20 * NS_PER_S, to_ns=BEGIN_NS + 50 * NS_PER_S)

    assert shown(await all_pages(measures, wanted, 2)) == [(2, 20), (1, 40), (1, 30), (1, 20)]
    assert shown(await all_pages(measures, wanted._replace(symbol="SOLUSDT"), 2)) == []


@pytest.mark.parametrize("back", [0, 20, 60])
async def test_what_a_memory_that_begins_later_saw_a_part_of_is_not_shown(
    store: Store, bus: LocalBus, back: int
) -> None:
    table = await opened(store, bus)
    measures = AllMeasures(reader(store), await remembered(bus, back=back), nothing_more)
    await store_until(table, bus, 60)

    page = await measures.page(EVER, before=None, limit=100)

    assert not page.is_current
    assert shown(page.found) == [(1, 10), (1, 0)]

    await store_until(table, bus, 2 * EVENTS)

    page = await measures.page(EVER, before=None, limit=100)
    assert page.is_current
    assert shown(page.found) == EVERYTHING


async def test_what_was_let_go_of_is_missed(
    store: Store, bus: LocalBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trade2026.prism.analytics.KEPT", 3)
    analytics = await remembered(bus)
    measures = AllMeasures(reader(store), analytics, nothing_more)
    table = await opened(store, bus)

    assert await measures.page(EVER, before=None, limit=9) == ([], False)

    await store_until(table, bus, 150)
    assert shown(await all_pages(measures, EVER, 9)) == EVERYTHING


async def test_while_the_log_is_read_the_newest_are_missed(store: Store, bus: LocalBus) -> None:
    analytics = Analytics(bus)

    async def first_half(batch: SpanBatch, delivery: Delivery) -> None:
        if delivery.stream_seq <= EVENTS:
            await analytics.on_spans(batch, delivery)

    begin = await analytics.begin()
    await (await bus.fold(PRISM_SPAN, first_half, from_seq=begin)).stop()
    measures = AllMeasures(reader(store), analytics, lambda: 2 * EVENTS)
    assert not (await measures.page(EVER, before=None, limit=1)).is_current

    await (await bus.fold(PRISM_SPAN, analytics.on_spans, from_seq=EVENTS + 1)).stop()

    page = await measures.page(EVER, before=None, limit=100)
    assert page.is_current
    assert shown(page.found) == EVERYTHING


async def test_what_was_stored_further_than_memory_has_read_is_not_missed(
    store: Store, bus: LocalBus
) -> None:
    analytics = Analytics(bus)
    await analytics.begin()
    await store_until(await opened(store, bus), bus, 2 * EVENTS)
    last = (await reader(store).reached(analytics.log_id)).seq

    assert (
        await AllMeasures(reader(store), analytics, lambda: last).page(EVER, before=None, limit=1)
    ).is_current
    assert not (
        await AllMeasures(reader(store), analytics, lambda: last + 1).page(
            EVER, before=None, limit=1
        )
    ).is_current


async def test_while_a_damaged_part_is_stored_again_it_is_missed(
    store: Store, bus: LocalBus
) -> None:
    measures = AllMeasures(reader(store), await remembered(bus), nothing_more)
    await store_until(await opened(store, bus), bus, 2 * EVENTS)
    client = AnalyticsClient(store.place)
    parts = await client.ask(
        "SELECT name FROM system.parts WHERE active AND table = 'prism_analytics'"
    )
    assert (await measures.page(EVER, before=None, limit=1)).is_current

    await client.ask(f"ALTER TABLE prism_analytics DETACH PART '{parts.decode().split()[0]}'")
    assert not (await measures.page(EVER, before=None, limit=1)).is_current
    table = await opened(store, bus)
    assert not (await measures.page(EVER, before=None, limit=1)).is_current
    await store_until(table, bus, 2 * EVENTS)

    page = await measures.page(EVER, before=None, limit=100)
    assert page.is_current
    assert shown(page.found) == EVERYTHING


async def test_a_store_that_is_away_is_an_error_and_an_empty_one_is_not(
    store: Store, bus: LocalBus
) -> None:
    measures = AllMeasures(reader(store), await remembered(bus), nothing_more)
    assert shown((await measures.page(EVER, before=None, limit=2)).found) == [(2, 20), (2, 10)]

    await store.server.stop()
    with pytest.raises(UnavailableError, match="ClickHouse"):
        await measures.page(EVER, before=None, limit=2)
    await store.server.start()


async def test_what_an_earlier_log_told_follows_behind(store: Store, bus: LocalBus) -> None:
    table = ClickHouseEvents(store.place, PRISM_ANALYTICS)
    await table.open("1000000000000000000")
    await store_until(table, bus, 31)
    measures = AllMeasures(reader(store), await remembered(bus), nothing_more)

    found = await all_pages(measures, EVER, 4)

    assert shown(found) == [*EVERYTHING, (1, 0)]
