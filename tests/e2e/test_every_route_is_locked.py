"""No route of any built service can be used without the right to.

All services are built, and the trading services run, in this process, behind the real
doorkeeper; tokens are real and signed by a key of the test. What is public is listed here,
by hand: a new public route must be added consciously, and a new route that nobody locked
makes this test fail.
"""

import importlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry
from tests.apps import app_of, client_of
from tests.e2e.locked_doors import ANY, WEBSOCKET, Operation, operations_of
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.catalogue.component import Engine
from trade2026.catalogue.order import start_order
from trade2026.catalogue.table import BY_NAME, TABLE
from trade2026.core.clock import SystemClock
from trade2026.core.ids import system_ids
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.logs import service_log
from trade2026.shell.problem import MEDIA_TYPE
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.service import Build, Context
from trade2026.shell.settings import Settings
from trade2026.shell.tokens import TokenVerifier

SERVICES = tuple(component.name for component in TABLE if component.engine is Engine.SERVICE)
RUNNING = ("risk", "exeq", "oms", "ptrc", "pnl", "PRISM", "hot_cache")
"""Those that have data of accounts; the others are built and not started."""

EVERYWHERE = {
    "GET /health",
    "GET /ready",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/openapi.json",
    "GET /docs/{path}",
}
METRICS = "GET /metrics"
PUBLIC: dict[str, set[str]] = {
    "authn": {"POST /login", "POST /refresh", "GET /jwks", "GET /.well-known/jwks.json"},
    "gateway": {
        "GET /tickers",
        "GET /ticker/{symbol}",
        "GET /book/{symbol}",
        "GET /trades/{symbol}",
        "GET /bars/{symbol}",
        "GET /feed",
        "WS /ws",
    },
    "hot_cache": {
        "GET /quote/{symbol}",
        "GET /trade/{symbol}",
        "GET /book/{symbol}",
        "GET /bar/{symbol}",
        "GET /snapshot",
    },
    "library": {"GET /api/v1/health"},
    "nginx": {
        "GET /",
        "HEAD /",
        "GET /{path}",
        "HEAD /{path}",
        "GET /api/health",
        "GET /api/openapi.json",
        # Locked by the services themselves, and by topic.
        "ANY /api",
        "WS /api/stream",
    },
    "PRISM": {
        "GET /symbols",
        "GET /orderbook/{symbol}",
        "GET /market/{symbol}",
        "GET /trades/{symbol}",
        # The exchange dialect has locks of its own: keys and signatures.
        *(
            f"{method} /{family}/{{path}}"
            for family in ("api/v3", "sapi/v1", "fapi/v1", "dapi/v1")
            for method in ("GET", "POST", "PUT", "DELETE")
        ),
        "WS /ws",
        "WS /ws/{path}",
        "WS /stream",
        "WS /stream/{path}",
        "WS /ws-api/v3",
    },
}

# Who may do what, said once more and not by the policy, so that the two must agree.
READERS = {"viewer", "trader", "risk", "participant", "admin"}
ROLES_OF = {
    "me:write": READERS,
    "orders:write": {"trader", "admin"},
    "prism:write": {"participant", "admin"},
    "library:write": {"trader", "admin"},
    "risk:write": {"risk", "admin"},
    "risk:control": {"risk", "admin"},
    "live:control": {"risk", "admin"},
    "exec:control": {"risk", "admin"},
}

OWNER = "owners-account"
ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 0.001, "price": 50000}
PRISM_ORDER = {**ORDER, "order_type": "limit"}
# What a well-formed request about the owner's account looks like, where it has a body.
BODIES: dict[tuple[str, str], Any] = {
    ("oms", "POST /orders"): {**ORDER, "account": OWNER},
    ("oms", "POST /orders/batch"): {"orders": [{**ORDER, "account": OWNER}]},
    ("oms", "POST /algos"): {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": 0.001,
        "duration_s": 60,
        "algo": {"name": "TWAP"},
        "account": OWNER,
    },
    ("PRISM", "POST /orders"): {**PRISM_ORDER, "account": OWNER},
    ("PRISM", "POST /keys"): {"account": OWNER},
    ("ptrc", "POST /ledger/funding"): {"account": OWNER, "symbol": "BTCUSDT", "amount": 1},
    ("ptrc", "POST /ledger/transfers"): {"to_account": OWNER, "amount": 1},
    ("ptrc", "POST /ledger/lot-method"): {"account": OWNER, "method": "FIFO"},
    ("ptrc", "POST /ledger/rates"): {"accounts": [OWNER], "currency": "EUR", "rate": 1},
    ("ptrc", "POST /ledger/dividends"): {
        "accounts": [OWNER],
        "symbol": "AAPL",
        "per_unit": 1,
    },
    ("ptrc", "POST /ledger/splits"): {
        "accounts": [OWNER],
        "symbol": "AAPL",
        "numerator": 2,
        "denominator": 1,
    },
    ("exeq", "POST /routes/explain"): {**ORDER, "account": OWNER},
    ("exeq", "PUT /routes"): {"rules": [], "reason": "mischief"},
    ("risk", "POST /check"): {**ORDER, "account": OWNER},
    ("risk", "POST /risk/dry-run"): {
        "day": "2026-11-26",
        "limits": [{"scope": f"account:{OWNER}", "max_open_orders": 1}],
    },
    ("risk", "POST /risk/kill"): {"scope": f"account:{OWNER}", "reason": "mischief"},
    ("risk", "POST /risk/mode"): {"scope": f"account:{OWNER}", "mode": "HALTED"},
    ("risk", "PUT /risk/limits"): {"scope": f"account:{OWNER}", "reason": "mischief"},
    ("risk", "POST /risk/resume"): {"scope": f"account:{OWNER}", "reason": "mischief"},
}
# Bodies in which `accounts` are those of a user, which administrators give.
ABOUT_USERS = {("authn", "POST /users"), ("authn", "PATCH /users/{name}")}
# What answers 503 here, to those who may: its store does not run in this test.
OF_A_STORE = {("PRISM", "GET /analytics/{symbol}/history")}
PATHS = {
    "{account}": OWNER,
    "{symbol}": "BTCUSDT",
    "{name}": "admin",
    "{path}": "trade2026/authz/decision",
    "{agent_id}": "nobody",
    "{api_key}": "unknown",
    "{alert_id}": "unknown",
    "{group_id}": "unknown",
    "{algo_id}": "unknown",
    "{run_id}": "unknown",
    "{exec_id}": "unknown",
    "{entity_id}": "00000000-0000-7000-8000-000000000001",
}


class Platform:
    """The applications, a mint of tokens, and orders of the owner."""

    def __init__(self, mint: Mint) -> None:
        self.mint = mint
        self.apps: dict[str, Litestar] = {}
        self.clients: dict[str, httpx.AsyncClient] = {}
        self.order_ids: dict[str, str] = {}

    def operations(self) -> list[Operation]:
        """Return every operation of every service."""
        return [
            operation
            for service, app in self.apps.items()
            for operation in operations_of(service, app)
        ]

    async def ask(self, operation: Operation, headers: dict[str, str]) -> httpx.Response:
        """Send a request about the owner's account, or order, where it is about any."""
        path = operation.path.replace("{order_id}", self.order_ids.get(operation.service, "x"))
        for name, value in PATHS.items():
            path = path.replace(name, value)
        assert "{" not in path, f"say in PATHS what stands for the parameters of {path}"
        return await self.clients[operation.service].request(
            "GET" if operation.method == ANY else operation.method,
            path,
            params={"account": OWNER} if "account" in operation.query else {},
            json=BODIES.get((operation.service, operation.name), {}),
            headers=headers,
        )

    async def knock(self, operation: Operation, headers: dict[str, str]) -> dict[str, Any]:
        """Ask to open a WebSocket and return the first answer."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": operation.path,
            "raw_path": operation.path.encode(),
            "query_string": b"",
            "headers": raw,
            "subprotocols": [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "scheme": "ws",
            "root_path": "",
            "state": {},
        }
        answers: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.disconnect" if answers else "websocket.connect"}

        async def send(message: Any) -> None:
            answers.append(message)

        app: Any = self.apps[operation.service]
        await app(scope, receive, send)
        first: dict[str, Any] = answers[0]
        return first


def builds() -> dict[str, Build]:
    """Return the build functions of every built service, in the order of start."""
    return {
        component.name: importlib.import_module(f"trade2026.services.{component.module}").build
        for component in start_order(BY_NAME[name] for name in SERVICES)
    }


@asynccontextmanager
async def a_platform(data_dir: Path) -> AsyncGenerator[Platform]:
    """Run the trading services and build the others."""
    clock = SystemClock()
    mint = Mint(clock)
    platform = Platform(mint)
    doorkeeper = Doorkeeper(TokenVerifier(mint, clock), RegoPolicy())
    settings = Settings({"TRADE2026_OMS_ACCOUNTS": f"default,{OWNER}"})
    bus = LocalBus(MemoryLog(), clock, with_codec=True)
    around = Surroundings(
        bus=bus, doorkeeper=doorkeeper, data_dir=data_dir, settings=settings, clock=clock
    )
    built = builds()
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(
            running({name: built[name] for name in built if name in RUNNING}, around)
        )
        for name, build in built.items():
            if name in RUNNING:
                platform.apps[name] = runtime.members[name].app
                platform.clients[name] = runtime.client(name)
                continue
            context = Context(
                name=name,
                bus=bus,
                clock=clock,
                ids=system_ids(),
                log=service_log(name),
                metrics=CollectorRegistry(),
                data_dir=data_dir,
                addresses=LocalAddresses(),
                settings=settings,
            )
            platform.apps[name] = app_of(build(context), doorkeeper, clock)
            platform.clients[name] = await stack.enter_async_context(client_of(platform.apps[name]))
        await place_orders(platform)
        yield platform
    await bus.close()


async def place_orders(platform: Platform) -> None:
    """Let the owner place an order on the platform and one directly at PRISM."""
    owner = platform.mint.bearer(roles=["admin"], accounts=[OWNER])
    for service in ("oms", "PRISM"):
        body = BODIES[service, "POST /orders"]
        reply = await platform.clients[service].post("/orders", json=body, headers=owner)
        assert reply.is_success, reply.text
        platform.order_ids[service] = reply.json()["order_id"]


def locked(platform: Platform) -> list[Operation]:
    """Return the operations over HTTP that are not public."""
    found = [o for o in platform.operations() if not o.is_public and o.method != WEBSOCKET]
    assert len(found) > 30
    return found


def roles_that_may(action: str) -> set[str]:
    """Return the roles that the action is for."""
    return ROLES_OF.get(action, READERS if action.endswith(":read") else {"admin"})


def is_refusal(reply: httpx.Response, status: int) -> bool:
    """Return whether the reply is a problem of that status with nothing else in it."""
    if reply.status_code != status or reply.headers["content-type"] != MEDIA_TYPE:
        return False
    problem = msgspec.json.decode(reply.content)
    is_challenge = reply.headers.get("www-authenticate") == "Bearer"
    has_rule = bool(problem.get("rule"))
    return OWNER not in reply.text.replace(problem.get("detail", ""), "") and (
        is_challenge if status == 401 else has_rule
    )


async def test_every_locked_route_refuses_whoever_may_not_use_it(tmp_path: Path) -> None:
    async with a_platform(tmp_path) as platform:
        assert public_operations(platform) == expected_public(platform)
        assert undeclared(platform) == []
        assert await entered_without_a_valid_token(platform) == []
        assert await entered_with_too_small_a_role(platform) == []
        assert await refused_with_the_right_role(platform) == []
        assert await seen_by_a_stranger(platform) == []
        assert await streams_opened_by_strangers(platform) == []


def public_operations(platform: Platform) -> dict[str, set[str]]:
    """Return the public operations found, by service."""
    return {
        service: {o.name for o in platform.operations() if o.service == service and o.is_public}
        for service in platform.apps
    }


def expected_public(platform: Platform) -> dict[str, set[str]]:
    """Return the public operations that there are to be, by service."""
    expected: dict[str, set[str]] = {}
    for service in platform.apps:
        # A port of its own serves the metrics of the services that have one.
        has_port = BY_NAME[service].metrics_port is not None and service in RUNNING
        shared = EVERYWHERE if has_port else {*EVERYWHERE, METRICS}
        expected[service] = shared | PUBLIC.get(service, set())
    return expected


def undeclared(platform: Platform) -> list[Operation]:
    """Return the operations that say neither what they need nor that they are public."""
    return [operation for operation in platform.operations() if not operation.action]


async def entered_without_a_valid_token(platform: Platform) -> list[str]:
    """Return what was not refused with 401."""
    mint = platform.mint
    everything = {"roles": ["admin"], "accounts": ["*"]}
    bad_headers = {
        "no token": {},
        "no bearer": {"Authorization": f"Basic {mint.token(**everything)}"},
        "expired": mint.bearer(-60, **everything),
        "wrong audience": mint.bearer(aud="elsewhere", **everything),
        "wrong issuer": mint.bearer(iss="elsewhere", **everything),
        "wrong signature": Mint(SystemClock(), kid=mint.kid).bearer(**everything),
        "unknown key": Mint(SystemClock(), kid="another").bearer(**everything),
    }
    return [
        f"{operation.service} {operation.name} with {what}: {reply.status_code}"
        for operation in locked(platform)
        for what, headers in bad_headers.items()
        if not is_refusal(reply := await platform.ask(operation, headers), 401)
    ]


async def entered_with_too_small_a_role(platform: Platform) -> list[str]:
    """Return what was not refused with 403."""
    found: list[str] = []
    for operation in locked(platform):
        too_small = {*READERS, "nobody"} - roles_that_may(operation.action)
        for role in sorted(too_small):
            headers = platform.mint.bearer(roles=[role], accounts=["*"])
            reply = await platform.ask(operation, headers)
            if not is_refusal(reply, 403):
                found.append(f"{operation.service} {operation.name} as {role}: {reply.status_code}")
    return found


async def refused_with_the_right_role(platform: Platform) -> list[str]:
    """Return what was refused although the sender may: a lock without a key proves nothing."""
    found: list[str] = []
    for operation in locked(platform):
        if operation.service not in RUNNING or operation.method != "GET":
            continue
        for role in sorted(roles_that_may(operation.action)):
            headers = platform.mint.bearer(roles=[role], accounts=[OWNER])
            reply = await platform.ask(operation, headers)
            is_away = reply.status_code == 503 and (operation.service, operation.name) in OF_A_STORE
            if reply.status_code in {401, 403} or (reply.status_code >= 500 and not is_away):
                found.append(f"{operation.service} {operation.name} as {role}: {reply.text}")
    return found


async def seen_by_a_stranger(platform: Platform) -> list[str]:
    """Return what a stranger with every role was told or could do about the owner's account."""
    stranger = platform.mint.bearer(roles=["admin"], accounts=["elsewhere"])
    found: list[str] = []
    for operation in locked(platform):
        key = (operation.service, operation.name)
        if key in ABOUT_USERS:
            continue
        if operation.names_account and operation.fields:
            assert key in BODIES, f"say in BODIES what {key} about an account looks like"
        reply = await platform.ask(operation, stranger)
        is_about_owner = operation.names_account or operation.names_order
        if is_about_owner and reply.status_code not in {403, 404}:
            found.append(f"{key}: {reply.status_code}")
        if reply.is_success and (OWNER in reply.text or _is_order_in(platform, reply.text)):
            found.append(f"{key} shows the owner's data: {reply.text}")
    return found


def _is_order_in(platform: Platform, text: str) -> bool:
    return any(order_id in text for order_id in platform.order_ids.values())


async def streams_opened_by_strangers(platform: Platform) -> list[str]:
    """Return the WebSockets that are not public and yet open for somebody without the right."""
    strangers = {
        4401: {},
        4403: platform.mint.bearer(roles=["nobody"]),
    }
    return [
        f"{operation.service} {operation.name}: {answer}"
        for operation in platform.operations()
        if operation.method == WEBSOCKET and not operation.is_public
        for code, headers in strangers.items()
        if (answer := await platform.knock(operation, headers)).get("code") != code
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_built_service_is_looked_at(service: str) -> None:
    assert service in builds()
