"""What is kept of a floor, so that a fork can go on from it."""

import msgspec

from trade2026.model.order import NewOrderSingle
from trade2026.model.prism import OutsideOrder, PartyHolding


class OrderState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A working order of an outsider."""

    facts: OutsideOrder
    request: NewOrderSingle | None
    number: int
    input_seq: int
    cum_qty: int


class FloorState(msgspec.Struct, frozen=True, kw_only=True):
    """What a floor is at one moment, its market apart; done orders are left out."""

    last_number: int
    owners: dict[str, int]
    orders: tuple[OrderState, ...]
    holdings: tuple[PartyHolding, ...]
    """Of all that the market does not keep."""
    report_seq: int
