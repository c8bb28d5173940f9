"""A conflated topic: the latest picture of something, and what of it each looker has not seen.

There is no queue. A looker remembers the picture it was given last; what it gets next is
everything that is different now, as absolute values, however many updates lie between. So
any sequence of updates and looks leads to the present picture::

    folded(before, differences(before, after)) == after
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

S = TypeVar("S")
K = TypeVar("K")
V = TypeVar("V")

Picture = Mapping[Any, Any]
"""Values by key; neither it nor a value in it changes once it was put on a board."""
Wake = Callable[[], None]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a looker is told."""

    is_snapshot: bool
    """Whether `values` are all there are; otherwise they are those that differ."""
    seq: int
    """How many updates the topic has had."""
    ts_ns: int
    """Time of the newest of them; 0 before the first."""
    folded_count: int
    """Updates since the looker was told last."""
    values: Mapping[Any, Any]
    """By key; None means that there is no such value any more."""


def differences(before: Mapping[K, V], after: Mapping[K, V]) -> dict[K, V | None]:
    """Return what leads from one picture to the other; None stands for a key that is gone."""
    found: dict[K, V | None] = {k: v for k, v in after.items() if before.get(k) != v}
    found.update(dict.fromkeys(before.keys() - after.keys()))
    return found


def folded(before: Mapping[K, V], changes: Mapping[K, V | None]) -> dict[K, V]:
    """Return the picture after *changes*: what a client does with them."""
    merged = {**before, **changes}
    return {key: value for key, value in merged.items() if value is not None}


class Board(Generic[S]):
    """One topic's latest."""

    def __init__(self, draw: Callable[[S], Picture]) -> None:
        """Show what *draw* makes of a source; it is asked only when somebody looks."""
        self.looks: set[Look] = set()
        self.seq = 0
        self.ts_ns = 0
        self._draw = draw
        self._source: S | None = None
        self._picture: Picture | None = {}

    @property
    def is_idle(self) -> bool:
        """Return whether nobody looks and nothing was ever shown."""
        return not self.looks and self.seq == 0

    def put(self, source: S, ts_ns: int) -> None:
        """Take the newest state of the topic; it must not change any more."""
        self._source, self._picture = source, None
        self.seq += 1
        self.ts_ns = max(self.ts_ns, ts_ns)
        for look in self.looks:
            look.wake()

    def picture(self) -> Picture:
        """Return the present values by key."""
        if self._picture is None:
            assert self._source is not None
            self._picture = self._draw(self._source)
        return self._picture


class Look:
    """One client's view of a board."""

    def __init__(self, board: Board[Any], wake: Wake) -> None:
        """Look at *board*; *wake* is called when there may be something to take."""
        self.wake = wake
        self._board = board
        self._told: Picture | None = None
        self._told_seq = 0
        self._checked_seq = 0
        board.looks.add(self)

    def close(self) -> None:
        """Look no more."""
        self._board.looks.discard(self)

    def take(self) -> Change | None:
        """Return what is new: the first time everything, later what differs; None if nothing."""
        board = self._board
        if self._told is not None and board.seq == self._checked_seq:
            return None
        picture = board.picture()
        is_snapshot = self._told is None
        values = picture if self._told is None else differences(self._told, picture)
        self._checked_seq = board.seq
        if not values and not is_snapshot:
            return None
        change = Change(
            is_snapshot=is_snapshot,
            seq=board.seq,
            ts_ns=board.ts_ns,
            folded_count=board.seq - self._told_seq,
            values=values,
        )
        self._told, self._told_seq = picture, board.seq
        return change
