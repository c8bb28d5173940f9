"""The newest measures of every symbol and interval, folded from the log of spans.

A restarted PRISM reads the log again, so its measures of before are there as well.
"""

from collections import deque
from itertools import islice
from typing import Final, NamedTuple

from trade2026.domain.measures.fold import MeasureFold
from trade2026.model.measure import Measures, SpanBatch
from trade2026.ports.bus import Delivery

KEPT: Final = 1_440
"""Of each symbol and interval: a day of minutes."""
BACK: Final = 20_000
"""Events of PRISM's tape to begin with: about twenty minutes in real time."""


class Place(NamedTuple):
    """Where measures stand among those of their symbol and interval."""

    life: int
    begin_ns: int


class Analytics:
    """Keeps what the fold tells."""

    def __init__(self) -> None:
        self._fold = MeasureFold()
        self._kept: dict[tuple[str, int], deque[Measures]] = {}

    async def on_spans(self, batch: SpanBatch, delivery: Delivery) -> None:
        """Take the next spans."""
        for told in self._fold.add(batch, delivery.stream_seq):
            measures = told.measures
            key = measures.symbol, measures.interval_ns
            self._kept.setdefault(key, deque(maxlen=KEPT)).append(measures)

    def newest(
        self, symbol: str, interval_ns: int, *, limit: int, before: Place | None = None
    ) -> list[Measures]:
        """Return up to *limit* complete intervals, newest first, all of them before a place."""
        kept = reversed(self._kept.get((symbol, interval_ns), ()))
        found = (m for m in kept if before is None or place_of(m) < before)
        return list(islice(found, limit))


def place_of(measures: Measures) -> Place:
    """Return where *measures* stand."""
    return Place(measures.life, measures.begin_ns)
