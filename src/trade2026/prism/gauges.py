"""The gauges of a market, as Python holds them: their memory, and the records taken so far."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.gauges import SPAN, new_gauges, take_spans

SPAN_ROOM: Final = 8_192
"""Records that lie in the block before Python must take them: twenty minutes of six symbols."""


class Gauges:
    """What measures a market of so many symbols from *now_ns* on, span by span.

    Args:
        symbols: how many there are.
        span_ns: the length of a span; they end at its multiples.
        now_ns: the market's time.
        room: records that lie in the engine's own memory.
    """

    def __init__(self, symbols: int, *, span_ns: int, now_ns: int, room: int = SPAN_ROOM) -> None:
        self._block = new_gauges(symbols, span_ns=span_ns, now_ns=now_ns, room=room)
        self._taken: list[NDArray[np.void]] = []

    @property
    def address(self) -> int:
        """Return where the engine finds them."""
        return self._block.ctypes.data

    def make_room(self) -> None:
        """Take the records out of the engine's memory."""
        self._taken.append(take_spans(self._block))

    def take(self) -> NDArray[np.void]:
        """Return the records of all spans that ended since the last call, of `SPAN`.

        Those of one symbol stand in the order of time. A span is there once something
        happened in its symbol after it.
        """
        self.make_room()
        taken, self._taken = self._taken, []
        return np.concatenate(taken) if taken else np.empty(0, SPAN.dtype)
