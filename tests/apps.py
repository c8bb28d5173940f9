"""A service's HTTP application as the shell builds it, called without a socket."""

from typing import Any, cast

import httpx
from litestar import Litestar
from prometheus_client import CollectorRegistry

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.core.clock import Clock
from trade2026.shell.http import Doorkeeper, build_app
from trade2026.shell.lifecycle import ServiceLife
from trade2026.shell.logs import service_log
from trade2026.shell.service import Service


def app_of(service: Service, doorkeeper: Doorkeeper, clock: Clock) -> Litestar:
    """Return the application of *service*, which is built and not started."""

    def crash(error: BaseException) -> None:
        raise error

    life = ServiceLife(
        service,
        bus=LocalBus(MemoryLog(), clock, with_codec=False),
        clock=clock,
        log=service_log(service.name),
        registry=CollectorRegistry(),
        ping_limit_s=1.0,
        crash=crash,
    )
    return build_app(life, doorkeeper, purpose="", has_metrics=True)


def client_of(app: Litestar) -> httpx.AsyncClient:
    """Return a client of *app*; errors of our own are its 500, as over a socket."""
    # The two libraries spell the same protocol differently.
    transport = httpx.ASGITransport(cast("Any", app), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
