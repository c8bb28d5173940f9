"""What can be nobody's name is never asked of the database, which may not take such a text."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.unit.edge.test_signin_routes import SECRET, World, bearer

from trade2026.adapters.stores.memory_users import MemoryUsers
from trade2026.edge.users import is_name
from trade2026.ports.users import Change, User

ODD = ("\x00", "a\x00", "Admin", "", "a" * 65, "ä", "x y")


class PickyUsers(MemoryUsers):
    """Users in a store that breaks on what is no name, as a database does on NUL."""

    async def find(self, name: str) -> User | None:
        assert is_name(name), name
        return await super().find(name)

    async def change(self, name: str, change: Change, *, now_ns: int) -> User | None:
        assert is_name(name), name
        return await super().change(name, change, now_ns=now_ns)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    world = World(tmp_path, PickyUsers())
    await world.administration.require_admin(SECRET)
    async with world.client:
        yield world


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_name_gets_the_answer_of_an_unknown_one(world: World, name: str) -> None:
    unknown = await world.login("nobody", SECRET)
    odd = await world.login(name, SECRET)

    assert odd.status_code == 401
    assert odd.content == unknown.content


async def test_administrators_find_nobody_under_an_odd_name(world: World) -> None:
    admin = bearer((await world.tokens())["access_token"])

    for path in ("/users/%00", "/users/a%00", "/users/Admin", "/users/" + "a" * 65):
        shown = await world.client.get(path, headers=admin)
        changed = await world.client.patch(path, json={}, headers=admin)
        assert (shown.status_code, changed.status_code) == (404, 404)
