"""What one fill does to one position at average cost, exactly.

A fill first closes what stands against it and then opens the rest the other way. Cost,
realised and fees are sums in square nanos: the closed part takes its share of the cost, the
remainder stays with the position, and no nano is made or lost. After every fill::

    realized - cost == minus the sum of signed quantity times price of all fills
"""

import msgspec

from trade2026.core.numbers import (
    Money,
    Px,
    SignedQty,
    Value,
    share_of,
    value_of,
    value_of_money,
)
from trade2026.model.position import Position


def book(position: Position, qty: SignedQty, px: Px, fee: Money) -> Position:
    """Return *position* after a fill.

    Args:
        position: before the fill.
        qty: what was bought (positive) or sold (negative).
        px: the price of the fill.
        fee: what was paid for it; negative is a rebate.
    """
    held = position.quantity
    closed = min(abs(qty), abs(held)) if qty * held < 0 else 0
    # What is closed has the sign of what is held: the fill's own sign is the other one.
    closed_signed = closed if held > 0 else -closed
    cost_out = share_of(position.cost, closed, abs(held)) if closed else Value(0)
    gained = value_of(px, closed_signed) - cost_out
    opened = qty + closed_signed
    return msgspec.structs.replace(
        position,
        quantity=SignedQty(held + qty),
        cost=Value(position.cost - cost_out + value_of(px, opened)),
        realized=Value(position.realized + gained),
        fees=Value(position.fees + value_of_money(fee)),
        turnover=Value(position.turnover + abs(value_of(px, qty))),
        last_px=px,
    )
