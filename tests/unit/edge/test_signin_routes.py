"""authn over HTTP, on stores in memory: the whole life of a session, and what strangers see."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from httpx import Response
from tests.apps import app_of, client_of

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.adapters.stores.memory import MemoryCache
from trade2026.adapters.stores.memory_users import MemoryUsers
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.deeds import DeedTeller
from trade2026.edge.passwords import Passwords
from trade2026.edge.revocations import Revocations
from trade2026.edge.sender import EDGE_HEADER, Senders
from trade2026.edge.signin import REFRESH_TOKEN_NS, SignIn, SignInSettings
from trade2026.edge.signin_routes import token_routes, user_routes
from trade2026.edge.throttle import Lockout, Throttle
from trade2026.edge.users import UserAdministration
from trade2026.model.post_trade import AUTHN_DEED
from trade2026.model.subjects import Stream
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.logs import service_log
from trade2026.shell.service import Service
from trade2026.shell.signing import KeyRing
from trade2026.shell.tokens import TokenVerifier

SECRET = "correct horse battery"
EDGE = "known to the edge only"
OTHER = "another horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class World:
    """An authn with its stores in hand."""

    def __init__(self, folder: Path, users: MemoryUsers | None = None) -> None:
        self.clock = VirtualClock(1_800_000_000 * NS_PER_S)
        ids = Ids(self.clock, chance.stream(1, "ids"))
        self.users = users or MemoryUsers()
        self.keys = KeyRing(folder, self.clock, ids)
        passwords = Passwords(QUICK)
        self.revocations = Revocations(self.clock)
        self.administration = UserAdministration(
            users=self.users,
            passwords=passwords,
            revocations=self.revocations,
            clock=self.clock,
            ids=ids,
        )
        cache = MemoryCache(self.clock)
        signin = SignIn(
            users=self.users,
            throttle=Throttle(cache, cache),
            revocations=self.revocations,
            lockout=Lockout(cache, cache, failures_max=10),
            passwords=passwords,
            keys=self.keys,
            clock=self.clock,
            ids=ids,
            settings=SignInSettings(),
        )
        log = service_log("authn")
        self.log = MemoryLog()
        bus = LocalBus(self.log, self.clock, with_codec=False)
        deeds = DeedTeller(bus=bus, subject=AUTHN_DEED, clock=self.clock, ids=ids, log=log)
        routes = [
            *token_routes(signin, self.keys, self.revocations, Senders(EDGE), deeds=deeds, log=log),
            *user_routes(self.administration, self.keys, deeds, log),
        ]
        doorkeeper = Doorkeeper(TokenVerifier(self._published, self.clock), RegoPolicy())
        app = app_of(Service(name="authn", routes=routes), doorkeeper, self.clock)
        self.client = client_of(app)

    def deeds(self) -> list[tuple[str, str, str, str]]:
        """Return who did what to whom, and what came of it."""
        told = [record.content.deed for record in self.log.records(Stream.DEEDS)]
        return [(one.who, one.action, one.target, one.result) for one in told]

    async def _published(self) -> bytes:
        return (await self.client.get("/jwks")).content

    async def post(self, path: str, body: object, token: str = "") -> Response:
        """Send *body*."""
        return await self.client.post(path, json=body, headers=bearer(token))

    async def login(
        self, name: str = "admin", password: str = SECRET, *, address: str = "", edge: str = EDGE
    ) -> Response:
        """Sign in, through the edge from an address if given."""
        headers = {EDGE_HEADER: edge, "X-Forwarded-For": f"10.9.9.9, {address}"}
        body = {"username": name, "password": password}
        return await self.client.post("/login", json=body, headers=headers if address else {})

    async def tokens(self, name: str = "admin", password: str = SECRET) -> dict[str, Any]:
        """Sign in and return the tokens."""
        reply = await self.login(name, password)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def add(self, **fields: object) -> Response:
        """Let the administrator make a user."""
        token = (await self.tokens())["access_token"]
        body = {"name": "tess", "password": OTHER, "roles": ["trader"], "accounts": ["default"]}
        return await self.post("/users", body | fields, token)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    world = World(tmp_path)
    await world.administration.require_admin(SECRET)
    async with world.client:
        yield world


async def test_the_right_password_gives_tokens_that_work(world: World) -> None:
    reply = await world.login()

    tokens = reply.json()
    assert reply.headers["cache-control"] == "no-store"
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    me = await world.client.get("/me", headers=bearer(tokens["access_token"]))
    assert me.json() == {"name": "admin", "roles": ["admin"], "accounts": ["*"]}


async def test_the_admin_is_made_once(world: World) -> None:
    await world.administration.require_admin(OTHER)

    assert (await world.login("admin", SECRET)).status_code == 200
    assert (await world.login("admin", OTHER)).status_code == 401


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(world: World) -> None:
    wrong = await world.login("admin", OTHER)
    unknown = await world.login("nobody", OTHER)

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert wrong.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "admin"},
        {"username": "admin", "password": 7},
        {"username": "admin", "password": SECRET, "role": "admin"},
        {"username": "a" * 2000, "password": SECRET},
        [],
        None,
    ],
)
async def test_a_malformed_login_is_refused_with_its_field(world: World, body: object) -> None:
    assert (await world.post("/login", body)).status_code == 422


async def test_a_refresh_token_is_used_once_and_a_second_use_ends_its_login(world: World) -> None:
    first = (await world.tokens())["refresh_token"]
    second = await world.post("/refresh", {"refresh_token": first})
    assert second.status_code == 200

    stolen = await world.post("/refresh", {"refresh_token": first})
    rightful = await world.post("/refresh", {"refresh_token": second.json()["refresh_token"]})

    assert (stolen.status_code, rightful.status_code) == (401, 401)


async def test_a_refresh_token_ends_after_a_week(world: World) -> None:
    token = (await world.tokens())["refresh_token"]

    world.clock.advance(REFRESH_TOKEN_NS)

    assert (await world.post("/refresh", {"refresh_token": token})).status_code == 401


@pytest.mark.parametrize("token", ["", "invented", "ä" * 500])
async def test_an_invented_refresh_token_is_refused(world: World, token: str) -> None:
    assert (await world.post("/refresh", {"refresh_token": token})).status_code == 401


async def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(world: World) -> None:
    tokens = await world.tokens()

    refreshed = await world.post("/refresh", {"refresh_token": tokens["access_token"]})
    me = await world.client.get("/me", headers=bearer(tokens["refresh_token"]))

    assert (refreshed.status_code, me.status_code) == (401, 401)


async def test_a_logout_ends_one_login_or_all(world: World) -> None:
    logins = [await world.tokens() for _ in range(3)]
    refresh_tokens = [login["refresh_token"] for login in logins]
    access = logins[0]["access_token"]

    one = await world.post("/logout", {"refresh_token": refresh_tokens[0]}, access)
    after_one = [
        (await world.post("/refresh", {"refresh_token": token})).status_code
        for token in refresh_tokens[:2]
    ]
    every = await world.client.post("/logout", headers=bearer(access))
    after_all = await world.post("/refresh", {"refresh_token": refresh_tokens[2]})

    assert (one.status_code, every.status_code) == (204, 204)
    assert after_one == [401, 200]
    assert after_all.status_code == 401


async def test_nobody_ends_a_strangers_login(world: World) -> None:
    await world.add()
    tess = await world.tokens("tess", OTHER)
    admin = await world.tokens()

    body = {"refresh_token": admin["refresh_token"]}
    reply = await world.post("/logout", body, tess["access_token"])

    assert reply.status_code == 422
    assert (await world.post("/refresh", body)).status_code == 200


async def test_a_user_changes_its_own_password_with_the_current_one(world: World) -> None:
    await world.add()
    tess = await world.tokens("tess", OTHER)
    token = tess["access_token"]

    wrong = await world.post("/me/password", {"current": "x", "new": SECRET}, token)
    short = await world.post("/me/password", {"current": OTHER, "new": "short"}, token)
    right = await world.post("/me/password", {"current": OTHER, "new": SECRET}, token)

    assert (wrong.status_code, short.status_code, right.status_code) == (401, 422, 204)
    assert (await world.login("tess", OTHER)).status_code == 401
    assert (await world.login("tess", SECRET)).status_code == 200
    old = await world.post("/refresh", {"refresh_token": tess["refresh_token"]})
    assert old.status_code == 401


async def test_an_administrator_makes_users_that_have_what_they_were_given(world: World) -> None:
    made = await world.add()

    assert made.status_code == 201
    assert made.json() == {
        "name": "tess",
        "roles": ["trader"],
        "accounts": ["default"],
        "disabled": False,
        "created_ns": world.clock.now_ns(),
    }
    token = (await world.tokens("tess", OTHER))["access_token"]
    me = (await world.client.get("/me", headers=bearer(token))).json()
    assert me == {"name": "tess", "roles": ["trader"], "accounts": ["default"]}
    admin = (await world.tokens())["access_token"]
    listed = (await world.client.get("/users", headers=bearer(admin))).json()
    assert [user["name"] for user in listed] == ["admin", "tess"]
    assert "argon2" not in str(listed)
    assert (await world.client.get("/users/tess", headers=bearer(admin))).json() == made.json()
    assert (await world.client.get("/users/eve", headers=bearer(admin))).status_code == 404


async def test_a_name_is_taken_once(world: World) -> None:
    await world.add()

    assert (await world.add()).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Tess"),
        ("name", ""),
        ("name", "a b"),
        ("name", "a" * 65),
        ("password", "short"),
        ("roles", ["root"]),
        ("roles", "admin"),
        ("accounts", ["a:b"]),
        ("accounts", [""]),
        ("accounts", ["de*"]),
        ("colour", "red"),
    ],
)
async def test_a_malformed_user_is_refused_with_its_field(
    world: World, field: str, value: object
) -> None:
    reply = await world.add(**{field: value})

    assert reply.status_code == 422
    assert reply.json()["field"] == field


async def test_a_change_of_roles_comes_with_the_next_refresh(world: World) -> None:
    await world.add()
    tess = await world.tokens("tess", OTHER)
    admin = bearer((await world.tokens())["access_token"])

    changed = await world.client.patch("/users/tess", json={"roles": ["viewer"]}, headers=admin)
    assert changed.json()["roles"] == ["viewer"]
    assert changed.json()["accounts"] == ["default"]

    fresh = (await world.post("/refresh", {"refresh_token": tess["refresh_token"]})).json()
    me = await world.client.get("/me", headers=bearer(fresh["access_token"]))
    assert me.json()["roles"] == ["viewer"]


async def test_a_disabled_user_can_neither_sign_in_nor_refresh(world: World) -> None:
    await world.add()
    tess = await world.tokens("tess", OTHER)
    admin = bearer((await world.tokens())["access_token"])

    await world.client.patch("/users/tess", json={"disabled": True}, headers=admin)

    assert (await world.login("tess", OTHER)).status_code == 401
    refreshed = await world.post("/refresh", {"refresh_token": tess["refresh_token"]})
    assert refreshed.status_code == 401
    await world.client.patch("/users/tess", json={"disabled": False}, headers=admin)
    assert (await world.login("tess", OTHER)).status_code == 200


@pytest.mark.parametrize("patch", [{"disabled": True}, {"roles": ["viewer"]}, {"roles": []}])
async def test_an_administrator_does_not_lock_itself_out(
    world: World, patch: dict[str, object]
) -> None:
    admin = bearer((await world.tokens())["access_token"])

    reply = await world.client.patch("/users/admin", json=patch, headers=admin)

    assert reply.status_code == 409
    assert (await world.login()).status_code == 200


@pytest.mark.parametrize(
    "patch", [{"roles": ["root"]}, {"accounts": ["a b"]}, {"password": "short"}]
)
async def test_a_malformed_change_is_refused(world: World, patch: dict[str, object]) -> None:
    await world.add()
    admin = bearer((await world.tokens())["access_token"])

    changed = await world.client.patch("/users/tess", json=patch, headers=admin)
    unknown = await world.client.patch("/users/eve", json={}, headers=admin)

    assert (changed.status_code, unknown.status_code) == (422, 404)


async def test_administration_is_for_administrators(world: World) -> None:
    await world.add()
    tess = bearer((await world.tokens("tess", OTHER))["access_token"])

    replies = [
        await world.client.get("/users", headers=tess),
        await world.client.get("/users/tess", headers=tess),
        await world.client.post("/users", json={}, headers=tess),
        await world.client.patch("/users/tess", json={"roles": ["admin"]}, headers=tess),
        await world.client.post("/keys/rotate", headers=tess),
    ]

    assert [reply.status_code for reply in replies] == [403] * 5
    assert {reply.json()["rule"] for reply in replies} == {"role.not_granted"}


async def test_a_rotated_key_signs_and_older_tokens_go_on(world: World) -> None:
    before = await world.tokens()

    kid = (await world.post("/keys/rotate", None, before["access_token"])).json()["kid"]
    after = await world.tokens()
    # No verifier asks for new keys more often than every few seconds.
    world.clock.advance(3 * NS_PER_S)

    for path in ("/jwks", "/.well-known/jwks.json"):
        published = (await world.client.get(path)).json()
        assert published["keys"][0]["kid"] == kid
        assert len(published["keys"]) == 2
    for tokens in (before, after):
        me = await world.client.get("/me", headers=bearer(tokens["access_token"]))
        assert me.status_code == 200


async def test_who_came_in_and_who_did_not_is_told_to_the_audit(world: World) -> None:
    await world.login("admin", OTHER)
    await world.login("nobody", OTHER)
    await world.add()
    token = (await world.tokens("tess", OTHER))["access_token"]
    await world.post("/me/password", {"current": OTHER, "new": SECRET}, token)
    await world.post("/logout", {}, (await world.tokens("tess"))["access_token"])
    admin = (await world.tokens())["access_token"]
    await world.client.patch("/users/tess", json={"disabled": True}, headers=bearer(admin))
    await world.post("/keys/rotate", {}, admin)

    assert world.deeds() == [
        ("admin", "session.begin", "admin", "REFUSED"),
        ("nobody", "session.begin", "nobody", "REFUSED"),
        ("admin", "session.begin", "admin", "OK"),
        ("admin", "user.create", "tess", "OK"),
        ("tess", "session.begin", "tess", "OK"),
        ("tess", "user.password", "tess", "OK"),
        ("tess", "session.begin", "tess", "OK"),
        ("tess", "session.end", "tess", "OK"),
        ("admin", "session.begin", "admin", "OK"),
        ("admin", "user.change", "tess", "OK"),
        ("admin", "token_key.rotate", world.deeds()[-1][2], "OK"),
    ]


async def test_no_secret_is_told_to_the_audit(world: World) -> None:
    await world.login("admin", OTHER)
    await world.add()

    told = repr([record.content for record in world.log.records(Stream.DEEDS)])

    assert SECRET not in told
    assert OTHER not in told


async def test_nobody_gets_tokens_that_the_audit_does_not_know_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalBus.append, "__kwdefaults__", {"timeout_s": 0.05})
    world.log.up.clear()

    reply = await world.login()
    refused = await world.login("admin", OTHER)

    assert (reply.status_code, refused.status_code) == (503, 401)
    assert "access_token" not in reply.text
