"""The real ccxt and ccxt.pro clients trade on a real PRISM: only the host of their URLs is new.

PRISM listens on a socket of this process; the clients are as pip installs them. Whatever
address they would connect to but PRISM's fails the test.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.integration.prism.site import Site, a_site

errors: Any = pytest.importorskip("ccxt")

pytestmark = pytest.mark.integration

T = TypeVar("T")
BTC = "BTC/USDT"
WITHIN_S = 20.0


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Site]:
    async with a_site(tmp_path, monkeypatch) as site:
        yield site


async def soon(wanted: Awaitable[T]) -> T:
    """Return what comes within a reasonable time."""
    return await asyncio.wait_for(wanted, WITHIN_S)


async def test_markets_are_loaded_with_their_steps_and_limits(site: Site) -> None:
    client = site.client()

    markets = await client.load_markets()

    assert set(markets) == {
        f"{base}/USDT" for base in ("BTC", "ETH", "SOL", "AAPL", "MSFT", "GOOGL")
    }
    btc = markets[BTC]
    assert (btc["type"], btc["active"]) == ("spot", True)
    assert (btc["precision"]["price"], btc["precision"]["amount"]) == (0.01, 0.00001)
    assert btc["limits"]["cost"]["min"] == 5


async def test_the_public_market_is_read_without_a_key(site: Site) -> None:
    client = site.client()

    book = await client.fetch_order_book(BTC, 5)
    ticker = await client.fetch_ticker(BTC)
    trades = await client.fetch_trades(BTC)
    candles = await client.fetch_ohlcv(BTC, "1m")
    tickers = await client.fetch_tickers()
    best = await client.fetch_bids_asks([BTC])

    assert book["bids"][0][0] < book["asks"][0][0]
    assert ticker["last"] > 1_000
    assert trades[-1]["amount"] > 0
    assert candles[-1][4] > 1_000
    assert BTC in tickers
    assert best[BTC]["bid"] > 1_000


async def test_orders_live_their_life_by_rest(site: Site) -> None:
    client = site.client(await site.key())

    opening = await client.fetch_balance()
    resting = await client.create_order(BTC, "limit", "buy", 0.01, 40_000)
    working = await client.fetch_open_orders(BTC)
    held = await client.fetch_balance()
    edited = await client.edit_order(resting["id"], BTC, "limit", "buy", 0.02, 41_000)
    old = await client.fetch_order(resting["id"], BTC)
    cancelled = await client.cancel_order(edited["id"], BTC)
    market = await client.create_order(BTC, "market", "buy", 0.01)
    cost = await client.create_market_buy_order_with_cost(BTC, 500)
    fetched = await client.fetch_order(market["id"], BTC)
    closed = await client.fetch_closed_orders(BTC)
    trades = await client.fetch_my_trades(BTC)
    after = await client.fetch_balance()

    assert (opening["USDT"]["free"], opening["BTC"]["free"]) == (100_000, 1)
    assert [o["id"] for o in working] == [resting["id"]]
    assert (resting["status"], old["status"], cancelled["status"]) == (
        "open",
        "canceled",
        "canceled",
    )
    assert held["USDT"]["used"] == pytest.approx(400.2, abs=0.001)
    assert (edited["price"], edited["amount"]) == (41_000, 0.02)
    assert (market["status"], fetched["status"], market["filled"]) == ("closed", "closed", 0.01)
    assert market["fee"]["currency"] == "USDT"
    assert 495 < cost["cost"] < 505
    assert [o["id"] for o in closed] == [market["id"], cost["id"]]
    assert {t["order"] for t in trades} == {market["id"], cost["id"]}
    assert after["BTC"]["total"] == pytest.approx(1 + sum(t["amount"] for t in trades))
    spent = sum(t["cost"] + t["fee"]["cost"] for t in trades)
    assert after["USDT"]["total"] == pytest.approx(100_000 - spent, abs=1e-6)
    assert after["USDT"]["used"] == 0


async def test_orders_that_only_make_and_orders_that_wait(site: Site) -> None:
    client = site.client(await site.key())

    maker = await client.create_order(BTC, "limit", "buy", 0.01, 40_000, {"postOnly": True})
    stop = await client.create_order(BTC, "limit", "sell", 0.01, 30_000, {"stopLossPrice": 31_000})
    sells = await client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 31_000})
    working = await client.fetch_open_orders(BTC)

    assert [o["id"] for o in working] == [maker["id"], stop["id"], sells["id"]]
    assert (maker["postOnly"], stop["stopPrice"]) == (True, 31_000)
    with pytest.raises(errors.OrderImmediatelyFillable):
        await client.create_order(BTC, "limit", "buy", 0.01, 90_000, {"postOnly": True})
    assert [o["status"] for o in await client.cancel_all_orders(BTC)] == ["canceled"] * 3


async def test_what_prism_refuses_is_told_as_ccxt_knows_it(site: Site) -> None:
    key = await site.key()
    client = site.client(key)
    await client.load_markets()

    with pytest.raises(errors.InsufficientFunds):
        await client.create_order(BTC, "limit", "buy", 5, 50_000)
    # It knows filter failures as InvalidOrder only where the host is Binance's own.
    with pytest.raises(errors.BadRequest, match="NOTIONAL"):
        await client.create_order(BTC, "limit", "buy", 0.00002, 40_000)
    with pytest.raises(errors.OrderNotFound):
        await client.cancel_order("999999", BTC)
    with pytest.raises(errors.OrderNotFound):
        await client.fetch_order("999999", BTC)
    with pytest.raises(errors.BadSymbol):
        await client.fetch_order_book("XRP/USDT")


async def test_wrong_revoked_and_unknown_keys_are_refused(site: Site) -> None:
    key = await site.key()
    wrong_secret = site.client({**key, "secret": "x" * 64})
    wrong_key = site.client({**key, "api_key": "x" * 64})
    slow = site.client(key)
    slow.options["timeDifference"] = 60_000
    slow.nonce = lambda: slow.milliseconds() - 60_000
    revoked = site.client(key)
    await site.http.delete(f"/keys/{key['api_key']}")

    for client in (wrong_key, revoked):
        with pytest.raises(errors.AuthenticationError):
            await client.private_get_account()
    other = await site.key()
    wrong_secret.apiKey = slow.apiKey = other["api_key"]
    slow.secret = other["secret"]
    with pytest.raises(errors.AuthenticationError):
        await wrong_secret.private_get_account()
    with pytest.raises(errors.InvalidNonce):
        await slow.private_get_account()


async def test_the_public_market_is_watched(site: Site) -> None:
    client = site.client()

    trades = await soon(client.watch_trades(BTC))
    book = await soon(client.watch_order_book(BTC))
    first = book["nonce"]
    later = await soon(client.watch_order_book(BTC))
    ticker = await soon(client.watch_ticker(BTC))
    candles = await soon(client.watch_ohlcv(BTC, "1m"))
    best = await soon(client.watch_bids_asks([BTC]))
    several = await soon(client.watch_trades_for_symbols([BTC, "ETH/USDT"]))

    assert trades[-1]["price"] > 1_000
    assert later["nonce"] >= first
    assert later["bids"][0][0] < later["asks"][0][0]
    assert ticker["last"] > 1_000
    assert candles[-1][4] > 1_000
    assert best[BTC]["ask"] > 1_000
    assert several


async def test_a_watched_book_is_the_book(site: Site) -> None:
    client = site.client(await site.key())
    await soon(client.watch_order_book(BTC))
    await client.create_order(BTC, "limit", "buy", 0.0123, 30_000)

    async def seen() -> float:
        while True:
            book = await client.watch_order_book(BTC)
            for px, amount in book["bids"]:
                if px == 30_000:
                    return float(amount)

    assert await soon(seen()) == 0.0123


async def test_own_orders_trades_and_balance_are_watched(site: Site) -> None:
    client = site.client(await site.key())
    await client.load_markets()
    watching = [
        asyncio.ensure_future(one)
        for one in (client.watch_orders(BTC), client.watch_my_trades(BTC), client.watch_balance())
    ]
    await asyncio.sleep(1)

    sold = await client.create_order(BTC, "market", "sell", 0.01)
    orders, trades, balance = await soon(asyncio.gather(*watching))

    assert orders[-1]["id"] == trades[-1]["order"] == sold["id"]
    assert trades[-1]["side"] == "sell"
    assert balance["BTC"]["free"] == pytest.approx(0.99)
    placed = asyncio.ensure_future(client.watch_orders(BTC))
    await asyncio.sleep(0)
    resting = await client.create_order(BTC, "limit", "buy", 0.01, 40_000)
    assert (await soon(placed))[-1]["status"] == "open"
    ended = asyncio.ensure_future(client.watch_orders(BTC))
    await asyncio.sleep(0)
    await client.cancel_order(resting["id"], BTC)
    last = (await soon(ended))[-1]
    assert (last["id"], last["status"]) == (resting["id"], "canceled")
    assert last["clientOrderId"] == resting["clientOrderId"]


async def test_the_websocket_api_trades(site: Site) -> None:
    client = site.client(await site.key())

    placed = await soon(client.create_order_ws(BTC, "limit", "buy", 0.01, 40_000))
    fetched = await soon(client.fetch_order_ws(placed["id"], BTC))
    working = await soon(client.fetch_open_orders_ws(BTC))
    edited = await soon(client.edit_order_ws(placed["id"], BTC, "limit", "buy", 0.01, 41_000))
    cancelled = await soon(client.cancel_order_ws(edited["id"], BTC))
    candles = await soon(client.fetch_ohlcv_ws(BTC, "1m"))
    sold = await soon(client.create_order_ws(BTC, "market", "sell", 0.01))
    trades = await soon(client.fetch_my_trades_ws(BTC))

    assert fetched["id"] == placed["id"] == working[0]["id"]
    assert cancelled["status"] == "canceled"
    assert candles
    assert trades[-1]["order"] == sold["id"]


async def test_a_wrong_signature_opens_no_user_stream(site: Site) -> None:
    key = await site.key()
    client = site.client({**key, "secret": "x" * 64})

    with pytest.raises(errors.AuthenticationError):
        await soon(client.watch_balance())
    with contextlib.suppress(errors.NetworkError):
        await client.close()
