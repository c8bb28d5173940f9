"""Every route is shut unless it says what it needs and the sender may do that."""

import pytest
from litestar import Litestar, Request, Response, WebSocket, get, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from litestar.testing import AsyncTestClient, TestClient
from tests.tokens import Mint

from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core.clock import SystemClock
from trade2026.shell.access import (
    DOORKEEPER_KEY,
    is_visible,
    needs,
    principal_of,
    public,
    require_account,
    stream_protocol,
)
from trade2026.shell.guard import NO_ACTION, Doorkeeper
from trade2026.shell.problem import ProblemError
from trade2026.shell.tokens import TokenVerifier

AnyRequest = Request[object, object, State]
AnySocket = WebSocket[object, object, State]


@get("/open", opt=public())
async def open_route() -> str:
    return "open"


@get("/forgotten")
async def forgotten_route() -> str:
    return "secret"


@get("/empty", opt={"action": ""})
async def empty_route() -> str:
    return "secret"


@get("/orders", opt=needs("orders:read"))
async def orders_route(request: AnyRequest) -> str:
    visible = [account for account in ("default", "other") if is_visible(request, account)]
    return f"{principal_of(request).subject}: {','.join(visible)}"


@get("/orders/{account:str}", opt=needs("orders:write"))
async def account_route(request: AnyRequest, account: FromPath[str]) -> str:
    require_account(request, account)
    return f"orders of {account}"


@websocket("/stream", opt=needs("orders:read"))
async def stream_route(socket: AnySocket) -> None:
    await socket.accept(subprotocols=stream_protocol(socket))
    await socket.send_text(principal_of(socket).subject)
    await socket.close()


def as_text(_request: AnyRequest, problem: ProblemError) -> Response[str]:
    return Response(f"{problem.rule or problem.detail}", status_code=problem.status)


@pytest.fixture
def mint() -> Mint:
    return Mint(SystemClock())


@pytest.fixture
def app(mint: Mint) -> Litestar:
    doorkeeper = Doorkeeper(TokenVerifier(mint, SystemClock()), RegoPolicy())
    app = Litestar(
        [
            open_route,
            forgotten_route,
            empty_route,
            orders_route,
            account_route,
            stream_route,
        ],
        guards=[doorkeeper.guard],
        exception_handlers={ProblemError: as_text},
        openapi_config=None,
    )
    app.state[DOORKEEPER_KEY] = doorkeeper
    return app


async def ask(app: Litestar, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Return the status and the text of the answer."""
    async with AsyncTestClient(app) as client:
        reply = await client.get(path, headers=headers)
    return reply.status_code, reply.text


async def test_a_public_route_needs_nothing(app: Litestar) -> None:
    assert await ask(app, "/open") == (200, "open")
    assert await ask(app, "/open", {"Authorization": "Bearer broken"}) == (200, "open")


@pytest.mark.parametrize("path", ["/forgotten", "/empty"])
async def test_a_route_without_an_action_is_shut_for_everybody(
    app: Litestar, mint: Mint, path: str
) -> None:
    admin = mint.bearer(roles=["admin"], accounts=["*"])

    assert await ask(app, path) == (403, NO_ACTION)
    assert await ask(app, path, admin) == (403, NO_ACTION)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dGVzczp0ZXNz",
        "Bearer x.y.z",
        "{token}",
        "Token {token}",
    ],
)
async def test_a_route_with_an_action_needs_a_bearer_token(
    app: Litestar, mint: Mint, authorization: str | None
) -> None:
    headers = (
        {} if authorization is None else {"Authorization": authorization.format(token=mint.token())}
    )

    status, _ = await ask(app, "/orders", headers)

    assert status == 401


async def test_a_token_in_the_url_is_not_looked_at(app: Litestar, mint: Mint) -> None:
    token = mint.token()

    status, _ = await ask(app, f"/orders?token={token}&access_token={token}&authorization={token}")

    assert status == 401


async def test_the_route_sees_who_asks_and_filters_by_account(app: Litestar, mint: Mint) -> None:
    assert await ask(app, "/orders", mint.bearer()) == (200, "tess: default")
    assert await ask(app, "/orders", mint.bearer(accounts=["*"])) == (200, "tess: default,other")


async def test_the_policy_decides_about_the_action_and_names_its_rule(
    app: Litestar, mint: Mint
) -> None:
    viewer = mint.bearer(roles=["viewer"])

    assert (await ask(app, "/orders", viewer))[0] == 200
    assert await ask(app, "/orders/default", viewer) == (403, "role.not_granted")


async def test_a_strangers_account_is_refused(app: Litestar, mint: Mint) -> None:
    assert (await ask(app, "/orders/default", mint.bearer()))[0] == 200
    assert await ask(app, "/orders/other", mint.bearer()) == (403, "account.not_granted")
    assert (await ask(app, "/orders/other", mint.bearer(accounts=["*"])))[0] == 200


async def test_without_keys_nobody_enters(app: Litestar, mint: Mint) -> None:
    mint.is_away = True

    assert (await ask(app, "/orders", mint.bearer()))[0] == 503
    assert (await ask(app, "/open"))[0] == 200


def test_a_stream_takes_the_token_as_header(app: Litestar, mint: Mint) -> None:
    with (
        TestClient(app) as client,
        client.websocket_connect("/stream", headers=mint.bearer()) as socket,
    ):
        assert socket.receive_text() == "tess"
        assert socket.accepted_subprotocol is None


def test_a_stream_takes_the_token_as_subprotocol_and_does_not_echo_it(
    app: Litestar, mint: Mint
) -> None:
    offered = ["trade2026", f"bearer.{mint.token()}"]

    with (
        TestClient(app) as client,
        client.websocket_connect("/stream", subprotocols=offered) as socket,
    ):
        assert socket.receive_text() == "tess"
        assert socket.accepted_subprotocol == "trade2026"


@pytest.mark.parametrize(
    ("claims", "code"), [({"aud": "elsewhere"}, 4401), ({"roles": ["nobody"]}, 4403)]
)
def test_a_stream_is_not_opened_for_a_stranger(
    app: Litestar, mint: Mint, claims: dict[str, object], code: int
) -> None:
    with (
        TestClient(app) as client,
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/stream", headers=mint.bearer(**claims)),
    ):
        pass

    assert refused.value.code == code


def test_a_stream_is_not_opened_by_a_token_in_the_url(app: Litestar, mint: Mint) -> None:
    with (
        TestClient(app) as client,
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(f"/stream?token={mint.token()}"),
    ):
        pass

    assert refused.value.code == 4401
