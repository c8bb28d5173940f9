"""Steps of orders that wait for a venue, taken side by side, so that none waits for another.

A venue that is silent lets each question about an order wait until its time is over. One after
another, hundreds of orders in doubt would take hours, and hold up what other venues are asked.
Whoever was seen to is seen to again only when all others at its place were: orders that nobody
ever answers for keep none from its turn.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from trade2026.core.ids import OrderId
from trade2026.domain.oms.order import Order

MOST_AT_PLACE: Final = 256
"""Orders that are seen to at one place at a time."""

Step: TypeAlias = Callable[[OrderId], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class _Place:
    running: set[OrderId] = field(default_factory=set[OrderId])
    had: set[OrderId] = field(default_factory=set[OrderId])
    """Who had its turn since all others had."""
    is_waited_for: bool = False
    """Whether somebody came in this sweep who did not have its turn yet."""


class Aside:
    """The orders that are seen to at this moment, each by one step.

    Args:
        spawn: starts a step.
    """

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._spawn = spawn
        self._places: dict[str, _Place] = {}

    def begin(self) -> None:
        """Begin a sweep."""
        for place in self._places.values():
            if not place.is_waited_for:
                place.had.clear()
            place.is_waited_for = False

    def start(self, order: Order, at: str, step: Step) -> None:
        """Begin *step* of an order, unless it had its turn, or there is no room *at* its place."""
        order_id = order.request.order_id
        place = self._places.setdefault(at, _Place())
        if order_id in place.had:
            return
        place.is_waited_for = True
        if order_id in place.running or len(place.running) >= MOST_AT_PLACE:
            return
        place.running.add(order_id)
        place.had.add(order_id)
        self._spawn(self._take(order_id, place, step))

    async def _take(self, order_id: OrderId, place: _Place, step: Step) -> None:
        try:
            await step(order_id)
        finally:
            place.running.discard(order_id)
