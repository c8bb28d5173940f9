"""The orders of outsiders: those that work, and for a while those that are done.

A done order is remembered for some minutes, so that the same order sent again is known and
its reports can be told again; what is older stands in the log. Memory is bounded: the window
is cut when it holds too many. `is_surely_fresh` says of an id whether the window would know
it, from the time inside a UUIDv7.

The window is cut by time that only passes on (monotonic); the clock of the wall, which may be
set, says only from when on nothing is forgotten.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from trade2026.core.clock import NS_PER_S
from trade2026.core.ids import OrderId, time_of
from trade2026.core.numbers import Qty
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.order import NewOrderSingle, OrderStatusRequest
from trade2026.model.prism import OutsideOrder
from trade2026.prism.holdings import party_of

REMEMBER_NS: Final = 120 * NS_PER_S
MOST_REMEMBERED: Final = 20_000
REPORTS_KEPT: Final = 1_000
"""Of one order, in memory."""
CHANGES_MAX: Final = 1_000
"""Of one order: each is remembered, so that none is made twice."""

SKEW_NS: Final = 5 * NS_PER_S
"""How far the clock that made an id may differ from ours."""
AHEAD_MAX_NS: Final = 60 * NS_PER_S
"""How far an id may be ahead of the latest that our clock has ever been."""
FORGET_MAX: Final = 2_000
"""At once: who forgets a long busy time at its end does it bit by bit."""
_NO_PLACE: Final = 0

_NO_ORDERS: Final[Mapping[OrderId, "OutsiderOrder"]] = MappingProxyType({})

_END: Final = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})


@dataclass(slots=True)
class OutsiderOrder:
    """One order of an outsider, as its reports leave it."""

    facts: OutsideOrder
    """Who and what; `cum_qty` in it is where this life began to count."""
    request: NewOrderSingle | None
    """None for an order of a former life whose input is far back in the log."""
    number: int
    """The market's number of it, 0 where it never came to the market."""
    input_seq: int
    cum_qty: int
    ended_by: ExecType | None = None
    """TRADE where it filled whole; None while it works."""
    reports: deque[ExecutionReport] = field(
        default_factory=lambda: deque[ExecutionReport](maxlen=REPORTS_KEPT)
    )
    """The newest; those before are in the log."""
    report_count: int = 0
    """How many there ever were, in this life."""
    changes: set[str] = field(default_factory=set[str])
    """The keys of the changes that were answered."""
    cum_value: int = 0
    """Of the fills told in this life, in square nanos."""
    cum_fee: int = 0

    @property
    def is_partly_known(self) -> bool:
        """Return whether something of it is only in the log."""
        return self.request is None or self.report_count > len(self.reports)

    @property
    def party(self) -> str:
        """Return who stands behind the order."""
        return party_of(self.facts.account, is_direct=self.facts.is_direct)

    @property
    def is_done(self) -> bool:
        """Return whether nothing of the order works any more."""
        return self.ended_by is not None

    def apply(self, report: ExecutionReport) -> None:
        """Note one report of the order."""
        self.reports.append(report)
        self.report_count += 1
        if report.replace_id:
            self.changes.add(report.replace_id)
        self.cum_qty = report.cum_qty
        self.cum_value += report.last_px * report.last_qty
        self.cum_fee += report.fee
        is_filled = report.exec_type is ExecType.TRADE and report.leaves_qty == 0
        if self.ended_by is None and (is_filled or report.exec_type in _END):
            self.ended_by = report.exec_type


def order_of(
    request: NewOrderSingle, *, is_direct: bool, input_seq: int, number: int, venue_order_id: str
) -> OutsiderOrder:
    """Return the order that *request* begins."""
    return OutsiderOrder(
        facts=OutsideOrder(
            order_id=request.order_id,
            account=request.account,
            symbol=request.symbol,
            side=request.side,
            venue_order_id=venue_order_id,
            cum_qty=Qty(0),
            is_direct=is_direct,
        ),
        request=request,
        number=number,
        input_seq=input_seq,
        cum_qty=0,
    )


class _Arrival(NamedTuple):
    seen_ns: int
    """Monotonic."""
    until_ns: int
    """When it arrived or its id was made, whichever was later on the wall."""
    input_seq: int
    order_id: OrderId


class OutsideOrders:
    """All orders of outsiders that are still remembered."""

    def __init__(self, *, forgotten_until_ns: int = 0, latest_ns: int = 0) -> None:
        """Remember nothing yet.

        Args:
            forgotten_until_ns: up to when what was made may be forgotten, on the wall.
            latest_ns: the latest that the clock on the wall has ever been.
        """
        self.forgotten_until_ns = forgotten_until_ns
        """No order that arrived, or was made, after this time is forgotten."""
        self.open_count = 0
        self.direct_open_count = 0
        """Of those, how many are of direct participants."""
        self._open: dict[str, dict[OrderId, OutsiderOrder]] = {}
        self._by_id: dict[OrderId, OutsiderOrder] = {}
        self._by_number: dict[int, OutsiderOrder] = {}
        self._disowned: set[OrderId] = set()
        self._arrivals: deque[_Arrival] = deque()
        self.forgotten_seq = _NO_PLACE
        """The last place in the log that was let go of since the start."""
        self._now_ns = 0
        self._own_latest_ns = self.latest_ns = latest_ns
        """The latest that a clock on the wall has ever been, ours or one an id was made by."""
        self._older: dict[OrderId, OutsiderOrder] = {}

    def get(self, order_id: OrderId) -> OutsiderOrder | None:
        """Return the order with the platform's id *order_id*, None when not remembered."""
        return self._by_id.get(order_id)

    def by_number(self, number: int) -> OutsiderOrder:
        """Return the working order with the market's *number*."""
        return self._by_number[number]

    def is_disowned(self, order_id: OrderId) -> bool:
        """Return whether PRISM said of the id that it does not know it."""
        return order_id in self._disowned

    def is_surely_fresh(self, order_id: OrderId) -> bool:
        """Return whether an order that is not remembered here surely never came.

        An id that is no UUIDv7 has no time in it: it is in doubt as soon as anything is forgotten.
        """
        return (time_of(order_id) or 0) > self.forgotten_until_ns + SKEW_NS or not (
            self.forgotten_until_ns
        )

    def is_far_ahead(self, order_id: OrderId, wall_ns: int) -> bool:
        """Return whether an id was made by a clock that is too far ahead of ours to be taken."""
        return (time_of(order_id) or 0) > max(self._own_latest_ns, wall_ns) + AHEAD_MAX_NS

    def open_orders(self) -> Iterator[OutsiderOrder]:
        """Yield the orders that still work."""
        return (order for order in self._by_id.values() if not order.is_done)

    def open_of(self, party: str) -> Mapping[OrderId, OutsiderOrder]:
        """Return the orders of one party that still work."""
        return self._open.get(party, _NO_ORDERS)

    def older_orders(self) -> tuple[OutsideOrder, ...]:
        """Return the working orders whose inputs stand before the window."""
        return tuple(
            OutsideOrder(
                order_id=order.facts.order_id,
                account=order.facts.account,
                symbol=order.facts.symbol,
                side=order.facts.side,
                venue_order_id=order.facts.venue_order_id,
                cum_qty=Qty(order.cum_qty),
                is_direct=order.facts.is_direct,
            )
            for order in self._older.values()
        )

    @property
    def window_seq(self) -> int | None:
        """Return the log's sequence at which the window begins, None when it is empty."""
        return next((a.input_seq for a in self._arrivals if a.input_seq != _NO_PLACE), None)

    def tick(self, monotonic_ns: int, wall_ns: int) -> None:
        """Note what time it is for all that comes from here on."""
        self._now_ns = monotonic_ns
        self._own_latest_ns = max(self._own_latest_ns, wall_ns)
        self.latest_ns = max(self.latest_ns, wall_ns)

    def add(self, order: OutsiderOrder, *, arrived_ns: int, age_ns: int = 0) -> None:
        """Remember an order that came in.

        Args:
            order: with its place in the log.
            arrived_ns: on the wall.
            age_ns: how long before the last tick that was.
        """
        order_id = order.facts.order_id
        self._by_id[order_id] = order
        if order.number:
            self._by_number[order.number] = order
        self._note_open(order)
        self._arrived(order_id, order.input_seq, arrived_ns, age_ns)

    def add_older(self, facts: OutsideOrder) -> None:
        """Remember a working order of a former life whose input is not read again."""
        order = OutsiderOrder(
            facts=facts, request=None, number=0, input_seq=0, cum_qty=facts.cum_qty
        )
        self._by_id[facts.order_id] = order
        self._older[facts.order_id] = order
        self._note_open(order)

    def disown(
        self, request: OrderStatusRequest, *, input_seq: int, arrived_ns: int, age_ns: int = 0
    ) -> None:
        """Remember that an order was said not to be known; see `add`."""
        self._disowned.add(request.order_id)
        self._arrived(request.order_id, input_seq, arrived_ns, age_ns)

    def apply(self, order: OutsiderOrder, report: ExecutionReport) -> None:
        """Note a report; an order that it ends is remembered for a while longer."""
        was_done = order.is_done
        order.apply(report)
        if not order.is_done or was_done:
            return
        self._note_done(order)
        self._by_number.pop(order.number, None)
        if self._older.pop(order.facts.order_id, None) is not None:
            # It has left the window once and comes back in at its end; a later life finds
            # it by a search of the log, so the window need not reach back to its input, and
            # that what arrived with it may be forgotten was said when it left.
            self._arrivals.append(_Arrival(self._now_ns, 0, _NO_PLACE, order.facts.order_id))

    def forget(self, *, old: bool = True) -> None:
        """Let go of some of what is too much and, if *old*, of what is done and old."""
        oldest_ns = self._now_ns - REMEMBER_NS
        for _ in range(FORGET_MAX):
            is_over = len(self._arrivals) > MOST_REMEMBERED
            is_due = old and self._arrivals and self._arrivals[0].seen_ns < oldest_ns
            if not (is_over or is_due):
                return
            arrival = self._arrivals.popleft()
            self.forgotten_seq = max(self.forgotten_seq, arrival.input_seq)
            order_id = arrival.order_id
            self.forgotten_until_ns = max(self.forgotten_until_ns, arrival.until_ns)
            self._disowned.discard(order_id)
            order = self._by_id.get(order_id)
            if order is None:
                continue
            if order.is_done:
                del self._by_id[order_id]
            else:
                self._older[order_id] = order

    def _arrived(self, order_id: OrderId, input_seq: int, arrived_ns: int, age_ns: int) -> None:
        # Where the clock was set back on its way, or its maker's is ahead, it was made later.
        until_ns = max(arrived_ns, time_of(order_id) or 0)
        self.latest_ns = max(self.latest_ns, until_ns)
        self._arrivals.append(_Arrival(self._now_ns - age_ns, until_ns, input_seq, order_id))

    def _note_open(self, order: OutsiderOrder) -> None:
        self.open_count += 1
        self.direct_open_count += order.facts.is_direct
        self._open.setdefault(order.party, {})[order.facts.order_id] = order

    def _note_done(self, order: OutsiderOrder) -> None:
        self.open_count -= 1
        self.direct_open_count -= order.facts.is_direct
        own = self._open[order.party]
        del own[order.facts.order_id]
        if not own:
            del self._open[order.party]
