"""The lots of a position: which units were bought when, and which of them a sale takes.

Under FIFO a sale takes the oldest lots, under LIFO the newest; a lot that is taken in part
gives its share of the cost and keeps the remainder, so that no nano is made or lost.

Source: US Treasury Regulations § 1.1012-1(c) (FIFO unless lots are identified).
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from trade2026.core.numbers import SignedQty, Value, share_of, split_qty
from trade2026.model.position import LotMethod


class Lot(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Units that were opened together."""

    quantity: SignedQty
    """Never zero, and with the sign of the whole position."""
    cost: Value


class Lots:
    """The lots of one position, oldest first; mutable."""

    __slots__ = ("_lots",)

    def __init__(self, lots: Iterable[Lot] = ()) -> None:
        self._lots = deque(lots)

    def all(self) -> tuple[Lot, ...]:
        """Return every lot, oldest first."""
        return tuple(self._lots)

    def open(self, quantity: SignedQty, cost: Value) -> None:
        """Add a lot; one of nothing is none."""
        if quantity:
            self._lots.append(Lot(quantity, cost))

    def close(self, quantity: int, method: LotMethod) -> Value:
        """Take *quantity* units out and return what they had cost, with the position's sign.

        Args:
            quantity: without a sign, and not more than there is.
            method: which units go first.
        """
        cost = Value(0)
        while quantity:
            lot = self._lots.popleft() if method is LotMethod.FIFO else self._lots.pop()
            size = abs(lot.quantity)
            taken = min(size, quantity)
            share = share_of(lot.cost, taken, size)
            cost = Value(cost + share)
            quantity -= taken
            if taken < size:
                sign = 1 if lot.quantity > 0 else -1
                rest = Lot(SignedQty(sign * (size - taken)), Value(lot.cost - share))
                if method is LotMethod.FIFO:
                    self._lots.appendleft(rest)
                else:
                    self._lots.append(rest)
        return cost

    def merge(self) -> None:
        """Forget which units are which."""
        self._lots.clear()

    def split(self, numerator: int, denominator: int) -> None:
        """Multiply every quantity, so that the sum is that of the whole, rounded toward zero.

        A lot that comes to nothing leaves its cost with its neighbour.
        """
        before = after = 0
        cost = Value(0)
        lots: list[Lot] = []
        for lot in self._lots:
            before += lot.quantity
            quantity = split_qty(before, numerator, denominator) - after
            after += quantity
            cost = Value(cost + lot.cost)
            if quantity:
                lots.append(Lot(SignedQty(quantity), cost))
                cost = Value(0)
        if cost and lots:
            last = lots[-1]
            lots[-1] = Lot(last.quantity, Value(last.cost + cost))
        self._lots = deque(lots)
