"""The events of a parent's log, made of how it stands and what is asked.

Event ids are made of the parent's id and the event's number, so that the log stores the same
step once.
"""

from typing import TypedDict

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId
from trade2026.core.numbers import Qty
from trade2026.domain.execution.parent import Parent
from trade2026.model.algo import (
    AlgoEnded,
    AlgoEnding,
    AlgoPaused,
    AlgoReplaced,
    AlgoReport,
    AlgoRequest,
    AlgoResumed,
    AlgoSliced,
    AlgoStarted,
    AlgoStatus,
    Seen,
    VolumeCurve,
)


class _Head(TypedDict):
    event_id: EventId
    account: AccountId
    algo_id: str
    algo_seq: int
    ts_ns: TimeNs


def started(
    request: AlgoRequest, seen: Seen, curve: VolumeCurve | None, ts_ns: TimeNs
) -> AlgoStarted:
    """Return the first event of a parent."""
    return AlgoStarted(request=request, seen=seen, curve=curve, **_head(request, 1, ts_ns))


def sliced(parent: Parent, order_qty: Qty, seen: Seen, ts_ns: TimeNs) -> AlgoSliced:
    """Return the decision on the next child."""
    assert 0 < order_qty <= parent.left_qty, "a child is of what is left"
    number = len(parent.children)
    return AlgoSliced(number=number, order_qty=order_qty, seen=seen, **_next(parent, ts_ns))


def paused(parent: Parent, asked_by: str, seen: Seen, ts_ns: TimeNs) -> AlgoPaused:
    """Return the step of a pause."""
    return AlgoPaused(asked_by=asked_by, seen=seen, **_next(parent, ts_ns))


def resumed(parent: Parent, asked_by: str, seen: Seen, ts_ns: TimeNs) -> AlgoResumed:
    """Return the step out of a pause."""
    base_qty = Qty(parent.committed_qty)
    return AlgoResumed(asked_by=asked_by, base_qty=base_qty, seen=seen, **_next(parent, ts_ns))


def replaced(
    parent: Parent, request: AlgoRequest, asked_by: str, seen: Seen, ts_ns: TimeNs
) -> AlgoReplaced:
    """Return the step to the terms of *request*."""
    return AlgoReplaced(
        asked_by=asked_by,
        order_qty=request.order_qty,
        price=request.price,
        end_ns=request.end_ns,
        base_qty=Qty(parent.committed_qty),
        seen=seen,
        **_next(parent, ts_ns),
    )


def ending(
    parent: Parent, status: AlgoStatus, text: str, *, asked_by: str, seen: Seen, ts_ns: TimeNs
) -> AlgoEnding:
    """Return the step after which nothing more is sent."""
    return AlgoEnding(
        status=status, text=text, asked_by=asked_by, seen=seen, **_next(parent, ts_ns)
    )


def ended(parent: Parent, report: AlgoReport, ts_ns: TimeNs) -> AlgoEnded:
    """Return the last step, or a later word on it."""
    return AlgoEnded(report=report, **_next(parent, ts_ns))


def _next(parent: Parent, ts_ns: TimeNs) -> _Head:
    return _head(parent.request, parent.algo_seq + 1, ts_ns)


def _head(request: AlgoRequest, algo_seq: int, ts_ns: TimeNs) -> _Head:
    return _Head(
        event_id=EventId(f"{request.algo_id}-{algo_seq}"),
        account=request.account,
        algo_id=request.algo_id,
        algo_seq=algo_seq,
        ts_ns=ts_ns,
    )
