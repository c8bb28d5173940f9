"""What is remembered of the newest things only: a mapping that forgets its oldest keys.

A plain dict, which is copied in no time, and copies of this one are what snapshots are made of. It
finds its first key the slower the more were deleted before it, so the oldest go many at a time.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SPARE: Final = 1 / 4
"""How many more keys than asked for there may be, as a share, before the oldest are forgotten."""


class Newest(dict[K, V]):
    """A mapping of bounded size, oldest key first.

    Args:
        least: so many of the newest keys are there at least, and a quarter more at most.
        items: what it begins with, oldest first.
    """

    def __init__(self, least: int, items: Iterable[tuple[K, V]] = ()) -> None:
        super().__init__(items)
        self._least = least
        self._most = least + int(least * SPARE)

    def keep(self, key: K, value: V) -> Sequence[V]:
        """Set *key*, at its place where it is known, and return the values that are forgotten."""
        self[key] = value
        if len(self) <= self._most:
            return ()
        return [self.pop(one) for one in list(islice(self, len(self) - self._least))]
