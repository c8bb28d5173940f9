"""A whole recorded session through the gateway, the bus and the normaliser, nothing lost."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.doors import OpenDoor
from tests.feeds import SPOT_RECORDING, recorded

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.model.market import BookBatch, QuoteBatch, TradeBatch
from trade2026.model.subjects import MARKET_BOOK, MARKET_QUOTE, MARKET_TRADE, Event
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.settings import Settings

pytestmark = pytest.mark.data

FRAMES, TRADES, QUOTES, UPDATES = 41_249, 9_757, 28_040, 3_449


async def test_the_whole_spot_session_passes_through_the_services(tmp_path: Path) -> None:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    environment = {
        "TRADE2026_GATEWAY_SOURCE": "replay",
        "TRADE2026_GATEWAY_FILE": str(recorded(SPOT_RECORDING)),
        "TRADE2026_GATEWAY_SPEED": "0",
    }
    trades: list[TradeBatch] = []
    quotes: list[QuoteBatch] = []
    books: list[BookBatch] = []
    around = Surroundings(
        bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path, settings=Settings(environment)
    )

    async with running(builds_of(["gateway", "normalizer"]), around) as runtime:
        stats: dict[str, Any] = {"frames": 0}
        async with asyncio.timeout(120):
            while stats["frames"] < FRAMES:
                await asyncio.sleep(0.1)
                found = (await runtime.client("normalizer").get("/stats")).json()
                stats = found[0] if found else stats
    pairs: list[tuple[Event[Any], list[Any]]] = [
        (MARKET_TRADE, trades),
        (MARKET_QUOTE, quotes),
        (MARKET_BOOK, books),
    ]
    for subject, into in pairs:

        async def note(message: object, _: object, into: list[Any] = into) -> None:
            into.append(message)

        await (await bus.fold(subject, note)).stop()

    assert (stats["trades"], stats["quotes"], stats["book_updates"]) == (TRADES, QUOTES, UPDATES)
    assert (stats["malformed"], stats["gaps"], stats["missed_frames"]) == (0, 0, 0)
    ids = [trade.trade_id for batch in trades for trade in batch.records]
    assert len(ids) == len(set(ids)) == TRADES
    assert sum(len(batch.records) for batch in quotes) == QUOTES
    assert sum(len(batch.deltas) for batch in books) == UPDATES
    assert [batch.snapshot is not None for batch in books].count(True) >= 1
