"""What the dialect says when it says no: the documented code, text and status, and no other."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.bots import KEY_HEADER, Bot, refusal, signature

from trade2026.core.clock import SystemClock
from trade2026.edge.dialect.keys import KEYS_SECRET

ORDER = "/api/v3/order"
TOO_LATE = "Timestamp for this request is outside of the recvWindow."
AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."
BAD_KEY = (401, -2015, "Invalid API-key, IP, or permissions for action.")
BAD_SIGNATURE = (400, -1022, "Signature for this request is not valid.")


def missing(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def filtered(name: str) -> tuple[int, int, str]:
    return 400, -1013, f"Filter failure: {name}"


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"symbol": None}, -1102, missing("symbol")),
        ({"symbol": "XRPUSDT"}, -1121, "Invalid symbol."),
        ({"side": "UP"}, -1117, "Invalid side."),
        ({"side": None}, -1102, missing("side")),
        ({"type": "STRANGE"}, -1116, "Invalid orderType."),
        ({"timeInForce": None}, -1102, missing("timeInForce")),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"quantity": None}, -1102, missing("quantity")),
        ({"price": None}, -1102, missing("price")),
        ({"price": "0"}, -1130, "Data sent for parameter 'price' is not valid."),
        ({"quantity": "0.0000000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "99999999999999"}, -1130, "Data sent for parameter 'quantity' is not valid."),
        (
            {"newOrderRespType": "ALL"},
            -1130,
            "Data sent for parameter 'newOrderRespType' is not valid.",
        ),
        (
            {"type": "MARKET", "timeInForce": None},
            -1106,
            "Parameter 'price' sent when not required.",
        ),
        (
            {"selfTradePreventionMode": "NEVER"},
            -1013,
            "This symbol does not allow this self-trade prevention mode.",
        ),
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "40000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "400", "quantity": "0.01"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "3"}, -2010, "Account has insufficient balance for requested action."),
        (
            {"side": "SELL", "price": "90000", "quantity": "1.00001"},
            -2010,
            "Account has insufficient balance for requested action.",
        ),
    ],
)
async def test_an_order_that_is_wrong_is_refused_as_documented_and_leaves_nothing(
    bot: Bot, params: dict[str, Any], code: int, text: str
) -> None:
    if params.get("price") == "400":
        # Worth 4, where 5 is the least.
        assert refusal(await bot.order(**params)) == filtered("NOTIONAL")
    assert refusal(await bot.order(**params)) == (400, code, text)
    assert (await bot.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT")).json() == []
    assert (await bot.ask("GET", "/api/v3/openOrders")).json() == []


@pytest.mark.parametrize("value", ["1e-2", "-1", "+1", "1_0", " 1", "٣", "0x1", ".5", "NaN"])
async def test_a_number_is_plain_decimal_notation(bot: Bot, value: str) -> None:
    status, code, text = refusal(await bot.order(price=value))

    assert (status, code) == (400, -1100)
    assert text.startswith("Illegal characters found in parameter 'price'")


async def test_a_client_id_has_few_characters_and_is_used_once_at_a_time(bot: Bot) -> None:
    assert refusal(await bot.order(newClientOrderId="a b"))[1] == -1100
    assert refusal(await bot.order(newClientOrderId="a" * 37))[1] == -1100
    assert (await bot.order(newClientOrderId="mine")).status_code == 200
    assert refusal(await bot.order(newClientOrderId="mine")) == (
        400,
        -2010,
        "Duplicate order sent.",
    )
    await bot.ask("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="mine")
    assert (await bot.order(newClientOrderId="mine")).status_code == 200


async def test_what_is_not_there_cannot_be_looked_at_or_cancelled(bot: Bot) -> None:
    placed = (await bot.order()).json()
    number = placed["orderId"]

    assert refusal(await bot.ask("GET", ORDER, symbol="BTCUSDT", orderId=10**6)) == (
        400,
        -2013,
        "Order does not exist.",
    )
    assert refusal(await bot.ask("GET", ORDER, symbol="ETHUSDT", orderId=number))[1] == -2013
    assert refusal(await bot.ask("GET", ORDER, symbol="BTCUSDT"))[1] == -1102
    assert refusal(await bot.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=10**6)) == (
        400,
        -2011,
        "Unknown order sent.",
    )
    assert (await bot.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=number)).status_code == 200
    assert refusal(await bot.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=number))[1] == -2011


async def test_a_key_must_be_there_and_be_known(bot: Bot, client: httpx.AsyncClient) -> None:
    query = bot.signed()
    unkeyed = await client.get(f"/api/v3/account?{query}")
    strange = await bot.send("GET", "/api/v3/account", query, api_key="x" * 64)

    assert refusal(unkeyed) == (401, -2014, "API-key format invalid.")
    assert refusal(strange) == BAD_KEY


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_only_the_owner_of_the_secret_can_sign_and_only_what_is_sent(
    bot: Bot, method: str
) -> None:
    path = {"GET": "/api/v3/account", "POST": "/api/v3/order/test"}[method]
    query = f"timestamp={bot.now_ms()}&symbol=BTCUSDT"
    good = signature(bot.secret, query)
    wrong = [
        signature(bot.secret[::-1], query),
        signature(bot.secret, query + "0"),
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good[:-1],
        "",
        "é" * 64,
    ]
    for one in wrong:
        reply = await bot.send(method, path, f"{query}&signature={one}", in_body=method == "POST")
        if one:
            assert refusal(reply) == BAD_SIGNATURE
        else:
            assert refusal(reply) == (400, -1102, missing("signature"))
    changed = await bot.send(method, path, f"{query}1&signature={good}", in_body=method == "POST")
    assert refusal(changed) == BAD_SIGNATURE


async def test_a_signature_may_stand_anywhere_and_in_either_case(bot: Bot) -> None:
    query = f"timestamp={bot.now_ms()}&recvWindow=9000"
    good = signature(bot.secret, query)

    first = await bot.send("GET", "/api/v3/account", f"signature={good.upper()}&{query}")
    last = await bot.send("GET", "/api/v3/account", f"{query}&signature={good}")

    assert (first.status_code, last.status_code) == (200, 200)


@pytest.mark.parametrize(
    ("age_ms", "window", "expected"),
    [
        (6_000, None, (-1021, TOO_LATE)),
        (6_000, 7_000, None),
        (61_000, 60_000, (-1021, TOO_LATE)),
        (-5_000, None, (-1021, AHEAD)),
        (0, 60_001, (-1131, "recvWindow must be less than 60000.")),
        (0, 0, (-1131, "recvWindow must be less than 60000.")),
    ],
)
async def test_what_was_signed_long_ago_is_refused(
    bot: Bot, age_ms: int, window: int | None, expected: tuple[int, str] | None
) -> None:
    more = {} if window is None else {"recvWindow": window}

    reply = await bot.ask("GET", "/api/v3/account", **{**more, "timestamp": bot.now_ms() - age_ms})

    if expected is None:
        assert reply.status_code == 200
    else:
        assert refusal(reply) == (400, *expected)


async def test_an_overheard_order_cannot_be_sent_again_later(bot: Bot) -> None:
    old = bot.signed(
        symbol="BTCUSDT",
        side="BUY",
        type="MARKET",
        quantity="0.01",
        timestamp=bot.now_ms() - 5_500,
        recvWindow=5_000,
    )

    assert refusal(await bot.send("POST", ORDER, old, in_body=True)) == (400, -1021, TOO_LATE)


async def test_a_revoked_key_is_refused_at_once_and_its_listen_key_ends(
    bot: Bot, client: httpx.AsyncClient
) -> None:
    started = await bot.send("POST", "/api/v3/userDataStream", "")
    assert (await client.delete(f"/keys/{bot.api_key}")).status_code == 204

    assert refusal(await bot.ask("GET", "/api/v3/account")) == BAD_KEY
    assert refusal(await bot.order()) == BAD_KEY
    assert started.json()["listenKey"]
    assert refusal(await bot.send("POST", "/api/v3/userDataStream", "")) == BAD_KEY


async def test_a_revoked_key_ends_what_it_opened_though_its_file_cannot_be_written(
    bot: Bot, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    started = (await bot.send("POST", "/api/v3/userDataStream", "")).json()
    second = Bot(
        client, (await client.post("/keys", json={"account": "bot"})).json(), SystemClock()
    )
    # A folder stands where the draft would be written.
    draft = tmp_path / "secrets" / f".{KEYS_SECRET}.{os.getpid()}"
    draft.mkdir()

    for _ in range(2):
        assert (await client.delete(f"/keys/{bot.api_key}")).status_code == 503
        assert refusal(await bot.order()) == BAD_KEY
    kept = await second.send("PUT", "/api/v3/userDataStream", f"listenKey={started['listenKey']}")
    draft.rmdir()

    assert refusal(kept)[1] == -1125
    assert (await client.delete(f"/keys/{bot.api_key}")).status_code == 204
    assert (await client.delete(f"/keys/{bot.api_key}")).status_code == 404


async def test_one_account_never_sees_or_touches_another(
    bot: Bot, client: httpx.AsyncClient
) -> None:
    key = (await client.post("/keys", json={"account": "other"})).json()
    other = Bot(client, key, SystemClock())
    placed = (await bot.order()).json()
    listen_key = (await bot.send("POST", "/api/v3/userDataStream", "")).json()["listenKey"]
    number = placed["orderId"]

    assert refusal(await other.ask("GET", ORDER, symbol="BTCUSDT", orderId=number))[1] == -2013
    assert refusal(await other.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=number))[1] == -2011
    assert (await other.ask("GET", "/api/v3/openOrders")).json() == []
    assert (await other.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT")).json() == []
    stolen = await other.send("PUT", "/api/v3/userDataStream", f"listenKey={listen_key}")
    assert refusal(stolen) == (400, -1125, "This listenKey does not exist.")
    assert len((await bot.ask("GET", "/api/v3/openOrders")).json()) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/nothing", 404, -1000),
        ("/api/v3/depth", 400, -1102),
        ("/api/v3/depth?symbol=btcusdt", 400, -1121),
        ("/api/v3/depth?symbol=BTCUSDT&limit=0", 400, -1130),
        ("/api/v3/depth?symbol=BTCUSDT&limit=x", 400, -1100),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m&timeZone=8", 400, -1130),
        ("/api/v3/ticker/price?symbols=BTCUSDT", 400, -1130),
        ('/api/v3/ticker/price?symbols=["BTCUSDT","X"]', 400, -1121),
        ("/api/v3/ping?a=1&a=2", 400, -1101),
        ("/api/v3/ping?" + "&".join(f"p{n}=1" for n in range(65)), 400, -1101),
    ],
)
async def test_a_question_that_means_nothing_is_refused(
    client: httpx.AsyncClient, path: str, status: int, code: int
) -> None:
    assert refusal(await client.get(path))[:2] == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v3/depth?symbol=BTCUSDT&limit=abc", ""),
        ("GET", "/api/v3/ping?a=1&a=2", ""),
        ("GET", "/api/v3/ping?" + "&".join(f"p{n}=1" for n in range(65)), ""),
        ("GET", "/api/v3/ping?a", ""),
        ("POST", ORDER, "x" * 100_000),
    ],
)
async def test_a_question_that_means_nothing_weighs_too(
    client: httpx.AsyncClient, method: str, path: str, body: str
) -> None:
    replies = [await client.request(method, path, content=body) for _ in range(3)]

    used = [int(reply.headers["x-mbx-used-weight"]) for reply in replies]
    assert {reply.status_code for reply in replies} == {400}
    # A minute may begin among them.
    assert used[1] == used[0] + 1 or used[2] == used[1] + 1


async def test_a_signed_order_is_cut_into_query_and_body_between_parameters_only(bot: Bot) -> None:
    limit = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    signed = bot.signed(**limit, quantity="0.015", price="40000")
    within = signed.index("0.015") + len("0.01")
    headers = {KEY_HEADER: bot.api_key}
    # As documented: what is signed is the query and the body, with nothing between them.
    query, body = f"timestamp={bot.now_ms()}&quantity=0.015", urlencode({**limit, "price": "40000"})
    body += f"&signature={signature(bot.secret, query + body)}"

    cut = await bot.client.post(
        f"{ORDER}?{signed[:within]}", content=signed[within:], headers=headers
    )
    mixed = await bot.client.post(f"{ORDER}?{query}", content=body, headers=headers)

    assert refusal(cut)[:2] == (400, -1100)
    assert (mixed.status_code, mixed.json()["origQty"]) == (200, "0.015")
    assert len((await bot.ask("GET", "/api/v3/openOrders")).json()) == 1


async def test_a_secret_is_told_once_and_is_in_no_list(bot: Bot, client: httpx.AsyncClient) -> None:
    listed = await client.get("/keys")

    assert [row["api_key"] for row in listed.json()] == [bot.api_key]
    assert bot.secret not in listed.text
