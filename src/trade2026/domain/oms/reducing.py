"""Orders as positions change: those that could open one where they may not are not let stand."""

from collections.abc import Iterable

from trade2026.core.numbers import SignedQty
from trade2026.domain.oms.order import Order


def beyond_position(held: SignedQty, orders: Iterable[Order]) -> list[Order]:
    """Return those of *orders* that must go, because too little is held for them to reduce.

    Older orders keep what there is to reduce. An order that would need only a part of itself
    to go goes as a whole: whether the venue can cut it in time is not certain, and in doubt
    nothing is opened.

    Args:
        held: of the orders' account and symbol, signed.
        orders: open ones of that account and symbol that may not open, oldest first.
    """
    room = abs(held)
    gone: list[Order] = []
    for order in orders:
        if order.is_cancel_requested:
            continue
        is_against = held * order.request.side.sign < 0
        if is_against and order.leaves_qty <= room:
            room -= order.leaves_qty
        else:
            gone.append(order)
    return gone
