"""The hot cache over HTTP without its shared cache: reads go on, and it says so."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.doors import OpenDoor
from tests.factories import a_quote
from tests.ports import free_port
from tests.unit.desk.test_hot_cache import BOOK, a_bar, a_change, a_trade, quotes

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.ids import EventId
from trade2026.edge.hot_cache import READ_SECONDS, SYMBOLS_MAX
from trade2026.model.market import BarBatch, TradeBatch
from trade2026.model.subjects import (
    LIVE_BOOK,
    MARKET_BAR,
    MARKET_QUOTE,
    MARKET_TRADE,
    POSITION_EVENT,
)
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running

KEYS: dict[str, Any] = {"venue": "PRISM", "symbol": "BTCUSDT"}


class NoServers(LocalAddresses):
    """Every component where nothing listens."""

    def __init__(self) -> None:
        super().__init__()
        self._port = free_port()

    def port(self, component: str, port: str = "") -> int:
        del component, port
        return self._port


def a_runtime(bus: LocalBus, data_dir: Path) -> Runtime:
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=data_dir, addresses=NoServers())
    return running(builds_of(["hot_cache"]), around)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncGenerator[Runtime]:
    """Return the service on a log that was there before it."""
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    await bus.append(MARKET_QUOTE, quotes(a_quote("50000", "50002")), event_id=EventId("1"), **KEYS)
    trades = TradeBatch(**KEYS, records=(a_trade(1),))
    await bus.append(MARKET_TRADE, trades, event_id=EventId("2"), **KEYS)
    bars = BarBatch(**KEYS, records=(a_bar(1),))
    await bus.append(MARKET_BAR, bars, event_id=EventId("3"), **KEYS)
    await bus.append(
        POSITION_EVENT, a_change("2", "50000"), event_id=EventId("4"), account="default"
    )
    async with a_runtime(bus, tmp_path) as runtime:
        bus.show(LIVE_BOOK, BOOK, **KEYS)
        yield runtime
    await bus.close()


async def get(runtime: Runtime, path: str) -> Any:
    reply = await runtime.client("hot_cache").get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_the_newest_is_read_by_key(runtime: Runtime) -> None:
    quote = await get(runtime, "/quote/BTCUSDT")
    trade = await get(runtime, "/trade/BTCUSDT?venue=PRISM")
    book = await get(runtime, "/book/BTCUSDT?depth=1")
    bar = await get(runtime, "/bar/BTCUSDT?interval=1m")

    assert (quote["quote"]["bid"], quote["quote"]["ask"], quote["venue"]) == (50000, 50002, "PRISM")
    assert trade["trade"]["price"] == 50000
    assert (book["book"]["bids"], book["book"]["asks"]) == ([{"price": 49999, "quantity": 1}], [])
    assert bar["bar"]["volume"] == 1


async def test_a_late_joiner_gets_everything_at_once(runtime: Runtime) -> None:
    snapshot = await get(runtime, "/snapshot")
    some = await get(runtime, "/snapshot?symbols=BTCUSDT,NOPE")
    none = await get(runtime, "/snapshot?symbols=NOPE")

    (market,) = snapshot["markets"]
    assert market["quote"]["bid"] == 50000
    assert set(market["bars"]) == {"1m"}
    assert market["book"]["sequence"] == 7
    assert [m["symbol"] for m in some["markets"]] == ["BTCUSDT"]
    assert (some["unknown"], none["markets"]) == (["NOPE"], [])


async def test_positions_and_exposure_are_read_by_account(runtime: Runtime) -> None:
    position = await get(runtime, "/position/default/BTCUSDT")
    risk = await get(runtime, "/risk/default")

    assert position["quantity"] == 2
    assert position["positions"][0]["unrealized_pnl"] == 2
    assert (risk["gross_exposure"], risk["net_exposure"]) == (100002, 100002)
    assert risk["equity"] == 1000002


async def test_without_the_shared_cache_reads_are_marked_and_health_is_degraded(
    runtime: Runtime,
) -> None:
    quote = await get(runtime, "/quote/BTCUSDT")
    health = await get(runtime, "/health")

    assert quote["is_stored"] is False
    assert health["status"] == "degraded"
    assert "Valkey does not answer" in health["checks"]["Valkey"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/quote/NOPE", 404),
        ("/quote/BTCUSDT?venue=XNAS", 404),
        ("/bar/BTCUSDT?interval=1h", 404),
        ("/bar/BTCUSDT?interval=7m", 422),
        ("/book/BTCUSDT?depth=0", 422),
        ("/position/default/NOPE", 404),
        ("/position/nobody/BTCUSDT", 404),
        ("/risk/nobody", 404),
        (f"/snapshot?symbols={','.join(map(str, range(SYMBOLS_MAX + 1)))}", 422),
    ],
)
async def test_what_is_not_there_is_404_and_nonsense_422(
    runtime: Runtime, path: str, status: int
) -> None:
    reply = await runtime.client("hot_cache").get(path)

    assert reply.status_code == status, reply.text


async def test_reads_are_measured(runtime: Runtime) -> None:
    await get(runtime, "/quote/BTCUSDT")

    text = runtime.members["hot_cache"].life.metrics.text().decode()

    assert f'{READ_SECONDS}_count{{kind="quote"}} 1.0' in text
