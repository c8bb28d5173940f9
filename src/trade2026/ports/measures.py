"""The measures that are stored, as who shows them sees them.

A place in the log says which measures come first, and names them: what a store has and what is
remembered elsewhere can be laid side by side without a gap or a double.
"""

from typing import NamedTuple, Protocol

from trade2026.model.measure import Measures


class Mark(NamedTuple):
    """Which event of which log completed measures, and where among its measures they are."""

    log_id: str
    """When the log was made, in nanoseconds of 19 digits: a later log sorts behind."""
    stream_seq: int
    batch_pos: int


class Marked(NamedTuple):
    """Measures and their place."""

    mark: Mark
    measures: Measures


class MeasureRange(NamedTuple):
    """Which measures are asked for."""

    symbol: str
    interval_ns: int
    from_ns: int
    """The earliest begin."""
    to_ns: int
    """Begins are before this."""

    def has(self, measures: Measures) -> bool:
        """Return whether measures of this symbol and interval begin within."""
        return self.from_ns <= measures.begin_ns < self.to_ns


class Reached(NamedTuple):
    """How far a store has come with a log."""

    seq: int
    """The last event whose measures are stored, 0 for none."""
    is_whole: bool
    """Whether none of what it once stored is missing: false from when a damaged part was set
    aside until all that the log still has of it is stored again."""


class MeasureStore(Protocol):
    """Where measures are stored, in the order of their places."""

    async def reached(self, log_id: str) -> Reached:
        """Return how far the store has come with that log.

        Raises:
            UnavailableError: the store did not answer as it should.
        """
        ...

    async def newest(self, wanted: MeasureRange, *, before: Mark, limit: int) -> list[Marked]:
        """Return up to *limit* measures, the last place first, all of them before a place.

        Raises:
            UnavailableError: the store did not answer as it should.
        """
        ...
