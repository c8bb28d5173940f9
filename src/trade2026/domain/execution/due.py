"""What is due of a parent: a child to send or to cancel, its end, or nothing.

It follows from how the parent and its children stand and from nothing else, so that a crash
between two steps loses neither: whoever looks next sees the same.

A child is never larger than what is left, is whole lots, and is worth what the venue asks for at
least; a remainder that would be too small to trade goes with the last child.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Px, Qty, floor_to_step, value_of, value_of_money
from trade2026.domain.execution.algorithm import Algorithm
from trade2026.domain.execution.parent import Child, Parent
from trade2026.domain.execution.schedule import Moment, slice_at, slice_count
from trade2026.model.algo import AlgoStatus
from trade2026.model.instrument import Instrument
from trade2026.model.risk import RefusalCode

PACE_NS: Final = 1 * NS_PER_S
"""Between two children of a parent at the least."""
REFUSED_MOST: Final = 5
"""So many children refused in a row end their parent: what is refused is not what it expects."""
CHILDREN_MOST: Final = 2_000
"""Of one parent: what has been cut so finely is better looked at by a person."""
HALTS: Final = frozenset({RefusalCode.HALTED, RefusalCode.REDUCE_ONLY, RefusalCode.SYMBOL_BLOCKED})
"""One refusal of these ends its parent: trading was stopped on purpose."""


class Duty(StrEnum):
    """What is to be done."""

    SLICE = "SLICE"
    """Decide on a child of `order_qty`, and send it."""
    CANCEL = "CANCEL"
    """Child `number` shall not work any more."""
    STOP = "STOP"
    """Send nothing more: it will end as `status`."""
    END = "END"
    """Nothing works any more, or the report has changed since."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What is due of one parent."""

    duty: Duty
    number: int = 0
    order_qty: Qty = Qty(0)
    status: AlgoStatus = AlgoStatus.RUNNING
    text: str = ""


def what_is_due(
    parent: Parent, algorithm: Algorithm, moment: Moment, instrument: Instrument, mid_px: Px
) -> Iterator[Due]:
    """Yield what is due, in order.

    Args:
        parent: as its log and its children leave it.
        algorithm: the one its request names.
        moment: now.
        instrument: what it trades.
        mid_px: what it is worth by the last mid price; 0 where that is not known.
    """
    if parent.is_done:
        known = parent.report
        if known is not None and known.filled_qty != parent.filled_qty:
            yield Due(duty=Duty.END)
        return
    if parent.status is AlgoStatus.ENDING:
        yield from _cancels(parent)
        if not parent.working_qty:
            yield Due(duty=Duty.END)
        return
    stop = _stop(parent, moment)
    if stop is not None:
        yield stop
    elif parent.status is AlgoStatus.PAUSED:
        yield from _cancels(parent)
    else:
        yield from _work(parent, algorithm, moment, instrument, mid_px)


def _work(
    parent: Parent, algorithm: Algorithm, moment: Moment, instrument: Instrument, mid_px: Px
) -> Iterator[Due]:
    excess = -parent.left_qty
    for number in range(len(parent.children) - 1, -1, -1):
        child = parent.children[number]
        if child.is_done:
            continue
        is_elsewhere = algorithm.is_resting and child.price != parent.request.price
        if excess > 0 or is_elsewhere:
            excess -= child.leaves_qty
            yield from _cancel(number, child)
    if not _is_time(parent, algorithm, moment):
        return
    wanted = algorithm.target(parent, moment) - parent.committed_qty
    px = parent.request.price or mid_px
    order_qty = _tradable(parent, min(wanted, parent.left_qty), instrument, px)
    if order_qty > 0:
        yield Due(duty=Duty.SLICE, order_qty=order_qty)


def _stop(parent: Parent, moment: Moment) -> Due | None:
    if parent.filled_qty >= parent.request.order_qty:
        return Due(duty=Duty.STOP, status=AlgoStatus.COMPLETED)
    last = parent.children[-1] if parent.children else None
    if last is not None and not HALTS.isdisjoint(last.codes):
        return Due(duty=Duty.STOP, status=AlgoStatus.STOPPED, text=last.text)
    if last is not None and parent.refused_in_a_row >= REFUSED_MOST:
        text = f"{REFUSED_MOST} children refused in a row: {last.text}"
        return Due(duty=Duty.STOP, status=AlgoStatus.STOPPED, text=text)
    if len(parent.children) >= CHILDREN_MOST and not parent.working_qty:
        text = f"{CHILDREN_MOST} children did not do it"
        return Due(duty=Duty.STOP, status=AlgoStatus.STOPPED, text=text)
    if moment.now_ns >= parent.request.end_ns:
        return Due(duty=Duty.STOP, status=AlgoStatus.EXPIRED, text="its time is over")
    return None


def _is_time(parent: Parent, algorithm: Algorithm, moment: Moment) -> bool:
    """Return whether a child may be sent now."""
    if moment.now_ns < parent.base_ns or len(parent.children) >= CHILDREN_MOST:
        return False
    if parent.sliced_ns is None:
        return True
    if moment.now_ns - parent.sliced_ns < PACE_NS:
        return False
    if not algorithm.is_sliced:
        return True
    begun = slice_at(parent, moment.now_ns)
    # In the last slice what did not trade is tried again, for there is no next one.
    return begun > slice_at(parent, parent.sliced_ns) or begun == slice_count(parent)


def _tradable(parent: Parent, wanted: int, instrument: Instrument, px: Px) -> Qty:
    """Return the largest child up to *wanted* that a venue takes; 0 where there is none."""
    left = parent.left_qty
    rest = left - floor_to_step(wanted, instrument.lot_size)
    if rest > 0 and not _is_enough(rest, instrument, px):
        # What would be left behind could not be traded by itself.
        wanted = left
    fits = floor_to_step(min(wanted, instrument.max_qty), instrument.lot_size)
    return Qty(fits) if _is_enough(fits, instrument, px) else Qty(0)


def _is_enough(qty: int, instrument: Instrument, px: Px) -> bool:
    is_worth = px == 0 or value_of(px, qty) >= value_of_money(instrument.min_notional)
    return qty >= max(1, instrument.min_qty) and is_worth


def _cancels(parent: Parent) -> Iterator[Due]:
    for number, child in enumerate(parent.children):
        if not child.is_done:
            yield from _cancel(number, child)


def _cancel(number: int, child: Child) -> Iterator[Due]:
    if child.is_sent and not child.is_cancel_asked:
        yield Due(duty=Duty.CANCEL, number=number)
