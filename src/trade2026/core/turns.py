"""Work side by side that keeps an order where one is called for."""

import asyncio
from collections.abc import Hashable, Sequence
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

    def __init__(self, lanes: Lanes, after: Sequence["Turn"], behind: Sequence["Turn"]) -> None:
        self.lanes = lanes
        self._after = after
        self._behind = behind
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.went_well = False

    async def come(self) -> bool:
        """Wait for the turn; return whether all that it comes after went well.

        Work that goes on without waiting for anything else has its first step before the work
        that is behind it.
        """
        went_well = True
        for one in self._after:
            await one.ended.wait()
            went_well = went_well and one.went_well
        for one in self._behind:
            await one.begun.wait()
        self._after = self._behind = ()
        self.begun.set()
        return went_well

    def end(self, *, went_well: bool = True) -> None:
        """Let those go on that come after."""
        self.went_well = went_well
        self.begun.set()
        self.ended.set()


class Turns:
    """Gives turns in the order in which they are drawn."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Turn] = {}

    def __len__(self) -> int:
        """Return how many lanes have somebody in them."""
        return len(self._last)

    def draw(self, lanes: Lanes) -> Turn:
        """Return the next turn in *lanes*."""
        last = self._last
        turn = Turn(
            lanes,
            [last[lane] for lane in lanes.after if lane in last],
            [last[lane] for lane in lanes.behind if lane in last],
        )
        last.update(dict.fromkeys(lanes.names, turn))
        return turn

    def forget(self, turn: Turn) -> None:
        """Let nobody come after a turn any more that has ended."""
        for lane in turn.lanes.names:
            if self._last.get(lane) is turn:
                del self._last[lane]
