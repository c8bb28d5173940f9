"""Writes behind: the newest of each key goes to the cache, and all of it again after a loss.

What is read never waits for the cache, and what is written between two rounds is written once.
After each round the writer leaves a mark with the round's number. The cache keeps its writes in
order, so where the mark is the writer's last, nothing before it is missing; where it is not,
because the cache was killed, emptied or set back, everything is written again.
"""

import asyncio
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import UnavailableError
from trade2026.model import codec
from trade2026.ports.cache import Cache

ROUND_S: Final = 0.05
ROUNDS_A_CHECK: Final = 20
"""The mark is looked at once a second."""
CHUNK: Final = 500
"""Keys written in one step."""
MARK_TTL_S: Final = 3_600.0

RETRY_S: Final = 0.5
"""Between attempts while the cache is away."""

Make = Callable[[], object]
"""Returns the newest value of a key, when it is written."""


class HotWriter:
    """Keeps one cache in step with what this process knows.

    Args:
        cache: where to.
        log: told when the cache goes and comes.
        name: of this writer, for its mark.
        everything: returns all that is to be in the cache.
        moving: returns what changed since it was last asked; asked once a second.
    """

    def __init__(
        self,
        cache: Cache,
        log: FilteringBoundLogger,
        *,
        name: str,
        everything: Callable[[], Mapping[str, Make]],
        moving: Callable[[], Mapping[str, Make]],
    ) -> None:
        self._cache = cache
        self._log = log
        self._mark_key = f"hot.mark.{name}"
        self._everything = everything
        self._moving = moving
        self._pending: dict[str, Make] = {}
        self._round = 0
        self._is_complete = False
        self._was_away = False

    @property
    def is_stored(self) -> bool:
        """Return whether the cache has all that was known a moment ago."""
        return self._is_complete

    def note(self, key: str, make: Make) -> None:
        """Have what *make* returns then written under *key* in the next round."""
        self._pending[key] = make

    async def run(self) -> None:
        """Write round after round."""
        count = 0
        while True:
            await self.write(is_checking=count % ROUNDS_A_CHECK == 0)
            count += 1
            await asyncio.sleep(RETRY_S if self._was_away else ROUND_S)

    async def write(self, *, is_checking: bool) -> None:
        """Write one round; a cache that is away only makes it incomplete."""
        try:
            if is_checking:
                await self._check()
            await self._write()
        except UnavailableError as error:
            # Some of the round may have arrived: the next one that can writes everything.
            self._is_complete = False
            if not self._was_away:
                self._log.warning("hot state not stored", why=str(error))
            self._was_away = True
        else:
            if self._was_away:
                self._log.info("hot state stored again")
            self._was_away = False

    async def _check(self) -> None:
        if self._is_complete:
            found = await self._cache.get(self._mark_key)
            self._is_complete = found == str(self._round).encode()
        self._pending.update(self._moving())

    async def _write(self) -> None:
        if not self._is_complete:
            self._pending.update(self._everything())
        elif not self._pending:
            return
        pending, self._pending = self._pending, {}
        keys = iter(pending)
        while chunk := list(islice(keys, CHUNK)):
            await self._cache.put_many({key: codec.encode(pending[key]()) for key in chunk})
        self._round += 1
        await self._cache.put(self._mark_key, str(self._round).encode(), ttl_s=MARK_TTL_S)
        self._is_complete = True
