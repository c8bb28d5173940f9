"""sink-ticks: trades, quotes, and what is kept of PRISM's market into the lake, each once."""

import asyncio
from typing import Annotated, Any

import msgspec
from prometheus_client import Gauge

from trade2026.adapters.lake.prism_rows import (
    PRISM_ANALYTICS,
    PRISM_FILLS,
    PRISM_MARKET_STATE,
    PRISM_ORDERBOOK_SNAPSHOTS,
)
from trade2026.adapters.lake.table import DeltaEvents, TableSpec
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.client import ObjectClient
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
from trade2026.ports.bus import Delivery
from trade2026.shell.objects import objects_place
from trade2026.shell.secrets import Secrets
from trade2026.shell.service import Context, Fold, Service
from trade2026.shell.settings import PLATFORM, PlatformSettings

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


def build(context: Context) -> Service:
    """Return the sink."""
    settings = context.settings(SinkSettings, context.name)
    platform = context.settings(PlatformSettings, PLATFORM)
    place = objects_place(
        context.data_dir, platform.objects, context.addresses, Secrets(context.data_dir)
    )
    objects = ObjectClient(place)

    def sink_of(spec: TableSpec, *, stage: Stage | None = None) -> TableSink:
        is_ticks = spec is TICKS
        sink = TableSink(
            DeltaEvents(place, spec),
            objects,
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
    sinks = {"lake": ticks, "fills": fills, "states": states, "books": books, "measures": measures}

    async def start() -> None:
        await asyncio.gather(*(sink.start() for sink in sinks.values()))

    async def stop() -> None:
        await asyncio.gather(*(sink.stop() for sink in sinks.values()))

    return Service(
        name=context.name,
        pings={name: sink.ping for name, sink in sinks.items()},
        about=ticks.about,
        start=start,
        intakes=[
            _into(ticks, MARKET_TRADE, TradeBatch),
            _into(ticks, MARKET_QUOTE, QuoteBatch),
            _into(fills, PRISM_FILL, FillBatch),
            _into_both(states, books, PRISM_MOMENT, MomentBatch),
            _into(measures, PRISM_SPAN, MeasuresBatch),
        ],
        loops=[sink.run for sink in sinks.values()],
        stop=stop,
    )


def _into(sink: TableSink, subject: Event[Any], kind: type[msgspec.Struct]) -> Fold:
    return Fold(subject=subject, handler=sink.on_batch, from_seq=sink.begin(kind))


def _into_both(
    one: TableSink, other: TableSink, subject: Event[Any], kind: type[msgspec.Struct]
) -> Fold:
    async def on_batch(batch: msgspec.Struct, delivery: Delivery) -> None:
        await one.on_batch(batch, delivery)
        await other.on_batch(batch, delivery)

    async def begin() -> int:
        # What the further one has already it leaves out.
        return min(await one.begin(kind)(), await other.begin(kind)())

    return Fold(subject=subject, handler=on_batch, from_seq=begin)
