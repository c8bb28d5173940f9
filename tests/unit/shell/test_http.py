"""What every service answers, and how errors look to the one who asked."""

from typing import Any

import httpx
import msgspec
import pytest
from litestar import Request, get, post, websocket
from litestar.connection import WebSocket
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from prometheus_client.parser import text_string_to_metric_families
from tests.doors import NAME_HEADER, HeaderDoor
from tests.unit.shell.rig import NAME, a_build, alone

from trade2026 import VERSION
from trade2026.core.errors import (
    IllegalTransitionError,
    InvalidInputError,
    RefusedError,
    UnavailableError,
)
from trade2026.edge.exact import NULL, Exact, write
from trade2026.shell.access import needs, principal_of, public
from trade2026.shell.problem import MEDIA_TYPE, ProblemError

FINE = "0.1000000000000000055511151231257827"
"""A number that a float would round."""


class Leg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a body."""

    quantity: Exact
    price: Exact = NULL
    side: str = "BUY"


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """A body of parts."""

    legs: list[Leg]


@post("/leg", opt=needs("orders:write"))
async def post_leg(data: Leg) -> Leg:
    """Return the leg."""
    return data


@post("/basket", opt=public())
async def post_basket(data: Basket) -> Basket:
    """Return the basket."""
    return data


@get("/page", opt=public())
async def get_page(limit: int = 10) -> dict[str, Exact]:
    """Return the limit."""
    return {"limit": write(limit)}


@get("/me", opt=needs("me:read"))
async def get_me(request: Request[Any, Any, Any]) -> str:
    """Return the caller's name."""
    return principal_of(request).subject


@get("/open")
async def get_undeclared() -> str:
    """Return what nobody may have: the route declares no action."""
    return "secret"


def failing(error: Exception) -> BaseRouteHandler:
    @get("/fail", opt=public())
    async def fail() -> None:
        raise error

    return fail


def a_problem(reply: httpx.Response) -> dict[str, Any]:
    assert reply.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = reply.json()
    assert found["status"] == reply.status_code
    assert found["request_id"] == reply.headers["x-request-id"]
    return found


@pytest.mark.parametrize(
    ("error", "status", "detail", "field"),
    [
        (ProblemError(409, "Taken", "in use", field="name"), 409, "in use", "name"),
        (InvalidInputError("price", "not a number"), 422, "not a number", "price"),
        (IllegalTransitionError("is FILLED"), 409, "is FILLED", ""),
        (RefusedError("no"), 409, "no", ""),
        (UnavailableError("no log"), 503, "no log", ""),
        (NotAuthorizedException("who?"), 401, "who?", ""),
    ],
)
async def test_an_error_that_concerns_the_caller_is_told(
    error: Exception, status: int, detail: str, field: str
) -> None:
    async with alone(a_build([failing(error)])) as runtime:
        reply = await runtime.client(NAME).get("/fail")

    found = a_problem(reply)
    assert (found["status"], found["detail"], found.get("field", "")) == (status, detail, field)


async def test_an_error_of_ours_tells_only_its_request_id() -> None:
    async with alone(a_build([failing(KeyError("the password is hunter2"))])) as runtime:
        reply = await runtime.client(NAME).get("/fail")

    found = a_problem(reply)
    assert set(found) == {"title", "status", "request_id"}
    assert reply.status_code == 500


async def test_who_may_come_again_is_told_when_and_how() -> None:
    async with alone(a_build([failing(UnavailableError("x"))])) as runtime:
        unavailable = await runtime.client(NAME).get("/fail")
    async with alone(a_build([failing(ProblemError(401, "Unauthorized"))])) as runtime:
        unknown = await runtime.client(NAME).get("/fail")

    assert unavailable.headers["retry-after"] == "1"
    assert unknown.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_route_and_a_wrong_method_are_problems() -> None:
    async with alone(a_build([get_page])) as runtime:
        unknown = await runtime.client(NAME).get("/nowhere")
        wrong = await runtime.client(NAME).put("/page")

    assert a_problem(unknown)["status"] == 404
    assert a_problem(wrong)["status"] == 405
    assert "GET" in wrong.headers["allow"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"quantity": 1, "side": 5}', "side"),
        ('{"quantity": 1, "sid": "BUY"}', "sid"),
        ("{}", "quantity"),
        ("{", ""),
        ("", ""),
        ("[]", ""),
        ("\xff", ""),
    ],
)
async def test_a_malformed_body_is_refused_with_the_field(body: str, field: str) -> None:
    async with alone(a_build([post_leg])) as runtime:
        reply = await runtime.client(NAME).post("/leg", content=body.encode("latin-1"))

    assert reply.status_code == 422
    assert a_problem(reply).get("field", "") == field


async def test_a_field_deep_in_the_body_is_named_by_its_path() -> None:
    body = {"legs": [{"quantity": 1}, {"quantity": 1, "side": 5}]}
    async with alone(a_build([post_basket])) as runtime:
        reply = await runtime.client(NAME).post("/basket", json=body)

    assert a_problem(reply)["field"] == "legs[1].side"


async def test_a_malformed_query_is_refused_with_the_field() -> None:
    async with alone(a_build([get_page])) as runtime:
        reply = await runtime.client(NAME).get("/page", params={"limit": "many"})

    assert reply.status_code == 422
    assert a_problem(reply)["field"] == "limit"


async def test_a_body_beyond_the_limit_is_refused() -> None:
    async with alone(a_build([post_leg])) as runtime:
        reply = await runtime.client(NAME).post("/leg", content=b" " * 1_000_001)

    assert a_problem(reply)["status"] == 413


@pytest.mark.parametrize("spelled", [FINE, f'"{FINE}"', "12.30", "1e400"])
async def test_a_number_passes_without_becoming_a_float(spelled: str) -> None:
    async with alone(a_build([post_basket])) as runtime:
        reply = await runtime.client(NAME).post(
            "/basket", content=f'{{"legs":[{{"quantity":{spelled}}}]}}'
        )

    assert reply.text == f'{{"legs":[{{"quantity":{spelled},"price":null,"side":"BUY"}}]}}'


async def test_a_sane_request_id_is_kept_and_any_other_replaced() -> None:
    async with alone(a_build([get_page])) as runtime:
        client = runtime.client(NAME)
        kept = await client.get("/page", headers={"X-Request-Id": "desk-7.1_a"})
        cut = await client.get("/page", headers={"X-Request-Id": "a" * 65})
        odd = await client.get("/page", headers={"X-Request-Id": '"; rm'})
        none = await client.get("/page")

    assert kept.headers["x-request-id"] == "desk-7.1_a"
    made = {reply.headers["x-request-id"] for reply in (cut, odd, none)}
    assert len(made) == 3
    assert all(len(one) == 36 for one in made)


async def test_a_route_passes_the_doorkeeper_and_the_shells_own_are_public() -> None:
    build = a_build([get_me, get_undeclared, get_page])
    async with alone(build, door=HeaderDoor()) as runtime:
        client = runtime.client(NAME)
        named = await client.get("/me", headers={NAME_HEADER: "ann"})
        statuses = {
            path: (await client.get(path)).status_code
            for path in (
                *("/me", "/open", "/page", "/health", "/ready", "/metrics"),
                *("/docs", "/docs/openapi.json", "/openapi.json"),
            )
        }

    assert named.text == "ann"
    assert statuses.pop("/me") == 401
    assert statuses.pop("/open") == 403
    assert set(statuses.values()) == {200}


async def test_metrics_are_prometheus_text_with_the_routes_template() -> None:
    @get("/orders/{order_id:str}", opt=public())
    async def show(order_id: str) -> str:
        return order_id

    async with alone(a_build([show])) as runtime:
        client = runtime.client(NAME)
        await client.get("/orders/a")
        await client.get("/orders/b")
        await client.get("/nowhere")
        reply = await client.get("/metrics")

    families = {family.name: family for family in text_string_to_metric_families(reply.text)}
    counted = {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"]): sample.value
        for sample in families["trade2026_http_requests"].samples
        if sample.name.endswith("_total")
    }
    assert counted == {("/orders/{order_id}", "GET", "200"): 2, ("unmatched", "GET", "404"): 1}
    assert families["trade2026_http_request_seconds"].type == "histogram"
    assert families["trade2026_ready"].samples[0].value == 1
    assert families["process_resident_memory_bytes"].samples[0].value > 0
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_the_document_shows_exact_numbers_actions_and_our_problems() -> None:
    @websocket("/ws", opt=public())
    async def stream(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()

    async with alone(a_build([post_leg, get_page, stream])) as runtime:
        document = (await runtime.client(NAME).get("/openapi.json")).json()

    schemas = document["components"]["schemas"]
    leg = next(schema for name, schema in schemas.items() if name.endswith("Leg"))
    assert [one["type"] for one in leg["properties"]["quantity"]["oneOf"]] == ["number", "string"]
    assert leg["required"] == ["quantity"]
    assert leg["properties"]["side"]["default"] == "BUY"
    assert document["paths"]["/leg"]["post"]["x-action"] == "orders:write"
    assert document["paths"]["/health"]["get"]["x-action"] == "public"
    assert document["x-websockets"] == {"/ws": {"x-action": "public"}}
    assert set(document["paths"]["/leg"]["post"]["responses"]) == {"201", "default"}
    assert document["info"] | {"title": NAME, "version": VERSION} == document["info"]
    assert not any(path.startswith("/docs") for path in document["paths"])


async def test_the_page_lists_the_operations_and_asks_nobody_for_anything() -> None:
    async with alone(a_build([post_leg])) as runtime:
        page = (await runtime.client(NAME).get("/docs")).text

    assert "<td>POST</td><td>/leg</td><td>orders:write</td><td>Return the leg.</td>" in page
    assert "://" not in page
    assert "src=" not in page


async def test_the_page_shows_a_docstring_as_text() -> None:
    @get("/x", opt=public())
    async def show() -> None:
        """Return <script>."""

    async with alone(a_build([show])) as runtime:
        page = (await runtime.client(NAME).get("/docs")).text

    assert "Return &lt;script&gt;." in page


async def test_further_fields_of_health_are_the_services_own() -> None:
    build = a_build(about=lambda: {"mode": "paper", "num_agents": 40})
    async with alone(build) as runtime:
        body = (await runtime.client(NAME).get("/health")).json()

    assert body["mode"] == "paper"
    assert body["num_agents"] == 40
    assert body["status"] == "healthy"


async def test_a_web_socket_refused_by_a_problem_is_closed_with_its_status() -> None:
    @websocket("/ws", opt=needs("market:read"))
    async def stream(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        raise ProblemError(403, "Forbidden", "not you", rule="accounts")

    closes: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        closes.append(message)

    async with alone(a_build([stream])) as runtime:
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/ws",
            "headers": [],
            "query_string": b"",
        }
        await runtime.members[NAME].front(scope, receive, send)

    assert closes[-1] == {"type": "websocket.close", "code": 4403, "reason": "accounts"}
