"""The users port in this process, for tests and for a platform without a database."""

from collections.abc import Sequence

import msgspec

from trade2026.ports.users import Change, Outcome, RefreshToken, Rotation, Successor, User


class _Token(msgspec.Struct):
    token: RefreshToken
    is_used: bool = False
    is_revoked: bool = False


class MemoryUsers:
    """Users and refresh tokens that end with the process.

    No method awaits between reading and writing, so each is one step.
    """

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._tokens: dict[bytes, _Token] = {}

    async def create(self, user: User) -> bool:
        """Add *user*, or return False where its name is taken."""
        return self._users.setdefault(user.name, user) is user

    async def find(self, name: str) -> User | None:
        """Return the user of that name."""
        return self._users.get(name)

    async def all(self) -> Sequence[User]:
        """Return every user, by name."""
        return [self._users[name] for name in sorted(self._users)]

    async def change(self, name: str, change: Change, *, now_ns: int) -> User | None:
        """Change a user and return it, None where there is none of that name."""
        user = self._users.get(name)
        if user is None:
            return None
        new = {
            field: value
            for field, value in msgspec.structs.asdict(change).items()
            if value is not None
        }
        user = self._users[name] = msgspec.structs.replace(
            user, **new, generation=user.generation + 1, changed_ns=now_ns
        )
        if change.password_hash is not None or user.is_disabled:
            await self.revoke_all(user.id, now_ns=now_ns)
        return user

    async def add_token(self, token: RefreshToken) -> None:
        """Keep the first refresh token of a login."""
        self._tokens[token.hash] = _Token(token)

    async def rotate(self, token_hash: bytes, successor: Successor, *, now_ns: int) -> Rotation:
        """Use the token for its successor, at most once however many ask."""
        held = self._tokens.get(token_hash)
        if held is None:
            return Rotation(Outcome.UNKNOWN)
        user = next(user for user in self._users.values() if user.id == held.token.user_id)
        if held.is_revoked:
            return Rotation(Outcome.REVOKED)
        if held.is_used:
            self._revoke_family(held.token.family)
            return Rotation(Outcome.REUSED)
        if held.token.expires_ns <= now_ns:
            return Rotation(Outcome.EXPIRED)
        if user.is_disabled:
            return Rotation(Outcome.DISABLED)
        held.is_used = True
        self._tokens[successor.hash] = _Token(
            RefreshToken(
                id=successor.id,
                family=held.token.family,
                user_id=user.id,
                hash=successor.hash,
                expires_ns=successor.expires_ns,
            )
        )
        return Rotation(Outcome.ROTATED, user)

    async def revoke_family(self, user_id: str, token_hash: bytes, *, now_ns: int) -> bool:
        """End the family of a token of that user; False where it has no such token."""
        del now_ns
        held = self._tokens.get(token_hash)
        if held is None or held.token.user_id != user_id:
            return False
        self._revoke_family(held.token.family)
        return True

    async def revoke_all(self, user_id: str, *, now_ns: int) -> None:
        """End all refresh tokens of a user."""
        del now_ns
        for held in self._tokens.values():
            held.is_revoked = held.is_revoked or held.token.user_id == user_id

    async def forget_expired(self, *, now_ns: int) -> int:
        """Drop the tokens that have expired and return how many."""
        expired = [h for h, held in self._tokens.items() if held.token.expires_ns <= now_ns]
        for token_hash in expired:
            del self._tokens[token_hash]
        return len(expired)

    async def is_reachable(self) -> bool:
        """Return True: memory is always there."""
        return True

    async def close(self) -> None:
        """Forget everything."""
        self._users.clear()
        self._tokens.clear()

    def _revoke_family(self, family: str) -> None:
        for held in self._tokens.values():
            held.is_revoked = held.is_revoked or held.token.family == family
