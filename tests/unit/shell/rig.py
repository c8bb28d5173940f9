"""A service with whatever a test needs, running in process on a bus in memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from litestar.handlers import BaseRouteHandler
from tests.doors import OpenDoor

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.shell.http import Doorkeeper
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.service import Build, Context, Service
from trade2026.shell.settings import Settings

NAME = "gateway"
"""A component without a metrics port of its own."""


def a_bus(log: MemoryLog | None = None) -> LocalBus:
    return LocalBus(log or MemoryLog(), SystemClock(), with_codec=True)


def a_build(routes: Sequence[BaseRouteHandler | type[Any]] = (), **declared: Any) -> Build:
    def build(context: Context) -> Service:
        return Service(name=context.name, routes=routes, **declared)

    return build


def around(
    bus: LocalBus,
    *,
    door: Doorkeeper | None = None,
    data_dir: Path = Path(),
    environment: dict[str, str] | None = None,
) -> Surroundings:
    return Surroundings(
        bus=bus,
        doorkeeper=door or OpenDoor(),
        data_dir=data_dir,
        settings=Settings(environment or {}),
    )


def alone(build: Build, **chosen: Any) -> Runtime:
    http = chosen.pop("http", False)
    return running({NAME: build}, around(chosen.pop("bus", None) or a_bus(), **chosen), http=http)


async def until(condition: Any, *, limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
