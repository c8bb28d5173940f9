"""What one fill does to one position, at average cost or lot by lot, exactly.

A fill first closes what stands against it and then opens the rest the other way. Cost,
realised and fees are sums in square nanos: the closed part takes its share of the cost, the
remainder stays with the position, and no nano is made or lost. After every fill::

    realized - cost == minus the sum of signed quantity times price of all fills
"""

import msgspec

from trade2026.core.numbers import NANOS, Money, Px, SignedQty, Value, share_of, value_of
from trade2026.domain.position.lots import Lots
from trade2026.model.position import LotMethod, Position


def book(position: Position, qty: SignedQty, px: Px, fee: Money) -> Position:
    """Return *position* after a fill.

    Args:
        position: before the fill.
        qty: what was bought (positive) or sold (negative).
        px: the price of the fill.
        fee: what was paid for it; negative is a rebate.
    """
    closed = closed_of(position, qty)
    cost_out = share_of(position.cost, closed, abs(position.quantity)) if closed else 0
    return _booked(position, qty, px, fee, closed=closed, cost_out=cost_out)


def book_lots(
    position: Position, lots: Lots, method: LotMethod, qty: SignedQty, *, px: Px, fee: Money
) -> Position:
    """Return *position* after a fill, and let *lots* follow.

    Args:
        position: before the fill.
        lots: its lots, which are changed in place.
        method: FIFO or LIFO.
        qty: what was bought (positive) or sold (negative).
        px: the price of the fill.
        fee: what was paid for it; negative is a rebate.
    """
    closed = closed_of(position, qty)
    cost_out = lots.close(closed, method)
    opened = SignedQty(qty - closed if qty > 0 else qty + closed)
    lots.open(opened, value_of(px, opened))
    return _booked(position, qty, px, fee, closed=closed, cost_out=cost_out)


def closed_of(position: Position, qty: SignedQty) -> int:
    """Return how many units a fill of *qty* closes, without a sign."""
    held = position.quantity
    if qty * held >= 0:
        return 0
    size, held_size = abs(qty), abs(held)
    return size if size < held_size else held_size


def _booked(
    position: Position, qty: SignedQty, px: Px, fee: Money, *, closed: int, cost_out: int
) -> Position:
    paid = px * qty
    cost, realized = position.cost + paid, position.realized
    if closed:
        # What is closed has the sign of what is held: the fill's own sign is the other one.
        gained = (px * closed if position.quantity > 0 else -px * closed) - cost_out
        # What was got for it is no cost of what is opened: it is what was gained, and its cost.
        cost, realized = Value(cost + gained), Value(realized + gained)
    return msgspec.structs.replace(
        position,
        quantity=SignedQty(position.quantity + qty),
        cost=Value(cost),
        realized=realized,
        fees=Value(position.fees + fee * NANOS) if fee else position.fees,
        turnover=Value(position.turnover + abs(paid)),
        last_px=px,
    )
