"""Steps of orders that wait for a venue, taken side by side, so that none waits for another.

A venue that is silent lets each question about an order wait until its time is over. One after
another, hundreds of orders in doubt would take hours, and hold up what other venues are asked.
"""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

from trade2026.core.ids import OrderId
from trade2026.domain.oms.order import Order

MOST_AT_VENUE: Final = 256
"""Orders that one venue is asked about at a time."""


class Aside:
    """The orders that are seen to at this moment, each by one step.

    Args:
        spawn: starts a step.
    """

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._spawn = spawn
        self._orders: set[OrderId] = set()
        self._counts: Counter[str] = Counter()

    def start(self, order: Order, step: Callable[[OrderId], Coroutine[Any, Any, None]]) -> bool:
        """Begin *step* of *order*; return whether it was begun.

        It is not where the order is seen to already, or its venue is asked about enough others.
        """
        order_id, venue = order.request.order_id, order.venue
        if order_id in self._orders or self._counts[venue] >= MOST_AT_VENUE:
            return False
        self._orders.add(order_id)
        self._counts[venue] += 1
        self._spawn(self._take(order_id, venue, step))
        return True

    async def _take(
        self, order_id: OrderId, venue: str, step: Callable[[OrderId], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            await step(order_id)
        finally:
            self._orders.discard(order_id)
            self._counts[venue] -= 1
