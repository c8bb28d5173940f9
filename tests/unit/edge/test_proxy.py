"""The proxy passes on what concerns the service, and nothing leads anywhere else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request, Response, get, post
from litestar.response import Stream
from tests.apps import app_of, client_of
from tests.doors import OpenDoor
from tests.e2e.rig import free_offset
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.edge import proxy as proxy_module
from trade2026.edge.proxy import OWN_NAME, SERVICES, Proxy, proxy_route, target_of
from trade2026.edge.sender import EDGE_HEADER
from trade2026.shell.access import public
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.http import BODY_BYTES_MAX
from trade2026.shell.problem import MEDIA_TYPE, ProblemError
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.service import Context, Service

AnyRequest = Request[Any, Any, Any]


def a_service(context: Context) -> Service:
    """Return a service that says what reached it."""

    @get(["/echo", "/echo/{rest:path}"], opt=public())
    async def echo(request: AnyRequest) -> Response[dict[str, Any]]:
        body = {
            "path": request.scope["raw_path"].decode(),
            "query": request.scope["query_string"].decode(),
            "headers": [[k.decode(), v.decode()] for k, v in request.scope["headers"]],
        }
        headers = {"Connection": "X-Private", "X-Private": "1", "X-Shown": "1"}
        return Response(body, headers=headers)

    @post("/size", opt=public())
    async def size(request: AnyRequest) -> int:
        return len(await request.body())

    @get("/slow", opt=public())
    async def slow() -> None:
        await asyncio.sleep(1)

    @get("/pieces", opt=public())
    async def pieces() -> Stream:
        async def made() -> AsyncIterator[bytes]:
            yield b"first "
            await asyncio.sleep(0.2)
            yield b"second"

        return Stream(made())

    @get("/away", opt=public())
    async def away(to: str) -> Response[None]:
        return Response(None, status_code=307, headers={"Location": to})

    return Service(name=context.name, routes=[echo, size, slow, pieces, away])


def the_edge(context: Context) -> Service:
    """Return an edge that is a proxy and nothing else."""
    proxy = Proxy(context.addresses)
    return Service(name=context.name, routes=[proxy_route(proxy)], stop=proxy.close)


@asynccontextmanager
async def a_door(folder: Path) -> AsyncGenerator[Runtime]:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(
        bus=bus,
        doorkeeper=OpenDoor(),
        data_dir=folder,
        addresses=LocalAddresses(free_offset()),
    )
    async with running({"oms": a_service, OWN_NAME: the_edge}, around, http=True) as runtime:
        yield runtime
    await bus.close()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with a_door(tmp_path) as runtime:
        yield runtime.client(OWN_NAME)


async def echoed(door: httpx.AsyncClient, path: str, **headers: str) -> Any:
    reply = await door.get(path, headers=headers)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    return {**body, "headers": dict(body["headers"])}


async def test_path_and_query_reach_the_service_as_they_were_sent(door: httpx.AsyncClient) -> None:
    said = await echoed(door, "/api/oms/echo/a%20b//c%2Fd?x=1&y=%2F..%2F")

    assert (said["path"], said["query"]) == ("/echo/a%20b//c%2Fd", "x=1&y=%2F..%2F")


async def test_the_senders_address_is_appended_and_the_request_id_stays(
    door: httpx.AsyncClient,
) -> None:
    said = await echoed(
        door, "/api/oms/echo", **{"X-Forwarded-For": "203.0.113.9", "X-Request-Id": "mine"}
    )

    assert said["headers"]["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert said["headers"]["x-request-id"] == "mine"


async def test_what_concerns_one_connection_only_stays_behind(door: httpx.AsyncClient) -> None:
    reply = await door.get(
        "/api/oms/echo",
        headers={
            "Connection": "X-Hop",
            "X-Hop": "1",
            "TE": "trailers",
            "X-Forwarded-Host": "evil.example",
            "Authorization": "Bearer token",
        },
    )
    asked = dict(reply.json()["headers"])

    assert {"x-hop", "te", "x-forwarded-host"}.isdisjoint(asked)
    assert asked["authorization"] == "Bearer token"
    assert asked["host"] != reply.request.headers["host"]
    assert "x-private" not in reply.headers
    assert reply.headers["x-shown"] == "1"
    for once in ("date", "x-request-id", "x-content-type-options", "content-length"):
        assert len(reply.headers.get_list(once)) == 1


async def test_bodies_pass_up_to_the_limit_whether_or_not_they_say_their_size(
    door: httpx.AsyncClient,
) -> None:
    async def unsized(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 50_000):
            yield b"x" * 50_000
        yield b"x" * (size % 50_000)

    fits = await door.post("/api/oms/size", content=b"x" * BODY_BYTES_MAX)
    fits_unsized = await door.post("/api/oms/size", content=unsized(BODY_BYTES_MAX))
    over = await door.post("/api/oms/size", content=b"x" * (BODY_BYTES_MAX + 1))
    over_unsized = await door.post("/api/oms/size", content=unsized(BODY_BYTES_MAX + 1))

    assert [fits.json(), fits_unsized.json()] == [BODY_BYTES_MAX] * 2
    assert [over.status_code, over_unsized.status_code] == [413, 413]


@pytest.mark.parametrize("is_sized", [True, False])
async def test_the_limit_holds_whatever_the_service_would_take(is_sized: bool) -> None:
    async def unsized() -> AsyncIterator[bytes]:
        yield b"x" * (BODY_BYTES_MAX + 1)

    proxy = Proxy(LocalAddresses(), httpx.MockTransport(lambda _: httpx.Response(200)))
    service = Service(name=OWN_NAME, routes=[proxy_route(proxy)])
    door = client_of(app_of(service, OpenDoor(), SystemClock()))

    content = b"x" * (BODY_BYTES_MAX + 1) if is_sized else unsized()
    reply = await door.post("/api/oms/orders", content=content)

    assert reply.status_code == 413


async def test_an_answer_streams(door: httpx.AsyncClient) -> None:
    async with door.stream("GET", "/api/oms/pieces") as reply:
        pieces = [piece async for piece in reply.aiter_raw()]

    assert pieces == [b"first ", b"second"]


async def test_a_service_that_is_away_is_a_bad_gateway(door: httpx.AsyncClient) -> None:
    reply = await door.get("/api/risk/limits")

    assert (reply.status_code, reply.headers["content-type"]) == (502, MEDIA_TYPE)
    assert "risk is away" in reply.json()["detail"]
    assert reply.json()["request_id"]


async def test_a_service_that_keeps_silent_is_a_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "SILENCE_S", 0.1)

    async with a_door(tmp_path) as runtime:
        reply = await runtime.client(OWN_NAME).get("/api/oms/slow")

    assert (reply.status_code, reply.headers["content-type"]) == (504, MEDIA_TYPE)
    assert "unknown" in reply.json()["detail"]


@pytest.mark.parametrize(("method", "status", "asked"), [("GET", 200, 2), ("POST", 502, 1)])
async def test_only_what_may_be_asked_twice_is_asked_again_on_a_connection_that_was_closed(
    method: str, status: int, asked: int
) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if len(requests) == 1:
            raise httpx.RemoteProtocolError("hung up")
        return httpx.Response(200, content=b"ok")

    proxy = Proxy(LocalAddresses(), httpx.MockTransport(answer))
    service = Service(name=OWN_NAME, routes=[proxy_route(proxy)])
    door = client_of(app_of(service, OpenDoor(), SystemClock()))

    reply = await door.request(method, "/api/oms/orders")

    assert (reply.status_code, len(requests)) == (status, asked)


@pytest.mark.parametrize(("service", "secrets"), [("authn", ["known"]), ("oms", [])])
async def test_only_sign_in_is_told_the_edges_secret_and_no_sender_can_tell_one(
    service: str, secrets: list[str]
) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"ok")

    proxy = Proxy(LocalAddresses(), httpx.MockTransport(answer), edge_secret="known")
    routes = [proxy_route(proxy)]
    door = client_of(app_of(Service(name=OWN_NAME, routes=routes), OpenDoor(), SystemClock()))

    forged = {EDGE_HEADER: "forged", "x-forwarded-for": "203.0.113.7"}
    await door.get(f"/api/{service}/me", headers=forged)

    headers = requests[0].headers
    assert headers.get_list(EDGE_HEADER) == secrets
    assert headers["x-forwarded-for"].rpartition(", ")[2] != "203.0.113.7"


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("/echo", "/api/oms/echo"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
    ],
)
async def test_a_redirect_leads_nowhere_but_to_the_service(
    door: httpx.AsyncClient, to: str, told: str | None
) -> None:
    reply = await door.get("/api/oms/away", params={"to": to})

    assert (reply.status_code, reply.headers.get("location")) == (307, told)


async def test_a_websocket_is_not_passed_on(door: httpx.AsyncClient) -> None:
    url = str(door.base_url).replace("http", "ws") + "/api/gateway/ws"

    with pytest.raises((ConnectionClosed, OSError, Exception), match="403"):
        await connect(url)


@pytest.mark.parametrize("name", ["NATS", "PostgreSQL", "valkey", "nginx", "QuestDB", "", "OMS"])
def test_what_is_no_service_is_not_found(name: str) -> None:
    with pytest.raises(ProblemError) as caught:
        target_of(f"/api/{name}/x".encode())

    assert caught.value.status == 404


def test_a_component_goes_by_its_id_and_by_its_module() -> None:
    assert target_of(b"/api/prism/orderbook/BTCUSDT") == ("PRISM", b"/orderbook/BTCUSDT")
    assert target_of(b"/api/PRISM/") == ("PRISM", b"/")
    assert target_of(b"/api/oms") == ("oms", b"/")
    assert target_of(b"/api/oms//evil.example/x") == ("oms", b"//evil.example/x")


@pytest.mark.parametrize(
    "path",
    [
        "/api/oms/../risk/limits",
        "/api/oms/%2e%2e/x",
        "/api/oms/a/..%2Fx",
        "/api/oms/..%5Cx",
        "/api/oms/./x",
        "/api/oms/a%00b",
        "/api/oms/a%0d%0aX-Evil:1",
    ],
)
def test_a_path_that_is_not_a_plain_one_is_refused(path: str) -> None:
    with pytest.raises(ProblemError) as caught:
        target_of(path.encode())

    assert caught.value.status == 400


async def test_a_query_that_is_not_a_plain_one_is_refused(door: httpx.AsyncClient) -> None:
    long = await door.get("/api/oms/echo?" + "x" * 20_000)

    assert (long.status_code, long.headers["content-type"]) == (400, MEDIA_TYPE)


@given(rest=st.binary(max_size=40), name=st.sampled_from(sorted(SERVICES)))
def test_no_path_leaves_the_service_that_it_names(rest: bytes, name: str) -> None:
    try:
        found, path = target_of(f"/api/{name}/".encode() + rest)
    except ProblemError:
        return
    base = httpx.URL("http://127.0.0.1:8099")
    url = base.copy_with(raw_path=path.split(b"?")[0])

    assert found == SERVICES[name]
    assert (url.scheme, url.host, url.port) == ("http", "127.0.0.1", 8099)
    assert ".." not in url.path.split("/")
