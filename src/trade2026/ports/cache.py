"""Hot state that may be lost: counters and last values with a time to live."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Cache(Protocol):
    """What the platform asks of a cache. Losing all of it must harm nobody."""

    async def get(self, key: str) -> bytes | None:
        """Return the value under *key*, or None where there is none or it has expired.

        Raises:
            UnavailableError: the cache did not answer.
        """
        ...

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Keep *value* under *key*, for *ttl_s* seconds where given.

        Raises:
            UnavailableError: the cache did not answer.
        """
        ...

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """Return the values under *keys* in their order, None for each that is not there.

        Raises:
            UnavailableError: the cache did not answer.
        """
        ...

    async def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep all of *values*, in one step.

        Raises:
            UnavailableError: the cache did not answer.
        """
        ...

    async def count(self, key: str, *, window_s: float) -> int:
        """Add one to the counter *key* and return it; it is forgotten *window_s* after its first.

        Raises:
            UnavailableError: the cache did not answer.
        """
        ...

    async def forget(self, key: str) -> None:
        """Remove *key*, whether it is there or not.

        Raises:
            UnavailableError: the cache did not answer.
        """
        ...

    async def is_reachable(self) -> bool:
        """Return whether the cache answers at this moment."""
        ...

    async def close(self) -> None:
        """Leave."""
        ...
