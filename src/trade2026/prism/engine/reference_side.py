"""Orders of the plain book, and one side of it: who trades first, and what is shown."""

from bisect import bisect_left, insort
from collections import OrderedDict
from dataclasses import dataclass

from trade2026.prism.engine.message import Flag, Force, Kind


@dataclass(slots=True, eq=False)
class Order:
    """An order with what is left of it. A stop becomes a limit or market order when triggered."""

    number: int
    owner: int
    side: int
    kind: int
    force: int
    ticks: int
    """The limit; 0 for an order without one."""
    lots: int
    """All that is left, shown or hidden."""
    trigger: int = 0
    """The last price that makes a stop active; 0: none does."""
    offset: int = 0
    """How far a trailing stop's trigger keeps from the last price."""
    display: int = 0
    expires_ns: int = 0
    stp: int = 0
    flags: int = 0
    shown: int = 0
    """What others see of it while it rests, and what trades next."""

    @property
    def is_post_only(self) -> bool:
        """Whether it must not trade when it enters."""
        return bool(self.flags & Flag.POST_ONLY)

    @property
    def is_stop(self) -> bool:
        """Whether it is to wait for a price."""
        return self.kind >= Kind.STOP

    @property
    def may_rest(self) -> bool:
        """Whether a rest of it stays on the book."""
        return self.kind == Kind.LIMIT and self.force not in {Force.IOC, Force.FOK}

    @property
    def next_part(self) -> int:
        """How many lots it shows when it joins a queue."""
        return min(self.display, self.lots) if self.display else self.lots


class Side:
    """The resting orders of one side: a queue for each price, prices sorted, best last."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.ranks: list[int] = []
        """Prices times the side's sign, so that the best is the greatest."""
        self.queues: dict[int, OrderedDict[int, Order]] = {}
        """By price, the orders by their numbers, the one that trades first at the front."""
        self.shown: dict[int, int] = {}
        """By price, the sum of what its orders show."""

    def best(self) -> int | None:
        """Return the price that trades first."""
        return self.side * self.ranks[-1] if self.ranks else None

    def prices(self) -> list[int]:
        """Return all prices, best first."""
        return [self.side * rank for rank in reversed(self.ranks)]

    def orders(self) -> list[Order]:
        """Return all orders, in the order in which they would trade."""
        return [order for ticks in self.prices() for order in self.queues[ticks].values()]

    def first(self) -> Order:
        """Return the order that trades first; there must be one."""
        return next(iter(self.queues[self.side * self.ranks[-1]].values()))

    def join(self, order: Order) -> int:
        """Let *order* rest behind all others of its price; return what is shown there."""
        if order.ticks not in self.queues:
            self.queues[order.ticks] = OrderedDict()
            self.shown[order.ticks] = 0
            insort(self.ranks, self.side * order.ticks)
        self.queues[order.ticks][order.number] = order
        order.shown = order.next_part
        self.shown[order.ticks] += order.shown
        return self.shown[order.ticks]

    def trade(self, order: Order, lots: int) -> int:
        """Take *lots* off the shown part of *order*; return what is shown at its price."""
        order.lots -= lots
        order.shown -= lots
        self.shown[order.ticks] -= lots
        return self._shown_after(order)

    def refresh(self, order: Order) -> int:
        """Show the next part of *order*, behind all others; return what is shown there."""
        self.queues[order.ticks].move_to_end(order.number)
        order.shown = order.next_part
        self.shown[order.ticks] += order.shown
        return self.shown[order.ticks]

    def shrink(self, order: Order, left: int) -> int:
        """Leave *left* lots of *order*, taking hidden ones first; return what is shown there."""
        order.lots = left
        self.shown[order.ticks] -= order.shown
        order.shown = min(order.shown, left)
        self.shown[order.ticks] += order.shown
        return self._shown_after(order)

    def _shown_after(self, order: Order) -> int:
        shown = self.shown[order.ticks]
        if order.lots == 0:
            del self.queues[order.ticks][order.number]
            if not self.queues[order.ticks]:
                del self.queues[order.ticks], self.shown[order.ticks]
                self.ranks.pop(bisect_left(self.ranks, self.side * order.ticks))
        return shown
