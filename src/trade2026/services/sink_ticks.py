"""sink-ticks: what is kept of the markets into its stores, each event once.

Trades, quotes, PRISM's fills and the state of its market lie in the lake; PRISM's measures and
books in ClickHouse. Each table is filled by itself: where one store is away the other goes on,
and the log keeps what is not stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from prometheus_client import Gauge

from trade2026.adapters.analytics.client import AnalyticsClient
from trade2026.adapters.analytics.table import ClickHouseEvents
from trade2026.adapters.lake.prism_rows import (
    PRISM_ANALYTICS,
    PRISM_FILLS,
    PRISM_MARKET_STATE,
    PRISM_ORDERBOOK_SNAPSHOTS,
)
from trade2026.adapters.lake.spec import TableSpec
from trade2026.adapters.lake.table import DeltaEvents
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.client import ObjectClient
from trade2026.core.errors import UnavailableError
from trade2026.desk.measures import MeasureStage
from trade2026.desk.ticks import Stage, TableSink
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.measure import FillBatch, MeasuresBatch, MomentBatch
from trade2026.model.subjects import (
    MARKET_QUOTE,
    MARKET_TRADE,
    PRISM_FILL,
    PRISM_MOMENT,
    PRISM_SPAN,
    Event,
    Stream,
)
from trade2026.ports.lake import EventTable
from trade2026.shell.analytics import analytics_place
from trade2026.shell.objects import objects_place
from trade2026.shell.secrets import Secrets
from trade2026.shell.service import Context, Fold, Service
from trade2026.shell.settings import PLATFORM, PlatformSettings

MEASURED = (PRISM_ANALYTICS, PRISM_ORDERBOOK_SNAPSHOTS)
"""The tables that lie in ClickHouse."""
ROWS_WAITING = "trade2026_sink_rows_waiting"
ROWS_STORED = "trade2026_sink_rows_stored"


class SinkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When ticks are committed: section `sink_ticks`."""

    rows_max: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100_000
    """So many rows are committed at once; twice as many are held in memory at most."""
    flush_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 5.0
    """After so many seconds what there is is committed."""
    prism_flush_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 10.0
    """The same, of what is kept of PRISM's market."""


PROBE_KEY = "health/sink-ticks"


class _Stores:
    """The two stores that tables lie in."""

    def __init__(self, context: Context) -> None:
        platform = context.settings(PlatformSettings, PLATFORM)
        secrets = Secrets(context.data_dir)
        self._lake = objects_place(context.data_dir, platform.objects, context.addresses, secrets)
        self._objects = ObjectClient(self._lake)
        self._analytics = analytics_place(context.addresses, secrets)
        self._client = AnalyticsClient(self._analytics)

    def table(self, spec: TableSpec) -> EventTable:
        """Return the table of that description."""
        if spec in MEASURED:
            return ClickHouseEvents(self._analytics, spec)
        return DeltaEvents(self._lake, spec)

    def reach(self, spec: TableSpec) -> Callable[[], Awaitable[None]]:
        """Return a question to the store of that table."""
        return self._reach_analytics if spec in MEASURED else self._reach_objects

    async def _reach_analytics(self) -> None:
        await self._client.ask("SELECT 1")

    async def _reach_objects(self) -> None:
        try:
            await self._objects.get(PROBE_KEY)
        except UnavailableError as error:
            raise UnavailableError(f"object storage: {error}") from None


def build(context: Context) -> Service:
    """Return the sink."""
    settings = context.settings(SinkSettings, context.name)
    stores = _Stores(context)

    def sink_of(spec: TableSpec, *, stage: Stage | None = None) -> TableSink:
        is_ticks = spec is TICKS
        sink = TableSink(
            stores.table(spec),
            stores.reach(spec),
            context.bus,
            context.log,
            rows_max=settings.rows_max,
            flush_s=settings.flush_s if is_ticks else settings.prism_flush_s,
            stream=Stream.MARKET if is_ticks else Stream.PRISM_TAPE,
            stage=stage,
        )
        waiting.labels(spec.name).set_function(lambda: sink.waiting_rows)
        stored.labels(spec.name).set_function(lambda: sink.stored_rows)
        return sink

    waiting = Gauge(ROWS_WAITING, "Rows held, not stored yet.", ["table"], registry=context.metrics)
    stored = Gauge(ROWS_STORED, "Rows stored since the start.", ["table"], registry=context.metrics)
    ticks = sink_of(TICKS)
    fills = sink_of(PRISM_FILLS)
    states = sink_of(PRISM_MARKET_STATE)
    books = sink_of(PRISM_ORDERBOOK_SNAPSHOTS)
    measures = sink_of(PRISM_ANALYTICS, stage=MeasureStage())
    in_lake = {"lake": ticks, "fills": fills, "states": states}
    in_analytics = {"books": books, "measures": measures}
    sinks = {**in_lake, **in_analytics}

    async def start() -> None:
        await asyncio.gather(*(sink.start() for sink in in_lake.values()))

    async def stop() -> None:
        await asyncio.gather(*(sink.stop() for sink in sinks.values()))

    return Service(
        name=context.name,
        pings={name: sink.ping for name, sink in in_lake.items()},
        soft_pings={name: sink.ping for name, sink in in_analytics.items()},
        about=ticks.about,
        start=start,
        intakes=[
            _into(ticks, MARKET_TRADE, TradeBatch),
            _into(ticks, MARKET_QUOTE, QuoteBatch),
            _into(fills, PRISM_FILL, FillBatch),
            _into(states, PRISM_MOMENT, MomentBatch),
        ],
        loops=[
            *(sink.run for sink in in_lake.values()),
            # By themselves, so that the lake is filled while ClickHouse is away.
            lambda: books.follow(PRISM_MOMENT, MomentBatch),
            lambda: measures.follow(PRISM_SPAN, MeasuresBatch),
        ],
        stop=stop,
    )


def _into(sink: TableSink, subject: Event[Any], kind: type[msgspec.Struct]) -> Fold:
    return Fold(subject=subject, handler=sink.on_batch, from_seq=sink.begin(kind))
