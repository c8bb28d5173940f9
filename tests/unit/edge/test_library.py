"""The library over HTTP: registered, listed, searched, refused with the field."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from tests.apps import app_of, client_of
from tests.doors import OpenDoor
from tests.unit.desk.test_audit import begin, settled

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.stores.memory_library import MemoryLibrary
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.deeds import DeedTeller
from trade2026.edge.library import read_routes, write_routes
from trade2026.library.registry import Registry
from trade2026.model.post_trade import LIBRARY_DEED
from trade2026.shell.openapi import document
from trade2026.shell.service import Service

ENTITIES = "/api/v1/entities"


def a_service(log: MemoryLog | None = None) -> Service:
    clock = VirtualClock(1)
    store, ids = MemoryLibrary(), Ids(clock, chance.stream(1, "ids"))
    registry = Registry(store, clock, ids)
    bus = LocalBus(log or MemoryLog(), clock, with_codec=True)
    deeds = DeedTeller(
        bus=bus, subject=LIBRARY_DEED, clock=clock, ids=ids, log=structlog.get_logger()
    )
    routes = [*write_routes(store, registry, deeds), *read_routes(store)]
    return Service(name="library", routes=routes, health_paths=["/api/v1/health"])


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(app_of(a_service(), OpenDoor(), VirtualClock(1))) as client:
        yield client


async def register(client: httpx.AsyncClient, name: str, **fields: Any) -> httpx.Response:
    return await client.post(ENTITIES, json={"kind": "model", "name": name, **fields})


async def test_an_entity_is_registered_and_found(client: httpx.AsyncClient) -> None:
    made = await register(client, "alpha", version="1.0.0", tags=["deep"], description="A net")

    entity = made.json()["entity"]
    assert made.status_code == 201
    assert (entity["owner"], entity["latest_version"]) == ("admin", "1.0.0")
    assert (await client.get(f"{ENTITIES}/{entity['id']}")).json() == entity
    assert (await client.get(ENTITIES)).json() == {"entities": [entity], "next_cursor": None}
    again = await register(client, "alpha", version="1.0.1")
    assert again.status_code == 409


async def test_the_audits_chain_tells_of_what_is_registered_and_of_what_is_refused() -> None:
    log = MemoryLog()
    async with client_of(app_of(a_service(log), OpenDoor(), VirtualClock(1))) as client:
        made = (await register(client, "alpha", version="1.0.0")).json()
        url = f"{ENTITIES}/{made['entity']['id']}/versions"
        await register(client, "alpha")
        await client.post(url, json={"version": "1.1.0"})
        await client.post(url, json={"version": "1.1.0"})
        await client.post(url, json={"version": "1.1.0", "config": {"x": 1}})
        await client.post(f"{ENTITIES}/{UUID(int=0)}/versions", json={"version": "1.0.0"})

    bus = LocalBus(log, VirtualClock(1), with_codec=True)
    audit = await begin(bus)
    await settled(audit, 4)
    await bus.close()

    deeds = [one.deed for one in audit.records()]
    by = made["entity"]["id"]
    assert {(one.who, one.action) for one in deeds} == {("admin", "library.register")}
    assert [(one.target, one.result) for one in deeds] == [
        (by, "OK"),
        ("model alpha", "REFUSED"),
        (by, "OK"),
        (by, "REFUSED"),
    ]
    assert deeds[0].text == f"model alpha 1.0.0 {made['version']['checksum']}"


async def test_a_configuration_leaves_as_exact_as_it_came(client: httpx.AsyncClient) -> None:
    body = b'{"kind":"model","name":"alpha","config":{"x":0.1000000000000000000001,"n":1.10}}'

    made = await client.post(ENTITIES, content=body)

    entity_id = made.json()["entity"]["id"]
    shown = await client.get(f"{ENTITIES}/{entity_id}/versions")
    for reply in (made, shown):
        assert b'"config":{"n":1.10,"x":0.1000000000000000000001}' in reply.content


async def test_the_same_version_again_is_200_and_other_content_409(
    client: httpx.AsyncClient,
) -> None:
    made = await register(client, "alpha", version="1.0.0")
    url = f"{ENTITIES}/{made.json()['entity']['id']}/versions"
    body = {"version": "1.1.0", "config": {"fast": 12, "slow": 26}}

    first = await client.post(url, json=body)
    again = await client.post(url, json={**body, "config": {"slow": 26, "fast": 12}})
    other = await client.post(url, json={**body, "config": {"slow": 27, "fast": 12}})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json()
    assert other.headers["content-type"] == "application/problem+json"


async def test_versions_are_shown_highest_first_and_the_latest_is_a_release(
    client: httpx.AsyncClient,
) -> None:
    made = await register(client, "alpha", version="2.0.0-rc.1")
    url = f"{ENTITIES}/{made.json()['entity']['id']}"
    assert made.json()["entity"]["latest_version"] == "2.0.0-rc.1"

    for version in ("1.9.0", "1.10.0"):
        await client.post(f"{url}/versions", json={"version": version})

    entity = (await client.get(url)).json()
    assert entity["latest_version"] == "1.10.0"
    assert entity["versions"] == ["2.0.0-rc.1", "1.10.0", "1.9.0"]
    shown = (await client.get(f"{url}/versions")).json()
    assert [version["version"] for version in shown] == entity["versions"]


async def test_lists_come_in_pages_by_kind_status_tag_and_words(client: httpx.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await register(client, name, tags=["deep"], description="Learns")
    await client.post(ENTITIES, json={"kind": "strategy", "name": "trend"})

    async def names(**params: Any) -> list[str]:
        reply = await client.get(ENTITIES, params=params)
        return [entity["name"] for entity in reply.json()["entities"]]

    first = (await client.get(ENTITIES, params={"limit": 3})).json()
    assert [entity["name"] for entity in first["entities"]] == ["trend", "c", "b"]
    assert await names(cursor=first["next_cursor"]) == ["a"]
    assert await names(kind="strategy", status="registered") == ["trend"]
    assert await names(tag="deep", q="LEARNS b") == ["b"]
    assert await names(q="nothing like it") == []


async def test_requirements_are_shown_and_checked(client: httpx.AsyncClient) -> None:
    await register(client, "beta", version="1.4.0")
    need = {"kind": "model", "name": "beta", "versions": "^1.2"}

    made = await register(client, "alpha", requirements=[need])
    missing = await register(client, "gamma", requirements=[{**need, "versions": "^2"}])

    (shown,) = made.json()["version"]["requirements"]
    assert {key: shown[key] for key in need} == need
    assert missing.status_code == 422
    assert missing.json()["field"] == "requirements[0]"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "robot"}, "kind"),
        ({"name": "A"}, "name"),
        ({"version": "1.0"}, "version"),
        ({"config": [1]}, "config"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_malformed_body_is_refused_with_the_field(
    client: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    reply = await client.post(ENTITIES, json={"kind": "model", "name": "alpha", **wrong})

    assert (reply.status_code, reply.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ENTITIES}/nonsense", 404),
        (f"{ENTITIES}/00000000-0000-7000-8000-000000000001", 404),
        (f"{ENTITIES}/00000000-0000-7000-8000-000000000001/versions", 404),
        (f"{ENTITIES}?cursor=nonsense", 422),
        (f"{ENTITIES}?q=%00", 422),
        (f"{ENTITIES}?tag=%00", 422),
        (f"{ENTITIES}?limit=0", 422),
        (f"{ENTITIES}?kind=robot", 422),
    ],
)
async def test_what_is_not_there_is_404_and_nonsense_422(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    reply = await client.get(path)

    assert reply.status_code == status, reply.text


async def test_a_body_nested_too_deeply_is_refused(client: httpx.AsyncClient) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    body = b'{"kind":"model","name":"alpha","config":{"a":' + deep + b"}}"

    reply = await client.post(ENTITIES, content=body)

    assert reply.status_code == 422


async def test_a_version_of_an_unknown_entity_is_404(client: httpx.AsyncClient) -> None:
    url = f"{ENTITIES}/00000000-0000-7000-8000-000000000001/versions"

    reply = await client.post(url, json={"version": "1.0.0"})

    assert reply.status_code == 404


async def test_health_answers_at_both_paths(client: httpx.AsyncClient) -> None:
    replies = [await client.get(path) for path in ("/health", "/api/v1/health")]

    for reply in replies:
        assert reply.status_code == 200
        assert reply.json()["status"] == "healthy"
        assert reply.json()["timestamp"]


def test_a_configuration_is_described_as_an_object() -> None:
    schemas = document(app_of(a_service(), OpenDoor(), VirtualClock(1)))["components"]["schemas"]

    for name in ("NewEntity", "NewVersion", "VersionReply"):
        found = next(s for key, s in schemas.items() if key.endswith(name))
        assert found["properties"]["config"]["type"] == "object", name
