"""The newest measures of every symbol and interval, folded from the log of spans.

A restarted PRISM reads the log again, so its measures of before are there as well.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

from trade2026.domain.measures.fold import MeasureFold
from trade2026.model.measure import Measures, SpanBatch
from trade2026.model.subjects import Stream
from trade2026.ports.bus import Bus, Delivery
from trade2026.ports.measures import Mark, Marked

KEPT: Final = 1_440
"""Of each symbol and interval: a day of minutes."""
BACK: Final = 20_000
"""Events of PRISM's tape to begin with: about twenty minutes in real time."""


class Place(NamedTuple):
    """Where measures stand among those of their symbol and interval."""

    life: int
    begin_ns: int


class _Shelf:
    """The newest measures of one symbol and interval, the oldest first."""

    def __init__(self, known_behind: int) -> None:
        self.kept: deque[Marked] = deque(maxlen=KEPT)
        self.known_behind = known_behind
        """What events behind this one completed is here, and whole."""

    def add(self, marked: Marked) -> None:
        if len(self.kept) == KEPT:
            self.known_behind = max(self.known_behind, self.kept[0].mark.stream_seq)
        self.kept.append(marked)


class Analytics:
    """Keeps what the fold tells."""

    def __init__(self, bus: Bus, *, back: int = BACK) -> None:
        self._bus = bus
        self._back = back
        self._fold = MeasureFold()
        self._shelves: dict[tuple[str, int], _Shelf] = {}
        self._first_seq = 1
        self._is_from_the_start = True
        self.log_id = ""
        """Of the log that is folded, as tables of events have it."""
        self.seq = 0
        """The last event that was folded."""

    async def begin(self) -> int:
        """Return the first event to read."""
        state = await self._bus.stream_state(Stream.PRISM_TAPE)
        self.log_id = str(state.created_ns)
        self._first_seq = max(1, state.last_seq + 1 - self._back)
        self._is_from_the_start = self._first_seq == 1 and state.first_seq <= 1
        return self._first_seq

    async def on_spans(self, batch: SpanBatch, delivery: Delivery) -> None:
        """Take the next spans."""
        seq = delivery.stream_seq
        for pos, told in enumerate(self._fold.add(batch, seq)):
            measures = told.measures
            key = measures.symbol, measures.interval_ns
            if key not in self._shelves:
                # The fold begins in the middle of the first interval, unless the log does.
                self._shelves[key] = _Shelf(0 if self._is_from_the_start else seq)
            self._shelves[key].add(Marked(Mark(self.log_id, seq, pos), measures))
        self.seq = seq

    def newest(
        self, symbol: str, interval_ns: int, *, limit: int, before: Place | None = None
    ) -> list[Measures]:
        """Return up to *limit* complete intervals, newest first, all of them before a place."""
        kept = (marked.measures for marked in self._newest_first(symbol, interval_ns))
        found = (m for m in kept if before is None or place_of(m) < before)
        return list(islice(found, limit))

    def told_behind(self, symbol: str, interval_ns: int, seq: int) -> list[Marked] | None:
        """Return all that events behind *seq* completed, the last first.

        None where that is not known: the fold began behind it, or has let go of some.
        """
        shelf = self._shelves.get((symbol, interval_ns))
        known_behind = self._first_seq - 1 if shelf is None else shelf.known_behind
        if max(known_behind, self._first_seq - 1) > seq:
            return None
        return [
            marked
            for marked in self._newest_first(symbol, interval_ns)
            if marked.mark.stream_seq > seq
        ]

    def _newest_first(self, symbol: str, interval_ns: int) -> Iterable[Marked]:
        shelf = self._shelves.get((symbol, interval_ns))
        return () if shelf is None else reversed(shelf.kept)


def place_of(measures: Measures) -> Place:
    """Return where *measures* stand."""
    return Place(measures.life, measures.begin_ns)
