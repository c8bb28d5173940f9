"""Spans from the log into measures on their way to a table."""

from trade2026.domain.measures.fold import MeasureFold
from trade2026.model.measure import MeasuresBatch, SpanBatch


class MeasureStage:
    """Folds spans; see `domain/measures`."""

    def __init__(self) -> None:
        self._fold = MeasureFold()
        self._latest: tuple[int, MeasuresBatch] = (0, MeasuresBatch(symbol="", records=()))

    def __call__(self, batch: SpanBatch, stream_seq: int) -> tuple[MeasuresBatch, int]:
        """Return what the event completed, and from which event on another stage must read."""
        if stream_seq != self._latest[0]:  # given again where storing it failed
            records = tuple(one.measures for one in self._fold.add(batch, stream_seq))
            self._latest = stream_seq, MeasuresBatch(symbol=batch.symbol, records=records)
        return self._latest[1], self._fold.needs_seq
