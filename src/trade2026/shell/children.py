"""What the supervisor starts: the servers, and the groups of services, under one interface.

A group is a child process that runs the services of one group of the catalogue. It is ready
when each of its services is healthy and has caught up.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import msgspec

from trade2026.adapters.infra.clickhouse import ClickHouseServer
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.adapters.infra.probe import http_get
from trade2026.adapters.infra.process import BEHIND, ChildProcess, Launch
from trade2026.adapters.infra.seaweedfs import PORT_NAMES, SeaweedServer
from trade2026.adapters.infra.valkey import ValkeyServer
from trade2026.catalogue.component import Component, Engine, Group
from trade2026.catalogue.order import start_order
from trade2026.catalogue.table import group_members
from trade2026.core.errors import UnavailableError
from trade2026.shell.addresses import Addresses, LocalAddresses
from trade2026.shell.secrets import (
    ANALYTICS_READER_SECRET,
    ANALYTICS_SECRET,
    BUS_SECRET,
    BUS_USER,
    OBJECTS_SECRET,
    Secrets,
)

READY_S: Final = 120.0
"""How long a group may be silent before it is ready: code may have to be compiled first."""
READY_LIMIT_S: Final = 1800.0
"""How long a group that answers may take to be ready: its log may be long."""
PROBE_EVERY_S: Final = 0.2
"""Seldom enough not to slow down the start that is watched."""
GROUP_STOP_S: Final = 5.0
VENUE_STOP_S: Final = 2.5
OK: Final = 200

SECRET_NAMES: Final = {
    "NATS": BUS_SECRET,
    "Valkey": "valkey",
    "ClickHouse": ANALYTICS_SECRET,
    "SeaweedFS": OBJECTS_SECRET,
    "PostgreSQL": "postgres",
}
"""The servers' passwords, by server."""

# The venue goes last: the services that stop first may still wait for its answers.
GROUP_ORDER: Final = (Group.PRISM, Group.DATA, Group.CORE, Group.WEB)


class Server(Protocol):
    """Something that runs as a child process."""

    @property
    def process(self) -> ChildProcess | None:
        """The child, None before the first start."""
        ...

    async def start(self) -> None:
        """Start it and return when it is ready.

        Raises:
            StartError: it did not become ready.
        """
        ...

    async def stop(self) -> None:
        """Stop it, by force when it must be."""
        ...

    async def check(self) -> str:
        """Return what is wrong, empty when all is well."""
        ...


class Answering:
    """Whether anything of a group has answered since this was asked last."""

    def __init__(self) -> None:
        self._has_answered = False

    def note(self) -> None:
        """Remember an answer."""
        self._has_answered = True

    def __call__(self) -> bool:
        """Return whether there was an answer, and forget it."""
        found, self._has_answered = self._has_answered, False
        return found


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """A process of our own and how its readiness is seen."""

    name: str
    argv: Sequence[str]
    log_path: Path
    probes: Mapping[str, Callable[[], Awaitable[str]]]
    """By component; each returns what is wrong, empty when it is ready."""
    environment: Mapping[str, str] | None = None
    """The whole environment; None inherits the parent's."""
    ready_s: float = READY_S
    """How long it may be silent before it is ready."""
    ready_limit_s: float = READY_LIMIT_S
    is_alive: Callable[[], bool] = lambda: False
    """Whether the last probes had an answer, whatever it said."""
    stop_s: float = GROUP_STOP_S
    niceness: int = 0
    """How far behind others it is where processors are short."""


class ChildServer:
    """A server made of a `ChildSpec`."""

    def __init__(self, spec: ChildSpec) -> None:
        """Describe it; nothing is started."""
        self.spec = spec
        launch = Launch(
            name=spec.name,
            argv=spec.argv,
            log_path=spec.log_path,
            environment=spec.environment,
            niceness=spec.niceness,
        )
        self._child = ChildProcess(launch)

    @property
    def process(self) -> ChildProcess:
        """The child."""
        return self._child

    async def start(self) -> None:
        """Start the process and return when every probe says that it is ready.

        Raises:
            StartError: it ended, or was not ready in time.
        """
        self._child.start()
        await self._child.until_ready(
            self.check,
            deadline_s=self.spec.ready_s,
            poll_s=PROBE_EVERY_S,
            is_alive=self.spec.is_alive,
            limit_s=self.spec.ready_limit_s,
        )

    async def stop(self) -> None:
        """Ask the process to end, and kill it when it does not."""
        await self._child.stop(self.spec.stop_s)

    async def check(self) -> str:
        """Return what the probes find wrong, empty when all is well."""
        answers = await asyncio.gather(*(probe() for probe in self.spec.probes.values()))
        wrong = zip(self.spec.probes, answers, strict=True)
        return "; ".join(f"{name}: {why}" for name, why in wrong if why)


async def nothing() -> None:
    """Prepare nothing."""


@dataclass(kw_only=True)
class Unit:
    """A server under supervision."""

    name: str
    server: Server
    log_path: Path
    needs: tuple[str, ...] = ()
    """The units that must have been ready before this one is started for the first time."""
    prepare: Callable[[], Awaitable[None]] = nothing
    """Awaited once, after the first start, before the unit counts as ready."""
    wave: int = 0
    """Waves are stopped one after another, the highest first; 0 is the infrastructure."""
    restarts: int = 0
    since_ns: int = 0
    """When it last became ready; 0 while it is not."""
    wrong: str = field(default="not started")
    """Why it is not ready, empty when it is."""


def server_of(
    name: str, *, data_dir: Path, addresses: Addresses, secrets: Secrets
) -> NatsServer | ValkeyServer | ClickHouseServer | SeaweedServer | PostgresServer:
    """Return the built server of that name.

    Raises:
        StartError: its secret cannot be kept.
    """
    port, password = addresses.port(name), secrets.get(SECRET_NAMES[name])
    match name:
        case "NATS":
            return NatsServer(
                data_dir,
                client_port=port,
                http_port=addresses.port(name, "http"),
                user=BUS_USER,
                password=password,
            )
        case "Valkey":
            return ValkeyServer(data_dir, port=port, password=password)
        case "ClickHouse":
            reader_password = secrets.get(ANALYTICS_READER_SECRET)
            return ClickHouseServer(
                data_dir, port=port, password=password, reader_password=reader_password
            )
        case "SeaweedFS":
            ports = {port_name: addresses.port(name, port_name) for port_name in PORT_NAMES}
            return SeaweedServer(data_dir, ports=ports, password=password)
        case _:
            assert name == "PostgreSQL", name
            return PostgresServer(data_dir, port=port, password=password)


def infrastructure(
    data_dir: Path,
    addresses: LocalAddresses,
    secrets: Secrets,
    prepare: Mapping[str, Callable[[], Awaitable[None]]],
    *,
    off: Collection[str] = (),
) -> tuple[Unit, ...]:
    """Return the built servers in their start order, with what is to be prepared in each.

    Those named in *off* are left out.
    """
    return tuple(
        Unit(
            name=component.name,
            server=server_of(
                component.name, data_dir=data_dir, addresses=addresses, secrets=secrets
            ),
            log_path=data_dir / "logs" / f"{component.module}.log",
            prepare=prepare.get(component.name, nothing),
        )
        for component in start_order(group_members(Group.INFRASTRUCTURE))
        if component.engine is Engine.SERVER and component.name not in off
    )


def groups(
    data_dir: Path,
    addresses: LocalAddresses,
    environment: Mapping[str, str],
    *,
    off: Collection[str] = (),
) -> tuple[Unit, ...]:
    """Return the processes of the services; *environment* is the whole of theirs.

    None waits for a server named in *off*.
    """
    return tuple(
        _group(group, data_dir, addresses, environment, off)
        for group in GROUP_ORDER
        if group_members(group)
    )


def _group(
    group: Group,
    data_dir: Path,
    addresses: LocalAddresses,
    environment: Mapping[str, str],
    off: Collection[str],
) -> Unit:
    is_venue = group is Group.PRISM
    log_path = data_dir / "logs" / f"{group}.log"
    answering = Answering()
    spec = ChildSpec(
        name=str(group),
        argv=(
            *(sys.executable, "-m", "trade2026", "run", "--group", str(group)),
            *("--data-dir", str(data_dir), "--port-offset", str(addresses.port_offset)),
        ),
        log_path=log_path,
        probes={c.name: _readiness(c, addresses, answering) for c in group_members(group)},
        environment=environment,
        is_alive=answering,
        stop_s=VENUE_STOP_S if is_venue else GROUP_STOP_S,
        # Behind what trades; an order that comes through the front page's port still passes it.
        niceness=BEHIND if group is Group.WEB else 0,
    )
    servers = group_members(Group.INFRASTRUCTURE)
    needed = {need for component in group_members(group) for need in component.needs}
    needed.difference_update(off)
    return Unit(
        name=spec.name,
        server=ChildServer(spec),
        log_path=log_path,
        needs=tuple(server.name for server in servers if server.name in needed),
        wave=1 if is_venue else 2,
    )


def _readiness(
    component: Component, addresses: Addresses, answering: Answering
) -> Callable[[], Awaitable[str]]:
    async def probe() -> str:
        return await ask_service(component, addresses, on_answer=answering.note)

    return probe


class _Answer(msgspec.Struct):
    """What is read of the answers of `/health` and `/ready`."""

    status: str = ""
    checks: dict[str, str] = {}
    missing: list[str] = []
    version: str = ""
    uptime_s: float | None = None
    lag: int | None = None


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """How a service says it is."""

    wrong: str
    """Why it is not ready or not well, empty when it is both."""
    version: str = ""
    uptime_s: float | None = None
    lag: int | None = None
    """Messages that wait for it."""


def _ignore() -> None:
    """Ignore an answer."""


async def ask_service(
    component: Component, addresses: Addresses, *, on_answer: Callable[[], None] = _ignore
) -> str:
    """Return why a service is not ready or not well, empty when it is both.

    Args:
        component: A service.
        addresses: Where it is.
        on_answer: Called when it answers, whatever it says.
    """
    return (await service_state(component, addresses, on_answer=on_answer)).wrong


async def service_state(
    component: Component, addresses: Addresses, *, on_answer: Callable[[], None] = _ignore
) -> ServiceState:
    """Return how a service is at this moment; *on_answer* is called when it answers at all."""
    port = addresses.port(component.name, component.health_port)
    try:
        status, body = await http_get(port, component.health_path)
        on_answer()
        about = _read(body)
        if status == OK:
            status, body = await http_get(port, "/ready")
    except UnavailableError as error:
        return ServiceState(wrong=str(error))
    return ServiceState(
        wrong="" if status == OK else _why(status, body),
        version=about.version,
        uptime_s=about.uptime_s,
        lag=about.lag,
    )


def _read(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError:
        return _Answer()


def _why(status: int, body: bytes) -> str:
    answer = _read(body)
    failed = [f"{name}: {why}" for name, why in answer.checks.items() if why]
    return ", ".join(failed or answer.missing) or f"answers {status}"
