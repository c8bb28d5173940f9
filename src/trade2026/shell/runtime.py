"""Services running together in this process: the heart of the runner, and of tests.

A test runs the whole core without sockets or servers::

    around = Surroundings(bus=bus, doorkeeper=door, data_dir=tmp_path)
    async with running(builds_of(["risk", "oms"]), around) as runtime:
        reply = await runtime.client("oms").get("/orders")

An error in a loop, or a broken invariant, ends the block with that error.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
from litestar import Litestar
from prometheus_client import CollectorRegistry

from trade2026.catalogue.table import BY_NAME
from trade2026.core.clock import Clock, SystemClock
from trade2026.core.errors import StartError
from trade2026.core.ids import Ids, system_ids
from trade2026.ports.bus import Bus
from trade2026.shell.addresses import Addresses, LocalAddresses
from trade2026.shell.front import Front, MetricsFront
from trade2026.shell.http import Doorkeeper, build_app
from trade2026.shell.lifecycle import ServiceLife
from trade2026.shell.logs import service_log
from trade2026.shell.server import HOST, HttpServer, bind
from trade2026.shell.service import Build, Context
from trade2026.shell.settings import PLATFORM, PlatformSettings, Settings

STOP_LIMIT_S: Final = 1.0
"""How long loops, intakes and stop hooks of all services may take together to end."""
CLIENT_TIMEOUT_S: Final = 15.0


def _no_settings() -> Settings:
    return Settings({})


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What services stand on: the same for all of one process."""

    bus: Bus
    doorkeeper: Doorkeeper
    data_dir: Path
    settings: Settings = field(default_factory=_no_settings)
    addresses: LocalAddresses | None = None
    """Where the components are; None binds any free ports, for tests."""
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=system_ids)


class BoundAddresses:
    """The catalogue's addresses, with the free ports that some services got instead."""

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}
        self._others = LocalAddresses()

    def set_port(self, component: str, port: int) -> None:
        """Remember that the first port of *component* is *port*."""
        self._ports[component] = port

    def url(self, component: str, port: str = "") -> str:
        """Return the base URL of a component."""
        if component in self._ports and not port:
            return f"http://{HOST}:{self._ports[component]}"
        return self._others.url(component, port)

    def port(self, component: str, port: str = "") -> int:
        """Return the number of a component's port."""
        if component in self._ports and not port:
            return self._ports[component]
        return self._others.port(component, port)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One service of a runtime."""

    life: ServiceLife
    app: Litestar
    """The application without its front: routes, guards, schema."""
    front: Front
    """The application as the port serves it."""
    servers: tuple[HttpServer, ...] = ()


def running(
    builds: Mapping[str, Build], surroundings: Surroundings, *, http: bool = False
) -> "Runtime":
    """Return the services as an asynchronous context; inside it all of them are ready.

    Args:
        builds: The build functions by component name, in the order of start.
        surroundings: What the services stand on; the caller closes the bus.
        http: Whether they listen on ports; without, `Runtime.client` calls them directly.
    """
    return Runtime(builds, surroundings, http=http)


class Runtime:
    """Services that run until the context ends."""

    def __init__(
        self, builds: Mapping[str, Build], surroundings: Surroundings, *, http: bool
    ) -> None:
        """Describe it; nothing is bound, built or started."""
        self.members: dict[str, Member] = {}
        self._builds = builds
        self._around = surroundings
        self._has_http = http
        self._platform = surroundings.settings(PlatformSettings, PLATFORM)
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._loops: dict[str, list[asyncio.Task[None]]] = {}
        self._serving: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Bind, build and start everything, in order.

        Raises:
            StartError: a port is in use.
            SettingsError: a setting is unknown or malformed.
        """
        listeners, addresses = self._bound()
        try:
            async with AsyncExitStack() as stack:
                for listener in listeners.values():
                    stack.callback(listener.close)
                self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
                self._crashed = asyncio.get_running_loop().create_future()
                self._watch = self._tasks.create_task(_die_of(self._crashed))
                self._build(addresses, listeners)
                await self._start()
                self._stack = stack.pop_all()
        except BaseExceptionGroup as group:
            raise _first(group) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain and stop everything; after a crash, only let go."""
        is_crash = self._crashed.done() or isinstance(error, asyncio.CancelledError)
        try:
            if is_crash or self._has_dead_loop():
                await self._stack.__aexit__(kind, error, traceback)
            else:
                await self._stop()
                await self._stack.aclose()
        except BaseExceptionGroup as group:
            raise _first(group) from None

    def client(self, name: str) -> httpx.AsyncClient:
        """Return an HTTP client of the service; it is closed with the runtime."""
        if name not in self._clients:
            servers = self.members[name].servers
            transport = None if servers else httpx.ASGITransport(app=self.members[name].front)
            client = self._clients[name] = httpx.AsyncClient(
                base_url=self.url(name) if servers else f"http://{HOST}",
                transport=transport,
                timeout=CLIENT_TIMEOUT_S,
                trust_env=False,
            )
            self._stack.push_async_callback(client.aclose)
        return self._clients[name]

    def url(self, name: str) -> str:
        """Return the base URL of the service, which listens."""
        return f"http://{HOST}:{self.members[name].servers[0].port}"

    def metrics_url(self, name: str) -> str:
        """Return the base URL of where the service, which listens, shows its metrics."""
        return f"http://{HOST}:{self.members[name].servers[-1].port}"

    def _bound(self) -> tuple[dict[tuple[str, bool], socket.socket], Addresses]:
        """Bind every port; the key says whose it is and whether it is for metrics."""
        listeners: dict[tuple[str, bool], socket.socket] = {}
        fixed, free = self._around.addresses, BoundAddresses()
        if not self._has_http:
            return listeners, fixed or free
        try:
            for name in self._builds:
                metrics_port = BY_NAME[name].metrics_port
                listeners[name, False] = bind(name, fixed.port(name) if fixed else 0)
                free.set_port(name, listeners[name, False].getsockname()[1])
                if metrics_port is not None:
                    number = fixed.metrics_port(name) if fixed else 0
                    listeners[name, True] = bind(name, number or 0)
        except StartError:
            for listener in listeners.values():
                listener.close()
            raise
        return listeners, fixed or free

    def _build(
        self, addresses: Addresses, listeners: Mapping[tuple[str, bool], socket.socket]
    ) -> None:
        around = self._around
        for name, build in self._builds.items():
            log, registry = service_log(name), CollectorRegistry()
            service = build(
                Context(
                    name=name,
                    bus=around.bus,
                    clock=around.clock,
                    ids=around.ids,
                    log=log,
                    metrics=registry,
                    data_dir=around.data_dir,
                    addresses=addresses,
                    settings=around.settings,
                )
            )
            life = ServiceLife(
                service,
                bus=around.bus,
                clock=around.clock,
                log=log,
                registry=registry,
                ping_limit_s=self._platform.ping_limit_s,
                crash=self._crash,
            )
            self.members[name] = self._member(life, listeners)
        around.settings.refuse_unknown(tuple(self._builds))

    def _member(
        self, life: ServiceLife, listeners: Mapping[tuple[str, bool], socket.socket]
    ) -> Member:
        name = life.service.name
        component = BY_NAME[name]
        app = build_app(
            life,
            self._around.doorkeeper,
            purpose=component.purpose,
            has_metrics=component.metrics_port is None,
        )
        front = Front(
            app,
            life,
            self._around.ids,
            spawn=self._tasks.create_task,
            limit_s=self._platform.request_limit_s,
        )
        apps: dict[bool, Any] = {False: front, True: MetricsFront(life.metrics)}
        servers = tuple(
            HttpServer(apps[is_metrics], listeners[name, is_metrics], drain_s=self._drain_s)
            for is_metrics in (False, True)
            if (name, is_metrics) in listeners
        )
        return Member(life=life, app=app, front=front, servers=servers)

    async def _start(self) -> None:
        for member in self.members.values():
            self._serving += [
                self._tasks.create_task(server.run_until_finished()) for server in member.servers
            ]
        for member in self.members.values():
            for server in member.servers:
                await server.until_listening()
        for name, member in self.members.items():
            await member.life.start()
            self._loops[name] = [
                self._tasks.create_task(_as_coroutine(loop)) for loop in member.life.service.loops
            ]
            member.life.open()

    async def _stop(self) -> None:
        fronts = [member.front for member in self.members.values()]
        for member in self.members.values():
            member.life.refuse_requests()
            for server in member.servers:
                server.finish()
        await asyncio.gather(*self._serving, *(front.drained(self._drain_s) for front in fronts))
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                for name, member in reversed(self.members.items()):
                    await _cancelled(self._loops[name])
                    await member.life.stop()
        except TimeoutError:
            service_log("+".join(self.members)).warning("not stopped in time", limit_s=STOP_LIMIT_S)
        self._watch.cancel()
        for loops in self._loops.values():
            for loop in loops:
                loop.cancel()

    def _crash(self, error: BaseException) -> None:
        if not self._crashed.done():
            self._crashed.set_exception(error)

    def _has_dead_loop(self) -> bool:
        loops = [loop for loops in self._loops.values() for loop in loops]
        return any(one.done() and not one.cancelled() and one.exception() for one in loops)

    @property
    def _drain_s(self) -> float:
        return self._platform.drain_s


async def _die_of(crashed: asyncio.Future[None]) -> None:
    await crashed


async def _as_coroutine(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group; whatever else is in it followed from that one."""
    error = group.exceptions[0]
    # The group is of a type parameter that the checker cannot see at run time.
    is_group = isinstance(error, BaseExceptionGroup)
    return _first(error) if is_group else error  # pyright: ignore[reportUnknownArgumentType]
