"""How fast an account's orders come, and how often the same one.

A fold over approvals: what was approved within the last second counts, by the times at which
the platform took the orders in, so that a replay of the log counts the same.
"""

from collections import Counter, deque
from typing import Final, TypeAlias

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.ids import OrderId
from trade2026.model.order import NewOrderSingle

WINDOW_NS: Final = NS_PER_S

_Likeness: TypeAlias = tuple[str, str, str, int | None, int]
Paced: TypeAlias = tuple[int, OrderId, _Likeness]
"""When an approved order came, which it was, and what it was like."""


class Pace:
    """The approved orders of one account within the window; mutable."""

    def __init__(self) -> None:
        self._window: deque[Paced] = deque()
        self._ids: set[OrderId] = set()
        self._repeats: dict[_Likeness, int] = {}

    def freeze(self) -> tuple[Paced, ...]:
        """Return what is within the window."""
        return tuple(self._window)

    def thaw(self, window: tuple[Paced, ...]) -> None:
        """Begin from *window*."""
        self._window = deque(window)
        self._ids = {order_id for _, order_id, _ in window}
        self._repeats = dict(Counter(likeness for _, _, likeness in window))

    def note(self, order: NewOrderSingle) -> None:
        """Count an approved order; the same one again changes nothing."""
        if order.order_id in self._ids:
            return
        self._forget(order.transact_time_ns)
        likeness = _likeness(order)
        self._window.append((order.transact_time_ns, order.order_id, likeness))
        self._ids.add(order.order_id)
        self._repeats[likeness] = self._repeats.get(likeness, 0) + 1

    def note_change(self, order: NewOrderSingle) -> None:
        """Count an approved change of an order as one order more."""
        # One order may be changed many times: the time tells the changes apart.
        name = OrderId(f"{order.order_id} {order.transact_time_ns}")
        self.note(msgspec.structs.replace(order, order_id=name))

    def counts(self, order: NewOrderSingle) -> tuple[int, int]:
        """Return how many orders came within a second of *order*, and how many like it."""
        self._forget(order.transact_time_ns)
        return len(self._window), self._repeats.get(_likeness(order), 0)

    def _forget(self, now_ns: int) -> None:
        # What seems to lie far ahead was counted before the clock was set back.
        window, repeats = self._window, self._repeats
        while window and abs(now_ns - window[0][0]) >= WINDOW_NS:
            _, order_id, likeness = window.popleft()
            self._ids.discard(order_id)
            left = repeats[likeness] - 1
            if left:
                repeats[likeness] = left
            else:
                del repeats[likeness]


def _likeness(order: NewOrderSingle) -> _Likeness:
    return order.symbol, order.side, order.ord_type, order.price, order.order_qty
