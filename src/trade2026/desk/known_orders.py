"""Every order there ever was: the live ones in memory, the rest in the archive.

Memory is ahead of the archive, so what is in memory is always the better answer. An order
that is done leaves memory a while after the archive has it, and comes back when an event
or a question needs it.
"""

import asyncio
import zlib
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import CodecError, StoreDamagedError
from trade2026.core.numbers import SignedQty
from trade2026.desk.persistence import to_the_end
from trade2026.domain.oms.kept import Changes, Fill, Kept, Totals
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.domain.oms.query import EVERY_ORDER, OrderQuery
from trade2026.model import codec
from trade2026.model.booking import Booking
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderEvent,
    OrderReceived,
    UnknownReported,
)
from trade2026.model.order import OrdStatus
from trade2026.ports.archive import FillRow, OrderArchive, OrderRow, RowQuery

M = TypeVar("M")

FORGET_AFTER_NS: Final = 15 * NS_PER_S
"""How long a done order stays in memory: those who ask for it mostly ask soon."""
ZIP_LEVEL: Final = 1
"""An order's events repeat their ids: the fastest level takes two thirds off."""
ROWS_A_TURN: Final = 16
"""Rows made before others get their turn."""
SCAN_MARGIN: Final = 50
"""Rows read beside those wanted, because newer ones of some orders are in memory."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive holds: everything up to a place in the log."""

    log_id: int
    """Names the log: the time at which its stream was made."""
    seq: int
    """All that the log has up to here is in it."""
    last_seq: int
    """Some of what came after is in it too, up to here."""
    totals: Totals


class KnownOrders:
    """Answers for every order; the writes are those of `Orders`."""

    def __init__(self, archive: OrderArchive) -> None:
        self._archive = archive
        self._live = Orders()
        self._image_last_seq = 0
        self._commit = asyncio.Lock()
        self._damage: StoreDamagedError | None = None

    def load(self, log_id: int, log_last_seq: int) -> int:
        """Begin from what the archive holds, and return up to where in the log that is.

        Raises:
            UnavailableError: it cannot be read, or is of another log; `reset` begins anew.
        """
        content = self._archive.load()
        if content is None:
            return 0
        image = _read(Image, content)
        if image.log_id != log_id or image.last_seq > log_last_seq:
            raise StoreDamagedError("the archive of orders belongs to another log")
        live = Orders()
        live.restore(image.totals)
        for row in self._archive.open_orders():
            live.recall(_unpacked(Kept, row))
        self._live, self._image_last_seq = live, image.last_seq
        return image.seq

    def reset(self) -> None:
        """Forget everything, here and in the archive."""
        self._archive.reset()
        self._live, self._image_last_seq = Orders(), 0

    def close(self) -> None:
        """Let go of the archive."""
        self._archive.close()

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Book the next event of the log; one that was booked before changes nothing."""
        if not isinstance(event, CashDeposited | UnknownReported | Booking):
            # The first event of an order is new, unless the archive was ahead of the log's fold.
            is_first = isinstance(event, OrderReceived) and seq > self._image_last_seq
            if not is_first:
                self.get(event.order_id)
        self._live.apply(event, seq)

    def get(self, order_id: str) -> Order | None:
        """Return the order of that id, if there is one.

        Raises:
            UnavailableError: the archive cannot be read.
        """
        here = self._live.get(order_id)
        return here or self._recall(lambda: self._archive.order(order_id))

    def by_key(self, account: str, cl_ord_id: str) -> Order | None:
        """Return the account's order that was sent under the key *cl_ord_id*, if any.

        Raises:
            UnavailableError: the archive cannot be read.
        """
        here = self._live.by_key(account, cl_ord_id)
        return here or self._recall(lambda: self._archive.order_by_key(account, cl_ord_id))

    def legs_of(self, order_id: str) -> tuple[Order | None, ...]:
        """Return the group of an order, in the order of its legs; empty where it has none.

        Raises:
            UnavailableError: the archive cannot be read.
        """
        order = self.get(order_id)
        group = None if order is None else order.request.group
        if order is None or group is None:
            return ()
        account = order.request.account
        return tuple(self.by_key(account, group.key_of(n)) for n in range(group.count))

    def open_orders(self) -> tuple[Order, ...]:
        """Return the open orders, oldest first."""
        return self._live.open_orders()

    def reducing(self, account: str, symbol: str) -> tuple[Order, ...]:
        """Return the account's open reduce-only orders in *symbol*, oldest first."""
        return self._live.reducing(account, symbol)

    def events_of(self, order_id: str) -> tuple[OrderEvent, ...]:
        """Return the life of an order, in order; empty where there is no such order."""
        self.get(order_id)
        return self._live.events_of(order_id)

    def fills_of(self, order_id: str, *, after: int = 0, limit: int = 100) -> tuple[Fill, ...]:
        """Return up to *limit* fills of an order, in the order of booking."""
        self.get(order_id)
        return self._live.fills(order_id=order_id, after=after, limit=limit)

    async def page(
        self, query: OrderQuery = EVERY_ORDER, *, after: str | None = None, limit: int = 100
    ) -> tuple[Order, ...]:
        """Return up to *limit* orders, newest first; see `Orders.page`."""
        kept = [] if query.active_only else await self._kept_page(query, after, limit)
        # Nothing may happen from here on: what memory has now is better than what was read.
        here = self._live.page(query, after=after, limit=limit)
        old = (order for order in kept if self._live.get(order.request.order_id) is None)
        both = sorted((*here, *old), key=lambda order: order.request.order_id, reverse=True)
        return tuple(both[:limit])

    async def fills(
        self, *, accounts: frozenset[str] | None = None, after: int = 0, limit: int = 100
    ) -> tuple[Fill, ...]:
        """Return up to *limit* fills of all orders, in the order of booking."""
        settled = self._live.settled_fill_count
        here = self._live.fills(accounts=accounts, after=after, limit=limit)
        if after >= settled:
            return here
        rows = await asyncio.to_thread(self._archive.fills, _tuple(accounts), after, limit)
        kept = [fill for row in rows if (fill := _unpacked(Fill, row)).number <= settled]
        return (*kept, *here)[:limit]

    def held(self, account: str, symbol: str) -> SignedQty:
        """Return what the account's fills in *symbol* add up to, over all strategies."""
        return self._live.held(account, symbol)

    def cash_opened(self, account: str) -> bool:
        """Return whether the account ever got a deposit."""
        return self._live.cash_opened(account)

    def is_booked(self, report: ExecutionReport) -> bool:
        """Return whether *report* is in the log already, under its order or as unknown."""
        self.get(report.order_id)
        return self._live.is_booked(report)

    @property
    def unknown(self) -> tuple[UnknownReported, ...]:
        """Return the reports on orders that the platform does not know, oldest first."""
        return self._live.unknown

    def counts(self) -> dict[OrdStatus, int]:
        """Return how many orders stand in each status; all statuses are there."""
        return self._live.counts()

    @property
    def in_memory_count(self) -> int:
        """How many orders are in memory: all that are open, and those asked for of late."""
        return self._live.count

    @property
    def changed_count(self) -> int:
        """How many orders the archive does not have as they are."""
        return self._live.changed_count

    async def commit(self, *, log_id: int, seq: int, last_seq: int, now_ns: TimeNs) -> None:
        """Have the archive keep what has changed, and forget what need not be in memory.

        Args:
            log_id: names the log.
            seq: all that the log has up to here was applied.
            last_seq: the last place in the log of which anything was applied.
            now_ns: orders that ended well before are forgotten.

        Raises:
            UnavailableError: the archive does not take it now; nothing is forgotten.
            StoreDamagedError: it never will.
        """
        if self._damage is not None:
            self._archive.reset()
            raise self._damage
        async with self._commit:
            changes = self._live.take_changes()
            totals = changes.totals
            # A start may be cut short before it has read again all that the archive has.
            furthest = max(last_seq, self._image_last_seq)
            image = Image(log_id=log_id, seq=seq, last_seq=furthest, totals=totals)
            orders, fills = await _rows_of(changes)
            write = asyncio.to_thread(self._archive.commit, orders, fills, codec.encode(image))
            await to_the_end(write)
            self._live.settle(changes)
            self._live.forget(TimeNs(now_ns - FORGET_AFTER_NS), seq)

    def _recall(self, look: Callable[[], bytes | None]) -> Order | None:
        try:
            content = look()
            return None if content is None else self._live.recall(_unpacked(Kept, content))
        except StoreDamagedError as error:
            # Remembered, so that the next commit ends the process, which then starts anew.
            self._damage = error
            raise

    async def _kept_page(self, query: OrderQuery, after: str | None, limit: int) -> list[Order]:
        rows = RowQuery(
            accounts=_tuple(query.accounts),
            symbol=query.symbol,
            strategy=query.strategy,
            side=query.side,
            status=query.status,
            before=after,
        )
        found: list[Order] = []
        while True:
            wanted = limit + SCAN_MARGIN
            read = await asyncio.to_thread(self._archive.orders, rows, wanted)
            found += [_unpacked(Kept, row).unfold()[0] for _, row in read]
            old_count = sum(self._live.get(o.request.order_id) is None for o in found)
            if len(read) < wanted or old_count >= limit:
                return found
            rows = msgspec.structs.replace(rows, before=read[-1][0])


async def _rows_of(changes: Changes) -> tuple[list[OrderRow], list[FillRow]]:
    """Return *changes* as rows. They are made here, and not in the thread that writes them.

    A thread that runs Python between short calls keeps this one waiting for its turn at each.
    """
    orders: list[OrderRow] = []
    for order, kept in zip(changes.orders, changes.kept, strict=True):
        row = OrderRow(
            order_id=order.request.order_id,
            account=order.request.account,
            cl_ord_id=order.request.cl_ord_id,
            symbol=order.request.symbol,
            strategy=order.request.strategy,
            side=order.request.side,
            status=order.status,
            is_open=not order.is_done,
            content=_packed(kept),
        )
        orders.append(row)
        if len(orders) % ROWS_A_TURN == 0:
            await asyncio.sleep(0)
    fills: list[FillRow] = []
    for fill in changes.fills:
        fills.append(FillRow(number=fill.number, account=fill.account, content=_packed(fill)))
        if len(fills) % ROWS_A_TURN == 0:
            await asyncio.sleep(0)
    return orders, fills


def _packed(what: Kept | Fill) -> bytes:
    return zlib.compress(codec.encode(what), ZIP_LEVEL)


def _unpacked(kind: type[M], content: bytes) -> M:
    try:
        return _read(kind, zlib.decompress(content))
    except zlib.error as error:
        raise StoreDamagedError(f"the archive of orders: {error}") from error


def _read(kind: type[M], content: bytes) -> M:
    try:
        return codec.decode(kind, content)
    except CodecError as error:
        raise StoreDamagedError(f"the archive of orders: {error}") from error


def _tuple(accounts: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if accounts is None else tuple(sorted(accounts))
