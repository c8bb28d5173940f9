"""Work side by side that keeps an order where one is called for: who may begin, and when.

Pure: whoever works is called when its turn has come, and says when it begins and ends.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple


class Lanes(NamedTuple):
    """What a piece of work has to be in order with."""

    after: tuple[Hashable, ...] = ()
    """It begins once all before it in these lanes have ended."""
    behind: tuple[Hashable, ...] = ()
    """It begins once all before it in these lanes have begun."""

    @property
    def names(self) -> tuple[Hashable, ...]:
        """Return both."""
        return self.after + self.behind


class Turn:
    """The turn of one piece of work. `Turns.draw` makes it."""

    def __init__(self, lanes: Lanes, on_come: Callable[[], None]) -> None:
        self.lanes = lanes
        self._on_come = on_come
        self._missing = 0
        self.at_begin: list[Turn] = []
        self.at_end: list[Turn] = []
        self.is_begun = False
        self.is_ended = False
        self.went_well = True
        self._before_went_well = True

    def begin(self) -> bool:
        """Say that it begins now; return whether all that it comes after went well."""
        self.is_begun = True
        waiting, self.at_begin = self.at_begin, []
        for one in waiting:
            one.miss_one_less()
        return self._before_went_well

    def end(self, *, went_well: bool = True) -> None:
        """Say that it has ended."""
        if not self.is_begun:
            self.begin()
        self.is_ended, self.went_well = True, went_well
        waiting, self.at_end = self.at_end, []
        for one in waiting:
            one.hear(went_well=went_well)
            one.miss_one_less()

    def come_after(self, other: "Turn") -> None:
        """Wait for the end of *other*."""
        if other.is_ended:
            self.hear(went_well=other.went_well)
        else:
            self._missing += 1
            other.at_end.append(self)

    def come_behind(self, other: "Turn") -> None:
        """Wait for the beginning of *other*."""
        if not other.is_begun:
            self._missing += 1
            other.at_begin.append(self)

    def hear(self, *, went_well: bool) -> None:
        """Take note of how one went that this comes after."""
        self._before_went_well = self._before_went_well and went_well

    def miss_one_less(self) -> None:
        """Take note that one is no longer waited for."""
        self._missing -= 1
        self.come_if_due()

    def come_if_due(self) -> None:
        """Tell whoever works that the turn has come, where nothing is waited for."""
        if not self._missing:
            self._on_come()


class Turns:
    """Gives turns in the order in which they are drawn."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Turn] = {}

    def __len__(self) -> int:
        """Return how many lanes have somebody in them."""
        return len(self._last)

    def draw(self, lanes: Lanes, on_come: Callable[[], None]) -> Turn:
        """Return the next turn in *lanes*; *on_come* is called when it has come, maybe at once."""
        turn = Turn(lanes, on_come)
        for lane in lanes.after:
            if lane in self._last:
                turn.come_after(self._last[lane])
        for lane in lanes.behind:
            if lane in self._last:
                turn.come_behind(self._last[lane])
        self._last.update(dict.fromkeys(lanes.names, turn))
        turn.come_if_due()
        return turn

    def forget(self, turn: Turn) -> None:
        """Let nobody come after a turn any more that has ended."""
        for lane in turn.lanes.names:
            if self._last.get(lane) is turn:
                del self._last[lane]
