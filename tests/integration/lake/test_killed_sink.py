"""The sink is killed at random, again and again: the lake holds the recording, each tick once.

A real recorded session goes through the gateway, the normaliser and the message bus; the
sink runs as the process that the platform runs, against a real object storage.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.doors import OpenDoor
from tests.feeds import SPOT_RECORDING, recorded
from tests.integration.lake.site import Site, servers
from tests.ticks import rows_in

from trade2026.adapters.lake.tick_rows import rows_of
from trade2026.adapters.recording import read_frames
from trade2026.core.chance import stream
from trade2026.model.market import QuoteBatch, TradeBatch
from trade2026.model.subjects import MARKET_QUOTE, MARKET_TRADE
from trade2026.ports.bus import Delivery
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.data, pytest.mark.timeout(300)]

TRADES, QUOTES = 9_757, 28_040
DEATHS = 5
PATIENCE_S = 90


async def publish_recording(site: Site) -> None:
    """Let the gateway and the normaliser bring the whole session onto the bus."""
    bus = await site.bus()
    environment = {
        "TRADE2026_GATEWAY_SOURCE": "replay",
        "TRADE2026_GATEWAY_FILE": str(recorded(SPOT_RECORDING)),
        "TRADE2026_GATEWAY_SPEED": "0",
    }
    around = Surroundings(
        bus=bus, doorkeeper=OpenDoor(), data_dir=site.data_dir, settings=Settings(environment)
    )
    frames = sum(1 for _ in read_frames(recorded(SPOT_RECORDING)))
    try:
        async with running(builds_of(["gateway", "normalizer"]), around) as runtime:
            done = 0
            while done < frames:
                await asyncio.sleep(0.1)
                stats = (await runtime.client("normalizer").get("/stats")).json()
                done = stats[0]["frames"] if stats else 0
    finally:
        await bus.close()


async def logged(site: Site) -> list[dict[str, Any]]:
    """Return every tick of the log as the row it must be, in the order of arrival."""
    found: list[dict[str, Any]] = []

    async def note(batch: TradeBatch | QuoteBatch, delivery: Delivery) -> None:
        rows = rows_of(batch, delivery.stream_seq).to_pylist()
        found.extend(
            {name: value for name, value in row.items() if value is not None} for row in rows
        )

    bus = await site.bus()
    await (await bus.fold(MARKET_TRADE, note)).stop()
    await (await bus.fold(MARKET_QUOTE, note)).stop()
    await bus.close()
    return found


async def until(site: Site, rows: int) -> None:
    """Return when the table has *rows* rows."""
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(site.row_count) < rows:  # noqa: ASYNC110 - it is elsewhere.
            await asyncio.sleep(0.1)


def place_of(row: dict[str, Any]) -> tuple[int, int]:
    return row["stream_seq"], row["batch_pos"]


async def test_a_recorded_session_is_in_the_lake_once_though_the_sink_is_killed(
    tmp_path: Path,
) -> None:
    moments = stream(2026, "kills")
    async with servers(tmp_path / "data") as site, asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publish_recording(site))
        for _ in range(DEATHS):
            sink = await site.sink()
            before = await asyncio.to_thread(site.version)
            async with asyncio.timeout(PATIENCE_S):
                while await asyncio.to_thread(site.version) <= before:
                    assert sink.returncode is None, (site.data_dir / "sink.log").read_text()
                    await asyncio.sleep(0.01)
            await asyncio.sleep(moments.uniform(0, 0.3))
            sink.kill()
            await sink.wait()
        await publishing
        stored_before_the_last_life = await asyncio.to_thread(site.row_count)
        sink = await site.sink()
        await until(site, TRADES + QUOTES)
        # Whatever would be stored twice has time to be.
        await asyncio.sleep(1)
        sink.kill()
        await sink.wait()
        expected = await logged(site)
        rows = rows_in(site.storage.place)

    kinds = Counter(row["kind"] for row in rows)
    assert kinds == {"trade": TRADES, "quote": QUOTES}
    assert sorted(rows, key=place_of) == sorted(expected, key=place_of)
    assert recorded_trades() == sorted(
        (int(row["trade_id"]), row["px"], row["qty"]) for row in rows if row["kind"] == "trade"
    )
    # The deaths were in the middle of it.
    assert 0 < stored_before_the_last_life < TRADES + QUOTES


def recorded_trades() -> list[tuple[int, Any, Any]]:
    """Return the recording's trades, read without the normaliser."""
    found: list[tuple[int, Any, Any]] = []
    for frame in read_frames(recorded(SPOT_RECORDING)):
        if b"@trade" in frame.payload:
            data = msgspec.json.decode(frame.payload)["data"]
            found.append((data["t"], Decimal(data["p"]), Decimal(data["q"])))
    return sorted(found)
