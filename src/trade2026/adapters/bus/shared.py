"""One reading of the log for all in this process who follow the same subjects.

Whoever follows begins by itself, from its own place. Once nothing is left behind it, its own
reading ends, and it takes what is read once for all of them: received once, and decoded once. Each
keeps a queue and a place of its own, so that one that is slow, or stands before a poisoned event,
holds up nobody. One whose queue is full goes back to a reading of its own, behind what it has.

Nothing is skipped and nothing repeated: a follower joins at a moment at which it has handed on
everything before its place and the common reading has handed on nothing behind it, and leaves out
what it has had.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from trade2026.adapters.bus.log import PREFETCH_LIMIT, Once, Record, Source
from trade2026.adapters.bus.task import Tasks

QUEUE_LIMIT: Final = 4 * PREFETCH_LIMIT
"""So many events wait for a slow follower until it reads by itself again."""


class Shared:
    """The followers of one subject in this process, and what is read for all of them.

    Args:
        name: for tasks.
        read: returns a reading from a sequence on.
        on_empty: told when nobody follows any more.
    """

    def __init__(
        self, name: str, read: Callable[[int], Source], on_empty: Callable[[], object]
    ) -> None:
        self.read = read
        self.tasks = Tasks()
        self._name = name
        self._on_empty = on_empty
        self._followers: set[Follower] = set()
        self._members: set[Follower] = set()
        self._trunk: Source | None = None
        self._next_seq = 0
        """Behind the last event that the common reading has handed on."""

    def enter(self, follower: "Follower") -> None:
        """Take note that *follower* reads."""
        self._followers.add(follower)

    async def leave(self, follower: "Follower") -> None:
        """Take note that *follower* reads no more; the last one ends the common reading."""
        self._followers.discard(follower)
        self._members.discard(follower)
        if not self._followers:
            self._on_empty()
            await self.tasks.finish(grace_s=0)

    def joins(self, follower: "Follower", next_seq: int) -> bool:
        """Let *follower*, who has had all before *next_seq*, take what comes; return whether.

        The common reading begins with the second follower, where the first of them stands that
        asks.
        """
        if self._trunk is None and len(self._followers) > 1:
            self._next_seq = next_seq
            self._trunk = self.read(next_seq)
            self.tasks.keep(self._hand_on(self._trunk), name=f"read {self._name} for all")
        if self._trunk is None or next_seq < self._next_seq:
            return False
        self._members.add(follower)
        return True

    async def _hand_on(self, trunk: Source) -> None:
        try:
            await trunk.open()
            while True:
                await trunk.wait()
                record = msgspec.structs.replace(trunk.pop(), once=Once())
                self._next_seq = record.seq + 1
                for member in tuple(self._members):
                    if not member.takes(record):
                        self._members.discard(member)
        finally:
            # Whatever ended it: each goes on by itself.
            self._trunk = None
            members, self._members = self._members, set()
            for member in members:
                member.part()
            await trunk.close()

    @property
    def pending_count(self) -> int:
        """How many events the common reading has not handed on, when it last heard of it."""
        return 0 if self._trunk is None else self._trunk.pending_count


class Follower:
    """A source that reads by itself until it has caught up, and then with the others.

    Args:
        shared: whom it reads with.
        from_seq: where it begins.
    """

    def __init__(self, shared: Shared, from_seq: int) -> None:
        self._shared = shared
        self._next_seq = max(from_seq, 1)
        """Behind the last event that was popped."""
        self._own: Source | None = None
        self._opening: asyncio.Task[int] | None = None
        self._is_member = False
        self._queue: deque[Record] = deque()
        self._changed = asyncio.Event()

    async def open(self) -> int:
        """Begin, and return how many events wait. Waits until the log is reachable."""
        self._shared.enter(self)
        self._own = self._shared.read(self._next_seq)
        return await self._own.open()

    async def wait(self) -> None:
        """Return when an event is there. May be cancelled without loss."""
        while not self._queue:
            if self._is_member:
                self._changed.clear()
                await self._changed.wait()
                continue
            own = await self._reading()
            if own.pending_count or not self._shared.joins(self, self._next_seq):
                await own.wait()
                return
            self._own, self._is_member = None, True
            self._shared.tasks.start(own.close(), name="end of an own reading")

    async def _reading(self) -> Source:
        """Return a reading of its own; it is begun once, however often this is cancelled."""
        if self._own is None:
            self._own = self._shared.read(self._next_seq)
            self._opening = self._shared.tasks.start(self._own.open(), name="an own reading")
        if self._opening is not None:
            await asyncio.shield(self._opening)
            self._opening = None
        return self._own

    def takes(self, record: Record) -> bool:
        """Take what was read for all; return whether there is room for more."""
        if record.seq >= self._next_seq:
            self._queue.append(record)
            self._changed.set()
        if len(self._queue) < QUEUE_LIMIT:
            return True
        self.part()
        return False

    def part(self) -> None:
        """Read by itself from here on, once the queue is empty."""
        self._is_member = False
        self._changed.set()

    def pop(self) -> Record:
        """Return the next event; only after `wait`."""
        if self._queue:
            record = self._queue.popleft()
        else:
            assert self._own is not None, "nothing waits"
            record = self._own.pop()
        self._next_seq = record.seq + 1
        return record

    async def count_waiting(self) -> int:
        """Return how many events wait at this moment, here and in the log."""
        return self.pending_count if self._own is None else await self._own.count_waiting()

    @property
    def pending_count(self) -> int:
        """How many events waited when the log was last heard of."""
        if self._own is not None:
            return self._own.pending_count
        return len(self._queue) + self._shared.pending_count

    @property
    def is_full(self) -> bool:
        """Whether so much waits here that no more is fetched ahead."""
        if self._own is not None:
            return self._own.is_full
        return len(self._queue) >= PREFETCH_LIMIT

    async def close(self) -> None:
        """Read no more."""
        if self._opening is not None:
            self._opening.cancel()
        if self._own is not None:
            await self._own.close()
        await self._shared.leave(self)
