"""One hash over everything that happened in a market's life, in order.

Events are hashed in blocks of a fixed number, each on top of the one before; what is not yet
a whole block waits. So it does not matter in which portions events come, and the hash can be
kept in a file and gone on with. Times count from the beginning of the life: two lives that
began alike and were asked the same have the same hash.
"""

from hashlib import blake2b
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

BLOCK: Final = 1_024
_DIGEST_BYTES: Final = 16


class DigestState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a digest stands."""

    start_ns: int
    count: int
    chain: bytes
    waiting: bytes


class EventDigest:
    """Goes over the events of one life."""

    def __init__(self, start_ns: int) -> None:
        self.count = 0
        self._start_ns = start_ns
        self._chain = b""
        self._waiting = b""

    def add(self, events: NDArray[np.void]) -> None:
        """Take in the next events, records with a field `time_ns`."""
        if not len(events):
            return
        names = events.dtype.names or ()
        rows = np.empty((len(events), len(names)), np.int64)
        for column, name in enumerate(names):
            rows[:, column] = events[name]
        rows[:, names.index("time_ns")] -= self._start_ns
        self.count += len(events)
        block_bytes = BLOCK * rows.shape[1] * rows.itemsize
        waiting: Any = memoryview(self._waiting + rows.tobytes())
        while len(waiting) >= block_bytes:
            self._chain = _hash(self._chain, waiting[:block_bytes])
            waiting = waiting[block_bytes:]
        self._waiting = bytes(waiting)

    def hexdigest(self) -> str:
        """Return the hash over all events so far."""
        return _hash(self._chain, self._waiting).hex()

    def state(self) -> DigestState:
        """Return where it stands."""
        return DigestState(
            start_ns=self._start_ns, count=self.count, chain=self._chain, waiting=self._waiting
        )

    @classmethod
    def from_state(cls, state: DigestState) -> "EventDigest":
        """Return a digest that goes on from *state*."""
        digest = cls(state.start_ns)
        digest.count, digest._chain, digest._waiting = state.count, state.chain, state.waiting
        return digest


def _hash(chain: bytes, rows: bytes | memoryview) -> bytes:
    block = blake2b(chain, digest_size=_DIGEST_BYTES)
    block.update(rows)
    return block.digest()
