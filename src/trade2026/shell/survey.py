"""Ask every component of a platform how it is, from outside, at this moment.

Nothing is taken from memory: a server is asked with its own password, a service at its
`/health` and `/ready`. Components that come with later work are `planned`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from trade2026.catalogue.component import Component, Engine, Group
from trade2026.catalogue.table import TABLE
from trade2026.core.errors import StartError
from trade2026.shell.addresses import Addresses
from trade2026.shell.children import SECRET_NAMES, ServiceState, server_of, service_state
from trade2026.shell.secrets import Secrets
from trade2026.shell.supervisor import SupervisorState, read_state


class ComponentState(StrEnum):
    """How a component is."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DOWN = "down"
    """Nothing answers at its address."""
    PLANNED = "planned"
    OFF = "off"
    """The platform was started without it."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one component."""

    component: str
    state: ComponentState
    address: str
    group: Group
    detail: str = ""
    """What is wrong, empty when nothing is."""
    pid: int | None = None
    """The process of its group; None when no supervisor tells."""
    restarts: int = 0
    """How often the supervisor has started that process again."""
    version: str = ""
    """As the component tells it; empty when it does not."""
    uptime_s: float | None = None
    """As the component tells it."""
    lag: int | None = None
    """Messages that wait for it, as it tells."""


async def survey(data_dir: Path, addresses: Addresses) -> tuple[Finding, ...]:
    """Return what is found of the 26 components, in the order of the table."""
    supervisor = read_state(data_dir)
    findings = await asyncio.gather(
        *(_find(component, data_dir, addresses, supervisor) for component in TABLE)
    )
    return tuple(findings)


def is_well(findings: tuple[Finding, ...]) -> bool:
    """Return whether every built component is healthy."""
    fine = {ComponentState.HEALTHY, ComponentState.PLANNED, ComponentState.OFF}
    return all(finding.state in fine for finding in findings)


async def first_well(
    look: Callable[[], Awaitable[tuple[Finding, ...]]], *, tries: int, every_s: float
) -> tuple[Finding, ...]:
    """Return the first findings in which all is well at one moment, or the last of so many.

    Args:
        look: makes a survey.
        tries: surveys, at most.
        every_s: pause between two.
    """
    findings = await look()
    for _ in range(tries - 1):
        if is_well(findings):
            break
        await asyncio.sleep(every_s)
        findings = await look()
    return findings


async def _find(
    component: Component,
    data_dir: Path,
    addresses: Addresses,
    supervisor: SupervisorState | None,
) -> Finding:
    unit_name = component.name if component.engine is Engine.SERVER else str(component.group)
    units = supervisor.units if supervisor and not component.is_planned else []
    unit = next((unit for unit in units if unit.name == unit_name), None)
    is_off = bool(units) and unit is None
    said = ServiceState(wrong="") if is_off else await _asked(component, data_dir, addresses)
    return Finding(
        component=component.name,
        state=ComponentState.OFF if is_off else _state_of(component, said.wrong),
        address=addresses.url(component.name),
        group=component.group,
        detail=said.wrong,
        pid=unit.pid if unit else None,
        restarts=unit.restarts if unit else 0,
        version=said.version,
        uptime_s=said.uptime_s,
        lag=said.lag,
    )


async def _asked(component: Component, data_dir: Path, addresses: Addresses) -> ServiceState:
    match component.engine:
        case Engine.PLANNED:
            return ServiceState(wrong="")
        case Engine.SERVICE:
            return await service_state(component, addresses)
        case Engine.SERVER:
            return ServiceState(wrong=await _ask_server(component, data_dir, addresses))


def _state_of(component: Component, wrong: str) -> ComponentState:
    if component.is_planned:
        return ComponentState.PLANNED
    if not wrong:
        return ComponentState.HEALTHY
    is_down = wrong.startswith("no answer")
    return ComponentState.DOWN if is_down else ComponentState.UNHEALTHY


async def _ask_server(component: Component, data_dir: Path, addresses: Addresses) -> str:
    secrets = Secrets(data_dir)
    # Asking must not make secrets where no platform ever ran.
    if not secrets.has(SECRET_NAMES[component.name]):
        return f"no answer: {data_dir} has never held a platform"
    try:
        server = server_of(component.name, data_dir=data_dir, addresses=addresses, secrets=secrets)
    except StartError as error:
        return str(error)
    return await server.check()
