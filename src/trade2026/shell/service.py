"""How a service declares itself; the shell does the rest.

A service module has one function, ``build(context) -> Service``. It says which handlers
answer which subjects, which routes it serves, what it pings for its health and which loops
it runs. Connections, settings, logs, metrics, health, sign-in and the graceful end are the
shell's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from litestar import Request, Response
from litestar.handlers import BaseRouteHandler
from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.ids import Ids
from trade2026.model.subjects import Command, Event, Live
from trade2026.ports.bus import Bus, Delivery, LanesOf, PoisonHandler
from trade2026.shell.addresses import Addresses

S = TypeVar("S", bound=msgspec.Struct)


class SettingsReader(Protocol):
    """Reads a service's own typed settings."""

    def __call__(self, kind: type[S], section: str) -> S:
        """Return the settings struct *kind* filled from the section of that name.

        Raises:
            SettingsError: a setting is unknown or malformed.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the shell hands to a service when it builds it."""

    name: str
    bus: Bus
    clock: Clock
    ids: Ids
    log: FilteringBoundLogger
    metrics: CollectorRegistry
    """The registry behind this service's `/metrics`."""
    data_dir: Path
    addresses: Addresses
    settings: SettingsReader


@dataclass(frozen=True, kw_only=True)
class Serve:
    """Answer a command."""

    subject: Command[Any, Any]
    handler: Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Consume:
    """Take an event with acknowledgement, from where the durable name stands."""

    subject: Event[Any]
    handler: Callable[[Any, Delivery], Awaitable[None]]
    durable: str
    lanes: LanesOf | None = None
    """What of it may be handled side by side; without, one event follows another."""
    on_poison: PoisonHandler | None = None


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Read an event from the beginning, or behind a snapshot, and follow it."""

    subject: Event[Any]
    handler: Callable[[Any, Delivery], Awaitable[None]]
    from_seq: Callable[[], Awaitable[int]] | None = None
    """Where to begin; None is the first event of the log."""
    on_poison: PoisonHandler | None = None
    reader: str = ""
    """Tells folds of one subject in one service apart."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Look at live copies."""

    subject: Live[Any]
    handler: Callable[[str, Any], None]


Intake = Serve | Consume | Fold | Watch

Ping = Callable[[], Awaitable[str]]
"""Returns an empty text when all is well, else what is wrong. It must be able to fail."""


async def nothing() -> None:
    """Do nothing: the default of a service without a start or a stop of its own."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service's declaration.

    The shell starts it in this order: `start`, then `intakes` one after another as listed
    (a fold is awaited until it has caught up), then `caught_up`, then `loops`, then the
    routes are opened and `/ready` says yes. It ends in the reverse order.
    """

    name: str
    routes: Sequence[BaseRouteHandler | type[Any]] = ()
    intakes: Sequence[Intake] = ()
    pings: Mapping[str, Ping] = field(default_factory=dict[str, Ping])
    """Checks of `/health`, by name; the bus is pinged by the shell."""
    soft_pings: Mapping[str, Ping] = field(default_factory=dict[str, Ping])
    """The same, of what it can go on without: a failing one makes it degraded only."""
    health_paths: Sequence[str] = ()
    """Where `/health` answers besides."""
    about: Callable[[], Mapping[str, Any]] = dict[str, Any]
    """Further fields of `/health`, such as a mode; they do not decide the status."""
    describe: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """Makes what `/docs` and `/openapi.json` show out of the service's own description."""
    health_page: Callable[[Request[Any, Any, Any]], Awaitable[Response[Any] | None]] | None = None
    """Answers a browser that opens `/health` as a page; where it returns None, `/health` does."""
    start: Callable[[], Awaitable[None]] = nothing
    caught_up: Callable[[], Awaitable[None]] = nothing
    loops: Sequence[Callable[[], Awaitable[None]]] = ()
    """Run as long as the service; one that ends by an error ends the process (crash-only)."""
    stop: Callable[[], Awaitable[None]] = nothing


Build = Callable[[Context], Service]
