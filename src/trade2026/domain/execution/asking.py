"""What may be asked of an algorithm, and what may be changed of it while it works.

Source: FIX 4.4, Order Cancel/Replace Request (G): OrderQty is the total, with CumQty.
"""

from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.numbers import Px, Qty, format_nanos, is_multiple
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.curve import DAY_NS
from trade2026.domain.execution.parent import Parent
from trade2026.model.algo import AlgoRequest, AlgoStatus
from trade2026.model.instrument import Instrument

LONGEST_NS: Final = 7 * DAY_NS
SHORTEST_NS: Final = NS_PER_S


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Other terms of a parent; None leaves one as it is."""

    order_qty: Qty | None = None
    """The new total, with what has traded."""
    price: Px | None = None
    end_ns: TimeNs | None = None


def check_request(request: AlgoRequest, instrument: Instrument | None, now_ns: TimeNs) -> None:
    """Refuse what no algorithm, or not this one, can work.

    Args:
        request: as asked for, or as it shall be.
        instrument: what it trades; None where nobody lists it.
        now_ns: its end must be behind it.

    Raises:
        InvalidInputError: the field is named as the API spells it.
    """
    if instrument is None:
        raise InvalidInputError("symbol", f"not listed on {request.venue}")
    if not is_multiple(request.order_qty, instrument.lot_size):
        step = format_nanos(instrument.lot_size)
        raise InvalidInputError("quantity", f"must be a multiple of {step}")
    if request.price is not None and not is_multiple(request.price, instrument.tick_size):
        step = format_nanos(instrument.tick_size)
        raise InvalidInputError("price", f"must be a multiple of {step}")
    if request.display_qty and not is_multiple(request.display_qty, instrument.lot_size):
        step = format_nanos(instrument.lot_size)
        raise InvalidInputError("display_quantity", f"must be a multiple of {step}")
    if request.end_ns <= now_ns:
        raise InvalidInputError("end_at", "is over already")
    if not SHORTEST_NS <= request.end_ns - request.start_ns <= LONGEST_NS:
        raise InvalidInputError("end_at", "must be a second to seven days after the start")
    problem = BY_NAME[request.name].problem(request)
    if problem is not None:
        raise InvalidInputError(problem.field, problem.why)


def same_request(one: AlgoRequest, other: AlgoRequest) -> bool:
    """Return whether two requests ask for the same, when and under which id whatever."""
    return _timeless(one) == _timeless(other)


def as_changed(parent: Parent, terms: Terms) -> AlgoRequest:
    """Return the request of *parent* under other terms.

    Raises:
        InvalidInputError: nothing is named.
        RefusedError: it has ended or ends, or has traded more already.
    """
    given = {"order_qty": terms.order_qty, "price": terms.price, "end_ns": terms.end_ns}
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        raise InvalidInputError("", "names nothing to change")
    if parent.status not in {AlgoStatus.RUNNING, AlgoStatus.PAUSED}:
        raise RefusedError(f"it is {parent.status}")
    if terms.order_qty is not None and terms.order_qty < parent.filled_qty:
        raise RefusedError(f"{format_nanos(parent.filled_qty)} has traded already")
    return msgspec.structs.replace(parent.request, **said)


def _timeless(request: AlgoRequest) -> AlgoRequest:
    length_ns = TimeNs(request.end_ns - request.start_ns)
    zero = TimeNs(0)
    return msgspec.structs.replace(request, algo_id="", start_ns=zero, end_ns=length_ns)
