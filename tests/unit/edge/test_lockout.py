"""Wrong passwords lock a name from where they come, and from nowhere else."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.ports import free_port
from tests.unit.edge.test_signin_routes import OTHER, SECRET, World

from trade2026.adapters.stores.memory import MemoryCache
from trade2026.adapters.stores.valkey import ValkeyCache
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.edge.throttle import FORGET_S, LOCK_MAX_S, LOCK_S, Lockout

HERE, THERE = "10.0.0.1", "10.0.0.2"
MINUTE_NS = 60 * NS_PER_S


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    world = World(tmp_path)
    await world.administration.require_admin(SECRET)
    async with world.client:
        yield world


async def test_ten_wrong_passwords_lock_a_name_from_their_address_for_a_while(
    world: World,
) -> None:
    for _ in range(10):
        assert (await world.login("admin", OTHER, address=HERE)).status_code == 401

    assert (await world.login(address=HERE)).status_code == 401
    world.clock.advance(round(LOCK_S) * NS_PER_S)
    assert (await world.login(address=HERE)).status_code == 200


async def test_nobody_can_lock_the_administrator_out_from_elsewhere(world: World) -> None:
    for _ in range(35):
        assert (await world.login("admin", OTHER, address=HERE)).status_code == 401

    assert (await world.login(address=THERE)).status_code == 200
    assert (await world.login()).status_code == 200


async def test_a_sender_cannot_invent_an_address_to_go_on_from(world: World) -> None:
    for number in range(10):
        await world.login("admin", OTHER, address=f"10.0.1.{number}", edge="guessed")

    assert (await world.login(address=THERE, edge="guessed")).status_code == 401
    assert (await world.login(address=THERE, edge="")).status_code == 401
    assert (await world.login(address=THERE)).status_code == 200


@pytest.mark.parametrize("address", ["nonsense", "10.0.0.256", "1" * 500])
async def test_what_is_no_address_is_the_edges_own(world: World, address: str) -> None:
    for _ in range(10):
        await world.login("admin", OTHER, address=address)

    assert (await world.login()).status_code == 401
    assert (await world.login(address=THERE)).status_code == 200


async def test_all_addresses_of_one_network_of_ipv6_are_one_sender(world: World) -> None:
    for number in range(10):
        await world.login("admin", OTHER, address=f"2001:db8:0:1::{number}")

    assert (await world.login(address="2001:db8:0:1:ffff::1")).status_code == 401
    assert (await world.login(address="2001:db8:0:2::1")).status_code == 200


async def test_nine_wrong_passwords_and_a_right_one_start_the_count_again(world: World) -> None:
    for _ in range(2):
        for _ in range(9):
            await world.login("admin", OTHER)
        assert (await world.login()).status_code == 200


async def test_logins_are_bounded_by_address(world: World) -> None:
    statuses = [(await world.login(f"n{n}", OTHER)).status_code for n in range(121)]

    assert statuses == [401] * 120 + [429]
    assert (await world.login(address=THERE)).status_code == 200
    world.clock.advance(MINUTE_NS)
    assert (await world.login()).status_code == 200


async def test_a_lock_doubles_with_each_further_wrong_password_up_to_a_bound() -> None:
    clock = VirtualClock()
    lockout = Lockout(MemoryCache(clock), MemoryCache(clock), failures_max=3)
    locked_s: list[float] = []
    for _ in range(9):
        await lockout.note_failure("tess", HERE)
        begin_ns = clock.monotonic_ns()
        while await lockout.is_locked("tess", HERE):
            clock.advance(15 * NS_PER_S)
        locked_s.append((clock.monotonic_ns() - begin_ns) / NS_PER_S)

    assert locked_s == [0, 0, LOCK_S, 60, 120, 240, 480, LOCK_MAX_S, LOCK_MAX_S]
    clock.advance(round(FORGET_S) * NS_PER_S)
    await lockout.note_failure("tess", HERE)
    assert not await lockout.is_locked("tess", HERE)


async def test_while_the_cache_is_away_this_process_locks() -> None:
    away = ValkeyCache(port=free_port(), password="none")
    lockout = Lockout(away, MemoryCache(VirtualClock()), failures_max=2)

    await lockout.note_failure("tess", HERE)
    await lockout.note_success("tess", HERE)
    await lockout.note_failure("tess", HERE)
    assert not await lockout.is_locked("tess", HERE)
    await lockout.note_failure("tess", HERE)
    assert await lockout.is_locked("tess", HERE)
    await away.close()
