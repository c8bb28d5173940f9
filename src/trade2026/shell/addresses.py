"""Where the components are in the local profile: the catalogue's ports, shifted together."""

from typing import Final, Protocol

from trade2026.catalogue.component import Component
from trade2026.catalogue.table import BY_NAME, TABLE
from trade2026.core.errors import StartError

HOST: Final = "127.0.0.1"
PORT_MAX: Final = 65535

# What is spoken on the ports that do not speak HTTP.
_SCHEMES: Final = {
    ("NATS", "client"): "nats",
    ("Valkey", "client"): "valkey",
    ("PostgreSQL", "client"): "postgresql",
}


class Addresses(Protocol):
    """Where the components of this deployment are."""

    def url(self, component: str, port: str = "") -> str:
        """Return the base URL of a component, such as ``http://127.0.0.1:8099``."""
        ...

    def port(self, component: str, port: str = "") -> int:
        """Return the number of a component's port, the offset included."""
        ...


class LocalAddresses:
    """The addresses of a platform on this machine; implements `shell.service.Addresses`."""

    def __init__(self, port_offset: int = 0) -> None:
        """Shift every port by *port_offset*.

        Raises:
            StartError: a port would leave the range of ports.
        """
        highest = max(number for component in TABLE for number in _numbers(component))
        if not 0 <= port_offset <= PORT_MAX - highest:
            why = f"the port offset must be 0 to {PORT_MAX - highest}, not {port_offset}"
            raise StartError(f"{why}; choose another --port-offset")
        self._offset = port_offset

    @property
    def port_offset(self) -> int:
        """The number added to every port of the catalogue."""
        return self._offset

    def url(self, component: str, port: str = "") -> str:
        """Return the base URL of a component, such as ``http://127.0.0.1:8099``.

        Raises:
            KeyError: no such component or port.
        """
        entry = BY_NAME[component]
        scheme = _SCHEMES.get((component, port or entry.ports[0].name), "http")
        return f"{scheme}://{HOST}:{self.port(component, port)}"

    def port(self, component: str, port: str = "") -> int:
        """Return the number of a component's port, the offset included.

        Raises:
            KeyError: no such component or port.
        """
        return BY_NAME[component].port(port) + self._offset

    def metrics_port(self, component: str) -> int | None:
        """Return the port of a component's metrics, None when they have none of their own.

        Raises:
            KeyError: no such component.
        """
        number = BY_NAME[component].metrics_port
        return None if number is None else number + self._offset

    def ports(self, component: str) -> tuple[int, ...]:
        """Return every port on which a component listens.

        Raises:
            KeyError: no such component.
        """
        return tuple(number + self._offset for number in _numbers(BY_NAME[component]))


def _numbers(component: Component) -> tuple[int, ...]:
    numbers = tuple(port.number for port in component.ports)
    return numbers if component.metrics_port is None else (*numbers, component.metrics_port)
