"""A table of the lake, as its one writer sees it.

The table itself knows what it holds: with every commit it keeps, for each kind of event, the
sequence of the last event in it. So whatever happens between two commits, an event is in the
table once.
"""

from typing import Protocol

import msgspec


class EventTable(Protocol):
    """A table with a part that is not committed yet."""

    async def open(self, log_id: str) -> None:
        """Make the table if need be, and read how far it has come.

        Args:
            log_id: Names the stream whose sequences the positions count; another stream
                has positions of its own, which begin at 0.

        Raises:
            UnavailableError: the storage did not answer as it should.
        """
        ...

    @property
    def reached(self) -> int:
        """The sequence of the last event of any kind that is committed, 0 for none."""
        ...

    def position(self, kind: type[msgspec.Struct]) -> int:
        """Return the sequence of the last event of *kind* that is committed, 0 for none."""
        ...

    def begins(self, kind: type[msgspec.Struct]) -> int:
        """Return the first event to read: behind the last one, or what rows to come depend on."""
        ...

    @property
    def damage(self) -> str:
        """What was found damaged at the opening, empty for nothing.

        Its rows are missing; `begins` is then where the log begins, and what is missing of
        events that are committed again is added.
        """
        ...

    def add(
        self,
        batch: msgspec.Struct,
        stream_seq: int,
        *,
        appended_ns: int = 0,
        needs_seq: int | None = None,
    ) -> None:
        """Hold the batch for the next commit.

        Args:
            batch: of a kind of the table; it may have no rows.
            stream_seq: of the event it came in.
            appended_ns: when the log stored that.
            needs_seq: from which event on a later process must read to go on as this one
                does; None is behind this one.

        Raises:
            OverflowError: a number does not fit its column; nothing of the batch is held.
        """
        ...

    @property
    def waiting_rows(self) -> int:
        """How many rows are held and not committed."""
        ...

    async def commit(self) -> int:
        """Store what is held, each event once, and return how many rows were new.

        Raises:
            UnavailableError: the storage did not take it, or did not say so; what is held
                stays held, and committing again is safe.
        """
        ...

    async def tidy(self) -> None:
        """Merge small files, and remove those that nothing refers to any more.

        Raises:
            UnavailableError: the storage did not answer as it should.
        """
        ...
