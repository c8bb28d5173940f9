"""Any ccxt exchange, shown with the real ccxt and ccxt.pro on PRISM's Binance dialect."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.factories import px, qty
from tests.integration.prism.site import Site, a_site

from trade2026.adapters.exchanges.ccxt_exchange import CcxtExchange
from trade2026.core.clock import TimeNs
from trade2026.core.errors import VenueBusyError, VenueRejectedError, VenueUnavailableError
from trade2026.model.balance import AssetBalance
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.ports.exchange import (
    ExchangeBook,
    ExchangeLost,
    ExchangeOrder,
    ExchangePrint,
    ExchangeState,
    ExchangeStatus,
    ExchangeTrade,
    Word,
)

pytestmark = pytest.mark.integration

WITHIN_S = 30.0


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Site]:
    async with a_site(tmp_path, monkeypatch) as site:
        yield site


@pytest.fixture
async def exchange(site: Site) -> AsyncGenerator[CcxtExchange]:
    key = await site.key()
    one = CcxtExchange(
        exchange="binance",
        api_key=key["api_key"],
        secret=key["secret"],
        symbols=["BTCUSDT", "XRPUSDT"],
        url=f"http://{site.host}",
    )
    await one.connect()
    yield one
    await one.close()


def an_order(client_id: str = "a" * 32, **changes: object) -> ExchangeOrder:
    fields: dict[str, object] = {
        "client_id": client_id,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "is_post_only": False,
        "qty": qty("0.01"),
        "price": px("40000.01"),
    }
    return ExchangeOrder(**{**fields, **changes})  # pyright: ignore[reportArgumentType]


A_MARKET_ORDER = an_order(
    "b" * 32, ord_type=OrdType.MARKET, time_in_force=TimeInForce.IOC, price=None
)


def client_of(exchange: CcxtExchange) -> Any:
    """Return ccxt's own client, to make the exchange behave as it should not."""
    return exchange._api  # pyright: ignore[reportPrivateUsage]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event.
            await asyncio.sleep(0.02)


async def test_it_lists_the_filters_exactly_and_only_what_the_exchange_has(
    exchange: CcxtExchange,
) -> None:
    assert set(exchange.instruments) == {"BTCUSDT"}
    btc = exchange.instruments["BTCUSDT"]
    assert (btc.tick_size, btc.lot_size) == (px("0.01"), qty("0.00001"))
    assert (btc.min_notional, btc.is_trading) == (px("5"), True)


async def test_an_order_works_is_found_by_our_name_and_cancelled(exchange: CcxtExchange) -> None:
    sent = await exchange.send(an_order())
    found = await exchange.find("a" * 32, "", "BTCUSDT")
    await exchange.cancel("a" * 32, "", "BTCUSDT")
    # Nothing works any more: no error.
    await exchange.cancel("a" * 32, sent.venue_order_id, "BTCUSDT")
    ended = await exchange.find("a" * 32, sent.venue_order_id, "BTCUSDT")

    assert (sent.client_id, sent.status, sent.filled_qty) == ("a" * 32, ExchangeStatus.WORKING, 0)
    assert found == sent
    assert ended is not None
    assert (ended.status, ended.filled_qty) == (ExchangeStatus.CANCELED, 0)
    assert await exchange.find("c" * 32, "", "BTCUSDT") is None


async def test_fills_are_told_exactly_with_their_fee(exchange: CcxtExchange) -> None:
    sent = await exchange.send(A_MARKET_ORDER)
    trades = await exchange.trades(sent.venue_order_id, "BTCUSDT")

    assert sent.status is ExchangeStatus.FILLED
    assert sum(t.qty for t in trades) == sent.filled_qty == qty("0.01")
    assert {(t.fee_asset, t.is_maker) for t in trades} == {("USDT", False)}
    # Five basis points, up to the nano: no float was on the way.
    for trade in trades:
        assert trade.fee == -(-trade.px * trade.qty * 5 // (10_000 * 10**9))


async def test_it_tells_what_there_is_free_and_held(exchange: CcxtExchange) -> None:
    before = {one.asset: one for one in await exchange.balances()}

    await exchange.send(an_order())

    after = {one.asset: one for one in await exchange.balances()}
    assert {"USDT", "BTC"} <= before.keys()
    assert before["USDT"].held == 0
    # The worth of the order at least, and its fee at most.
    worth = px("40000.01") * qty("0.01") // 10**9
    assert worth <= after["USDT"].held <= worth * 1.001
    assert sum(_whole(after["USDT"])) == sum(_whole(before["USDT"]))
    assert after["BTC"] == before["BTC"]
    assert await exchange.transfers(TimeNs(0)) == []


def _whole(one: AssetBalance) -> tuple[int, int]:
    return one.free, one.held


async def test_refusals_are_told_apart(exchange: CcxtExchange) -> None:
    with pytest.raises(VenueRejectedError, match=r"^INSUFFICIENT_FUNDS"):
        await exchange.send(an_order(qty=qty("5")))
    with pytest.raises(VenueRejectedError, match=r"^INVALID_ORDER.*NOTIONAL"):
        await exchange.send(an_order(qty=qty("0.0001")))
    with pytest.raises(VenueRejectedError, match=r"^POST_ONLY_WOULD_TRADE"):
        await exchange.send(an_order(is_post_only=True, price=px("90000")))
    with pytest.raises(VenueRejectedError, match=r"^UNKNOWN_SYMBOL"):
        await exchange.send(an_order(symbol="XRPUSDT"))
    await exchange.send(an_order())
    # The same name again: whether that one is ours has to be asked.
    with pytest.raises((VenueUnavailableError, VenueRejectedError)) as caught:
        await exchange.send(an_order())
    assert "Duplicate" in str(caught.value)


async def test_a_wrong_clock_is_set_right_and_the_order_sent_once(exchange: CcxtExchange) -> None:
    client_of(exchange).options["timeDifference"] = 60_000

    sent = await exchange.send(an_order())

    assert sent.status is ExchangeStatus.WORKING
    assert abs(client_of(exchange).options["timeDifference"]) < 5_000


async def test_no_answer_is_doubt_and_no_secret_is_in_its_text(
    exchange: CcxtExchange, site: Site
) -> None:
    client_of(exchange).urls["api"] = {
        name: str(url).replace(site.host, "127.0.0.1:9")
        for name, url in client_of(exchange).urls["api"].items()
        if isinstance(url, str)
    }

    with pytest.raises(VenueUnavailableError) as caught:
        await exchange.find("a" * 32, "", "BTCUSDT")

    assert "signature" not in str(caught.value)
    assert client_of(exchange).secret not in str(caught.value) + repr(exchange)
    assert client_of(exchange).apiKey not in str(caught.value) + repr(exchange)


async def test_too_many_requests_are_told_with_how_long_to_wait(exchange: CcxtExchange) -> None:
    client_of(exchange).enableRateLimit = False

    async def send_too_many() -> None:
        for number in range(101):
            await exchange.send(an_order(f"{number:032d}", qty=qty("0.001")))

    with pytest.raises(VenueBusyError) as caught:
        await send_too_many()

    assert 0 < caught.value.wait_s <= 60


async def test_streams_tell_of_orders_trades_books_and_prints(exchange: CcxtExchange) -> None:
    told: list[Word] = []
    listening = asyncio.ensure_future(exchange.listen(told.append))
    await until(lambda: any(isinstance(word, ExchangeBook) for word in told))
    await asyncio.sleep(1)

    await exchange.send(A_MARKET_ORDER)

    def has(kind: type[Word]) -> bool:
        return any(isinstance(word, kind) for word in told)

    await until(lambda: has(ExchangeState) and has(ExchangeTrade) and has(ExchangePrint))
    listening.cancel()
    states = [word for word in told if isinstance(word, ExchangeState)]
    assert states[-1].client_id == "b" * 32
    assert not has(ExchangeLost)
    book = next(word for word in told if isinstance(word, ExchangeBook))
    assert book.bids[0][0] < book.asks[0][0]
    assert book.bids[0][0] % px("0.01") == 0
