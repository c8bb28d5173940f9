"""The sink and ClickHouse are killed at random while PRISM's market is told: each row once.

The market is a real one, told as PRISM tells it; measures of a minute and more span several
lives of the sink, which must begin each time where the intervals that are open began.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow as pa
import pytest
from tests.factories import NOW_NS
from tests.integration.lake.site import Site, servers
from tests.prism import CONFIG
from tests.ticks import EVERYTHING

from trade2026.adapters.analytics.client import AnalyticsClient
from trade2026.adapters.lake import prism_rows
from trade2026.adapters.lake.reading import newest_rows
from trade2026.adapters.lake.spec import TableSpec
from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError, QueryRefusedError, UnavailableError
from trade2026.core.ids import EventId
from trade2026.core.numbers import Px, Qty
from trade2026.desk.measures import MeasureStage
from trade2026.model.measure import FillBatch, MomentBatch, SpanBatch
from trade2026.model.prism import PrismFill
from trade2026.model.subjects import PRISM_FILL, PRISM_MOMENT, PRISM_SPAN, Event
from trade2026.ports.bus import Bus, Delivery
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.exchange import EventKind
from trade2026.services.sink_ticks import MEASURED

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

DEATHS = 4
STORE_DEATHS = 0.7
"""How often ClickHouse is killed before the sink is."""
MINUTES = 8
PATIENCE_S = 90
TABLES = (
    prism_rows.PRISM_FILLS,
    prism_rows.PRISM_MARKET_STATE,
    prism_rows.PRISM_ORDERBOOK_SNAPSHOTS,
    prism_rows.PRISM_ANALYTICS,
)


def messages() -> list[tuple[Event[Any], Any]]:
    """Return what PRISM tells of some minutes of a small market, in two lives."""
    told: list[tuple[Event[Any], Any]] = []
    for life in (1, 2):
        market = AgentMarket(
            CONFIG, start_ns=NOW_NS + life * 3_000 * NS_PER_S, life=life, holdings=(),
            last_mid_px={},
        )  # fmt: skip
        measuring = market.measure()
        for _ in range(MINUTES * 60 // 2):
            market.run_until(market.sim_ns + 2 * NS_PER_S)
            fills: dict[str, list[PrismFill]] = {}
            for event in market.drain():
                if event.kind is EventKind.TRADE:
                    fill = PrismFill(
                        seq=event.seq, ts_event_ns=TimeNs(event.time_ns), px=Px(event.ticks),
                        qty=Qty(event.lots), side=event.side, is_auction=False,
                        maker=market.owner_name(event.maker_owner),
                        taker=market.owner_name(event.taker_owner),
                    )  # fmt: skip
                    fills.setdefault(event.symbol, []).append(fill)
            for symbol, some in fills.items():
                told.append((PRISM_FILL, FillBatch(life=life, symbol=symbol, records=tuple(some))))
            for symbol, spans in measuring.spans().items():
                batch = SpanBatch(life=life, symbol=symbol, records=tuple(spans))
                told.append((PRISM_SPAN, batch))
            for symbol, moment in measuring.moments().items():
                moments = MomentBatch(life=life, symbol=symbol, records=(moment,))
                told.append((PRISM_MOMENT, moments))
    return told


async def tell(bus: Bus, told: list[tuple[Event[Any], Any]], first: int) -> None:
    for number, (subject, batch) in enumerate(told, first):
        event_id = EventId(f"told-{number}")
        await bus.append(subject, batch, event_id=event_id, symbol=batch.symbol)


async def expected(bus: Bus) -> dict[str, list[dict[str, Any]]]:
    """Return every row that the log asks for, by table."""
    rows: dict[str, list[dict[str, Any]]] = {spec.name: [] for spec in TABLES}
    stage = MeasureStage()

    def note(spec: TableSpec, batch: msgspec.Struct, delivery: Delivery) -> None:
        made = spec.rows_of(batch, delivery.stream_seq, delivery.appended_ns).to_pylist()
        rows[spec.name] += [{k: v for k, v in row.items() if v is not None} for row in made]

    async def on_fills(batch: FillBatch, delivery: Delivery) -> None:
        note(prism_rows.PRISM_FILLS, batch, delivery)

    async def on_moments(batch: MomentBatch, delivery: Delivery) -> None:
        note(prism_rows.PRISM_MARKET_STATE, batch, delivery)
        note(prism_rows.PRISM_ORDERBOOK_SNAPSHOTS, batch, delivery)

    async def on_spans(batch: SpanBatch, delivery: Delivery) -> None:
        note(prism_rows.PRISM_ANALYTICS, stage(batch, delivery.stream_seq)[0], delivery)

    await (await bus.fold(PRISM_FILL, on_fills)).stop()
    await (await bus.fold(PRISM_MOMENT, on_moments)).stop()
    await (await bus.fold(PRISM_SPAN, on_spans)).stop()
    return rows


def place_of(row: dict[str, Any]) -> tuple[int, int]:
    return row["stream_seq"], row["batch_pos"]


async def rows_of(site: Site, name: str) -> list[dict[str, Any]]:
    """Return what a table holds, wherever it lies, by the columns of its description."""
    spec = next(spec for spec in TABLES if spec.name == name)
    if spec not in MEASURED:
        try:
            return await asyncio.to_thread(newest_rows, site.storage.place, name, limit=EVERYTHING)
        except InvalidInputError:
            # The sink has not come to make the table yet.
            return []
    columns = ", ".join(
        f"toUnixTimestamp64Nano({column}) AS {column}" if column.startswith("ts_") else column
        for column in spec.schema.names
    )
    try:
        found = await AnalyticsClient(site.analytics_place).ask(
            f"SELECT {columns} FROM {name}",  # noqa: S608 - our own names
            answer_format="ArrowStream",
        )
    except (QueryRefusedError, UnavailableError):
        return []
    table = cast("Any", pa).ipc.open_stream(found).read_all().cast(spec.schema)
    return [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]


async def until_stored(site: Site, wanted: dict[str, list[dict[str, Any]]]) -> None:
    """Return when every table has as many rows as are wanted."""
    async with asyncio.timeout(PATIENCE_S):
        for name, rows in wanted.items():
            while len(await rows_of(site, name)) < len(rows):  # noqa: ASYNC110 - elsewhere.
                await asyncio.sleep(0.1)


async def test_what_is_kept_of_the_market_is_stored_once_whoever_is_killed(
    tmp_path: Path,
) -> None:
    chance = stream(2026, "kills of the sink")
    told = messages()
    part = len(told) // DEATHS + 1
    async with servers(tmp_path / "data", with_analytics=True) as site:
        bus = await site.bus()
        for first in range(0, len(told), part):
            sink = await site.sink()
            before = len(await rows_of(site, "prism_analytics"))
            await tell(bus, told[first : first + part], first)
            async with asyncio.timeout(PATIENCE_S):
                while len(await rows_of(site, "prism_analytics")) <= before:
                    assert sink.returncode is None, (site.data_dir / "sink.log").read_text()
                    await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0, 0.3))
            if chance.random() < STORE_DEATHS:
                assert site.analytics.process is not None
                os.kill(site.analytics.process.pid or 0, signal.SIGKILL)
                await site.analytics.process.wait()
                await asyncio.sleep(chance.uniform(0, 0.3))
                await site.analytics.start()
            sink.kill()
            await sink.wait()
        wanted = await expected(bus)
        sink = await site.sink()
        await until_stored(site, wanted)
        # Whatever would be stored twice has time to be.
        await asyncio.sleep(1)
        sink.kill()
        await sink.wait()
        await bus.close()
        stored = {spec.name: await rows_of(site, spec.name) for spec in TABLES}

    for name, rows in wanted.items():
        assert rows, name
        assert sorted(stored[name], key=place_of) == sorted(rows, key=place_of), name
    kinds = {row["kind"] for row in stored["prism_analytics"]}
    assert kinds == {"10s", "60s", "300s", "900s", "3600s"}
