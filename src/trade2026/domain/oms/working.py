"""What a venue gets of an order: the plain order that it has become, and what it needs from us.

Stops rest with us and arrive as what they turn into. Times that only we keep (a day, a given
moment) arrive as good till cancelled: we cancel when they are over.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.domain.oms.decide import Resume, resume
from trade2026.domain.oms.insisting import may_insist
from trade2026.domain.oms.order import Order
from trade2026.model.order import NewOrderSingle, OrdType, TimeInForce

DOUBT_AFTER_NS: Final = 1 * NS_PER_S
"""How long a venue may keep silent before it is asked."""
EXPIRY: Final = "oms"
"""Who asks to cancel what is over."""


class Need(StrEnum):
    """What an order needs though nobody asks for it."""

    END = "END"
    """Its time is over."""
    ASK = "ASK"
    """Its venue owes a word that may never come by itself."""
    CANCEL = "CANCEL"
    """Its venue owes a word on its cancel, and is asked to cancel it once more."""
    FINISH = "FINISH"
    """It was left behind before it was sent."""


_BECOMES = {
    OrdType.STOP: OrdType.MARKET,
    OrdType.TRAILING_STOP: OrdType.MARKET,
    OrdType.STOP_LIMIT: OrdType.LIMIT,
}
_TIMED = frozenset({TimeInForce.DAY, TimeInForce.GTD})


def working_request(request: NewOrderSingle) -> NewOrderSingle:
    """Return *request* as the venue is to work it."""
    ord_type = _BECOMES.get(request.ord_type, request.ord_type)
    force = request.time_in_force
    if ord_type is OrdType.MARKET and force is not TimeInForce.FOK:
        # A market order never rests.
        force = TimeInForce.IOC
    elif force in _TIMED:
        force = TimeInForce.GTC
    return msgspec.structs.replace(
        request,
        ord_type=ord_type,
        time_in_force=force,
        stop_px=None,
        trailing_offset=None,
        expire_ns=None,
        metadata={},
        group=None,
    )


def is_over(order: Order, now_ns: TimeNs) -> bool:
    """Return whether the time of *order* is over and somebody has to ask that it end.

    A venue that refuses is asked again, as `insisting.py` has it.
    """
    expire_ns = order.request.expire_ns
    if expire_ns is None or now_ns < expire_ns or order.is_done or order.is_cancel_requested:
        return False
    return may_insist(order, EXPIRY, now_ns)


def need_of(order: Order, now_ns: TimeNs) -> Need | None:
    """Return what *order* needs at this moment, or None."""
    if is_over(order, now_ns):
        return Need.END
    if now_ns - order.updated_ns < DOUBT_AFTER_NS:
        return None
    match resume(order):
        case Resume.NOTHING:
            return None
        case Resume.FAIL | Resume.SEND:
            return Need.FINISH
        case Resume.CANCEL_AGAIN:
            return Need.CANCEL
        case _:
            return Need.ASK
