"""The cache on a real Valkey keeps the contract, and says so when the server is away."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from tests.contract.cache.cache_contract import CacheContract
from tests.contract.cache.passing import Passing
from tests.ports import free_port

from trade2026.adapters.infra.valkey import ValkeyServer
from trade2026.adapters.stores.valkey import ValkeyCache
from trade2026.core.errors import UnavailableError

pytestmark = pytest.mark.integration

PASSWORD = "not-guessed"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Generator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"), port=port, password=PASSWORD)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def cache(server: ValkeyServer, port: int) -> AsyncGenerator[ValkeyCache]:
    assert await server.check() == ""
    cache = ValkeyCache(port=port, password=PASSWORD)
    for key in ("a", "b", "n", "short", "long", "for ever", "empty"):
        await cache.forget(key)
    yield cache
    await cache.close()


@pytest.fixture
def passing() -> Passing:
    return asyncio.sleep


class TestValkeyCache(CacheContract):
    """The contract."""


async def test_a_wrong_password_is_a_cache_that_is_away(server: ValkeyServer, port: int) -> None:
    assert await server.check() == ""
    cache = ValkeyCache(port=port, password="guessed")

    assert not await cache.is_reachable()
    with pytest.raises(UnavailableError):
        await cache.get("a")
    await cache.close()


async def test_it_says_when_the_server_is_away_and_comes_back_with_it(tmp_path: Path) -> None:
    port = free_port()
    server = ValkeyServer(tmp_path, port=port, password=PASSWORD)
    await server.start()
    cache = ValkeyCache(port=port, password=PASSWORD)
    assert await cache.count("a", window_s=60.0) == 1

    await server.stop()
    assert not await cache.is_reachable()
    for asked in (
        cache.get("a"),
        cache.put("a", b"1"),
        cache.get_many(["a"]),
        cache.put_many({"a": b"1"}),
        cache.count("a", window_s=60.0),
        cache.forget("a"),
    ):
        with pytest.raises(UnavailableError):
            await asked

    await server.start()
    assert await cache.count("a", window_s=60.0) == 2
    await cache.close()
    await server.stop()


async def test_who_is_cancelled_while_asking_ends(server: ValkeyServer, port: int) -> None:
    assert await server.check() == ""

    async def ask_for_ever(cache: ValkeyCache) -> None:
        while True:
            await cache.put("a", b"1")
            await asyncio.sleep(0)

    for steps in range(0, 120, 2):
        cache = ValkeyCache(port=port, password=PASSWORD)
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(ask_for_ever(cache))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
        assert task.cancelled()
        await cache.close()
