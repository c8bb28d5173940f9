"""How often somebody may try: counted in the cache, or in this process while that is away.

Never open: when the cache does not answer, each process counts for itself until it does.
"""

from trade2026.core.errors import UnavailableError
from trade2026.ports.cache import Cache
from trade2026.shell.problem import ProblemError

WINDOW_S = 60.0
_KEY_CHARS_MAX = 64


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
        # The name is a stranger's: a bounded part of it makes the key.
        key = f"throttle:{kind}:{who[:_KEY_CHARS_MAX]}"
        try:
            count = await self._cache.count(key, window_s=WINDOW_S)
        except UnavailableError:
            count = await self._fallback.count(key, window_s=WINDOW_S)
        if count > attempts_max:
            detail = f"more than {attempts_max} attempts in {WINDOW_S:g} s"
            raise ProblemError(429, "Too Many Requests", detail)
