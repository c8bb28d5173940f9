"""The cache port in this process: bounded, with a clock that tests can move."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, Clock

KEYS_MAX: Final = 10_000


class _Entry(msgspec.Struct):
    value: bytes
    count: int
    expires_ns: int | None


class MemoryCache:
    """Keeps at most `KEYS_MAX` keys; beyond that the oldest goes, as of any cache."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    async def get(self, key: str) -> bytes | None:
        """Return the value under *key*, or None where there is none or it has expired."""
        entry = self._current(key)
        return None if entry is None else entry.value

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Keep *value* under *key*, for *ttl_s* seconds where given."""
        self._keep(key, _Entry(value=value, count=0, expires_ns=self._after(ttl_s)))

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """Return the values under *keys* in their order, None for each that is not there."""
        return [await self.get(key) for key in keys]

    async def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep all of *values*, in one step."""
        for key, value in values.items():
            await self.put(key, value)

    async def count(self, key: str, *, window_s: float) -> int:
        """Add one to the counter *key* and return it; it lives *window_s* from its first."""
        entry = self._current(key)
        if entry is None:
            entry = _Entry(value=b"", count=0, expires_ns=self._after(window_s))
            self._keep(key, entry)
        entry.count += 1
        entry.value = str(entry.count).encode()
        return entry.count

    async def forget(self, key: str) -> None:
        """Remove *key*, whether it is there or not."""
        self._entries.pop(key, None)

    async def is_reachable(self) -> bool:
        """Return True: memory is always there."""
        return True

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def _current(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None or entry.expires_ns is None:
            return entry
        if entry.expires_ns > self._clock.monotonic_ns():
            return entry
        del self._entries[key]
        return None

    def _keep(self, key: str, entry: _Entry) -> None:
        self._entries.pop(key, None)
        if len(self._entries) >= KEYS_MAX:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry

    def _after(self, duration_s: float | None) -> int | None:
        if duration_s is None:
            return None
        return self._clock.monotonic_ns() + round(duration_s * NS_PER_S)
