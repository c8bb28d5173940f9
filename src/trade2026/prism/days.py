"""When the days of working DAY orders end, as their senders were told."""

from heapq import heapify, heappop, heappush
from typing import Final

from trade2026.model.order import TimeInForce
from trade2026.prism.outside import OutsideOrders, OutsiderOrder

_SPARE: Final = 1_000
"""Entries of orders that are done are let go of when there are so many more than work."""


class DayEnds:
    """The ends to come of the orders on one floor."""

    def __init__(self, orders: OutsideOrders) -> None:
        self._orders = orders
        self._ends: list[tuple[int, int, OutsiderOrder]] = []
        """A heap by time, then number; the orders of some entries are done already."""

    def __len__(self) -> int:
        return len(self._ends)

    def note(self, order: OutsiderOrder) -> None:
        """Remember the end of an order's day, where it has one."""
        request = order.request
        if request is None or request.time_in_force is not TimeInForce.DAY:
            return
        if request.expire_ns is None:
            return
        heappush(self._ends, (request.expire_ns, order.number, order))
        if len(self._ends) > self._orders.open_count + _SPARE:
            self._ends = [entry for entry in self._ends if not entry[2].is_done]
            heapify(self._ends)

    def take(self, until_ns: int) -> tuple[int, OutsiderOrder] | None:
        """Return the next end up to *until_ns* and forget it; None where there is none."""
        while self._ends and self._ends[0][0] <= until_ns:
            ends_ns, _, order = heappop(self._ends)
            if not order.is_done:
                return ends_ns, order
        return None
