"""The cache port on Valkey.

Short time limits and no retries: what may be lost must not make anybody wait for it.

Source: Valkey command reference (SET, INCR), MULTI for both as one step.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final, cast

from valkey import exceptions
from valkey.asyncio import Valkey

from trade2026.core.errors import UnavailableError

HOST: Final = "127.0.0.1"
TIMEOUT_S: Final = 1.0

_AWAY: Final = (exceptions.ValkeyError, OSError, TimeoutError)


class ValkeyCache:
    """A cache on one Valkey server; connects when first asked, and again after a break."""

    def __init__(self, *, port: int, password: str, host: str = HOST) -> None:
        self._client = Valkey(
            host=host,
            port=port,
            password=password,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )

    async def get(self, key: str) -> bytes | None:
        """Return the value under *key*, or None where there is none or it has expired.

        Raises:
            UnavailableError: the cache did not answer.
        """
        return cast("bytes | None", await _answer(self._client.get(key)))

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Keep *value* under *key*, for *ttl_s* seconds where given.

        Raises:
            UnavailableError: the cache did not answer.
        """
        await _answer(self._client.set(key, value, px=None if ttl_s is None else _ms(ttl_s)))

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """Return the values under *keys* in their order, None for each that is not there.

        Raises:
            UnavailableError: the cache did not answer.
        """
        if not keys:
            return ()
        return cast("Sequence[bytes | None]", await _answer(self._client.mget(keys)))

    async def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep all of *values*, in one step.

        Raises:
            UnavailableError: the cache did not answer.
        """
        if values:
            await _answer(self._client.mset(dict(values)))

    async def count(self, key: str, *, window_s: float) -> int:
        """Add one to the counter *key* and return it; it is forgotten *window_s* after its first.

        Raises:
            UnavailableError: the cache did not answer.
        """
        # One step: a counter that lost its expiry between two would lock somebody out for good.
        step = self._client.pipeline(transaction=True)
        step.set(key, 0, px=_ms(window_s), nx=True)
        step.incr(key)
        _, count = cast("tuple[object, int]", await _answer(cast("Awaitable[Any]", step.execute())))
        return count

    async def forget(self, key: str) -> None:
        """Remove *key*, whether it is there or not.

        Raises:
            UnavailableError: the cache did not answer.
        """
        await _answer(self._client.delete(key))

    async def is_reachable(self) -> bool:
        """Return whether the cache answers at this moment."""
        try:
            await self.get("reachable")
        except UnavailableError:
            return False
        return True

    async def close(self) -> None:
        """Leave."""
        await self._client.aclose()


async def _answer(reply: Awaitable[Any]) -> object:
    task = asyncio.current_task()
    assert task is not None
    cancelling_count = task.cancelling()
    try:
        return await reply
    except _AWAY as error:
        raise UnavailableError(f"Valkey: {error}") from error
    finally:
        # The client looks for stale bytes with a time limit of zero, and a cancellation that
        # comes at that moment is lost in it: whoever is to end would go on for ever.
        if task.cancelling() > cancelling_count:
            raise asyncio.CancelledError


def _ms(duration_s: float) -> int:
    return max(1, round(duration_s * 1000))
