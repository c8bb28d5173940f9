"""How often somebody may try: counted in the cache, or in this process while that is away.

Nobody can lock somebody else out: a name alone is only slowed down, and wrong passwords lock
a name from the address that they came from.

Never open: when the cache does not answer, each process counts for itself until it does.
"""

import asyncio
import contextlib
from typing import Final

from trade2026.core.errors import UnavailableError
from trade2026.ports.cache import Cache
from trade2026.shell.problem import ProblemError

WINDOW_S: Final = 60.0
WAIT_STEP_S: Final = 0.1
"""How much longer each attempt beyond those that are free waits."""
WAIT_MAX_S: Final = 2.0
LOCK_S: Final = 30.0
"""The first lock; each wrong password after it locks twice as long."""
LOCK_MAX_S: Final = 900.0
FORGET_S: Final = 24 * 3600.0
"""Wrong passwords are forgotten this long after the first of them, or by the right one."""

_KEY_CHARS_MAX: Final = 64
_DOUBLINGS_MAX: Final = 10


class Throttle:
    """Counts attempts in windows of `WINDOW_S`."""

    def __init__(self, cache: Cache, fallback: Cache) -> None:
        """Count in *cache*, and in *fallback* while that does not answer."""
        self._cache = cache
        self._fallback = fallback

    async def admit(self, kind: str, who: str, *, attempts_max: int) -> None:
        """Count an attempt by *who*, and return if it is one of *attempts_max* in the window.

        Raises:
            ProblemError: 429, it is one too many.
        """
        count = await self._counted(kind, who)
        if count > attempts_max:
            detail = f"more than {attempts_max} attempts in {WINDOW_S:g} s"
            raise ProblemError(429, "Too Many Requests", detail)

    async def slow_down(self, kind: str, who: str, *, attempts_free: int) -> None:
        """Count an attempt by *who*, and return the later the more there are in the window."""
        excess = await self._counted(kind, who) - attempts_free
        if excess > 0:
            await asyncio.sleep(min(excess * WAIT_STEP_S, WAIT_MAX_S))

    async def _counted(self, kind: str, who: str) -> int:
        # The name is a stranger's: a bounded part of it makes the key.
        key = f"throttle:{kind}:{who[:_KEY_CHARS_MAX]}"
        try:
            return await self._cache.count(key, window_s=WINDOW_S)
        except UnavailableError:
            return await self._fallback.count(key, window_s=WINDOW_S)


class Lockout:
    """Wrong passwords for a name from an address lock that name from that address only."""

    def __init__(self, cache: Cache, fallback: Cache, *, failures_max: int) -> None:
        """Count in *cache*, and in *fallback* while that does not answer.

        Args:
            cache: Shared and lasting.
            fallback: Of this process.
            failures_max: This wrong password is the first that locks.
        """
        self._cache = cache
        self._fallback = fallback
        self._failures_max = failures_max

    async def is_locked(self, name: str, address: str) -> bool:
        """Return whether *name* is locked out from *address* now."""
        _, lock = _keys(name, address)
        try:
            return await self._cache.get(lock) is not None
        except UnavailableError:
            return await self._fallback.get(lock) is not None

    async def note_failure(self, name: str, address: str) -> None:
        """Count a wrong password."""
        try:
            await self._note(self._cache, *_keys(name, address))
        except UnavailableError:
            await self._note(self._fallback, *_keys(name, address))

    async def note_success(self, name: str, address: str) -> None:
        """Forget the wrong passwords."""
        failures, _ = _keys(name, address)
        await self._fallback.forget(failures)
        with contextlib.suppress(UnavailableError):
            await self._cache.forget(failures)

    async def _note(self, cache: Cache, failures: str, lock: str) -> None:
        excess = await cache.count(failures, window_s=FORGET_S) - self._failures_max
        if excess >= 0:
            # The doubling ends somewhere, or the power would become absurd.
            ttl_s = min(LOCK_S * 2.0 ** min(excess, _DOUBLINGS_MAX), LOCK_MAX_S)
            await cache.put(lock, b"1", ttl_s=ttl_s)


def _keys(name: str, address: str) -> tuple[str, str]:
    who = f"{name[:_KEY_CHARS_MAX]}@{address[:_KEY_CHARS_MAX]}"
    return f"failures:{who}", f"lock:{who}"
