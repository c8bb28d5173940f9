"""What the open orders of one account in one symbol add up to, side by side.

Sums are kept as orders come and go, because an order is judged in microseconds.
"""

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px, Qty


class OpenSide:
    """The open orders of one side; mutable."""

    __slots__ = ("limit_pxs", "qty", "value")

    def __init__(self) -> None:
        self.qty = Qty(0)
        """What they may still trade."""
        self.value = 0
        """What that is worth at their limits, in square nanos."""
        self.limit_pxs: dict[OrderId, Px] = {}

    def opening_value(self, held: int) -> int:
        """Return the value that they may add to a position.

        Args:
            held: the position, positive in the direction of this side.
        """
        if self.qty == 0:
            return 0
        # What first takes off the position opens nothing; beyond zero it counts like an opening
        # of the rest, less what the position itself already binds.
        opening = self.qty if held >= 0 else max(0, self.qty + 2 * held)
        return self.value * opening // self.qty


class OpenOrders:
    """The open orders of one symbol; mutable."""

    __slots__ = ("buys", "reserved", "sells")

    def __init__(self) -> None:
        self.buys, self.sells = OpenSide(), OpenSide()
        self.reserved = 0
        """The buying power held for them."""

    def best_bid_px(self) -> Px | None:
        """Return the highest limit to buy, or None without any."""
        pxs = self.buys.limit_pxs
        return max(pxs.values()) if pxs else None

    def best_ask_px(self) -> Px | None:
        """Return the lowest limit to sell, or None without any."""
        pxs = self.sells.limit_pxs
        return min(pxs.values()) if pxs else None

    def worst_opening(self, quantity: int) -> int:
        """Return the value that they may add to a position, on the worse side.

        At the orders' limits; a market order never rests, and is covered by its reservation.

        Args:
            quantity: the position, signed.
        """
        if not (self.buys.qty or self.sells.qty):
            return 0
        return max(self.buys.opening_value(quantity), self.sells.opening_value(-quantity))
