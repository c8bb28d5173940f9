"""One client of the stream: what it follows, and what it has not been given yet.

It holds places and pictures, never messages: however slow a client is, what waits for it does
not grow. Whoever sends asks for the events at once and for the changes at the client's rate.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from trade2026.core.errors import RefusedError
from trade2026.desk.streams_board import Change, Look
from trade2026.desk.streams_hub import LOSSLESS, Hub, Topic
from trade2026.desk.streams_ring import TAKE_MAX, Entry, Reader

TOPICS_MAX: Final = 100


class News(msgspec.Struct, frozen=True, kw_only=True):
    """The next events of a lossless topic."""

    topic: Topic
    gap: int | None
    """The oldest sequence there is, where what was asked for is not there any more."""
    place: int
    """The sequence to resume behind."""
    entries: Sequence[Entry[Any]]


class Viewer:
    """What one client follows."""

    def __init__(self, hub: Hub) -> None:
        self.signal = asyncio.Event()
        """Set when there is something to take."""
        self.is_too_slow = False
        """Whether a lossless topic has run away from it: then nothing more of it is taken."""
        self._hub = hub
        self._looks: dict[Topic, Look] = {}
        self._readers: dict[Topic, Reader] = {}
        # Topics with something new, in the order in which it came; as dicts, which keep it.
        self._changed: dict[Topic, None] = {}
        self._told: dict[Topic, None] = {}

    @property
    def topic_count(self) -> int:
        """Return how many topics it follows."""
        return len(self._looks) + len(self._readers)

    @property
    def has_changes(self) -> bool:
        """Return whether a conflated topic may have changed."""
        return bool(self._changed)

    def follow(self, topic: Topic, after: int | None = None) -> None:
        """Follow *topic* from now on; again, it begins anew.

        Args:
            topic: What to follow.
            after: For lossless topics, the sequence to resume behind.

        Raises:
            RefusedError: it follows too many already.
        """
        self.leave(topic)
        if self.topic_count >= TOPICS_MAX:
            raise RefusedError(f"at most {TOPICS_MAX} topics")
        if topic.kind in LOSSLESS:
            wake = partial(self._wake_for_news, topic)
            self._readers[topic] = Reader(self._hub.ring(topic), wake, after=after)
        else:
            wake = partial(self._wake_for_change, topic)
            self._looks[topic] = Look(self._hub.board(topic), wake)
        wake()

    def leave(self, topic: Topic) -> None:
        """Follow *topic* no more."""
        followed = self._looks.pop(topic, None) or self._readers.pop(topic, None)
        self._changed.pop(topic, None)
        self._told.pop(topic, None)
        if followed is not None:
            followed.close()
            self._hub.let_go(topic)

    def close(self) -> None:
        """Follow nothing any more."""
        for topic in [*self._looks, *self._readers]:
            self.leave(topic)

    def take_news(self) -> Iterator[News]:
        """Yield what is new of the lossless topics, each in pieces and all of it."""
        while self._told:
            topic = next(iter(self._told))
            del self._told[topic]
            reader = self._readers[topic]
            # Asked each time: the events go on while the ones before are being sent.
            self.is_too_slow |= reader.is_too_slow
            if self.is_too_slow:
                return
            gap = reader.take_gap()
            taken = reader.take()
            if taken is None:
                continue
            place, entries = taken
            if len(entries) == TAKE_MAX:
                self._told[topic] = None
            yield News(topic=topic, gap=gap, place=place, entries=entries)

    def take_changes(self) -> Iterator[tuple[Topic, Change]]:
        """Yield what is new of the conflated topics."""
        while self._changed:
            topic = next(iter(self._changed))
            del self._changed[topic]
            change = self._looks[topic].take()
            if change is not None:
                yield topic, change

    def _wake_for_news(self, topic: Topic) -> None:
        self._told[topic] = None
        self.signal.set()

    def _wake_for_change(self, topic: Topic) -> None:
        # Who waits for the changes' time needs to hear only of the first.
        if not self._changed:
            self.signal.set()
        self._changed[topic] = None
