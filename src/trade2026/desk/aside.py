"""Steps that wait for somebody's answer, taken side by side, so that none waits for another.

A venue that is silent lets each question about an order wait until its time is over. One after
another, thousands of orders in doubt would take hours, and hold up what other venues are asked.
Each lane has its own line: whoever comes again is behind all who wait there already, so that
orders that nobody ever answers for keep none from its turn. A lane whose questions find no answer
asks slowly, and at full speed again with the first that is answered.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

MOST_IN_LANE: Final = 256
"""Steps that are under way in one lane at a time."""
PAUSE_S: Final = 1.0
"""How long a place in a lane rests after a step that found no answer."""

Step: TypeAlias = Callable[[], Awaitable[bool]]
"""Returns whether it was answered; looks anew at what there is to do, for it waited."""


class _Wanted(NamedTuple):
    key: Hashable
    step: Step


@dataclass(slots=True)
class _Lane:
    line: deque[_Wanted] = field(default_factory=deque[_Wanted])
    count: int = 0
    """Of those who take steps in it."""


class Aside:
    """The steps that are wanted and under way, each of its key once.

    Args:
        spawn: starts what goes on beside.
    """

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._spawn = spawn
        self._lanes: dict[Hashable, _Lane] = {}
        self._known: set[Hashable] = set()

    def want(self, key: Hashable, lane: Hashable, step: Step) -> None:
        """Have *step* taken in its turn, unless one of its *key* is wanted or under way."""
        if key in self._known:
            return
        self._known.add(key)
        there = self._lanes.setdefault(lane, _Lane())
        there.line.append(_Wanted(key, step))
        if there.count < MOST_IN_LANE:
            there.count += 1
            self._spawn(self._take(there))

    async def _take(self, lane: _Lane) -> None:
        try:
            while lane.line:
                key, step = lane.line.popleft()
                try:
                    is_answered = await step()
                finally:
                    self._known.discard(key)
                if not is_answered:
                    await asyncio.sleep(PAUSE_S)
        finally:
            lane.count -= 1
