"""A parent worked on paper: each child trades in full and at once, unless it is told not to."""

from collections.abc import Mapping
from typing import Any

import msgspec
from tests.algos import an_algo
from tests.factories import BTCUSDT, NOW_NS, px

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import Px, Qty, value_of
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.curve import learn
from trade2026.domain.execution.due import Due, Duty, what_is_due
from trade2026.domain.execution.parent import Child, Parent, apply, with_child
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import AlgoName, AlgoRequest, Seen, VolumeCurve
from trade2026.model.instrument import Instrument

PX = px("50000")


def begun(curve: VolumeCurve | None = None, **changes: Any) -> Parent:
    """Return a parent of `an_algo`, changed by *changes*, that has just begun."""
    request: AlgoRequest = an_algo(**changes)
    if curve is None and request.name is AlgoName.VWAP:
        curve = learn({}, request.start_ns, request.end_ns)
    return apply(None, step.started(request, Seen(mid_px=PX), curve, NOW_NS))


def after(seconds: int) -> TimeNs:
    """Return when so many seconds have passed since the parent began."""
    return TimeNs(NOW_NS + seconds * NS_PER_S)


def due(
    parent: Parent, seconds: int, volume: int = 0, instrument: Instrument = BTCUSDT, mid: Px = PX
) -> list[Due]:
    """Return what is due of *parent* so many seconds after its beginning."""
    moment = Moment(now_ns=after(seconds), volume_qty=Qty(volume))
    return list(what_is_due(parent, BY_NAME[parent.request.name], moment, instrument, mid))


def sliced(parent: Parent, order_qty: Qty, seconds: int) -> Parent:
    """Return *parent* with one child more, which works."""
    parent = apply(parent, step.sliced(parent, order_qty, parent.seen, after(seconds)))
    number = len(parent.children) - 1
    return with_child(parent, number, replaced(parent.children[number], is_sent=True))


def filled(parent: Parent, number: int, at: Px = PX) -> Parent:
    """Return *parent* with child *number* filled."""
    child = parent.children[number]
    qty = child.leaves_qty
    whole = replaced(child, leaves_qty=Qty(0), cum_qty=qty, cum_value=value_of(at, qty))
    return with_child(parent, number, whole)


def replaced(child: Child, **changes: object) -> Child:
    """Return *child*, changed by *changes*."""
    return msgspec.structs.replace(child, **changes)


def worked(parent: Parent, volumes: Mapping[int, int]) -> tuple[Parent, list[tuple[int, Qty]]]:
    """Return *parent* after it was looked at, and when which children were sent.

    Args:
        parent: to be worked.
        volumes: what had traded in the market, by the second at which it is looked at.
    """
    sent: list[tuple[int, Qty]] = []
    for seconds, volume in volumes.items():
        for one in due(parent, seconds, volume):
            assert one.duty in {Duty.SLICE, Duty.STOP}
            if one.duty is Duty.SLICE:
                sent.append((seconds, one.order_qty))
                parent = sliced(parent, one.order_qty, seconds)
                parent = filled(parent, len(parent.children) - 1)
    return parent, sent
