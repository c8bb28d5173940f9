"""The dialect's WebSockets as a client without a library sees them."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.bots import Bot, signature
from tests.integration.prism.site import Site, a_site
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from trade2026.core.clock import SystemClock
from trade2026.edge.dialect.rates import CONNECTIONS

pytestmark = pytest.mark.integration

WITHIN_S = 10.0


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Site]:
    async with a_site(tmp_path, monkeypatch) as site:
        yield site


def to(site: Site, path: str) -> connect:
    return connect(f"ws://{site.host}{path}", proxy=None)


async def said(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), WITHIN_S))


async def asked(socket: ClientConnection, **message: Any) -> Any:
    """Send a request and return its answer, past what streams say meanwhile."""
    await socket.send(json.dumps(message))
    while True:
        answer = await said(socket)
        if answer.get("id") == message.get("id") and ("result" in answer or "error" in answer):
            return answer


async def drained(socket: ClientConnection) -> None:
    """Hear everything until the other side hangs up."""
    while True:
        await said(socket)


async def a_bot(site: Site) -> Bot:
    return Bot(site.http, await site.key(), SystemClock())


def signed(bot: Bot, **params: Any) -> dict[str, Any]:
    full = {"apiKey": bot.api_key, "timestamp": bot.now_ms(), **params}
    payload = "&".join(f"{name}={full[name]}" for name in sorted(full))
    return {**full, "signature": signature(bot.secret, payload)}


async def test_streams_in_the_url_are_bare_or_combined(site: Site) -> None:
    async with (
        to(site, "/ws/btcusdt@depth20@100ms") as bare,
        to(site, "/stream?streams=btcusdt@trade/ethusdt@depth5@100ms") as combined,
    ):
        assert "lastUpdateId" in await said(bare)
        first = await said(combined)

    assert first["stream"] in {"btcusdt@trade", "ethusdt@depth5@100ms"}
    assert "data" in first


async def test_streams_are_asked_for_listed_and_given_up(site: Site) -> None:
    async with to(site, "/ws/0") as socket:
        name = "btcusdt@depth5@100ms"
        subscribed = await asked(socket, method="SUBSCRIBE", params=[name], id=1)
        assert "bids" in await said(socket)
        listed = await asked(socket, method="LIST_SUBSCRIPTIONS", id="two")
        unknown = await asked(socket, method="SUBSCRIBE", params=[name, "x@y"], id=3)
        given_up = await asked(socket, method="UNSUBSCRIBE", params=[name], id=4)
        nonsense = await asked(socket, method="DANCE", id=5)
        await socket.send("{")
        malformed = await said(socket)

    assert (subscribed["result"], given_up["result"]) == (None, None)
    assert listed == {"result": [name], "id": "two"}
    assert unknown["error"]["code"] == nonsense["error"]["code"] == 2
    assert malformed["error"]["code"] == 3


async def test_who_asks_too_often_is_let_go(site: Site) -> None:
    async with to(site, "/ws") as socket:
        for _ in range(30):
            await socket.send('{"method": "LIST_SUBSCRIPTIONS", "id": 1}')
        with pytest.raises(ConnectionClosed) as closed:
            await drained(socket)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_a_listen_key_tells_of_orders_until_the_key_is_revoked(site: Site) -> None:
    bot = await a_bot(site)
    started = await bot.send("POST", "/api/v3/userDataStream", "")
    async with to(site, f"/ws/{started.json()['listenKey']}") as socket:
        placed = (await bot.order(newClientOrderId="mine")).json()
        new, locked = await said(socket), await said(socket)
        await bot.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"])
        ended, freed = await said(socket), await said(socket)
        await site.http.delete(f"/keys/{bot.api_key}")
        expired = await said(socket)
        with pytest.raises(ConnectionClosed):
            await said(socket)

    assert (new["e"], new["x"], new["X"], new["i"]) == (
        "executionReport",
        "NEW",
        "NEW",
        placed["orderId"],
    )
    assert {b["a"]: b["l"] for b in locked["B"]} == {"BTC": "0", "USDT": "400.200001"}
    assert (ended["x"], ended["C"], ended["w"]) == ("CANCELED", "mine", False)
    assert {b["a"]: b["f"] for b in freed["B"]} == {"BTC": "1", "USDT": "100000"}
    assert expired["e"] == "listenKeyExpired"


async def test_the_websocket_api_answers_and_refuses_as_rest_does(site: Site) -> None:
    bot = await a_bot(site)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    async with to(site, "/ws-api/v3") as socket:
        ping = await asked(socket, id=1, method="ping")
        market = await asked(socket, id=2, method="ticker.price", params={"symbol": "BTCUSDT"})
        unsigned = await asked(socket, id=3, method="account.status", params={})
        good = signed(bot)
        forged = await asked(
            socket, id=4, method="account.status", params={**good, "signature": "0" * 64}
        )
        old = await asked(
            socket, id=5, method="account.status", params=signed(bot, timestamp=1_000)
        )
        listening = await asked(
            socket, id=6, method="userDataStream.subscribe.signature", params=signed(bot)
        )
        deaf = await asked(
            socket,
            id=7,
            method="userDataStream.subscribe.signature",
            params={**signed(bot), "signature": "0" * 64},
        )
        params = signed(bot, **order, quantity="0.01", price="40000")
        placed = await asked(socket, id=8, method="order.place", params=params)
        strange = await asked(socket, id=9, method="session.logon")
        await socket.send("[]")
        malformed = await said(socket)

    assert (ping["status"], ping["result"]) == (200, {})
    assert ping["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"
    assert market["result"]["symbol"] == "BTCUSDT"
    assert (unsigned["status"], unsigned["error"]["code"]) == (401, -2014)
    assert forged["error"]["code"] == deaf["error"]["code"] == -1022
    assert old["error"]["code"] == -1021
    assert listening["result"] == {"subscriptionId": 0}
    assert placed["result"]["status"] == "NEW"
    assert strange["status"] == malformed["status"] == 400


async def test_a_subscription_tells_of_orders_until_it_is_given_up(site: Site) -> None:
    bot = await a_bot(site)
    async with to(site, "/ws-api/v3") as socket:
        await asked(socket, id=1, method="userDataStream.subscribe.signature", params=signed(bot))
        await bot.order()
        event = await said(socket)
        await said(socket)
        await asked(socket, id=2, method="userDataStream.unsubscribe", params={"subscriptionId": 0})
        await bot.order()
        after = await asked(socket, id=3, method="ping")

    assert event["subscriptionId"] == 0
    assert event["event"]["e"] == "executionReport"
    assert after["result"] == {}


async def test_what_is_no_request_weighs_too(site: Site) -> None:
    crowd = json.dumps({f"p{n}": 1 for n in range(65)})
    messages = {
        "{": -1000,
        '{"id": 1, "method": "depth", "params": {"symbol": null}}': -1130,
        '{"id": 1, "method": "depth", "params": {"symbol": "BTCUSDT", "limit": "x"}}': -1100,
        f'{{"id": 1, "method": "depth", "params": {crowd}}}': -1101,
    }
    async with to(site, "/ws-api/v3") as socket:
        for message, code in messages.items():
            answers: list[Any] = []
            for _ in range(3):
                await socket.send(message)
                answers.append(await said(socket))
            used = [answer["rateLimits"][0]["count"] for answer in answers]
            assert answers[0]["error"]["code"] == code
            # A minute may begin among them.
            assert used[1] == used[0] + 1 or used[2] == used[1] + 1


async def opened(site: Site) -> bool:
    """Open a socket, and return whether it is served."""
    async with to(site, "/ws") as socket:
        try:
            await socket.send('{"method": "LIST_SUBSCRIPTIONS", "id": 1}')
            await said(socket)
        except ConnectionClosed:
            assert socket.close_code == 1013
            return False
    return True


async def test_an_address_opens_so_many_sockets_and_no_more(site: Site) -> None:
    most = CONNECTIONS[1]

    # Twice as many, because a window may begin among them.
    served = 0
    while served <= 2 * most and await opened(site):
        served += 1

    assert most <= served <= 2 * most
