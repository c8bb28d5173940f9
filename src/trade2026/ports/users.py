"""Users and their refresh tokens: what must never be lost or decided twice.

A refresh token is used once, for its successor; all successors of one login are a family. A
token that comes a second time was stolen, by the first sender or the second, so its whole
family ends. Only hashes are kept, of passwords and of tokens.

Source: RFC 9700, section 4.14 (refresh token rotation).
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person or a program that may sign in."""

    id: str
    """A UUIDv7."""
    name: str
    password_hash: str
    """argon2id in its encoded form."""
    roles: tuple[str, ...]
    accounts: tuple[str, ...]
    """Accounts it may see and trade; `*` means every account."""
    is_disabled: bool = False
    created_ns: int
    generation: int = 0
    """How often it was changed: access tokens of an earlier generation have ended."""
    changed_ns: int = 0
    """When it was changed last; 0 for never."""


class RefreshToken(msgspec.Struct, frozen=True, kw_only=True):
    """One refresh token, known by the hash of what its holder has."""

    id: str
    """A UUIDv7."""
    family: str
    """The id of the login's first token."""
    user_id: str
    hash: bytes
    """SHA-256 of the token, 32 bytes."""
    expires_ns: int


class Successor(msgspec.Struct, frozen=True, kw_only=True):
    """What takes the place of a used refresh token."""

    id: str
    hash: bytes
    expires_ns: int


class Outcome(StrEnum):
    """What became of a refresh token that was handed in."""

    ROTATED = "ROTATED"
    UNKNOWN = "UNKNOWN"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    REUSED = "REUSED"
    """It was used before: its family is revoked now."""
    DISABLED = "DISABLED"
    """Its user may not sign in any more."""


class Rotation(msgspec.Struct, frozen=True):
    """The outcome, and the user as it is now where the outcome is `ROTATED`."""

    outcome: Outcome
    user: User | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a user; None leaves it."""

    roles: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    is_disabled: bool | None = None
    password_hash: str | None = None


class Users(Protocol):
    """What sign-in asks of its store. Every method may raise `UnavailableError`."""

    async def create(self, user: User) -> bool:
        """Add *user*, or return False where its name is taken."""
        ...

    async def find(self, name: str) -> User | None:
        """Return the user of that name."""
        ...

    async def all(self) -> Sequence[User]:
        """Return every user, by name."""
        ...

    async def change(self, name: str, change: Change, *, now_ns: int) -> User | None:
        """Change a user and return its next generation, None where there is none of that name.

        A new password or a disabled user ends all its refresh tokens.
        """
        ...

    async def add_token(self, token: RefreshToken) -> None:
        """Keep the first refresh token of a login."""
        ...

    async def rotate(self, token_hash: bytes, successor: Successor, *, now_ns: int) -> Rotation:
        """Use the token for its successor, at most once however many ask at the same moment."""
        ...

    async def revoke_family(self, user_id: str, token_hash: bytes, *, now_ns: int) -> bool:
        """End the family of a token of that user; False where it has no such token."""
        ...

    async def revoke_all(self, user_id: str, *, now_ns: int) -> None:
        """End all refresh tokens of a user."""
        ...

    async def forget_expired(self, *, now_ns: int) -> int:
        """Drop the tokens that have expired and return how many."""
        ...

    async def is_reachable(self) -> bool:
        """Return whether the store answers at this moment."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...
