"""The gateway and the normaliser together: from a feed to what people see of the markets."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests import feeds
from tests.doors import OpenDoor
from tests.feeds import batch
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.errors import SettingsError, StartError
from trade2026.edge.market_stream import SYMBOL_LIMIT, TRY_LATER, UNSUPPORTED
from trade2026.model.instrument import PRISM
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import LIVE_PRISM_FEED, LIVE_TRADE
from trade2026.shell.builds import builds_of
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.settings import Settings

MS = 1_723_161_300_000
SNAPSHOT = feeds.snapshot(10, [("99", "1"), ("98.5", "2")], [("101", "3")])
SESSION = (
    SNAPSHOT,
    feeds.quote(10, "99", "1", "101", "3"),
    feeds.depth(11, 12, [("99.5", "0.00012345")]),
    feeds.quote(12, "99.5", "0.00012345", "101", "3"),
    feeds.trade(1, "100.10", "0.5", MS),
    feeds.trade(2, "100.20", "0.25", MS + 60_000, m=True),
)


def a_bus() -> LocalBus:
    return LocalBus(MemoryLog(), SystemClock(), with_codec=True)


def platform(
    folder: Path,
    environment: dict[str, str] | None = None,
    *,
    bus: LocalBus | None = None,
    http: bool = False,
) -> Runtime:
    around = Surroundings(
        bus=bus or a_bus(),
        doorkeeper=OpenDoor(),
        data_dir=folder,
        settings=Settings(environment or {}),
    )
    return running(builds_of(["gateway", "normalizer"]), around, http=http)


def a_recording(folder: Path, *frames: bytes) -> dict[str, str]:
    path = folder / "recording.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d %s\n" % pair for pair in enumerate(frames))))
    return {
        "TRADE2026_GATEWAY_SOURCE": "replay",
        "TRADE2026_GATEWAY_FILE": str(path),
        "TRADE2026_GATEWAY_SPEED": "0",
    }


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


async def get(runtime: Runtime, path: str) -> Any:
    reply = await runtime.client("gateway").get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def until_traded(runtime: Runtime, count: int) -> None:
    async with asyncio.timeout(10):
        while True:
            tickers = await get(runtime, "/tickers")
            if tickers and tickers[0]["trade_count"] >= count:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def replayed(tmp_path: Path) -> AsyncIterator[Runtime]:
    async with platform(tmp_path, a_recording(tmp_path, *SESSION, b"junk")) as runtime:
        await until_traded(runtime, 2)
        yield runtime


async def test_a_ticker_is_the_latest_written_exactly(replayed: Runtime) -> None:
    text = (await replayed.client("gateway").get("/ticker/BTCUSDT")).text
    (ticker,) = await get(replayed, "/tickers")

    assert '"last_price":100.2,' in text
    assert '"bid_quantity":0.00012345,' in text
    assert (ticker["symbol"], ticker["venue"], ticker["volume"]) == ("BTCUSDT", "BINANCE", 0.75)
    assert (ticker["bid"], ticker["ask"], ticker["is_synced"]) == (99.5, 101, True)
    assert 0 <= ticker["age_ms"] < 60_000


async def test_the_book_is_shown_best_first_to_the_depth_asked_for(replayed: Runtime) -> None:
    book = await get(replayed, "/book/BTCUSDT?depth=2")

    assert [level["price"] for level in book["bids"]] == [99.5, 99]
    assert [level["price"] for level in book["asks"]] == [101]
    assert book["sequence"] == 12


async def test_trades_are_shown_newest_first(replayed: Runtime) -> None:
    trades = await get(replayed, "/trades/BTCUSDT?limit=1")
    every = await get(replayed, "/trades/BTCUSDT")

    assert [(trade["trade_id"], trade["side"]) for trade in trades] == [("2", "SELL")]
    assert [trade["trade_id"] for trade in every] == ["2", "1"]


async def test_bars_are_shown_by_their_interval(replayed: Runtime) -> None:
    (minute,) = await get(replayed, "/bars/BTCUSDT")
    seconds = await get(replayed, "/bars/BTCUSDT?interval=1s&limit=1")
    wrong = await replayed.client("gateway").get("/bars/BTCUSDT?interval=7s")

    assert (minute["close"], minute["volume"], minute["vwap"]) == (100.1, 0.5, 100.1)
    assert len(seconds) == 1
    assert (wrong.status_code, wrong.json()["field"]) == (422, "interval")


@pytest.mark.parametrize("path", ["/ticker/X", "/book/X", "/trades/X", "/bars/X"])
async def test_an_unknown_symbol_is_not_found(replayed: Runtime, path: str) -> None:
    reply = await replayed.client("gateway").get(path)
    elsewhere = await replayed.client("gateway").get(f"{path[:-1]}BTCUSDT?venue=PRISM")

    assert (reply.status_code, elsewhere.status_code) == (404, 404)
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_feed_that_has_ended_is_healthy_and_says_so(replayed: Runtime) -> None:
    health = await get(replayed, "/health")
    feed = await get(replayed, "/feed")

    assert (health["status"], health["source"], health["feed"]) == ("healthy", "replay", "ended")
    assert (feed["state"], feed["frame_count"]) == ("ended", len(SESSION) + 1)


async def test_the_normaliser_counts_and_shows_what_was_of_no_use(replayed: Runtime) -> None:
    client = replayed.client("normalizer")
    (stats,) = (await client.get("/stats")).json()
    (reject,) = (await client.get("/rejects")).json()

    assert (stats["frames"], stats["trades"], stats["malformed"], stats["gaps"]) == (7, 2, 1, 0)
    assert (reject["code"], reject["payload"], reject["index"]) == ("NOT_JSON", "junk", 6)


async def test_a_recording_that_breaks_off_makes_the_gateway_unhealthy(tmp_path: Path) -> None:
    environment = a_recording(tmp_path, *SESSION * 200)
    cut_short(Path(environment["TRADE2026_GATEWAY_FILE"]))

    async with platform(tmp_path, environment) as runtime:
        async with asyncio.timeout(10):
            while (await get(runtime, "/feed"))["state"] != "failed":  # noqa: ASYNC110 - no event.
                await asyncio.sleep(0.02)
        health = await runtime.client("gateway").get("/health")

    assert health.status_code == 503
    assert "recording.gz" in health.json()["checks"]["feed"]


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"TRADE2026_GATEWAY_SOURCE": "replay"}, SettingsError),
        (
            {"TRADE2026_GATEWAY_SOURCE": "replay", "TRADE2026_GATEWAY_FILE": "/no/such"},
            StartError,
        ),
        ({"TRADE2026_GATEWAY_SPEED": "-1"}, SettingsError),
        ({"TRADE2026_GATEWAY_SOURCE": "guess"}, SettingsError),
    ],
)
async def test_a_source_that_cannot_be_does_not_start(
    tmp_path: Path, environment: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with platform(tmp_path, environment):
            pass


async def test_prisms_feed_is_followed(tmp_path: Path) -> None:
    bus = a_bus()
    async with platform(tmp_path, bus=bus) as runtime:
        raw = batch(*SESSION, venue=PRISM, session="life")
        bus.show(LIVE_PRISM_FEED, raw, symbol=feeds.SYMBOL)
        await until_traded(runtime, 2)
        ticker = await get(runtime, "/ticker/BTCUSDT?venue=PRISM")

    assert (ticker["venue"], ticker["last_price"], ticker["is_synced"]) == (PRISM, 100.2, True)


async def test_a_symbol_of_which_only_trades_are_known_has_no_ticker_yet(tmp_path: Path) -> None:
    bus = a_bus()
    async with platform(tmp_path, bus=bus) as runtime:
        bus.show(
            LIVE_TRADE, TradeBatch(venue=PRISM, symbol="X", records=()), venue=PRISM, symbol="X"
        )
        await asyncio.sleep(0.05)

        trades = await get(runtime, "/trades/X")
        book = await get(runtime, "/book/X")
        ticker = await runtime.client("gateway").get("/ticker/X")

    assert (trades, book["bids"], book["sequence"], ticker.status_code) == ([], [], 0, 404)


async def listening(runtime: Runtime) -> str:
    """Return the address of the gateway's WebSocket, once it listens."""
    async with asyncio.timeout(10):
        while not runtime.members["gateway"].servers[0].started:  # noqa: ASYNC110 - it has no event.
            await asyncio.sleep(0.005)
    return f"{runtime.url('gateway').replace('http', 'ws')}/ws"


async def test_a_client_that_asks_for_too_much_is_sent_away(tmp_path: Path) -> None:
    symbols = ",".join(str(number) for number in range(SYMBOL_LIMIT + 1))

    async with platform(tmp_path, http=True) as runtime:
        url = await listening(runtime)
        async with connect(f"{url}?symbols={symbols}", proxy=None) as client:
            with pytest.raises(ConnectionClosed):
                await client.recv()

        assert client.close_code == UNSUPPORTED


async def test_there_is_room_for_so_many_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trade2026.edge.market_stream.CLIENT_LIMIT", 1)

    async with platform(tmp_path, http=True) as runtime:
        url = await listening(runtime)
        async with connect(url, proxy=None) as first:
            await first.ping()
            async with connect(url, proxy=None) as second:
                with pytest.raises(ConnectionClosed):
                    await second.recv()

        assert second.close_code == TRY_LATER


async def test_a_client_is_pushed_what_changes_of_the_symbols_it_asked_for(tmp_path: Path) -> None:
    bus = a_bus()
    async with platform(tmp_path, bus=bus, http=True) as runtime:
        url = await listening(runtime)
        async with (
            connect(f"{url}?symbols=BTCUSDT", proxy=None) as asked,
            connect(f"{url}?symbols=ETHUSDT", proxy=None) as other,
        ):
            bus.show(
                LIVE_PRISM_FEED, batch(*SESSION, venue=PRISM, session="life"), symbol=feeds.SYMBOL
            )
            async with asyncio.timeout(10):
                texts = [str(await asked.recv()) for _ in range(2)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await other.recv()
        async with connect(url, proxy=None) as late, asyncio.timeout(10):
            first = str(await late.recv())

    assert any('"type":"trades"' in text and '"price":100.2,' in text for text in texts)
    assert any('"type":"tickers"' in text and '"last_price":100.2,' in text for text in texts)
    assert '"type":"tickers"' in first
