"""The cache in memory keeps the contract, and its bound."""

import pytest
from tests.contract.cache.cache_contract import CacheContract
from tests.contract.cache.passing import Passing

from trade2026.adapters.stores.memory import KEYS_MAX, MemoryCache
from trade2026.core.clock import NS_PER_S, VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def cache(clock: VirtualClock) -> MemoryCache:
    return MemoryCache(clock)


@pytest.fixture
def passing(clock: VirtualClock) -> Passing:
    async def advance(duration_s: float) -> None:
        clock.advance(round(duration_s * NS_PER_S))

    return advance


class TestMemoryCache(CacheContract):
    """The contract."""


async def test_the_oldest_key_goes_when_there_are_too_many(cache: MemoryCache) -> None:
    for number in range(KEYS_MAX + 1):
        await cache.put(str(number), b"x")

    assert await cache.get("0") is None
    assert await cache.get("1") == b"x"
    assert await cache.get(str(KEYS_MAX)) == b"x"


async def test_a_closed_cache_has_forgotten_everything(cache: MemoryCache) -> None:
    await cache.put("a", b"1")

    await cache.close()

    assert await cache.get("a") is None
