"""A change of a user ends its access tokens within seconds, and nobody else's."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.unit.edge.test_signin_routes import OTHER, SECRET, World, bearer

from trade2026.core.clock import NS_PER_S
from trade2026.edge.revocations import KEPT_NS
from trade2026.shell.tokens import FRESH_S

FRESH_NS = FRESH_S * NS_PER_S


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    world = World(tmp_path)
    await world.administration.require_admin(SECRET)
    async with world.client:
        yield world


async def status_of_me(world: World, token: str) -> int:
    return (await world.client.get("/me", headers=bearer(token))).status_code


@pytest.mark.parametrize(
    "change", [{"disabled": True}, {"roles": ["viewer"]}, {"accounts": []}, {"password": SECRET}]
)
async def test_a_change_ends_the_access_tokens_from_before_it(
    world: World, change: dict[str, object]
) -> None:
    await world.add()
    tess, admin = await world.tokens("tess", OTHER), await world.tokens()
    assert await status_of_me(world, tess["access_token"]) == 200

    admins = bearer(admin["access_token"])
    await world.client.patch("/users/tess", json=change, headers=admins)
    world.clock.advance(FRESH_NS)

    assert await status_of_me(world, tess["access_token"]) == 401
    assert await status_of_me(world, admin["access_token"]) == 200


async def test_tokens_from_after_a_change_are_good(world: World) -> None:
    await world.add()
    old = await world.tokens("tess", OTHER)
    body = {"current": OTHER, "new": SECRET}
    assert (await world.post("/me/password", body, old["access_token"])).status_code == 204

    new = await world.tokens("tess", SECRET)
    world.clock.advance(FRESH_NS)

    assert await status_of_me(world, old["access_token"]) == 401
    assert await status_of_me(world, new["access_token"]) == 200


async def test_a_refresh_after_a_change_brings_a_token_that_is_good(world: World) -> None:
    await world.add()
    tess, admin = await world.tokens("tess", OTHER), await world.tokens()
    admins = bearer(admin["access_token"])
    await world.client.patch("/users/tess", json={"roles": ["viewer"]}, headers=admins)

    fresh = (await world.post("/refresh", {"refresh_token": tess["refresh_token"]})).json()
    world.clock.advance(FRESH_NS)

    assert await status_of_me(world, tess["access_token"]) == 401
    assert await status_of_me(world, fresh["access_token"]) == 200


async def test_the_list_names_nobody_and_forgets_what_no_token_can_need(world: World) -> None:
    await world.add()
    admin = bearer((await world.tokens())["access_token"])
    await world.client.patch("/users/tess", json={"disabled": True}, headers=admin)

    published = await world.client.get("/jwks")
    assert len(published.json()["revoked"]) == 1
    assert "tess" not in published.text
    world.clock.advance(KEPT_NS + 1)
    assert (await world.client.get("/jwks")).json()["revoked"] == []


async def test_a_restart_of_authn_forgets_no_change(world: World, tmp_path: Path) -> None:
    await world.add()
    admin = bearer((await world.tokens())["access_token"])
    await world.client.patch("/users/tess", json={"disabled": True}, headers=admin)

    restarted = World(tmp_path, world.users)
    await restarted.administration.recall_changes()

    assert restarted.revocations.published() == world.revocations.published()
    assert len(restarted.revocations.published()) == 1
