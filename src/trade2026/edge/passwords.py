"""Passwords: hashed by argon2id, off the event loop, a bounded number at once.

A hash takes 64 MiB and tens of milliseconds on purpose, so strangers who try passwords must
not get all our memory and processors: few are computed at a time, the rest wait.

Source: RFC 9106, section 4 (second recommended option); NIST SP 800-63B, section 5.1.1.2.
"""

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from trade2026.core.errors import InvalidInputError

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
AT_ONCE: Final = 2


class Passwords:
    """Hashes and verifies passwords."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._turns = asyncio.Semaphore(AT_ONCE)
        # Nobody knows its password: it is verified for users that do not exist.
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return the hash of a new *password*.

        Raises:
            InvalidInputError: it is too short or too long.
        """
        if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
            why = f"needs {LENGTH_MIN} to {LENGTH_MAX} characters"
            raise InvalidInputError("password", why)
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Return whether *password* has that hash; no less slowly if there is no hash."""
        if len(password) > LENGTH_MAX:
            password, password_hash = "", None
        async with self._turns:
            is_same = await asyncio.to_thread(self._verify, password, password_hash or self._decoy)
        return is_same and password_hash is not None

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
