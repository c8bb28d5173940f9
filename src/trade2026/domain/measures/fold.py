"""Spans into measures of every interval: a fold that can begin again in the middle.

The trades of a span are judged by the mid `LATER_SPANS` spans after it, so an interval is told
of so long after its end. Where a life of the market ends, or spans are missing, what there is
is told as it stands: an interval says how many spans it is made of.

Whoever begins at `needs_seq` of an earlier fold, with nothing, and passes over what that one
had told of, tells the same from there on.

The same measures come out wherever the spans of a symbol are cut into batches.
"""

from collections import deque
from typing import Final, NamedTuple

from trade2026.core.clock import NS_PER_S
from trade2026.domain.measures.interval import Interval, Ripe, twice_mid
from trade2026.model.measure import MarketSpan, Measures, SpanBatch

SPAN_NS: Final = NS_PER_S
"""A span's length; each ends at a multiple of it."""

LATER_SPANS: Final = 5

INTERVALS_NS: Final = tuple(seconds * NS_PER_S for seconds in (10, 60, 300, 900, 3_600))
"""Shortest first."""


class Told(NamedTuple):
    """Measures, and which event of the log completed them."""

    seq: int
    measures: Measures


class _Waiting(NamedTuple):
    span: MarketSpan
    needs_seq: int
    """Where the log tells of the mid at its beginning."""
    before: int | None
    at_end: int | None


class SymbolFold:
    """The fold of one symbol."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._life = 0
        self._mid: int | None = None
        """Twice the last mid that is known."""
        self._mid_seq = 0
        """Where the log told of it."""
        self._end_ns = 0
        self._waiting: deque[_Waiting] = deque()
        self._open: dict[int, Interval] = {}

    @property
    def needs_seq(self) -> int | None:
        """Return the first event of the log that what is open depends on; None for nothing."""
        needed = [interval.needs_seq for interval in self._open.values()]
        needed += [waiting.needs_seq for waiting in self._waiting]
        return min(needed, default=None)

    def add(self, batch: SpanBatch, seq: int) -> list[Measures]:
        """Take the next batch, event *seq* of the log; return the intervals that are complete."""
        told: list[Measures] = []
        for span in batch.records:
            if batch.life != self._life or span.begin_ns != self._end_ns:
                told += self._end()
                self._life = batch.life
            before, needs_seq = self._mid, seq if self._mid is None else self._mid_seq
            if mid := twice_mid(span.bid_px, span.ask_px):
                self._mid, self._mid_seq = mid, seq
            self._end_ns = span.end_ns
            self._waiting.append(_Waiting(span, needs_seq, before, self._mid))
            if len(self._waiting) > LATER_SPANS:
                told += self._ripen(self._mid)
        return told

    def _end(self) -> list[Measures]:
        """Tell of everything, and begin anew."""
        told: list[Measures] = []
        while self._waiting:
            told += self._ripen(self._mid)
        told += [interval.measures(self._life, self._symbol) for interval in self._open.values()]
        self._open = {}
        self._mid = None
        return told

    def _ripen(self, later: int | None) -> list[Measures]:
        span, needs_seq, before, at_end = self._waiting.popleft()
        ripe = Ripe(span=span, before=before, at_end=at_end, later=later)
        told: list[Measures] = []
        for length_ns in INTERVALS_NS:
            begin_ns = span.begin_ns // length_ns * length_ns
            interval = self._open.setdefault(length_ns, Interval(begin_ns, length_ns, needs_seq))
            interval.add(ripe)
            if span.end_ns >= interval.end_ns:
                told.append(interval.measures(self._life, self._symbol))
                del self._open[length_ns]
        return told


class MeasureFold:
    """The fold of all symbols over the events of one stream."""

    def __init__(self) -> None:
        self._symbols: dict[str, SymbolFold] = {}
        self._seq = 0

    def add(self, batch: SpanBatch, seq: int) -> list[Told]:
        """Take event *seq* of the log; return what it completed, shortest interval first."""
        fold = self._symbols.setdefault(batch.symbol, SymbolFold(batch.symbol))
        self._seq = seq
        return [Told(seq, measures) for measures in fold.add(batch, seq)]

    @property
    def needs_seq(self) -> int:
        """Return the first event from which another fold must read to go on as this one does."""
        needed = (fold.needs_seq for fold in self._symbols.values())
        return min((seq for seq in needed if seq is not None), default=self._seq + 1)
