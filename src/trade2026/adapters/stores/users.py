"""The users port on PostgreSQL.

What two requests could decide at the same moment is decided in a transaction that has locked
the user's row first, so that a family that is revoked gains no successor on the way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from trade2026.adapters.stores.postgres import Postgres, Session
from trade2026.ports.users import Change, Outcome, RefreshToken, Rotation, Successor, User

_BY_NAME: Final = "SELECT * FROM users WHERE name = $1"
_ALL: Final = "SELECT * FROM users ORDER BY name"
_LOCK_SENDER: Final = (
    "SELECT * FROM users WHERE id = (SELECT user_id FROM refresh_tokens WHERE hash = $1) FOR UPDATE"
)
_CHANGE: Final = (
    "UPDATE users SET roles = coalesce($2, roles), accounts = coalesce($3, accounts),"
    " is_disabled = coalesce($4, is_disabled), password_hash = coalesce($5, password_hash),"
    " generation = generation + 1, changed_ns = $6"
    " WHERE name = $1 RETURNING *"
)


class PostgresUsers:
    """Users and refresh tokens in the platform's database; its tables exist already."""

    def __init__(self, database: Postgres) -> None:
        self._database = database

    async def create(self, user: User) -> bool:
        """Add *user*, or return False where its name is taken."""
        status = await self._database.execute(
            "INSERT INTO users (id, name, password_hash, roles, accounts, is_disabled,"
            " created_ns) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING",
            *(user.id, user.name, user.password_hash, list(user.roles), list(user.accounts)),
            *(user.is_disabled, user.created_ns),
        )
        return _changed(status)

    async def find(self, name: str) -> User | None:
        """Return the user of that name."""
        row = await self._database.fetchrow(_BY_NAME, name)
        return None if row is None else _user(row)

    async def all(self) -> Sequence[User]:
        """Return every user, by name."""
        return [_user(row) for row in await self._database.fetch(_ALL)]

    async def change(self, name: str, change: Change, *, now_ns: int) -> User | None:
        """Change a user and return it, None where there is none of that name."""
        async with self._database.transaction() as session:
            row = await session.fetchrow(
                _CHANGE,
                *(name, _list(change.roles), _list(change.accounts)),
                *(change.is_disabled, change.password_hash, now_ns),
            )
            if row is None:
                return None
            user = _user(row)
            if change.password_hash is not None or user.is_disabled:
                await _revoke(session, user.id, now_ns)
            return user

    async def add_token(self, token: RefreshToken) -> None:
        """Keep the first refresh token of a login."""
        await self._database.execute(
            "INSERT INTO refresh_tokens (id, family, user_id, hash, expires_ns)"
            " VALUES ($1, $2, $3, $4, $5)",
            *(token.id, token.family, token.user_id, token.hash, token.expires_ns),
        )

    async def rotate(self, token_hash: bytes, successor: Successor, *, now_ns: int) -> Rotation:
        """Use the token for its successor, at most once however many ask at the same moment."""
        async with self._database.transaction() as session:
            # The row of the user first: everything about its tokens waits for that lock, and
            # what is read after it is final.
            locked = await session.fetchrow(_LOCK_SENDER, token_hash)
            token = await session.fetchrow(
                "SELECT id, family, expires_ns, used_ns, revoked_ns FROM refresh_tokens"
                " WHERE hash = $1",
                token_hash,
            )
            if locked is None or token is None:
                return Rotation(Outcome.UNKNOWN)
            user = _user(locked)
            outcome = _outcome(user, token, now_ns)
            if outcome is Outcome.REUSED:
                await _revoke_family(session, token["family"], now_ns)
            if outcome is not Outcome.ROTATED:
                return Rotation(outcome)
            await session.execute(
                "UPDATE refresh_tokens SET used_ns = $2 WHERE id = $1", token["id"], now_ns
            )
            await session.execute(
                "INSERT INTO refresh_tokens (id, family, user_id, hash, expires_ns)"
                " VALUES ($1, $2, $3, $4, $5)",
                *(successor.id, token["family"], user.id, successor.hash, successor.expires_ns),
            )
            return Rotation(outcome, user)

    async def revoke_family(self, user_id: str, token_hash: bytes, *, now_ns: int) -> bool:
        """End the family of a token of that user; False where it has no such token."""
        async with self._database.transaction() as session:
            await session.execute("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", user_id)
            token = await session.fetchrow(
                "SELECT family FROM refresh_tokens WHERE hash = $1 AND user_id = $2",
                *(token_hash, user_id),
            )
            if token is None:
                return False
            await _revoke_family(session, token["family"], now_ns)
            return True

    async def revoke_all(self, user_id: str, *, now_ns: int) -> None:
        """End all refresh tokens of a user."""
        async with self._database.transaction() as session:
            await session.execute("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", user_id)
            await _revoke(session, user_id, now_ns)

    async def forget_expired(self, *, now_ns: int) -> int:
        """Drop the tokens that have expired and return how many."""
        status = await self._database.execute(
            "DELETE FROM refresh_tokens WHERE expires_ns <= $1", now_ns
        )
        return int(status.rpartition(" ")[2])

    async def is_reachable(self) -> bool:
        """Return whether the store answers at this moment."""
        return await self._database.is_reachable()

    async def close(self) -> None:
        """Leave."""
        await self._database.close()


def _outcome(user: User, token: Mapping[str, Any], now_ns: int) -> Outcome:
    if token["revoked_ns"] is not None:
        return Outcome.REVOKED
    if token["used_ns"] is not None:
        return Outcome.REUSED
    if token["expires_ns"] <= now_ns:
        return Outcome.EXPIRED
    return Outcome.DISABLED if user.is_disabled else Outcome.ROTATED


async def _revoke_family(session: Session, family: object, now_ns: int) -> None:
    await session.execute(
        "UPDATE refresh_tokens SET revoked_ns = $2 WHERE family = $1 AND revoked_ns IS NULL",
        *(family, now_ns),
    )


async def _revoke(session: Session, user_id: str, now_ns: int) -> None:
    await session.execute(
        "UPDATE refresh_tokens SET revoked_ns = $2 WHERE user_id = $1 AND revoked_ns IS NULL",
        *(user_id, now_ns),
    )


def _user(row: Mapping[str, Any]) -> User:
    return msgspec.convert({**row, "id": str(row["id"])}, User)


def _changed(status: str) -> bool:
    return not status.endswith(" 0")


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
