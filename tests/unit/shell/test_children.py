"""What is started, with what, and how a service's own words become a reason."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.ports import free_port

from trade2026.adapters.infra.probe import http_get
from trade2026.catalogue.component import Group
from trade2026.catalogue.table import BY_NAME, TABLE, group_members
from trade2026.core.errors import UnavailableError
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.children import Answering, ChildServer, ask_service, groups, infrastructure
from trade2026.shell.secrets import Secrets

OMS = BY_NAME["oms"]


class OneServiceAddresses(LocalAddresses):
    """Addresses where every component has the same port."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def port(self, component: str, port: str = "") -> int:
        del component, port
        return self._port


@asynccontextmanager
async def answering(answers: dict[str, bytes]) -> AsyncGenerator[OneServiceAddresses]:
    """Serve raw answers by path."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1].decode()
        writer.write(answers[path])
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield OneServiceAddresses(server.sockets[0].getsockname()[1])


def _reply(status: int, body: Any) -> bytes:
    return b"HTTP/1.1 %d X\r\nA: b\r\n\r\n" % status + msgspec.json.encode(body)


READY = _reply(200, {"ready": True, "missing": []})
WELL = _reply(200, {"status": "healthy", "checks": {"bus": ""}})


def answering_not_ready() -> AbstractAsyncContextManager[OneServiceAddresses]:
    """Serve the answers of a service that is still reading its log."""
    return answering({"/health": WELL, "/ready": _reply(503, {"missing": ["fold orders"]})})


@pytest.mark.parametrize(
    ("health", "ready", "why"),
    [
        (WELL, READY, ""),
        (WELL, _reply(503, {"ready": False, "missing": ["fold orders"]}), "fold orders"),
        (_reply(503, {"checks": {"bus": "no answer", "db": ""}}), READY, "bus: no answer"),
        (_reply(503, "what"), READY, "answers 503"),
        (_reply(503, {}), READY, "answers 503"),
    ],
)
async def test_a_service_is_well_only_when_it_is_healthy_and_ready(
    health: bytes, ready: bytes, why: str
) -> None:
    async with answering({"/health": health, "/ready": ready}) as addresses:
        assert await ask_service(OMS, addresses) == why


async def test_a_service_that_is_not_there_is_no_answer() -> None:
    port = free_port()

    assert await ask_service(OMS, OneServiceAddresses(port)) == f"no answer on port {port}"


@pytest.mark.parametrize("answer", [b"", b"+OK\r\n", b"HTTP/1.1 what\r\n\r\n", b"HTTP/1.1"])
async def test_what_does_not_speak_http_is_not_taken_for_a_service(answer: bytes) -> None:
    async with answering({"/health": answer}) as addresses:
        why = await ask_service(OMS, addresses)

    assert why == f"what answers on port {addresses.port('oms')} does not speak HTTP"


async def test_a_server_that_never_ends_its_answer_is_given_up_in_time() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        with pytest.raises(UnavailableError, match=r"no answer on port \d+ within 0\.05 s"):
            await http_get(server.sockets[0].getsockname()[1], "/", timeout_s=0.05)


async def test_any_answer_is_a_sign_of_life_and_silence_is_none() -> None:
    answering = Answering()
    async with answering_not_ready() as addresses:
        await ask_service(OMS, addresses, on_answer=answering.note)

    assert answering()
    assert not answering()
    await ask_service(OMS, OneServiceAddresses(free_port()), on_answer=answering.note)
    assert not answering()


async def test_a_group_lives_on_while_one_of_its_services_answers() -> None:
    async with answering_not_ready() as addresses:
        units = groups(Path("/data"), addresses, {})
        servers = [unit.server for unit in units]
        for server in servers:
            assert isinstance(server, ChildServer)
            assert not server.spec.is_alive()
            assert "fold orders" in await server.check()
            assert server.spec.is_alive()


def test_every_built_service_runs_in_exactly_one_group() -> None:
    units = groups(Path("/data"), LocalAddresses(7), {})

    running = [c.name for unit in units for c in group_members(Group(unit.name))]
    servers = {c.name for c in group_members(Group.INFRASTRUCTURE)}
    assert sorted(running) == sorted(
        c.name for c in TABLE if not c.is_planned and c.name not in servers
    )


def test_a_group_waits_for_the_servers_its_members_need() -> None:
    needs = {unit.name: set(unit.needs) for unit in groups(Path("/data"), LocalAddresses(), {})}

    assert needs["core"] == needs["prism"] == {"NATS"}
    assert needs["data"] >= {"NATS", "SeaweedFS", "ClickHouse"}
    assert needs["web"] == {"NATS", "Valkey", "PostgreSQL"}


def test_only_the_web_services_come_behind_the_others() -> None:
    servers = {unit.name: unit.server for unit in groups(Path("/data"), LocalAddresses(), {})}

    for name, server in servers.items():
        assert isinstance(server, ChildServer)
        assert (server.spec.niceness > 0) == (name == "web")


def test_a_server_that_is_off_is_neither_started_nor_waited_for(tmp_path: Path) -> None:
    addresses, off = LocalAddresses(), ("SeaweedFS",)

    servers = infrastructure(tmp_path, addresses, Secrets(tmp_path), {}, off=off)
    units = groups(tmp_path, addresses, {}, off=off)

    assert "SeaweedFS" not in {unit.name for unit in servers}
    assert all("SeaweedFS" not in unit.needs for unit in units)


def test_services_stop_before_the_venue_and_the_venue_before_the_servers(tmp_path: Path) -> None:
    addresses = LocalAddresses()
    servers = infrastructure(tmp_path, addresses, Secrets(tmp_path), {})
    waves = {unit.name: unit.wave for unit in (*servers, *groups(tmp_path, addresses, {}))}

    at_last = ("NATS", "Valkey", "ClickHouse", "SeaweedFS", "PostgreSQL")
    assert {waves[name] for name in at_last} == {0}
    assert waves["prism"] == 1
    assert {waves[name] for name in ("core", "data", "web")} == {2}
