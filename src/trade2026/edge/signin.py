"""Sign-in: a password for tokens, a refresh token for its successor, and the end of both.

Whether a name exists, is disabled or locked out is not told to who has not the password: the
answer is the same and takes as long. Wrong passwords lock a name out for a while from the
address they came from, so that nobody can lock out somebody else; attempts are bounded by
address, and by name slowed down. A change
of a user ends its access tokens within seconds, and its next refresh brings the new roles.

Source: RFC 9700, section 4.14; OWASP Authentication Cheat Sheet.
"""

import hashlib
import secrets
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.ids import Ids
from trade2026.edge.passwords import Passwords
from trade2026.edge.revocations import Revocations
from trade2026.edge.throttle import Lockout, Throttle
from trade2026.edge.users import is_name
from trade2026.ports.users import Change, Outcome, RefreshToken, Successor, User, Users
from trade2026.shell.access import Principal
from trade2026.shell.problem import ProblemError
from trade2026.shell.signing import ACCESS_TOKEN_S, KeyRing

REFRESH_TOKEN_NS: Final = 7 * 24 * 3600 * NS_PER_S

_REFUSED: Final = "wrong name or password, or locked out for a while after too many attempts"


class SignInSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service's own settings, section `authn`."""

    failures_max: int = 10
    """Wrong passwords from one address until a user is locked out from there."""
    logins_per_minute_by_name: int = 30
    """More are slowed down, not refused."""
    logins_per_minute_by_address: int = 120
    key_days: int = 30
    """A signing key older than this is replaced."""


class TokenReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a login or a refresh gives. Source: RFC 6749, section 5.1."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105 - the word of the standard
    expires_in: int = ACCESS_TOKEN_S
    """Seconds until the access token ends."""


class SignIn:
    """Decides who gets tokens."""

    def __init__(
        self,
        *,
        users: Users,
        throttle: Throttle,
        lockout: Lockout,
        revocations: Revocations,
        passwords: Passwords,
        keys: KeyRing,
        clock: Clock,
        ids: Ids,
        settings: SignInSettings,
    ) -> None:
        self._users = users
        self._throttle = throttle
        self._lockout = lockout
        self._revocations = revocations
        self._passwords = passwords
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._settings = settings

    async def login(self, name: str, password: str, *, address: str) -> TokenReply:
        """Return tokens for the right password.

        Raises:
            ProblemError: 401, or 429 after too many attempts.
        """
        user = await self._authenticated(name, password, address)
        token, kept = self._refresh_token()
        await self._users.add_token(
            RefreshToken(
                id=kept.id,
                family=kept.id,
                user_id=user.id,
                hash=kept.hash,
                expires_ns=kept.expires_ns,
            )
        )
        return self._reply(user, token)

    async def refresh(self, presented: str) -> TokenReply:
        """Return new tokens for a refresh token that was never used.

        Raises:
            ProblemError: 401; if it was used before, nobody's tokens of that login work now.
        """
        token, kept = self._refresh_token()
        now_ns = self._clock.now_ns()
        rotation = await self._users.rotate(_hash(presented), kept, now_ns=now_ns)
        if rotation.outcome is not Outcome.ROTATED or rotation.user is None:
            raise ProblemError(401, "Unauthorized", "this refresh token is not valid")
        return self._reply(rotation.user, token)

    async def logout(self, name: str, presented: str | None) -> None:
        """End the login that *presented* belongs to, or all of the user's without one.

        Raises:
            ProblemError: 401, the user is gone; 422, it is not a refresh token of that user.
        """
        user = await self._known(name)
        now_ns = self._clock.now_ns()
        if presented is None:
            await self._users.revoke_all(user.id, now_ns=now_ns)
        elif not await self._users.revoke_family(user.id, _hash(presented), now_ns=now_ns):
            detail = "not a refresh token of yours"
            raise ProblemError(422, "Invalid request", detail, field="refresh_token")

    async def change_password(self, name: str, current: str, new: str, *, address: str) -> None:
        """Change a user's own password, which ends its logins.

        Raises:
            ProblemError: 401, *current* is wrong; 429 after too many attempts.
            InvalidInputError: *new* is too short or too long.
        """
        await self._authenticated(name, current, address)
        change = Change(password_hash=await self._passwords.hash(new))
        changed = await self._users.change(name, change, now_ns=self._clock.now_ns())
        if changed is not None:
            self._revocations.note(changed)

    async def _authenticated(self, name: str, password: str, address: str) -> User:
        limits = self._settings
        await self._throttle.admit(
            "address", address, attempts_max=limits.logins_per_minute_by_address
        )
        await self._throttle.slow_down("name", name, attempts_free=limits.logins_per_minute_by_name)
        # A text that can be nobody's name is not asked for: it may be one no database takes.
        user = await self._users.find(name) if is_name(name) else None
        # Always computed, and before anything is judged: the time must tell nothing.
        is_right = await self._passwords.matches(
            password, None if user is None else user.password_hash
        )
        # What is tried while locked does not lengthen the lock.
        if await self._lockout.is_locked(name, address):
            raise ProblemError(401, "Unauthorized", _REFUSED)
        if user is None or user.is_disabled or not is_right:
            await self._lockout.note_failure(name, address)
            raise ProblemError(401, "Unauthorized", _REFUSED)
        await self._lockout.note_success(name, address)
        return user

    async def _known(self, name: str) -> User:
        user = await self._users.find(name)
        if user is None:
            raise ProblemError(401, "Unauthorized", "this user is gone")
        return user

    def _refresh_token(self) -> tuple[str, Successor]:
        token = secrets.token_urlsafe(32)
        expires_ns = self._clock.now_ns() + REFRESH_TOKEN_NS
        return token, Successor(id=self._ids.new(), hash=_hash(token), expires_ns=expires_ns)

    def _reply(self, user: User, refresh_token: str) -> TokenReply:
        principal = Principal(subject=user.name, roles=user.roles, accounts=user.accounts)
        return TokenReply(
            access_token=self._keys.access_token(principal, generation=user.generation),
            refresh_token=refresh_token,
        )


def _hash(token: str) -> bytes:
    # No salt and no slowness: a token has 256 random bits, nobody guesses it.
    return hashlib.sha256(token.encode()).digest()
