"""How orders meet in the plain book: price before time, self-trade prevention, icebergs."""

from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import BUY, MAX_TICKS, SELL, Force, Kind, Stp
from trade2026.prism.engine.reference_side import Order, Side
from trade2026.prism.engine.reference_tape import Tape


class Trading:
    """The two sides of a book and what happens between them."""

    def __init__(self, tape: Tape) -> None:
        self.sides = {BUY: Side(BUY), SELL: Side(SELL)}
        self.resting: dict[int, Order] = {}
        """By number."""
        self.last = 0
        """The price of the last trade; 0: there was none."""
        self.band: tuple[int, int] | None = None
        """The lowest and the highest price at which orders are taken."""
        self._tape = tape

    def is_in_band(self, ticks: int) -> bool:
        """Return whether orders at a price are taken."""
        return self.band is None or self.band[0] <= ticks <= self.band[1]

    def limit_of(self, order: Order) -> int:
        """Return the worst price at which an incoming order may trade."""
        if order.kind == Kind.LIMIT:
            return order.ticks
        lowest, highest = self.band or (1, MAX_TICKS)
        return highest if order.side == BUY else lowest

    def is_crossing(self, side: int, limit: int) -> bool:
        """Return whether an order at *limit* would meet the best one of the other side."""
        best = self.sides[-side].best()
        return best is not None and side * (limit - best) >= 0

    def enter(self, order: Order) -> None:
        """Trade an incoming order as far as it may; its rest rests or ends."""
        limit = self.limit_of(order)
        if order.is_post_only and self.is_crossing(order.side, limit):
            self._tape.killed(order, EventReason.WOULD_TRADE)
            return
        if order.force == Force.FOK and not self._is_fillable(order, limit):
            self._tape.killed(order, EventReason.NOT_FILLABLE)
            return
        is_stopped = self._match(order, limit)
        if order.lots == 0:
            return
        if is_stopped:
            self._tape.killed(order, EventReason.SELF_TRADE)
        elif order.may_rest:
            self.rest(order)
        else:
            self._tape.killed(order, EventReason.UNFILLED)

    def rest(self, order: Order) -> None:
        """Let an order join the book without a look at the other side."""
        self.resting[order.number] = order
        shown = self.sides[order.side].join(order)
        self._tape.of_maker(EventKind.ADDED, order, order.lots, shown)

    def remove(self, order: Order, reason: EventReason) -> None:
        """Take a resting order off the book, whole."""
        lots = order.lots
        shown = self.sides[order.side].shrink(order, 0)
        del self.resting[order.number]
        self._tape.of_maker(EventKind.REMOVED, order, lots, shown, reason)

    def settle(self, order: Order) -> None:
        """Let a resting order that just traded show its next part, or be gone."""
        if order.lots == 0:
            del self.resting[order.number]
        elif order.shown == 0:
            shown = self.sides[order.side].refresh(order)
            self._tape.of_maker(EventKind.REFRESHED, order, order.shown, shown)

    def _match(self, taker: Order, limit: int) -> bool:
        """Trade with what is in reach; return whether an own order stopped it."""
        makers = self.sides[-taker.side]
        while taker.lots and self.is_crossing(taker.side, limit):
            maker = makers.first()
            kind = EventKind.TRADE
            if maker.owner == taker.owner:
                if taker.stp in {Stp.CANCEL_OLDEST, Stp.CANCEL_BOTH}:
                    self.remove(maker, EventReason.SELF_TRADE)
                if taker.stp in {Stp.CANCEL_NEWEST, Stp.CANCEL_BOTH}:
                    return True
                if taker.stp == Stp.CANCEL_OLDEST:
                    continue
                kind = EventKind.DECREMENTED
            else:
                self.last = maker.ticks
            lots = min(taker.lots, maker.shown)
            taker.lots -= lots
            shown = makers.trade(maker, lots)
            self._tape.write(
                kind,
                side=taker.side,
                ticks=maker.ticks,
                lots=lots,
                maker=maker,
                taker=taker,
                level_lots=shown,
            )
            self.settle(maker)
        return False

    def _is_fillable(self, taker: Order, limit: int) -> bool:
        """Return whether the taker would be filled whole.

        An own order that is not passed over stands in the way: of its level only what the
        orders before it show can be reached, for their hidden parts come behind it.
        """
        wanted = taker.lots
        makers = self.sides[-taker.side]
        for ticks in makers.prices():
            if taker.side * (limit - ticks) < 0:
                return False
            shown = whole = 0
            for maker in makers.queues[ticks].values():
                if maker.owner != taker.owner:
                    shown += maker.shown
                    whole += maker.lots
                elif taker.stp != Stp.CANCEL_OLDEST:
                    return shown >= wanted
            wanted -= whole
            if wanted <= 0:
                return True
        return False
