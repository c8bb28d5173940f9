"""A lossless topic: the newest events in a bounded ring, read from any sequence on.

A reader has a place in the sequence and no queue of its own. It gets every event behind its
place exactly once, in order. Where events behind its place are not there any more it is told
of the gap first, and then gets what there is.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

T = TypeVar("T")

RING_EVENTS: Final = 2_000
BACKLOG_MAX: Final = 1_500
"""A reader that is further behind than this, having once been up to date, is too slow."""
TAKE_MAX: Final = 200
"""Events handed out at once."""


class Entry(msgspec.Struct, Generic[T], frozen=True, array_like=True):
    """One event of a topic."""

    seq: int
    ts_ns: int
    value: T


class Ring:
    """The newest events of one topic."""

    def __init__(self, *, floor: int = 0, limit: int = RING_EVENTS) -> None:
        """Begin empty.

        Args:
            floor: Events up to this sequence may have been, and are not here.
            limit: How many events are kept, or a quarter more.
        """
        self.floor = floor
        """The highest sequence up to which nothing is here."""
        self.readers: set[Reader] = set()
        self._limit = limit
        self._entries: list[Entry[Any]] = []

    @property
    def is_idle(self) -> bool:
        """Return whether nobody reads and nothing was ever kept."""
        return not self.readers and not self._entries

    @property
    def entries(self) -> tuple[Entry[Any], ...]:
        """Return what is kept, in order."""
        return tuple(self._entries)

    @property
    def last_seq(self) -> int:
        """Return the sequence of the newest event, or the floor."""
        return self._entries[-1].seq if self._entries else self.floor

    @property
    def oldest_seq(self) -> int:
        """Return the sequence of the oldest event kept, or the floor."""
        return self._entries[0].seq if self._entries else self.floor

    def append(self, entry: Entry[Any]) -> None:
        """Keep the next event; one that is not behind the newest was kept before."""
        if entry.seq <= self.last_seq:
            return
        self._entries.append(entry)
        if len(self._entries) > self._limit * 5 // 4:
            # In one go: to shift the whole list for every event would be dear.
            surplus = len(self._entries) - self._limit
            self.floor = self._entries[surplus - 1].seq
            del self._entries[:surplus]
        for reader in self.readers:
            reader.wake()

    def after(self, seq: int, limit: int = TAKE_MAX) -> Sequence[Entry[Any]]:
        """Return up to *limit* events behind *seq*, in order."""
        start = self._place(seq)
        return self._entries[start : start + limit]

    def count_after(self, seq: int) -> int:
        """Return how many events stand behind *seq*."""
        return len(self._entries) - self._place(seq)

    def _place(self, seq: int) -> int:
        return bisect_right(self._entries, seq, key=lambda entry: entry.seq)


class Reader:
    """One client's place in a ring."""

    def __init__(self, ring: Ring, wake: Callable[[], None], *, after: int | None = None) -> None:
        """Read what comes from now on, or everything behind the sequence *after*."""
        self.wake = wake
        self._ring = ring
        # Behind what is not there any more, or before what never was: events of another log.
        self._has_gap = after is not None and not ring.floor <= after <= ring.last_seq
        self._place = ring.last_seq if after is None else after
        if self._has_gap:
            self._place = ring.floor
        self._is_first = True
        self._was_current = after is None
        ring.readers.add(self)

    def close(self) -> None:
        """Read no more."""
        self._ring.readers.discard(self)

    @property
    def is_too_slow(self) -> bool:
        """Return whether it has fallen so far behind that it would soon miss something."""
        is_lost = self._place < self._ring.floor
        backlog = self._ring.count_after(self._place)
        return is_lost or (self._was_current and backlog > BACKLOG_MAX)

    def take_gap(self) -> int | None:
        """Return, once, the oldest sequence there is where what was asked for is not."""
        if not self._has_gap:
            return None
        self._has_gap = False
        return self._ring.oldest_seq

    def take(self) -> tuple[int, Sequence[Entry[Any]]] | None:
        """Return the place it has come to and the next events; None if there is nothing new.

        The first time there is always an answer, so that a client knows its place.
        """
        assert self._place >= self._ring.floor, "events were dropped before they were read"
        entries = self._ring.after(self._place)
        if entries:
            self._place = entries[-1].seq
        self._was_current |= len(entries) < TAKE_MAX
        if not entries and not self._is_first:
            return None
        self._is_first = False
        return self._place, entries
