"""A parent order: a fold over its log, joined with how its children stand.

At every step, whatever fills, rejects and cancels have come in whatever order::

    filled_qty + working_qty + left_qty == order_qty

A child works from the moment it is decided on until it provably trades no more; only then is
what it has not traded there for another child. A fill that arrives later still is booked like
any other: `left_qty` shrinks, and may fall below zero, upon which working children are cancelled.
"""

from itertools import takewhile

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money, Px, Qty, Value
from trade2026.model.algo import (
    ALGO_DONE,
    AlgoEnded,
    AlgoEnding,
    AlgoEvent,
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
from trade2026.model.risk import RefusalCode


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A child order as far as its parent cares."""

    leaves_qty: Qty
    """What may still trade, but for a late fill."""
    cum_qty: Qty = Qty(0)
    cum_value: Value = Value(0)
    fees: Money = Money(0)
    price: Px | None = None
    is_sent: bool = False
    """Whether there is an order; before, there is the decision alone, and it is on its way."""
    is_cancel_asked: bool = False
    is_refused: bool = False
    """By risk or by the venue, or it never got that far."""
    codes: tuple[RefusalCode, ...] = ()
    text: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether it trades no more, but for a late fill."""
        return self.leaves_qty == 0


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """A parent order as its log and its children leave it."""

    request: AlgoRequest
    """As it stands: what was replaced is in it."""
    asked: AlgoRequest
    """As it was asked for at first."""
    status: AlgoStatus
    algo_seq: int
    children: tuple[Child, ...] = ()
    sliced_ns: TimeNs | None = None
    """When the last child was decided on."""
    base_ns: TimeNs
    """From when on what was left then is spread: its start, or when it last got other terms."""
    base_qty: Qty = Qty(0)
    """What had traded or worked by then."""
    base_volume_qty: Qty = Qty(0)
    """What the market had traded by then."""
    ends_as: AlgoStatus | None = None
    text: str = ""
    """Why it ends, or ended."""
    curve: VolumeCurve | None = None
    arrival_px: Px | None = None
    seen: Seen
    """Of the market, as last written."""
    report: AlgoReport | None = None
    created_ns: TimeNs
    updated_ns: TimeNs

    @property
    def filled_qty(self) -> int:
        """Return what its children have traded."""
        return sum(child.cum_qty for child in self.children)

    @property
    def working_qty(self) -> int:
        """Return what its children may still trade."""
        return sum(child.leaves_qty for child in self.children)

    @property
    def committed_qty(self) -> int:
        """Return what has traded or may still trade."""
        return self.filled_qty + self.working_qty

    @property
    def left_qty(self) -> int:
        """Return what no child has; below zero where late fills brought too much."""
        return self.request.order_qty - self.committed_qty

    @property
    def is_done(self) -> bool:
        """Return whether it has ended."""
        return self.status in ALGO_DONE

    @property
    def refused_in_a_row(self) -> int:
        """Return how many of the newest children were refused one after another."""
        newest = takewhile(lambda child: child.is_refused, reversed(self.children))
        return sum(1 for _ in newest)


def apply(parent: Parent | None, event: AlgoEvent) -> Parent:
    """Return the parent after *event*; an event applied before changes nothing."""
    if parent is None:
        assert isinstance(event, AlgoStarted), f"{event.algo_id}: it was never started"
        return _begin(event)
    if event.algo_seq <= parent.algo_seq:
        return parent
    assert event.algo_seq == parent.algo_seq + 1, (
        f"{event.algo_id}: event {event.algo_seq} follows {parent.algo_seq}"
    )
    step = msgspec.structs.replace(parent, algo_seq=event.algo_seq, updated_ns=event.ts_ns)
    if isinstance(event, AlgoEnded):
        report = event.report
        return msgspec.structs.replace(step, status=report.status, text=report.text, report=report)
    assert not isinstance(event, AlgoStarted), f"{event.algo_id}: started twice"
    return _step(msgspec.structs.replace(step, seen=event.seen), event)


def with_child(parent: Parent, number: int, child: Child) -> Parent:
    """Return *parent* with child *number* as it stands."""
    if parent.children[number] == child:
        return parent
    children = (*parent.children[:number], child, *parent.children[number + 1 :])
    return msgspec.structs.replace(parent, children=children)


def _begin(event: AlgoStarted) -> Parent:
    return Parent(
        request=event.request,
        asked=event.request,
        status=AlgoStatus.RUNNING,
        algo_seq=event.algo_seq,
        base_ns=event.request.start_ns,
        curve=event.curve,
        arrival_px=event.seen.mid_px or None,
        seen=event.seen,
        created_ns=event.ts_ns,
        updated_ns=event.ts_ns,
    )


def _step(
    parent: Parent, event: AlgoSliced | AlgoPaused | AlgoResumed | AlgoReplaced | AlgoEnding
) -> Parent:
    match event:
        case AlgoSliced():
            assert event.number == len(parent.children), f"{event.algo_id}: a child is missing"
            child = Child(leaves_qty=event.order_qty, price=parent.request.price)
            return msgspec.structs.replace(
                parent, children=(*parent.children, child), sliced_ns=event.ts_ns
            )
        case AlgoPaused():
            return msgspec.structs.replace(parent, status=AlgoStatus.PAUSED)
        case AlgoResumed():
            return _from_here(parent, event, status=AlgoStatus.RUNNING)
        case AlgoReplaced():
            request = msgspec.structs.replace(
                parent.request, order_qty=event.order_qty, price=event.price, end_ns=event.end_ns
            )
            return _from_here(parent, event, request=request)
        case _:
            return msgspec.structs.replace(
                parent, status=AlgoStatus.ENDING, ends_as=event.status, text=event.text
            )


def _from_here(parent: Parent, event: AlgoResumed | AlgoReplaced, **changes: object) -> Parent:
    return msgspec.structs.replace(
        parent,
        base_ns=max(event.ts_ns, parent.request.start_ns),
        base_qty=event.base_qty,
        base_volume_qty=event.seen.volume_qty,
        sliced_ns=None,
        **changes,
    )
