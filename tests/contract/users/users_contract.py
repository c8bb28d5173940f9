"""What every store of users promises; each implementation's test class inherits it."""

import asyncio
import hashlib
from itertools import count

import msgspec

from trade2026.ports.users import (
    Change,
    Outcome,
    RefreshToken,
    Rotation,
    Successor,
    User,
    Users,
)

NOW_NS = 1_800_000_000_000_000_000
HOUR_NS = 3_600_000_000_000
_NUMBERS = count(1)


def an_id() -> str:
    """Return another id."""
    return f"00000000-0000-7000-8000-{next(_NUMBERS):012x}"


def a_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def a_user(name: str = "tess", **changes: object) -> User:
    """Return a trader."""
    user = User(
        id=an_id(),
        name=name,
        password_hash="$argon2id$1",
        roles=("trader", "risk"),
        accounts=("default", "b"),
        created_ns=NOW_NS,
    )
    return msgspec.structs.replace(user, **changes)


async def signed_in(users: Users, token: str = "first", name: str = "tess") -> User:
    """Make a user with the first refresh token of a login."""
    user = a_user(name)
    await users.create(user)
    await add_login(users, user, token)
    return user


async def add_login(users: Users, user: User, token: str) -> None:
    """Add a login's first token."""
    family = an_id()
    await users.add_token(
        RefreshToken(
            id=family,
            family=family,
            user_id=user.id,
            hash=a_hash(token),
            expires_ns=NOW_NS + HOUR_NS,
        )
    )


async def rotate(users: Users, token: str, successor: str, *, now_ns: int = NOW_NS) -> Rotation:
    """Hand in *token* for *successor*."""
    return await users.rotate(
        a_hash(token),
        Successor(id=an_id(), hash=a_hash(successor), expires_ns=now_ns + HOUR_NS),
        now_ns=now_ns,
    )


class UsersContract:
    """Tests that take the fixture `users` of the implementation, an empty store."""

    async def test_a_created_user_is_found_as_it_was(self, users: Users) -> None:
        user = a_user(is_disabled=True)

        assert await users.create(user)

        assert await users.find("tess") == user
        assert await users.find("Tess") is None
        assert await users.find("' OR 1=1 --") is None

    async def test_a_name_is_taken_once(self, users: Users) -> None:
        user = a_user()
        await users.create(user)

        assert not await users.create(a_user(password_hash="other"))

        assert await users.find("tess") == user

    async def test_all_users_come_by_name(self, users: Users) -> None:
        for name in ("b", "c", "a"):
            await users.create(a_user(name))

        assert [user.name for user in await users.all()] == ["a", "b", "c"]

    async def test_a_change_leaves_what_it_does_not_name(self, users: Users) -> None:
        user = a_user()
        await users.create(user)

        changed = await users.change("tess", Change(accounts=()), now_ns=NOW_NS)

        assert changed == msgspec.structs.replace(
            user, accounts=(), generation=1, changed_ns=NOW_NS
        )
        assert await users.find("tess") == changed
        assert await users.change("nobody", Change(accounts=()), now_ns=NOW_NS) is None

    async def test_a_new_password_ends_the_sessions(self, users: Users) -> None:
        user = await signed_in(users)

        changed = await users.change("tess", Change(password_hash="new"), now_ns=NOW_NS)

        assert changed is not None
        assert changed.password_hash == "new"
        assert changed.generation == user.generation + 1
        assert (await rotate(users, "first", "second")).outcome is Outcome.REVOKED

    async def test_a_disabled_user_keeps_no_session(self, users: Users) -> None:
        await signed_in(users)

        await users.change("tess", Change(is_disabled=True), now_ns=NOW_NS)
        assert (await rotate(users, "first", "second")).outcome is Outcome.REVOKED

        await users.change("tess", Change(is_disabled=False), now_ns=NOW_NS)
        assert (await rotate(users, "first", "second")).outcome is Outcome.REVOKED

    async def test_a_token_of_a_user_that_is_disabled_is_refused(self, users: Users) -> None:
        user = await signed_in(users)
        await users.change("tess", Change(is_disabled=True), now_ns=NOW_NS)
        await add_login(users, user, "late")

        assert (await rotate(users, "late", "later")).outcome is Outcome.DISABLED

    async def test_a_token_is_used_for_its_successor_and_that_for_the_next(
        self, users: Users
    ) -> None:
        user = await signed_in(users)

        assert await rotate(users, "first", "second") == Rotation(Outcome.ROTATED, user)
        assert await rotate(users, "second", "third") == Rotation(Outcome.ROTATED, user)

    async def test_a_token_nobody_gave_out_is_unknown(self, users: Users) -> None:
        await signed_in(users)

        assert await rotate(users, "invented", "next") == Rotation(Outcome.UNKNOWN)
        assert (await rotate(users, "next", "x")).outcome is Outcome.UNKNOWN

    async def test_a_token_ends_at_its_expiry(self, users: Users) -> None:
        await signed_in(users)

        rotation = await rotate(users, "first", "second", now_ns=NOW_NS + HOUR_NS)

        assert rotation == Rotation(Outcome.EXPIRED)
        assert (await rotate(users, "first", "second")).outcome is Outcome.ROTATED

    async def test_a_token_that_comes_again_ends_its_family_and_no_other(
        self, users: Users
    ) -> None:
        user = await signed_in(users)
        await add_login(users, user, "elsewhere")
        await rotate(users, "first", "second")

        assert await rotate(users, "first", "stolen") == Rotation(Outcome.REUSED)

        assert (await rotate(users, "second", "third")).outcome is Outcome.REVOKED
        assert (await rotate(users, "stolen", "x")).outcome is Outcome.UNKNOWN
        assert (await rotate(users, "elsewhere", "next")).outcome is Outcome.ROTATED

    async def test_of_many_uses_at_the_same_moment_one_wins_and_the_family_ends(
        self, users: Users
    ) -> None:
        await signed_in(users)

        rotations = await asyncio.gather(
            *(rotate(users, "first", f"successor-{number}") for number in range(10))
        )

        outcomes = [rotation.outcome for rotation in rotations]
        assert outcomes.count(Outcome.ROTATED) == 1
        assert set(outcomes) <= {Outcome.ROTATED, Outcome.REUSED, Outcome.REVOKED}
        winner = outcomes.index(Outcome.ROTATED)
        assert (await rotate(users, f"successor-{winner}", "x")).outcome is Outcome.REVOKED

    async def test_a_user_can_end_its_own_families_only(self, users: Users) -> None:
        tess = await signed_in(users)
        eve = await signed_in(users, "eves", name="eve")
        await add_login(users, tess, "other")

        assert not await users.revoke_family(eve.id, a_hash("first"), now_ns=NOW_NS)
        assert not await users.revoke_family(tess.id, a_hash("invented"), now_ns=NOW_NS)
        assert await users.revoke_family(tess.id, a_hash("first"), now_ns=NOW_NS)

        assert (await rotate(users, "first", "x")).outcome is Outcome.REVOKED
        assert (await rotate(users, "other", "y")).outcome is Outcome.ROTATED

    async def test_all_sessions_of_a_user_end_together_and_no_others(self, users: Users) -> None:
        tess = await signed_in(users)
        await signed_in(users, "eves", name="eve")
        await add_login(users, tess, "other")

        await users.revoke_all(tess.id, now_ns=NOW_NS)

        assert (await rotate(users, "first", "x")).outcome is Outcome.REVOKED
        assert (await rotate(users, "other", "y")).outcome is Outcome.REVOKED
        assert (await rotate(users, "eves", "z")).outcome is Outcome.ROTATED

    async def test_expired_tokens_are_dropped_and_others_kept(self, users: Users) -> None:
        await signed_in(users)
        await rotate(users, "first", "second", now_ns=NOW_NS + HOUR_NS // 2)

        assert await users.forget_expired(now_ns=NOW_NS + HOUR_NS) == 1

        assert (await rotate(users, "first", "x")).outcome is Outcome.UNKNOWN
        assert (await rotate(users, "second", "y")).outcome is Outcome.ROTATED

    async def test_a_store_that_answers_is_reachable(self, users: Users) -> None:
        assert await users.is_reachable()
