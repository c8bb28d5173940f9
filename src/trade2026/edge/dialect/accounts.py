"""What the dialect remembers of its accounts: their orders and their trades, newest first kept.

It is a fold over PRISM's log: at the start over what the log still says, then over each step
of the market. An order is numbered by the place of its input in the log, and a trade by the
number of its report, so both stay the same after a restart.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from trade2026.core.ids import OrderId
from trade2026.model.execution import ExecType, ExecutionReport, LastLiquidityInd
from trade2026.model.order import NewOrderSingle
from trade2026.prism.door import STOPS

ORDERS_KEPT: Final = 2_000
"""Orders of one account, of those that are done."""
TRADES_KEPT: Final = 5_000
"""Trades of one account."""
ALL_ORDERS_KEPT: Final = 50_000
"""Over all accounts: the more there are, the fewer are kept of each."""
ALL_TRADES_KEPT: Final = 100_000
FILLS_TOLD: Final = 1_000
"""Of one order, in the answer to its sender: the first ones."""

SELF_TRADE: Final = "SELF_TRADE"


class Fill(NamedTuple):
    """One trade of an account. Nanos."""

    trade_id: int
    order_number: int
    symbol: str
    px: int
    qty: int
    fee: int
    fee_asset: str
    time_ns: int
    is_buyer: bool
    is_maker: bool


@dataclass(slots=True)
class Placed:
    """One order as its reports leave it. Quantities in nanos, value in square nanos."""

    number: int
    request: NewOrderSingle
    created_ns: int
    updated_ns: int
    status: str = "NEW"
    """In the dialect's words."""
    cum_qty: int = 0
    cum_value: int = 0
    text: str = ""
    is_working: bool = True
    """Not while a stop waits."""
    cancel_id: str = ""
    """What the sender of the cancel that is under way calls it, empty while none is."""
    fills: list[Fill] = field(default_factory=list[Fill])

    @property
    def is_done(self) -> bool:
        """Return whether nothing of it works any more."""
        return self.status not in {"NEW", "PARTIALLY_FILLED"}


@dataclass(slots=True)
class Sent:
    """An order on its way to the venue."""

    client_id: str
    placed: Placed | None = None
    """What became of it, once its first report is there."""


class Memory:
    """The orders and trades of one account."""

    def __init__(self) -> None:
        self.fills = deque[Fill]()
        self.sending: dict[OrderId, Sent] = {}
        """The orders that are on their way to the venue."""
        self._orders: dict[int, Placed] = {}
        self._by_client_id: dict[str, int] = {}
        self._done = deque[int]()

    def orders(self, symbol: str | None = None) -> Iterator[Placed]:
        """Yield the orders that are remembered, of one symbol or of all, oldest first."""
        return (
            order
            for order in list(self._orders.values())
            if symbol is None or order.request.symbol == symbol
        )

    def by_number(self, number: int) -> Placed | None:
        """Return the order of that number."""
        return self._orders.get(number)

    def by_client_id(self, client_id: str) -> Placed | None:
        """Return the newest order to which its sender gave that id, of those that came in."""
        return self._orders.get(self._by_client_id.get(client_id, 0))

    def add(self, order: Placed) -> None:
        """Remember a new order, by its number for now."""
        self._orders[order.number] = order

    def note_accepted(self, order: Placed) -> None:
        """Remember an order by its sender's id too, once one that is newer has not taken it."""
        client_id = order.request.cl_ord_id
        self._by_client_id[client_id] = max(order.number, self._by_client_id.get(client_id, 0))

    def note_done(self, order: Placed, *, accounts: int) -> None:
        """Remember an order that is done for as long as there is room beside other *accounts*."""
        self._done.append(order.number)
        while len(self._done) > min(ORDERS_KEPT, ALL_ORDERS_KEPT // accounts):
            self.drop(self._done.popleft())

    def note_fill(self, order: Placed, fill: Fill, *, accounts: int) -> None:
        """Remember a trade for as long as there is room beside other *accounts*."""
        if len(order.fills) < FILLS_TOLD:
            order.fills.append(fill)
        self.fills.append(fill)
        while len(self.fills) > min(TRADES_KEPT, ALL_TRADES_KEPT // accounts):
            self.fills.popleft()

    def drop(self, number: int) -> None:
        """Forget an order."""
        order = self._orders.pop(number, None)
        if order is not None and self._by_client_id.get(order.request.cl_ord_id) == number:
            del self._by_client_id[order.request.cl_ord_id]


class Accounts:
    """The memories of all accounts that trade by the dialect."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}
        self._working: dict[OrderId, Placed] = {}

    def of(self, account: str) -> Memory:
        """Return the memory of one account."""
        return self._memories.setdefault(account, Memory())

    def add(self, request: NewOrderSingle, *, number: int) -> None:
        """Take in an order that PRISM's log has at place *number*."""
        at_ns = request.transact_time_ns
        order = Placed(number=number, request=request, created_ns=at_ns, updated_ns=at_ns)
        order.is_working = request.ord_type not in STOPS
        self._working[request.order_id] = order
        self.of(request.account).add(order)

    def find(self, order_id: OrderId) -> Placed | None:
        """Return an order that works by PRISM's own id."""
        return self._working.get(order_id)

    def apply(self, report: ExecutionReport) -> Placed | None:
        """Take in a report and return its order; None where it is not remembered."""
        order = self._working.get(report.order_id)
        if order is None:
            return None
        memory = self.of(report.account)
        if report.order_id in memory.sending:
            memory.sending[report.order_id].placed = order
        order.updated_ns = report.ts_event_ns
        if report.exec_type is ExecType.NEW:
            # From here on its times are the market's own.
            order.created_ns = report.ts_event_ns
        if report.exec_type is ExecType.TRADE:
            memory.note_fill(order, _fill_of(order, report), accounts=len(self._memories))
            order.cum_qty = report.cum_qty
            order.cum_value += report.last_px * report.last_qty
        elif report.exec_type is ExecType.TRIGGERED:
            order.is_working = True
        elif report.exec_type is ExecType.REPLACED:
            order.request = _changed(order.request, report)
        if report.exec_type is not ExecType.REJECTED:
            # One that is refused hides none that had its name before.
            memory.note_accepted(order)
        order.status = status_after(order, report)
        order.text = report.text or order.text
        if order.is_done:
            del self._working[report.order_id]
            if report.exec_type is ExecType.REJECTED:
                # The dialect answers such an order with an error and has no record of it.
                memory.drop(order.number)
            else:
                memory.note_done(order, accounts=len(self._memories))
        return order


def status_after(order: Placed, report: ExecutionReport) -> str:
    """Return how *order* stands after *report*, in the dialect's words."""
    match report.exec_type:
        case ExecType.TRADE:
            return "FILLED" if report.leaves_qty == 0 else "PARTIALLY_FILLED"
        case ExecType.CANCELED:
            return "EXPIRED_IN_MATCH" if report.text.startswith(SELF_TRADE) else "CANCELED"
        case ExecType.EXPIRED:
            return "EXPIRED"
        case ExecType.REJECTED:
            return "REJECTED"
        case _:
            return order.status


def _changed(request: NewOrderSingle, report: ExecutionReport) -> NewOrderSingle:
    return msgspec.structs.replace(
        request,
        order_qty=report.order_qty or request.order_qty,
        price=report.price or request.price,
        stop_px=report.stop_px or request.stop_px,
    )


def _fill_of(order: Placed, report: ExecutionReport) -> Fill:
    return Fill(
        trade_id=report.report_seq,
        order_number=order.number,
        symbol=report.symbol,
        px=report.last_px,
        qty=report.last_qty,
        fee=report.fee,
        fee_asset=report.fee_asset,
        time_ns=report.ts_event_ns,
        is_buyer=report.side.sign > 0,
        is_maker=report.last_liquidity_ind is LastLiquidityInd.ADDED,
    )
