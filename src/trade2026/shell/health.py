"""Health: the truth at this moment, from checks that can fail.

A failing check or a halted intake makes a service unhealthy (503); a failing soft check, or an
intake that cannot keep up, makes it degraded (200). Readiness is another question: has it
caught up?
"""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from trade2026.ports.bus import Bus, QueueStats
from trade2026.shell.service import Ping


class Status(StrEnum):
    """How a service is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks found."""

    status: Status
    checks: dict[str, str]
    """By name; an empty text is all well, anything else is what is wrong."""


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `/ready`."""

    ready: bool
    service: str
    missing: list[str]
    """What is still to be done, or why the service takes no requests."""


def bus_ping(bus: Bus) -> Ping:
    """Return the check that the log behind *bus* answers."""

    async def ping() -> str:
        return "" if await bus.is_reachable() else "the log does not answer"

    return ping


async def examine(
    pings: Mapping[str, Ping],
    intakes: Mapping[str, QueueStats],
    *,
    limit_s: float,
    soft_pings: Mapping[str, Ping] | None = None,
) -> Health:
    """Run all pings at once, each within *limit_s*, and look at the *intakes*."""
    every = {**(soft_pings or {}), **pings}
    # As values, so that a check that breaks in an unforeseen way is an answer too.
    outcomes: list[Any] = await asyncio.gather(
        *(_within(ping, limit_s) for ping in every.values()), return_exceptions=True
    )
    checks = {name: _problem(outcome) for name, outcome in zip(every, outcomes, strict=True)}
    halted = {
        name: "halted by an event it cannot handle" for name, s in intakes.items() if s.is_halted
    }
    slow = {name: f"slow: {s.pending_count} waiting" for name, s in intakes.items() if s.is_slow}
    if any(checks[name] for name in pings) or halted:
        status = Status.UNHEALTHY
    elif any(checks.values()) or slow:
        status = Status.DEGRADED
    else:
        status = Status.HEALTHY
    well = dict.fromkeys(intakes, "")
    return Health(status=status, checks={**checks, **well, **slow, **halted})


async def _within(ping: Ping, limit_s: float) -> str:
    async with asyncio.timeout(limit_s):
        return await ping()


def _problem(outcome: str | BaseException) -> str:
    match outcome:
        case TimeoutError():
            return "no answer in time"
        case BaseException():
            return f"{type(outcome).__name__}: {outcome}"
        case _:
            return outcome
