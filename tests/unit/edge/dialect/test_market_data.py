"""The public market by REST: what is told agrees with PRISM's own API, and with itself."""

import itertools
from decimal import Decimal
from typing import Any

import httpx
import pytest

from trade2026.model.instrument import PRISM_INSTRUMENTS


async def got(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    reply = await client.get(f"/api/v3/{path}", params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_what_is_listed_comes_with_the_filters_that_the_door_enforces(
    client: httpx.AsyncClient,
) -> None:
    info = await got(client, "exchangeInfo")

    assert [s["symbol"] for s in info["symbols"]] == [i.symbol for i in PRISM_INSTRUMENTS]
    btc = info["symbols"][0]
    filters = {f["filterType"]: f for f in btc["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001"
    assert filters["NOTIONAL"]["minNotional"] == "5"
    assert (btc["status"], btc["baseAsset"], btc["quoteAsset"]) == ("TRADING", "BTC", "USDT")
    assert (await got(client, "exchangeInfo", symbol="AAPL"))["symbols"][0]["baseAsset"] == "AAPL"
    assert await got(client, "ping") == {}


async def test_the_book_is_sorted_not_crossed_and_numbered(client: httpx.AsyncClient) -> None:
    book = await got(client, "depth", symbol="BTCUSDT", limit=5)
    best = await got(client, "ticker/bookTicker", symbol="BTCUSDT")

    bids = [Decimal(px) for px, _ in book["bids"]]
    asks = [Decimal(px) for px, _ in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert book["lastUpdateId"] > 0
    assert Decimal(best["bidPrice"]) < Decimal(best["askPrice"])


async def test_trades_aggregates_and_candles_tell_of_the_same_volume(
    client: httpx.AsyncClient,
) -> None:
    trades = await got(client, "trades", symbol="BTCUSDT", limit=1000)
    aggregates = await got(client, "aggTrades", symbol="BTCUSDT", limit=1000)
    day = await got(client, "ticker/24hr", symbol="BTCUSDT")
    hours = await got(client, "klines", symbol="BTCUSDT", interval="1h")
    seconds = await got(client, "uiKlines", symbol="BTCUSDT", interval="1s")

    last = trades[-1]["id"]
    volume = sum(Decimal(t["qty"]) for t in trades)
    assert [t["id"] for t in trades] == list(range(1, last + 1))
    assert sum(Decimal(a["q"]) for a in aggregates if a["l"] <= last) == volume
    # The market goes on between two questions, so later answers have no less.
    assert day["count"] >= len(trades)
    assert Decimal(day["volume"]) >= volume
    assert sum(Decimal(k[5]) for k in hours) >= volume
    assert sum(Decimal(k[5]) for k in seconds) >= volume
    assert [b[0] - a[0] for a, b in itertools.pairwise(seconds)] == [1000] * (len(seconds) - 1)


async def test_older_trades_are_found_by_id_and_time(client: httpx.AsyncClient) -> None:
    trades = await got(client, "trades", symbol="BTCUSDT")
    first, last = trades[0], trades[-1]

    by_id = await got(client, "historicalTrades", symbol="BTCUSDT", fromId=first["id"], limit=1)
    newest = await got(client, "historicalTrades", symbol="BTCUSDT", limit=1)
    by_time = await got(
        client, "aggTrades", symbol="BTCUSDT", startTime=first["time"], endTime=last["time"]
    )
    agg = await got(client, "aggTrades", symbol="BTCUSDT", fromId=by_time[-1]["a"], limit=1)

    assert by_id == [first]
    assert newest[0]["id"] >= last["id"]
    assert by_time[0]["f"] == first["id"]
    assert agg[0]["a"] == by_time[-1]["a"]


async def test_tickers_are_of_one_symbol_or_of_several(client: httpx.AsyncClient) -> None:
    one = await got(client, "ticker/price", symbol="BTCUSDT")
    two = await got(client, "ticker/price", symbols='["BTCUSDT","AAPL"]')
    every = await got(client, "ticker/24hr", type="MINI")
    average = await got(client, "avgPrice", symbol="BTCUSDT")

    assert one["symbol"] == "BTCUSDT"
    assert [row["symbol"] for row in two] == ["BTCUSDT", "AAPL"]
    assert len(every) == len(PRISM_INSTRUMENTS)
    assert "bidPrice" not in every[0]
    assert Decimal(average["price"]) > 0


async def test_other_kinds_of_market_have_no_symbols(client: httpx.AsyncClient) -> None:
    for family in ("fapi", "dapi"):
        assert (await client.get(f"/{family}/v1/exchangeInfo")).json()["symbols"] == []


@pytest.mark.parametrize("time_ms", [-1, -70_000_000_000_000, 253_402_300_800_000])
async def test_a_time_that_no_calendar_has_is_refused(
    client: httpx.AsyncClient, time_ms: int
) -> None:
    asked = {"symbol": "BTCUSDT", "interval": "1M", "endTime": str(time_ms)}

    reply = await client.get("/api/v3/klines", params=asked)

    assert (reply.status_code, reply.json()["code"]) == (400, -1100)
