"""What every cache promises; each implementation's test class inherits it."""

import asyncio

from tests.contract.cache.passing import Passing

from trade2026.ports.cache import Cache


class CacheContract:
    """Tests that take the fixtures `cache` and `passing` of the implementation."""

    async def test_what_was_never_put_is_not_there(self, cache: Cache) -> None:
        assert await cache.get("a") is None

    async def test_what_was_put_is_got_byte_for_byte(self, cache: Cache) -> None:
        value = bytes(range(256))

        await cache.put("a", value)
        await cache.put("empty", b"")

        assert await cache.get("a") == value
        assert await cache.get("empty") == b""

    async def test_the_last_value_wins(self, cache: Cache) -> None:
        await cache.put("a", b"1")
        await cache.put("a", b"2")

        assert await cache.get("a") == b"2"

    async def test_many_are_put_and_got_in_the_order_asked_for(self, cache: Cache) -> None:
        await cache.put("a", b"old")

        await cache.put_many({"a": b"1", "b": b"\xff\0"})
        await cache.put_many({})

        assert list(await cache.get_many(["b", "never", "a"])) == [b"\xff\0", None, b"1"]
        assert list(await cache.get_many([])) == []

    async def test_a_value_ends_with_its_time_to_live(self, cache: Cache, passing: Passing) -> None:
        await cache.put("short", b"1", ttl_s=0.3)
        await cache.put("long", b"1", ttl_s=60.0)
        await cache.put("for ever", b"1")
        assert await cache.get("short") == b"1"

        await passing(0.4)

        assert await cache.get("short") is None
        assert await cache.get("long") == b"1"
        assert await cache.get("for ever") == b"1"

    async def test_putting_again_without_a_time_to_live_removes_it(
        self, cache: Cache, passing: Passing
    ) -> None:
        await cache.put("a", b"1", ttl_s=0.3)
        await cache.put("a", b"2")

        await passing(0.4)

        assert await cache.get("a") == b"2"

    async def test_what_was_forgotten_is_gone(self, cache: Cache) -> None:
        await cache.put("a", b"1")
        await cache.count("n", window_s=60.0)

        await cache.forget("a")
        await cache.forget("n")
        await cache.forget("never there")

        assert await cache.get("a") is None
        assert await cache.count("n", window_s=60.0) == 1

    async def test_a_counter_counts_from_one_for_each_key(self, cache: Cache) -> None:
        counts = [await cache.count("a", window_s=60.0) for _ in range(3)]

        assert counts == [1, 2, 3]
        assert await cache.count("b", window_s=60.0) == 1
        assert await cache.get("a") == b"3"

    async def test_a_counter_ends_with_the_window_of_its_first(
        self, cache: Cache, passing: Passing
    ) -> None:
        await cache.count("a", window_s=0.5)
        await passing(0.3)
        assert await cache.count("a", window_s=0.5) == 2

        await passing(0.3)

        assert await cache.count("a", window_s=0.5) == 1

    async def test_counts_at_the_same_moment_are_all_counted(self, cache: Cache) -> None:
        counts = await asyncio.gather(*(cache.count("a", window_s=60.0) for _ in range(50)))

        assert sorted(counts) == list(range(1, 51))

    async def test_a_cache_that_answers_is_reachable(self, cache: Cache) -> None:
        assert await cache.is_reachable()
