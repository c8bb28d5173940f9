"""What is known gets to the cache, once a round, and all of it again after any loss."""

from collections.abc import Mapping

import pytest
import structlog

from trade2026.adapters.stores.memory import MemoryCache
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.errors import UnavailableError
from trade2026.desk.hot_writer import CHUNK, HotWriter, Make
from trade2026.model import codec


class MortalCache(MemoryCache):
    """A cache in memory that can be away, and counts its writes."""

    is_away = False
    put_count = 0

    async def get(self, key: str) -> bytes | None:
        self._answer()
        return await super().get(key)

    async def put_many(self, values: Mapping[str, bytes]) -> None:
        self._answer()
        self.put_count += len(values)
        await super().put_many(values)

    def _answer(self) -> None:
        if self.is_away:
            raise UnavailableError("killed")


class World:
    """A writer, its cache, and what it knows."""

    def __init__(self) -> None:
        self.cache = MortalCache(VirtualClock())
        self.known: dict[str, int] = {}
        self.moved: dict[str, Make] = {}
        self.writer = HotWriter(
            self.cache,
            structlog.get_logger(),
            name="one",
            everything=lambda: {key: self.make(key) for key in self.known},
            moving=lambda: self.moved,
        )

    def make(self, key: str) -> Make:
        return lambda: self.known[key]

    def learn(self, key: str, value: int) -> None:
        self.known[key] = value
        self.writer.note(key, self.make(key))

    async def stored(self) -> dict[str, int]:
        values = {key: await self.cache.get(key) for key in self.known}
        return {k: codec.decode(int, value) for k, value in values.items() if value is not None}


@pytest.fixture
async def world() -> World:
    """Return a world whose writer has written its first round."""
    world = World()
    world.learn("a", 1)
    world.learn("b", 1)
    await world.writer.write(is_checking=True)
    assert await world.stored() == world.known
    return world


async def test_only_what_is_new_is_written_and_its_newest_value(world: World) -> None:
    before = world.cache.put_count

    world.learn("a", 2)
    world.learn("a", 3)
    await world.writer.write(is_checking=True)
    await world.writer.write(is_checking=True)

    assert world.cache.put_count - before == 1
    assert await world.stored() == {"a": 3, "b": 1}
    assert world.writer.is_stored


async def test_a_cache_that_was_away_gets_everything(world: World) -> None:
    world.cache.is_away = True
    world.learn("a", 2)
    await world.writer.write(is_checking=False)
    assert not world.writer.is_stored

    await world.cache.close()
    world.cache.is_away = False
    await world.writer.write(is_checking=False)

    assert world.writer.is_stored
    assert await world.stored() == {"a": 2, "b": 1}


async def test_a_cache_emptied_behind_our_back_is_filled_at_the_next_check(world: World) -> None:
    await world.cache.close()

    await world.writer.write(is_checking=False)
    assert await world.stored() == {}
    await world.writer.write(is_checking=True)

    assert await world.stored() == world.known


async def test_a_cache_set_back_to_before_the_last_round_is_filled_again(world: World) -> None:
    old = {key: await world.cache.get(key) for key in ("a", "b", "hot.mark.one")}
    world.learn("a", 2)
    await world.writer.write(is_checking=False)

    for key, value in old.items():
        assert value is not None
        await world.cache.put(key, value)
    await world.writer.write(is_checking=True)

    assert await world.stored() == {"a": 2, "b": 1}


async def test_a_mark_that_ended_by_its_time_only_costs_a_round() -> None:
    world, clock = World(), VirtualClock()
    world.cache = MortalCache(clock)
    world.learn("a", 1)

    clock.advance(7_200 * NS_PER_S)
    await world.writer.write(is_checking=True)

    assert world.writer.is_stored


async def test_what_moves_slowly_is_asked_for_at_checks_only(world: World) -> None:
    world.known["risk"] = 1
    world.moved = {"risk": world.make("risk")}

    await world.writer.write(is_checking=False)
    assert "risk" not in await world.stored()
    await world.writer.write(is_checking=True)

    assert (await world.stored())["risk"] == 1


async def test_many_keys_go_in_several_steps(world: World) -> None:
    for number in range(2 * CHUNK + 1):
        world.learn(f"key-{number}", number)

    await world.writer.write(is_checking=False)

    assert await world.stored() == world.known
