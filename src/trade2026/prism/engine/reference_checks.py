"""What the plain book takes as an order and as the new values of one."""

from trade2026.prism.engine.message import (
    BUY,
    MAX_LOTS,
    MAX_PARTS,
    MAX_TICKS,
    SELL,
    Flag,
    Force,
    Kind,
    Stp,
)
from trade2026.prism.engine.reference_side import Order

_PRICED = {Kind.LIMIT, Kind.STOP_LIMIT}
_KINDS = set(Kind)
_FORCES = set(Force)
_STPS = set(Stp)
_STAYING = {Force.GTC, Force.DAY, Force.GTD}


def is_price(ticks: int) -> bool:
    """Return whether a price, trigger or offset is within bounds."""
    return 1 <= ticks <= MAX_TICKS


def is_valid(order: Order, trigger: int, ticks: int, now: int) -> bool:
    """Return whether the values of a new order are within bounds and go together.

    Args:
        order: as it was sent.
        trigger: its trigger, or the offset of a trailing stop.
        ticks: its price as sent, also where its kind has none.
        now: the book's time, ns.
    """
    return (
        order.number != 0
        and 1 <= order.lots <= MAX_LOTS
        and order.side in {BUY, SELL}
        and order.kind in _KINDS
        and order.force in _FORCES
        and order.stp in _STPS
        and order.flags in {0, Flag.POST_ONLY}
        and (order.kind not in _PRICED or is_price(ticks))
        and (order.kind != Kind.TRAILING_STOP or ticks == 0)
        and (not order.is_stop or is_price(trigger))
        and _is_valid_display(order)
        and (not order.flags or (order.kind == Kind.LIMIT and order.force in _STAYING))
        and (order.force != Force.GTD or order.expires_ns > now)
    )


def _is_valid_display(order: Order) -> bool:
    if order.display == 0:
        return True
    return (
        order.display > 0
        and order.kind in _PRICED
        and order.force in _STAYING
        and has_few_parts(order.lots, order.display)
    )


def has_few_parts(lots: int, display: int) -> bool:
    """Return whether an order of *lots* shows itself in no more than `MAX_PARTS` parts."""
    return display == 0 or lots <= MAX_PARTS * display


def is_valid_change(order: Order, ticks: int, lots: int, trigger: int, stp: int) -> bool:
    """Return whether an order may have new values, each 0 where it stays as it is.

    Args:
        order: resting or waiting.
        ticks: the new limit.
        lots: what shall be left.
        trigger: the new trigger, or the new offset of a trailing stop.
        stp: how it is to treat orders of its own owner.
    """
    return (
        (ticks == 0 or (is_price(ticks) and order.kind in _PRICED))
        and (lots == 0 or (1 <= lots <= MAX_LOTS and has_few_parts(lots, order.display)))
        and (trigger == 0 or (is_price(trigger) and order.is_stop))
        and stp in _STPS
    )
