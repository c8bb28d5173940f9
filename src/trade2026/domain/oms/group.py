"""Orders that belong together: what is due of them as they stand now.

Three kinds. OCO: all legs work at once, and what one of them trades is taken off the others;
where one ends, the others end. OTO: the entry, which is the first leg, works, and the others
wait for it; as much of them starts as the entry has traded, and more of them as it trades
more. BRACKET is an OTO to both of whose exits the rule of OCO applies.

What is due follows from how the legs stand and from nothing else, so that a crash between two
steps of a group loses neither: whoever looks next sees the same. Legs are journalled before any
of them leaves, those that wait first, so that no entry works without its exits.

Source: FIX 4.4, ContingencyType (tag 1385): 1 and 3, one cancels, or updates, the other; 2,
one triggers the other.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Qty
from trade2026.domain.oms.insisting import may_insist
from trade2026.domain.oms.order import Order
from trade2026.model.order import GroupKind

GROUP: Final = "group"
"""Who asks to change or cancel what its group leaves too large."""


class Duty(StrEnum):
    """What is to be done about one leg."""

    START = "START"
    """It waits, and its entry has traded `order_qty`: that much of it begins to work."""
    RESIZE = "RESIZE"
    """Its total shall be `order_qty`."""
    CANCEL = "CANCEL"
    """Nothing is left for it to do."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What is due of one leg."""

    order: Order
    duty: Duty
    order_qty: Qty = Qty(0)
    is_last_word: bool = True
    """Of a START: whether the entry is done, so that a refusal is final."""


def what_is_due(legs: Sequence[Order | None], now_ns: TimeNs) -> Iterator[Due]:
    """Yield what is due of a group.

    Args:
        legs: in their order; None for one that was never journalled.
        now_ns: our time; a venue that refused to cancel a leg is let be for a while.
    """
    known = [leg for leg in legs if leg is not None]
    link = known[0].request.group
    assert link is not None, "a leg knows its group"
    if link.kind is GroupKind.OCO:
        is_broken = len(known) < len(legs) or any(leg.is_done for leg in known)
        for leg in known:
            wanted = 0 if is_broken else leg.asked.order_qty - _traded_beside(leg, known)
            yield from _due_of(leg, wanted, now_ns)
        return
    entry, exits = legs[0], known[0 if legs[0] is None else 1 :]
    traded = 0 if entry is None else entry.cum_qty
    is_over = entry is None or entry.is_done
    for leg in exits:
        beside = _traded_beside(leg, exits) if link.kind is GroupKind.BRACKET else 0
        wanted = traded - beside
        if not leg.is_waiting:
            yield from _due_of(leg, wanted, now_ns)
        elif wanted > 0:
            qty = Qty(wanted)
            yield Due(order=leg, duty=Duty.START, order_qty=qty, is_last_word=is_over)
        elif is_over:
            yield Due(order=leg, duty=Duty.CANCEL)


def traded_too_much(order: Order, legs: Sequence[Order | None], more: int) -> int:
    """Return by how much legs that exclude each other overshoot after *more* of *order*.

    Args:
        order: the leg that trades.
        legs: of its group.
        more: what it trades now.
    """
    link = order.request.group
    is_entry = link is not None and link.number == 0
    if link is None or link.kind is GroupKind.OTO or (is_entry and link.kind is GroupKind.BRACKET):
        return 0
    known = [leg for leg in legs if leg is not None]
    if link.kind is GroupKind.BRACKET:
        entry, known = legs[0], known[0 if legs[0] is None else 1 :]
        most = 0 if entry is None else entry.cum_qty
    else:
        most = order.asked.order_qty
    beside = _traded_beside(order, known)
    # Alone it may only over-fill, which is told of anyway.
    return max(0, beside + order.cum_qty + more - most) if beside else 0


def _traded_beside(leg: Order, legs: Sequence[Order]) -> int:
    return sum(o.cum_qty for o in legs if o.request.order_id != leg.request.order_id)


def _due_of(leg: Order, wanted: int, now_ns: TimeNs) -> Iterator[Due]:
    if leg.is_done or leg.is_cancel_requested:
        return
    change = leg.change
    total = leg.request.order_qty
    if change is not None and change.order_qty is not None:
        total = change.order_qty
    if wanted <= leg.cum_qty:
        if may_insist(leg, GROUP, now_ns):
            yield Due(order=leg, duty=Duty.CANCEL)
    elif wanted != total:
        yield Due(order=leg, duty=Duty.RESIZE, order_qty=Qty(wanted))
