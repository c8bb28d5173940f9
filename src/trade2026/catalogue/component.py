"""What the catalogue says of one component."""

from enum import StrEnum

import msgspec


class Lane(StrEnum):
    """The networks of the container deployment; a component is on its lanes and on no other."""

    FRONTEND = "frontend"
    LOWLATENCY = "lowlatency"
    BACKEND = "backend"


class Group(StrEnum):
    """The processes of the local profile. Each infrastructure server is its own process."""

    INFRASTRUCTURE = "infrastructure"
    PRISM = "prism"
    DATA = "data"
    CORE = "core"
    WEB = "web"


class Engine(StrEnum):
    """What stands behind a component in the local profile."""

    SERVER = "server"
    """A real server as a child process."""
    SERVICE = "service"
    """A service of this package, run by the shell in its group's process."""
    PLANNED = "planned"
    """Not built yet: shown as such, started by nobody."""


class Port(msgspec.Struct, frozen=True):
    """One listening port, before `--port-offset` is added."""

    name: str
    number: int


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One of the 26 components."""

    name: str
    """The component's id, verbatim in the API, the status and the settings."""
    purpose: str
    ports: tuple[Port, ...]
    metrics_port: int | None = None
    """None: metrics are on the first port, or, for a server, the server's own affair."""
    lanes: tuple[Lane, ...]
    group: Group
    needs: tuple[str, ...] = ()
    """Components that must be healthy before this one starts."""
    health_path: str = "/health"
    """On the first port, or on the port called `health_port`."""
    health_port: str = ""
    engine: Engine

    @property
    def is_planned(self) -> bool:
        """Return whether the component comes with later work."""
        return self.engine is Engine.PLANNED

    @property
    def module(self) -> str:
        """Return the name of the component's service module."""
        return self.name.lower().replace("-", "_")

    def port(self, name: str = "") -> int:
        """Return the number of the port called *name*, or of the first port.

        Raises:
            KeyError: the component has no port of that name.
        """
        if not name:
            return self.ports[0].number
        return {port.name: port.number for port in self.ports}[name]
