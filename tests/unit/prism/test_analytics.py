"""PRISM's measures by API: complete intervals, newest first, page by page, also after a restart."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.doors import OpenDoor
from tests.spans import BEGIN_NS, bought

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.core.ids import EventId
from trade2026.model.measure import SpanBatch
from trade2026.model.subjects import PRISM_SPAN
from trade2026.services import prism
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.settings import Settings

ON_PAPER = {"TRADE2026_PRISM_MODE": "paper"}
"""Nothing is measured but what a test tells the log."""


async def tell(bus: LocalBus, *, life: int, seconds: int) -> None:
    """Append a life of so many seconds of BTCUSDT, one event each."""
    for second in range(seconds):
        batch = SpanBatch(life=life, symbol="BTCUSDT", records=(bought(second, 2, 101),))
        event_id = EventId(f"span-{life}-{second}")
        await bus.append(PRISM_SPAN, batch, event_id=event_id, symbol="BTCUSDT")


async def pages(client: httpx.AsyncClient, path: str, limit: int) -> list[list[dict[str, Any]]]:
    """Return all pages of a listing."""
    found: list[list[dict[str, Any]]] = []
    cursor = ""
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        body = (await client.get(f"{path}&limit={limit}{more}")).json()
        found.append(body["measures"])
        if not (cursor := body["next_cursor"]):
            return found


async def test_measures_are_listed_page_by_page_and_survive_a_restart(tmp_path: Path) -> None:
    log = MemoryLog()
    bus = LocalBus(log, SystemClock(), with_codec=True)
    await tell(bus, life=1, seconds=70)
    await tell(bus, life=2, seconds=36)
    around = Surroundings(
        bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path, settings=Settings(ON_PAPER)
    )
    path = "/analytics/BTCUSDT?interval=10s"

    for _ in range(2):
        async with running({"PRISM": prism.build}, around) as runtime:
            found = await pages(runtime.client("PRISM"), path, 4)

            # Seven of the first life, the last one ended with it; three of the second.
            shown = [(m["life"], (m["begin_ns"] - BEGIN_NS) // NS_PER_S) for p in found for m in p]
            assert shown == [
                *((2, begin) for begin in (20, 10, 0)),
                *((1, begin) for begin in (60, 50, 40, 30, 20, 10, 0)),
            ]
            assert [len(page) for page in found] == [4, 4, 2]
            newest = found[0][0]
            assert (newest["trades"], newest["volume"], newest["vwap"]) == (10, 20, 101)
            assert newest["effective_spread_bps"] == pytest.approx(200)
            assert newest["seconds"] == 10
            minute = (await runtime.client("PRISM").get("/analytics/BTCUSDT")).json()
            assert minute["interval"] == "1m"
            assert [m["seconds"] for m in minute["measures"]] == [10, 60]
    await bus.close()


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/analytics/NOPE", 404, None),
        ("/analytics/BTCUSDT?interval=2m", 422, "interval"),
        ("/analytics/BTCUSDT?cursor=x", 422, "cursor"),
        ("/analytics/BTCUSDT?limit=0", 422, "limit"),
    ],
)
async def test_what_cannot_be_listed_is_refused(
    tmp_path: Path, path: str, status: int, field: str | None
) -> None:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(
        bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path, settings=Settings(ON_PAPER)
    )
    async with running({"PRISM": prism.build}, around) as runtime:
        reply = await runtime.client("PRISM").get(path)

    assert reply.status_code == status
    assert reply.json().get("field") == field
    await bus.close()
