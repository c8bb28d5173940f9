"""All measures of the market: those that are stored, and the newest ones, which are not yet.

The store says up to which event of the log it has everything; what later events completed is
remembered here. So the two meet at one event, whatever is stored meanwhile: nothing is missing
between them and nothing is there twice. Where the memory does not reach back to that event,
because the store is far behind, the list ends with what is stored and says so; and so it does
where the memory has not read yet what the log was told, or the store is without a damaged part.
"""

from collections.abc import Callable
from typing import NamedTuple

from trade2026.core.errors import UnavailableError
from trade2026.ports.measures import Mark, Marked, MeasureRange, MeasureStore
from trade2026.prism.analytics import Analytics


class Page(NamedTuple):
    """Measures, the last told first."""

    found: list[Marked]
    is_current: bool
    """Whether the newest that were told are among what the pages show, and none is missing of
    what was stored once."""


class AllMeasures:
    """Joins a store and the memory.

    Args:
        store: of what was told.
        analytics: the memory.
        told_seq: where the log has the last span that was told.
    """

    def __init__(
        self, store: MeasureStore, analytics: Analytics, told_seq: Callable[[], int]
    ) -> None:
        self._store = store
        self._analytics = analytics
        self._told_seq = told_seq

    async def page(self, wanted: MeasureRange, *, before: Mark | None, limit: int) -> Page:
        """Return up to *limit* measures, the last told first, all of them before a place.

        Raises:
            UnavailableError: the store did not answer as it should, or the log is not read yet.
        """
        log_id = self._analytics.log_id
        if not log_id:
            raise UnavailableError("the log of PRISM's market is not read yet")
        last = self._told_seq()
        # The store first: what it takes in from now on is remembered as well.
        reached, is_whole = await self._store.reached(log_id)
        told = self._analytics.told_behind(wanted.symbol, wanted.interval_ns, reached)
        is_read = max(self._analytics.seq, reached) >= last
        newest = [
            marked
            for marked in told or ()
            if wanted.has(marked.measures) and (before is None or marked.mark < before)
        ][:limit]
        if len(newest) < limit:
            seam = Mark(log_id, reached + 1, 0)
            end = seam if before is None else min(seam, before)
            newest += await self._store.newest(wanted, before=end, limit=limit - len(newest))
        return Page(newest, is_current=told is not None and is_read and is_whole)
