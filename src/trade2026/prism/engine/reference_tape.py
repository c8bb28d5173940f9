"""What the plain book says: its events, numbered, at its time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.event import MARKET_EVENT, EventKind, EventReason
from trade2026.prism.engine.reference_side import Order

_NOBODY: Final = Order(number=0, owner=0, side=0, kind=0, force=0, ticks=0, lots=0)


class Tape:
    """The events since the last look."""

    def __init__(self, symbol: int) -> None:
        self.now = 0
        """The book's time, ns."""
        self._symbol = symbol
        self._seq = 0
        self._events: list[tuple[int, ...]] = []

    def write(
        self,
        kind: EventKind,
        *,
        side: int = 0,
        ticks: int = 0,
        lots: int = 0,
        maker: Order = _NOBODY,
        taker: Order = _NOBODY,
        level_lots: int = 0,
        reason: EventReason = EventReason.NONE,
    ) -> None:
        """Write an event of orders that are as they are after it."""
        self._seq += 1
        self._events.append(
            (
                self._seq,
                self.now,
                ticks,
                lots,
                maker.number,
                taker.number,
                maker.lots,
                taker.lots,
                level_lots,
                maker.owner,
                taker.owner,
                self._symbol,
                kind,
                side,
                reason,
            )
        )

    def of_maker(
        self,
        kind: EventKind,
        order: Order,
        lots: int,
        level_lots: int = 0,
        reason: EventReason = EventReason.NONE,
    ) -> None:
        """Write an event of one order that rests, waits, or did."""
        self.write(
            kind,
            side=order.side,
            ticks=order.ticks,
            lots=lots,
            maker=order,
            level_lots=level_lots,
            reason=reason,
        )

    def killed(self, order: Order, reason: EventReason) -> None:
        """Write that what is left of an incoming order ends."""
        lots, order.lots = order.lots, 0
        self.write(
            EventKind.KILLED,
            side=order.side,
            ticks=order.ticks,
            lots=lots,
            taker=order,
            reason=reason,
        )

    def refused(self, number: int, reason: EventReason) -> None:
        """Write that a change was not done."""
        order = Order(number=number, owner=0, side=0, kind=0, force=0, ticks=0, lots=0)
        self.write(EventKind.REFUSED, taker=order, reason=reason)

    def take(self) -> NDArray[np.void]:
        """Return the events as `MARKET_EVENT` records in order, and forget them."""
        events = np.zeros(len(self._events), MARKET_EVENT)
        events[:] = self._events
        self._events = []
        return events
