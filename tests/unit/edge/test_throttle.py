"""Attempts are bounded, also while the cache is away."""

import contextlib

import pytest
from tests.ports import free_port

from trade2026.adapters.stores.memory import MemoryCache
from trade2026.adapters.stores.valkey import ValkeyCache
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.edge.throttle import Throttle
from trade2026.shell.problem import ProblemError


async def admitted_count(throttle: Throttle, who: str, attempts_max: int = 3) -> int:
    """Return how many of twice the allowed attempts are admitted."""
    count = 0
    for _ in range(2 * attempts_max):
        with contextlib.suppress(ProblemError):
            await throttle.admit("name", who, attempts_max=attempts_max)
            count += 1
    return count


async def test_attempts_are_admitted_up_to_the_limit_and_again_in_the_next_window() -> None:
    clock = VirtualClock()
    throttle = Throttle(MemoryCache(clock), MemoryCache(clock))

    assert await admitted_count(throttle, "tess") == 3
    assert await admitted_count(throttle, "eve") == 3
    clock.advance(60 * NS_PER_S)
    assert await admitted_count(throttle, "tess") == 3


async def test_kinds_are_counted_apart() -> None:
    throttle = Throttle(MemoryCache(VirtualClock()), MemoryCache(VirtualClock()))

    await throttle.admit("name", "x", attempts_max=1)
    await throttle.admit("address", "x", attempts_max=1)
    with pytest.raises(ProblemError) as refused:
        await throttle.admit("address", "x", attempts_max=1)
    assert refused.value.status == 429


async def test_while_the_cache_is_away_this_process_counts() -> None:
    away = ValkeyCache(port=free_port(), password="none")
    throttle = Throttle(away, MemoryCache(VirtualClock()))

    assert await admitted_count(throttle, "tess") == 3
    await away.close()
