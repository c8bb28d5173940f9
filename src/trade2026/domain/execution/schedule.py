"""Time cut into slices, and a quantity cut into parts that add up to it.

Targets are cumulative: how much shall have traded, or work, by the end of a slice. What a slice
did not trade is thus a part of the next one, and the last target is all of it.
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Qty
from trade2026.domain.execution.parent import Parent


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What an algorithm may look at besides its parent."""

    now_ns: TimeNs
    volume_qty: Qty = Qty(0)
    """All that traded since the parent began, its own trades among it."""


def slice_count(parent: Parent) -> int:
    """Return into how many slices the time from the parent's base to its end is cut."""
    span_ns = parent.request.end_ns - parent.base_ns
    return max(1, -(-span_ns // parent.request.slice_ns))


def slice_at(parent: Parent, at_ns: int) -> int:
    """Return how many slices have begun at *at_ns*: 0 before the first, at most all."""
    begun = (at_ns - parent.base_ns) // parent.request.slice_ns + 1
    return max(0, min(slice_count(parent), begun))


def slice_end_ns(parent: Parent, number: int) -> TimeNs:
    """Return when the slice ends that is *number*, counted from 1."""
    end_ns = parent.base_ns + number * parent.request.slice_ns
    return TimeNs(min(end_ns, parent.request.end_ns))


def part_of_rest(parent: Parent, part: int, whole: int) -> int:
    """Return the base and *part* of *whole* of what was left there, rounded down to a nano."""
    rest = max(0, parent.request.order_qty - parent.base_qty)
    return parent.base_qty + (rest if part >= whole else rest * part // whole)
