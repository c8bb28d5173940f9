"""What somebody wants changed of an order, and whether it can be.

A change names values, not steps: asked for twice it is made once. What has traded stays
traded, so that a new quantity is a new total and must be above it.

Source: FIX 4.4, Order Cancel/Replace Request (G): OrderQty is the total, with CumQty.
"""

from typing import Final

import msgspec

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import Px, Qty, format_nanos
from trade2026.domain.oms.order import Order
from trade2026.model.journal import OrderChanged, ReplaceRequested
from trade2026.model.order import STOPS, NewOrderSingle, OrdType

_LIMITED: Final = frozenset({OrdType.LIMIT, OrdType.STOP_LIMIT})


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """New values; None leaves one as it is."""

    order_qty: Qty | None = None
    """The new total, with what has traded."""
    price: Px | None = None
    stop_px: Px | None = None
    key: str = ""
    """The sender's own; empty where there is none."""


def as_changed(request: NewOrderSingle, change: Change | ReplaceRequested) -> NewOrderSingle:
    """Return *request* with the values of *change*."""
    given = {"order_qty": change.order_qty, "price": change.price, "stop_px": change.stop_px}
    said = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(request, **said)


def check_fields(request: NewOrderSingle, change: Change) -> None:
    """Refuse what an order of this type does not have.

    Raises:
        InvalidInputError: a field is wrong; it is named as the API spells it.
    """
    if change.order_qty is None and change.price is None and change.stop_px is None:
        raise InvalidInputError("", "names nothing to change")
    if change.price is not None and request.ord_type not in _LIMITED:
        raise InvalidInputError("price", "an order at the market has none")
    if change.stop_px is not None and request.ord_type not in STOPS:
        raise InvalidInputError("stop_price", "is of stops only")


def is_made(order: Order, change: Change) -> bool:
    """Return whether *order* is, or is becoming, what *change* asks for.

    Raises:
        RefusedError: the key of the change was another's.
    """
    for earlier in order.keyed_changes:
        if change.key and earlier.key == change.key:
            if _values(earlier) != _values(change):
                raise RefusedError(f"client_replace_id {change.key} belongs to another change")
            return True
    becoming = order.request if order.change is None else as_changed(order.request, order.change)
    return as_changed(becoming, change) == becoming


def change_problem(order: Order, change: Change) -> str:
    """Return why *order* cannot be changed so at this moment; empty where it can."""
    filled = format_nanos(order.cum_qty)
    is_elsewhere = not order.is_resting and order.sent_ns is None
    problems = (
        (order.is_done, f"the order is {order.status}: nothing is left to change"),
        (order.is_cancel_requested, "a cancel of the order waits for the venue's word"),
        (order.change is not None, "another change waits for the venue's word"),
        (is_elsewhere, "the order is not with its venue"),
        (change.stop_px is not None and not order.is_resting, "its stop was reached"),
        (
            change.order_qty is not None and change.order_qty <= order.cum_qty,
            f"{filled} has traded already; what is left can be cancelled",
        ),
    )
    return next((text for is_so, text in problems if is_so), "")


def _values(change: Change | OrderChanged | ReplaceRequested) -> tuple[int | None, ...]:
    return change.order_qty, change.price, change.stop_px
