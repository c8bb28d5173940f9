"""What a life was asked and where it stood, as far as memory holds it: for forks."""

from collections import deque
from collections.abc import Collection
from typing import Final

from trade2026.core.ids import OrderId
from trade2026.model.prism import PrismInput, PrismMark
from trade2026.prism.recorded import Placed, is_entry

MOST_INPUTS: Final = 50_000
MOST_MARKS: Final = 7_200
"""Two hours of one a second."""


class History:
    """The newest inputs and marks of one life.

    Args:
        begins_at: the place in the log behind which the life's inputs stand.
    """

    def __init__(self, begins_at: int) -> None:
        self.begins_at = begins_at
        self._complete_from = begins_at + 1
        self._inputs: deque[Placed] = deque()
        self._marks: deque[PrismMark] = deque(maxlen=MOST_MARKS)

    def entered(self, place: int, message: PrismInput) -> None:
        """Note an input that entered the market."""
        self._inputs.append((place, message))
        if len(self._inputs) > MOST_INPUTS:
            self._complete_from = self._inputs.popleft()[0] + 1

    def let_go(self, log_seq: int) -> None:
        """Forget inputs and marks up to a place in the log: no state is kept to play them on."""
        while self._inputs and self._inputs[0][0] <= log_seq:
            self._inputs.popleft()
        self._complete_from = max(self._complete_from, log_seq + 1)
        while self._marks and self._marks[0].log_seq < log_seq:
            self._marks.popleft()

    def marked(self, mark: PrismMark) -> None:
        """Note where the life stands."""
        self._marks.append(mark)

    def entries(self, orders: Collection[OrderId]) -> list[Placed]:
        """Return, as far as memory has them, the inputs by which *orders* entered."""
        return [placed for placed in self._inputs if is_entry(placed[1], orders)]

    def inputs_from(self, place: int) -> list[Placed] | None:
        """Return all inputs from *place* on; None where memory no longer has them."""
        if place < self._complete_from:
            return None
        return [placed for placed in self._inputs if placed[0] >= place]

    def marks_from(self, sim_ns: int) -> list[PrismMark]:
        """Return the marks from a simulation time on."""
        return [mark for mark in self._marks if mark.sim_ns >= sim_ns]
