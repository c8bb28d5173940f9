"""The plain order book: it defines what every book of the engine must do.

First the better price, then the older order. A market order never rests; an order never
trades with one of the same owner: the newest gives way. Written with lists, dictionaries
and queues to be read, not to be fast; `book.py` must give the same events.
"""

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import Words
from trade2026.prism.engine.event import COLUMNS, MARKET_EVENT, EventKind, EventReason
from trade2026.prism.engine.message import (
    BUY,
    MAX_LOTS,
    MAX_TICKS,
    SELL,
    Action,
    Force,
    Kind,
)


@dataclass(slots=True, eq=False)
class _Order:
    number: int
    owner: int
    side: int
    ticks: int
    """The limit; without meaning for a market order."""
    lots: int
    """What is left of it."""


class _Side:
    """The resting orders of one side: a queue for each price, prices sorted, best last."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.ranks: list[int] = []
        """Prices times the side's sign, so that the best is the greatest."""
        self.queues: dict[int, deque[_Order]] = {}
        self.totals: dict[int, int] = {}

    def best(self) -> int | None:
        return self.side * self.ranks[-1] if self.ranks else None

    def append(self, order: _Order) -> None:
        if order.ticks not in self.queues:
            self.queues[order.ticks] = deque()
            self.totals[order.ticks] = 0
            insort(self.ranks, self.side * order.ticks)
        self.queues[order.ticks].append(order)
        self.totals[order.ticks] += order.lots

    def take(self, order: _Order, lots: int) -> int:
        """Take *lots* from *order*; return what is left at its price."""
        order.lots -= lots
        self.totals[order.ticks] -= lots
        left = self.totals[order.ticks]
        if order.lots == 0:
            self.queues[order.ticks].remove(order)
        if not self.queues[order.ticks]:
            del self.queues[order.ticks], self.totals[order.ticks]
            self.ranks.pop(bisect_left(self.ranks, self.side * order.ticks))
        return left


class ReferenceBook:
    """One symbol's book. Sides are +1 (buy) and -1 (sell); `now` is any time in ns."""

    def __init__(self, symbol: int = 0) -> None:
        self._symbol = symbol
        self._orders: dict[int, _Order] = {}
        self._sides = {BUY: _Side(BUY), SELL: _Side(SELL)}
        self._seq = 0
        self._events: list[tuple[int, ...]] = []

    def place(
        self,
        *,
        now: int,
        number: int,
        owner: int,
        side: int,
        kind: int,
        force: int,
        ticks: int,
        lots: int,
    ) -> None:
        """Match an order, and let what is left of it rest if it may."""
        order = _Order(number, owner, side, ticks, lots)
        limit = ticks if kind == Kind.LIMIT else side * MAX_TICKS
        reason = self._why_not(order, kind)
        if not reason and force == Force.FOK and not self._is_fillable(order, limit):
            reason = EventReason.NOT_FILLABLE
        if not reason:
            reason = self._match(order, limit, now)
            if order.lots == 0:
                return
        if not reason and kind == Kind.LIMIT and force == Force.GTC:
            self._rest(order, now)
            return
        self._reject(now, order, reason or EventReason.UNFILLED)

    def cancel(self, *, now: int, number: int) -> None:
        """Take a resting order off the book."""
        order = self._orders.pop(number, None)
        if order is None:
            self._reject(now, _Order(number, 0, 0, 0, 0), EventReason.UNKNOWN_ORDER)
            return
        lots = order.lots
        left = self._sides[order.side].take(order, lots)
        self._emit(
            now, EventKind.REMOVED, order.side, order.ticks, lots, maker=order, level_lots=left
        )

    def process(self, messages: Words, *, now: int = 0) -> None:
        """Handle the rows of *messages* (`message.py`) in order."""
        for row in messages.tolist():
            action, number, owner, side, kind, force, ticks, lots = row
            if action == Action.CANCEL:
                self.cancel(now=now, number=number)
            else:
                self.place(
                    now=now,
                    number=number,
                    owner=owner,
                    side=side,
                    kind=kind,
                    force=force,
                    ticks=ticks,
                    lots=lots,
                )

    def take_events(self) -> NDArray[np.void]:
        """Return what happened since the last call, as `MARKET_EVENT` records in order."""
        events = np.array(self._events, MARKET_EVENT)
        self._events = []
        return events

    def depth(self, side: int, levels: int) -> Words:
        """Return up to *levels* price levels, `(n, 2) int64`: ticks and lots, best first."""
        chosen = self._sides[side]
        ticks = [side * rank for rank in reversed(chosen.ranks)][:levels]
        return np.array([(t, chosen.totals[t]) for t in ticks], np.int64).reshape(-1, 2)

    def resting(self) -> Words:
        """Return all resting orders, `(n, 5) int64`: number, owner, side, ticks, lots.

        Buys before sells; within a side in the order in which they would trade.
        """
        rows = [
            (order.number, order.owner, order.side, order.ticks, order.lots)
            for side in (self._sides[BUY], self._sides[SELL])
            for rank in reversed(side.ranks)
            for order in side.queues[side.side * rank]
        ]
        return np.array(rows, np.int64).reshape(-1, 5)

    def _why_not(self, order: _Order, kind: int) -> EventReason:
        if not 0 < order.lots <= MAX_LOTS:
            return EventReason.INVALID
        if kind == Kind.LIMIT and not 0 < order.ticks <= MAX_TICKS:
            return EventReason.INVALID
        if order.number == 0:
            return EventReason.INVALID
        return EventReason.DUPLICATE if order.number in self._orders else EventReason.NONE

    def _is_fillable(self, taker: _Order, limit: int) -> bool:
        wanted = taker.lots
        makers = self._sides[-taker.side]
        for rank in reversed(makers.ranks):
            if taker.side * (limit - makers.side * rank) < 0:
                return False
            for maker in makers.queues[makers.side * rank]:
                # The own order stands in the way: everything behind it is out of reach.
                if maker.owner == taker.owner:
                    return False
                wanted -= maker.lots
                if wanted <= 0:
                    return True
        return False

    def _match(self, taker: _Order, limit: int, now: int) -> EventReason:
        makers = self._sides[-taker.side]
        while taker.lots and (best := makers.best()) is not None:
            if taker.side * (limit - best) < 0:
                break
            maker = makers.queues[best][0]
            if maker.owner == taker.owner:
                return EventReason.SELF_TRADE
            lots = min(taker.lots, maker.lots)
            taker.lots -= lots
            left = makers.take(maker, lots)
            if maker.lots == 0:
                del self._orders[maker.number]
            self._emit(
                now,
                EventKind.TRADE,
                taker.side,
                best,
                lots,
                maker=maker,
                taker=taker,
                level_lots=left,
            )
        return EventReason.NONE

    def _rest(self, order: _Order, now: int) -> None:
        side = self._sides[order.side]
        side.append(order)
        self._orders[order.number] = order
        total = side.totals[order.ticks]
        self._emit(
            now, EventKind.ADDED, order.side, order.ticks, order.lots, maker=order, level_lots=total
        )

    def _reject(self, now: int, order: _Order, reason: EventReason) -> None:
        lots, order.lots = order.lots, 0
        self._emit(
            now, EventKind.REJECTED, order.side, order.ticks, lots, taker=order, reason=reason
        )

    def _emit(
        self,
        now: int,
        kind: EventKind,
        side: int,
        ticks: int,
        lots: int,
        *,
        maker: _Order | None = None,
        taker: _Order | None = None,
        level_lots: int = 0,
        reason: EventReason = EventReason.NONE,
    ) -> None:
        self._seq += 1
        m = maker or _NOBODY
        t = taker or _NOBODY
        event = (self._seq, self._symbol, kind, now, side, ticks, lots)
        event += (m.number, t.number, m.owner, t.owner, m.lots, t.lots, reason, level_lots)
        assert len(event) == COLUMNS
        self._events.append(event)


_NOBODY = _Order(0, 0, 0, 0, 0)
