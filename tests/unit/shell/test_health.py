"""Health tells the truth of the moment: every check can fail, and failing shows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.shell.rig import NAME, a_build, alone

from trade2026.ports.bus import QueueStats
from trade2026.shell.health import Status, examine

LIMIT_S = 0.05


def saying(text: str) -> Callable[[], Awaitable[str]]:
    async def ping() -> str:
        return text

    return ping


async def raising() -> str:
    raise KeyError("unforeseen")


async def hanging() -> str:
    await asyncio.Event().wait()
    return ""


def stats(**changes: Any) -> QueueStats:
    given: dict[str, Any] = {
        "name": "fold x",
        "pending_count": 0,
        "handled_count": 7,
        "dropped_count": 0,
        "failed_count": 0,
        "is_slow": False,
        "is_halted": False,
    }
    return QueueStats(**(given | changes))


async def test_all_is_well_when_every_check_says_nothing() -> None:
    found = await examine({"store": saying("")}, {"fold x": stats()}, limit_s=LIMIT_S)

    assert found.status is Status.HEALTHY
    assert found.checks == {"store": "", "fold x": ""}


@pytest.mark.parametrize(
    ("ping", "says"),
    [
        (saying("disk full"), "disk full"),
        (raising, "KeyError: 'unforeseen'"),
        (hanging, "no answer in time"),
    ],
)
async def test_one_failing_check_makes_it_unhealthy(
    ping: Callable[[], Awaitable[str]], says: str
) -> None:
    found = await examine({"good": saying(""), "bad": ping}, {}, limit_s=LIMIT_S)

    assert found.status is Status.UNHEALTHY
    assert found.checks == {"good": "", "bad": says}


async def test_checks_run_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def ping() -> str:
        await both.wait()
        return ""

    found = await examine({"a": ping, "b": ping}, {}, limit_s=5)

    assert found.status is Status.HEALTHY


async def test_a_halted_intake_makes_it_unhealthy() -> None:
    found = await examine({}, {"fold x": stats(is_halted=True, is_slow=True)}, limit_s=LIMIT_S)

    assert found.status is Status.UNHEALTHY
    assert "halted" in found.checks["fold x"]


async def test_a_failing_soft_check_makes_it_degraded_and_a_hard_one_unhealthy() -> None:
    soft = {"cache": saying("gone")}

    degraded = await examine({"store": saying("")}, {}, limit_s=LIMIT_S, soft_pings=soft)
    unhealthy = await examine({"store": saying("gone")}, {}, limit_s=LIMIT_S, soft_pings=soft)

    assert degraded.status is Status.DEGRADED
    assert degraded.checks == {"cache": "gone", "store": ""}
    assert unhealthy.status is Status.UNHEALTHY


async def test_a_slow_intake_makes_it_degraded() -> None:
    found = await examine({}, {"fold x": stats(is_slow=True, pending_count=9)}, limit_s=LIMIT_S)

    assert found.status is Status.DEGRADED
    assert found.checks["fold x"] == "slow: 9 waiting"


async def test_the_route_answers_503_with_the_failing_check() -> None:
    async with alone(a_build(pings={"store": saying("gone")})) as runtime:
        reply = await runtime.client(NAME).get("/health")

    assert reply.status_code == 503
    body = reply.json()
    assert body["status"] == "unhealthy"
    assert body["checks"] == {"store": "gone"}
    assert body["service"] == NAME
    assert body["uptime_s"] >= 0
    assert body["timestamp"].endswith("Z")
