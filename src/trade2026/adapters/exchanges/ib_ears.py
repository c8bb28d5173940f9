"""What TWS says, as ib_async's decoder hears it: orders, fills, prices, errors, ends of lists.

ib_async's own bookkeeping (its class `IB`) is left out on purpose: it takes an order for
cancelled when TWS refuses to cancel it, and for unsubmitted when TWS warns. Here an order stands
as TWS's own frames say, and nothing else. An order is known by its `orderRef`, which is our name
for it: TWS's numbers are told anew after each connection.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

import msgspec
from ib_async.contract import Contract, ContractDetails
from ib_async.objects import CommissionReport, Execution
from ib_async.order import Order, OrderState

from trade2026.adapters.exchanges.exact import nanos_of
from trade2026.adapters.exchanges.ib_words import (
    BACK,
    BACK_WITHOUT_DATA,
    LIVE_DATA,
    LOST,
    STATUSES,
    UNSET,
    Quote,
    trade_id_of,
)
from trade2026.core.numbers import Px, Qty

_BID, _ASK, _LAST = 1, 2, 4
_BID_SIZE, _ASK_SIZE = 0, 3


def _unheard(*_: object) -> None:
    """Drop it: nobody listens yet."""


class Seen(msgspec.Struct, kw_only=True):
    """One order as TWS's frames leave it."""

    ref: str
    client: int
    """Of the API's clients, the one that placed it; only that one can cancel it."""
    order_id: int
    perm_id: int = 0
    status: str = ""
    filled_qty: Qty = Qty(0)


class Unread(logging.Handler):
    """Count the frames that the decoder could not read: it drops them with a line in its log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count."""
        del record
        self.count += 1


class IbEars:
    """What was heard. The decoder calls the methods in camel case."""

    defaultTimezone: tzinfo = UTC  # noqa: N815 - the decoder's name
    TimezoneTWS = ""

    def __init__(self) -> None:
        # Both would show the account's number and every order.
        logging.getLogger("ib_async.client").disabled = True
        logging.getLogger("ib_async.Decoder").propagate = False
        self.unread = Unread()
        self.ib = self
        self.is_cut = False
        """Whether TWS has lost the broker: it answers, and knows nothing new."""
        self.orders: dict[str, Seen] = {}
        self.fills: dict[str, Execution] = {}
        """The first report of every fill, by what its corrections share."""
        self.fees: dict[str, CommissionReport] = {}
        self.quotes: dict[int, Quote] = {}
        self.errors: dict[int, list[tuple[int, str]]] = {}
        """By the number of the request or the order."""
        self.on_order: Callable[[Seen], None] = _unheard
        self.on_fill: Callable[[str], None] = _unheard
        self.on_quote: Callable[[Quote], None] = _unheard
        self.on_last: Callable[[Quote, Px, Qty], None] = _unheard
        self.on_corrected: Callable[[str], None] = _unheard
        self.lost = asyncio.Event()
        self.data_lost = asyncio.Event()
        self.numbers: dict[tuple[int, int], str] = {}
        self.answers: dict[int, list[Any]] = {}
        self.ended: set[int] = set()
        self.open: set[str] | None = None
        self.closed: list[tuple[Order, OrderState]] | None = None
        self.shares: list[tuple[str, Contract, float]] | None = None
        """The account, what it has, and how much of it."""
        self.moved = asyncio.Event()

    def connectAck(self) -> None:  # noqa: N802
        """Take note of the handshake."""

    def setEventsDone(self) -> None:  # noqa: N802
        """Take note of the end, also of an attempt."""
        self.moved.set()

    def connectionClosed(self) -> None:  # noqa: N802
        """Take note that TWS hung up."""
        self.quotes.clear()
        self.errors.clear()
        self.lost.set()
        self.moved.set()

    def error(self, number: int, code: int, text: str, _: str = "") -> None:
        """Take an error, a warning, or news of the connection."""
        if number >= 0:
            self.errors.setdefault(number, []).append((code, text))
        elif code == LOST:
            self.is_cut = True
            self.data_lost.set()
        elif code in {BACK_WITHOUT_DATA, BACK}:
            self.is_cut = False
            self.data_lost.set()
        self.moved.set()

    def openOrder(self, number: int, _: Contract, order: Order, state: OrderState) -> None:  # noqa: N802
        """Take an order that TWS has. Its status follows in a frame of its own."""
        if order.orderRef:
            seen = self._seen(order.orderRef, order.clientId, number)
            seen.perm_id = order.permId or seen.perm_id
            if self.open is not None:
                self.open.add(order.orderRef)
            seen.status = seen.status or state.status
        self.moved.set()

    def openOrderEnd(self) -> None:  # noqa: N802
        """Take the end of the list."""
        self.open = None
        self.moved.set()

    def completedOrder(self, _: Contract, order: Order, state: OrderState) -> None:  # noqa: N802
        """Take an order that has ended."""
        if self.closed is not None and order.orderRef:
            self.closed.append((order, state))

    def completedOrdersEnd(self) -> None:  # noqa: N802
        """Take the end of the list."""
        self.closed = None
        self.moved.set()

    def orderStatus(  # noqa: N802 - TWS's frame
        self,
        number: int,
        status: str,
        filled: float,
        _left: float,
        _average: float,
        perm_id: int,
        _parent: int,
        _last: float,
        client: int,
        *_: object,
    ) -> None:
        """Take how an order stands."""
        seen = self.orders.get(self.numbers.get((client, number), ""))
        if seen is not None:
            seen.perm_id = perm_id or seen.perm_id
            # A repeated or late frame takes nothing back.
            seen.filled_qty = max(seen.filled_qty, Qty(nanos_of(filled)))
            seen.status = status
            if status in STATUSES:
                self.on_order(seen)
        self.moved.set()

    def execDetails(self, number: int, _: Contract, fill: Execution) -> None:  # noqa: N802
        """Take a fill, once; a correction is told to people and booked by none."""
        key = trade_id_of(fill.execId)
        known = self.fills.setdefault(key, fill)
        if (known.price, known.shares) != (fill.price, fill.shares):
            self.on_corrected(fill.execId)
        if number in self.answers:
            self.answers[number].append(fill)
        self.moved.set()

    def execDetailsEnd(self, number: int) -> None:  # noqa: N802
        """Take the end of the list."""
        self._end(number)

    def commissionReport(self, fee: CommissionReport) -> None:  # noqa: N802
        """Take what a fill cost; then it is whole, and told."""
        key = trade_id_of(fee.execId)
        if abs(fee.commission) < UNSET and key not in self.fees:
            self.fees[key] = fee
            self.on_fill(key)
        self.moved.set()

    def accountSummary(  # noqa: N802 - TWS's frame
        self, number: int, account: str, tag: str, value: str, currency: str
    ) -> None:
        """Take one amount of an account."""
        if number in self.answers:
            self.answers[number].append((account, tag, value, currency))

    def accountSummaryEnd(self, number: int) -> None:  # noqa: N802
        """Take the end of the list."""
        self._end(number)

    def position(self, account: str, contract: Contract, amount: float, _cost: float) -> None:
        """Take what an account has of one contract."""
        if self.shares is not None:
            self.shares.append((account, contract, amount))

    def positionEnd(self) -> None:  # noqa: N802
        """Take the end of the list."""
        self.shares = None
        self.moved.set()

    def contractDetails(self, number: int, found: ContractDetails) -> None:  # noqa: N802
        """Take a contract."""
        if number in self.answers:
            self.answers[number].append(found)

    def contractDetailsEnd(self, number: int) -> None:  # noqa: N802
        """Take the end of the list."""
        self._end(number)

    def marketDataType(self, number: int, kind: int) -> None:  # noqa: N802
        """Take whether what follows is the market as it is now."""
        if number in self.quotes:
            self.quotes[number].is_live = kind == LIVE_DATA
        self.moved.set()

    def priceSizeTick(self, number: int, kind: int, price: float, size: float) -> None:  # noqa: N802
        """Take a price and its size; no price is -1. Delayed ones have other kinds."""
        quote = self.quotes.get(number)
        if quote is None or not quote.is_live or kind not in {_BID, _ASK, _LAST}:
            return
        px, qty = Px(max(0, nanos_of(price))), Qty(nanos_of(size))
        if kind == _LAST:
            self.on_last(quote, px, qty)
        elif kind == _BID:
            quote.bid_px, quote.bid_qty = px, qty
            self.on_quote(quote)
        else:
            quote.ask_px, quote.ask_qty = px, qty
            self.on_quote(quote)
        self.moved.set()

    def tickSize(self, number: int, kind: int, size: float) -> None:  # noqa: N802
        """Take a size whose price stays."""
        quote = self.quotes.get(number)
        if quote is None or not quote.is_live or kind not in {_BID_SIZE, _ASK_SIZE}:
            return
        if kind == _BID_SIZE:
            quote.bid_qty = Qty(nanos_of(size))
        else:
            quote.ask_qty = Qty(nanos_of(size))
        self.on_quote(quote)

    def _end(self, number: int) -> None:
        if number in self.answers:
            self.ended.add(number)
        self.moved.set()

    def _seen(self, ref: str, client: int, number: int) -> Seen:
        seen = self.orders.setdefault(ref, Seen(ref=ref, client=client, order_id=number))
        seen.client, seen.order_id = client, number
        self.numbers[client, number] = ref
        return seen
