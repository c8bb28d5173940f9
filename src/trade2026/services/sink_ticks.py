"""sink-ticks: trades and quotes into the Delta lake, each of them once."""

from typing import Annotated

import msgspec
from prometheus_client import Gauge

from trade2026.adapters.lake.ticks import DeltaTicks
from trade2026.adapters.objects.client import ObjectClient
from trade2026.desk.ticks import TickSink
from trade2026.model.subjects import MARKET_QUOTE, MARKET_TRADE
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


def build(context: Context) -> Service:
    """Return the sink."""
    settings = context.settings(SinkSettings, context.name)
    platform = context.settings(PlatformSettings, PLATFORM)
    place = objects_place(
        context.data_dir, platform.objects, context.addresses, Secrets(context.data_dir)
    )
    sink = TickSink(
        DeltaTicks(place),
        ObjectClient(place),
        context.bus,
        context.log,
        rows_max=settings.rows_max,
        flush_s=settings.flush_s,
    )
    Gauge(ROWS_WAITING, "Rows held, not stored yet.", registry=context.metrics).set_function(
        lambda: sink.waiting_rows
    )
    Gauge(ROWS_STORED, "Rows stored since the start.", registry=context.metrics).set_function(
        lambda: sink.stored_rows
    )
    return Service(
        name=context.name,
        pings={"lake": sink.ping},
        about=sink.about,
        start=sink.start,
        intakes=[
            Fold(subject=MARKET_TRADE, handler=sink.on_batch, from_seq=sink.begin_trades),
            Fold(subject=MARKET_QUOTE, handler=sink.on_batch, from_seq=sink.begin_quotes),
        ],
        loops=[sink.run],
        stop=sink.stop,
    )
