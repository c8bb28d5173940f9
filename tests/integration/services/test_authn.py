"""authn and OPA as services, on real servers: healthy when they are, honest when they are not."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.ports import free_port

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.adapters.infra.valkey import ValkeyServer
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core.clock import SystemClock
from trade2026.services import authn, opa
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.secrets import Secrets
from trade2026.shell.tokens import TokenVerifier, keys_over_http

pytestmark = pytest.mark.integration

NAMES = ("PostgreSQL", "Valkey", "authn", "OPA")


class Addresses(LocalAddresses):
    """Every component on a free port of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._ports = {name: free_port() for name in NAMES}

    def port(self, component: str, port: str = "") -> int:
        del port
        return self._ports[component]


@dataclass
class Servers:
    """Running servers and where they are."""

    data_dir: Path
    addresses: Addresses
    postgres: PostgresServer
    valkey: ValkeyServer

    def surroundings(self) -> Surroundings:
        """Return what services of this data directory stand on."""
        clock = SystemClock()
        verifier = TokenVerifier(keys_over_http(self.addresses), clock)
        return Surroundings(
            bus=LocalBus(MemoryLog(), clock, with_codec=False),
            doorkeeper=Doorkeeper(verifier, RegoPolicy()),
            data_dir=self.data_dir,
            addresses=self.addresses,
        )

    def run(self) -> Runtime:
        """Return both services, to be entered."""
        builds = {"authn": authn.build, "OPA": opa.build}
        return running(builds, self.surroundings(), http=True)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Servers]:
    data_dir = tmp_path_factory.mktemp("platform")
    secrets, addresses = Secrets(data_dir), Addresses()
    postgres = PostgresServer(
        data_dir, port=addresses.port("PostgreSQL"), password=secrets.get("postgres")
    )
    valkey = ValkeyServer(data_dir, port=addresses.port("Valkey"), password=secrets.get("valkey"))
    asyncio.run(postgres.start())
    asyncio.run(valkey.start())
    yield Servers(data_dir, addresses, postgres, valkey)
    asyncio.run(valkey.stop())
    asyncio.run(postgres.stop())


@pytest.fixture
def password(servers: Servers) -> str:
    return Secrets(servers.data_dir).get("admin")


async def signed_in(runtime: Runtime, password: str) -> dict[str, Any]:
    """Return the administrator's tokens."""
    body = {"username": "admin", "password": password}
    reply = await runtime.client("authn").post("/login", json=body)
    assert reply.status_code == 200, reply.text
    tokens: dict[str, Any] = reply.json()
    return tokens


async def test_the_admin_signs_in_with_the_password_of_the_first_start(
    servers: Servers, password: str
) -> None:
    async with servers.run() as runtime:
        health = await runtime.client("authn").get("/health")
        tokens = await signed_in(runtime, password)
        # By keys that the verifier fetched over HTTP.
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = await runtime.client("authn").get("/me", headers=header)

    assert health.status_code == 200
    assert health.json()["checks"] == {"PostgreSQL": "", "Valkey": ""}
    assert me.json() == {"name": "admin", "roles": ["admin"], "accounts": ["*"]}


async def test_sessions_and_tokens_outlive_a_restart_of_authn(
    servers: Servers, password: str
) -> None:
    async with servers.run() as runtime:
        tokens = await signed_in(runtime, password)

    async with servers.run() as runtime:
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = await runtime.client("authn").get("/me", headers=header)
        body = {"refresh_token": tokens["refresh_token"]}
        refreshed = await runtime.client("authn").post("/refresh", json=body)
        again = await runtime.client("authn").post("/refresh", json=body)

    assert (me.status_code, refreshed.status_code, again.status_code) == (200, 200, 401)


async def test_without_valkey_sign_in_goes_on_and_health_says_so(
    servers: Servers, password: str
) -> None:
    async with servers.run() as runtime:
        await servers.valkey.stop()
        tokens = await signed_in(runtime, password)
        health = await runtime.client("authn").get("/health")
        await servers.valkey.start()
        healed = await runtime.client("authn").get("/health")

    assert tokens["access_token"]
    assert health.status_code == 503
    assert health.json()["checks"]["Valkey"]
    assert healed.status_code == 200


async def test_without_postgres_nobody_signs_in_and_tokens_go_on(
    servers: Servers, password: str
) -> None:
    async with servers.run() as runtime:
        tokens = await signed_in(runtime, password)
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        await servers.postgres.stop()
        body = {"username": "admin", "password": password}
        login = await runtime.client("authn").post("/login", json=body)
        health = await runtime.client("authn").get("/health")
        me = await runtime.client("authn").get("/me", headers=header)
        await servers.postgres.start()
        await signed_in(runtime, password)

    assert (login.status_code, health.status_code, me.status_code) == (503, 503, 200)
    assert health.json()["checks"]["PostgreSQL"]


async def test_opa_answers_who_may_ask_in_the_form_of_opa(servers: Servers, password: str) -> None:
    question = {"roles": ["viewer"], "accounts": [], "action": "orders:read", "account": None}
    async with servers.run() as runtime:
        tokens = await signed_in(runtime, password)
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        client = runtime.client("OPA")
        asked: Any = {"url": "/v1/data/trade2026/authz/decision", "json": {"input": question}}
        stranger = await client.post(**asked)
        answer = await client.post(**asked, headers=header)
        undefined = await client.post("/v1/data/nothing", json={}, headers=header)
        no_path = await client.post("/v1/data/a;b", json={}, headers=header)
        health = await client.get("/health")

    assert stranger.status_code == 401
    assert answer.json() == {"result": {"allow": True, "rule": "role.viewer"}}
    assert undefined.json() == {}
    assert no_path.status_code == 422
    assert health.json()["checks"] == {"policy": ""}
