"""The plain order book: it defines what every book of the engine must do.

Written with lists, dictionaries and queues to be read, not to be fast; `book.py` must give
the same events. `docs/prism-engine.md` tells the rules with examples.
"""

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.event import EventKind, EventReason
from trade2026.prism.engine.message import BUY, MAX_TICKS, SELL, Action, Force, Kind, Phase
from trade2026.prism.engine.reference_auction import uncross
from trade2026.prism.engine.reference_checks import is_valid, is_valid_change
from trade2026.prism.engine.reference_side import Order
from trade2026.prism.engine.reference_stops import Stops, activate, set_trigger
from trade2026.prism.engine.reference_tape import Tape
from trade2026.prism.engine.reference_trading import Trading


class ReferenceBook:
    """One symbol's book. Sides are +1 (buy) and -1 (sell); a `now` is the time in ns.

    The book's time is the latest it was told; an earlier `now` does not set it back.
    """

    def __init__(self, symbol: int = 0) -> None:
        self._tape = Tape(symbol)
        self._trading = Trading(self._tape)
        self._stops = Stops()
        self._phase = Phase.CONTINUOUS

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
        trigger: int = 0,
        display: int = 0,
        expires_ns: int = 0,
        stp: int = 0,
        flags: int = 0,
    ) -> None:
        """Take an order: match it and let its rest rest, or let a stop wait."""
        self._clock(now)
        order = Order(
            number=number,
            owner=owner,
            side=side,
            kind=kind,
            force=force,
            ticks=ticks if kind in {Kind.LIMIT, Kind.STOP_LIMIT} else 0,
            lots=lots,
            trigger=trigger,
            offset=trigger,
            display=display,
            expires_ns=expires_ns,
            stp=stp,
            flags=flags,
        )
        reason = self._why_not(order, ticks)
        if reason:
            self._tape.killed(order, reason)
            return
        if order.is_stop:
            self._stops.wait(order, self._trading.last)
            self._tape.write(
                EventKind.WAITING, side=side, ticks=order.trigger, lots=lots, maker=order
            )
        elif self._phase == Phase.CONTINUOUS:
            self._trading.enter(order)
        else:
            self._trading.rest(order)
        self._trigger_stops()

    def cancel(self, *, now: int, number: int) -> None:
        """End a resting order or a waiting stop."""
        self._clock(now)
        order = self._find(number)
        if order is None:
            self._tape.refused(number, EventReason.UNKNOWN_ORDER)
        else:
            self._end(order, EventReason.NONE)

    def reduce(self, *, now: int, number: int, lots: int) -> None:
        """Take *lots* off an order, the hidden ones first; it keeps its place."""
        self._clock(now)
        order = self._find(number)
        if order is None:
            self._tape.refused(number, EventReason.UNKNOWN_ORDER)
        elif lots <= 0:
            self._tape.refused(number, EventReason.INVALID)
        elif lots >= order.lots:
            self._end(order, EventReason.NONE)
        else:
            self._shrink(order, order.lots - lots, EventReason.NONE)

    def replace(
        self,
        *,
        now: int,
        number: int,
        ticks: int = 0,
        lots: int = 0,
        trigger: int = 0,
        stp: int = 0,
    ) -> None:
        """Give an order new values, each 0 where it stays as it is.

        Args:
            now: the time.
            number: of an order that rests or waits.
            ticks: the new limit.
            lots: what shall be left of it.
            trigger: the new trigger, or the new offset of a trailing stop.
            stp: the order's word from now on about orders of its own owner.
        """
        self._clock(now)
        order = self._find(number)
        if order is None:
            self._tape.refused(number, EventReason.UNKNOWN_ORDER)
        elif not is_valid_change(order, ticks, lots, trigger, stp):
            self._tape.refused(number, EventReason.INVALID)
        elif order.is_stop:
            self._replace_stop(order, ticks, lots, trigger, stp)
            self._trigger_stops()
        else:
            self._replace_resting(order, ticks or order.ticks, lots or order.lots, stp)
            self._trigger_stops()

    def phase(self, *, now: int, phase: int) -> None:
        """Begin another phase; what an auction gathered trades when it ends."""
        self._clock(now)
        self._begin(phase, number=0)

    def band(self, *, now: int, low: int, high: int) -> None:
        """Take orders only at prices from *low* to *high*; both 0: at any price."""
        self._clock(now)
        self._set_band(low, high, number=0)

    def process(self, messages: NDArray[np.void], *, now: int = 0) -> None:
        """Handle *messages*, `MESSAGE` records, in order, after it has become *now*."""
        self._clock(now)
        for row in messages.tolist():
            number, ticks, lots, trigger, display, time_ns, owner, action, *rest = row
            side, kind, force, stp, flags = rest
            time = self._tape.now
            match action:
                case Action.PLACE:
                    self.place(
                        now=time,
                        number=number,
                        owner=owner,
                        side=side,
                        kind=kind,
                        force=force,
                        ticks=ticks,
                        lots=lots,
                        trigger=trigger,
                        display=display,
                        expires_ns=time_ns,
                        stp=stp,
                        flags=flags,
                    )
                case Action.CANCEL:
                    self.cancel(now=time, number=number)
                case Action.REDUCE:
                    self.reduce(now=time, number=number, lots=lots)
                case Action.REPLACE:
                    self.replace(
                        now=time, number=number, ticks=ticks, lots=lots, trigger=trigger, stp=stp
                    )
                case Action.PHASE:
                    self._begin(ticks, number)
                case Action.BAND:
                    self._set_band(ticks, trigger, number)
                case Action.CLOCK:
                    self._clock(time_ns)
                case _:
                    self._tape.refused(number, EventReason.INVALID)

    def take_events(self) -> NDArray[np.void]:
        """Return what happened since the last call, as `MARKET_EVENT` records in order."""
        return self._tape.take()

    def depth(self, side: int, levels: int) -> NDArray[np.int64]:
        """Return up to *levels* price levels, `(n, 2) int64`: ticks, lots shown; best first."""
        chosen = self._trading.sides[side]
        rows = [(ticks, chosen.shown[ticks]) for ticks in chosen.prices()[:levels]]
        return np.array(rows, np.int64).reshape(-1, 2)

    def resting(self) -> NDArray[np.int64]:
        """Return all resting orders, `(n, 6) int64`.

        Number, owner, side, ticks, lots left in all, lots shown; buys before sells, within a
        side in the order in which they would trade.
        """
        rows = [
            (order.number, order.owner, order.side, order.ticks, order.lots, order.shown)
            for side in (BUY, SELL)
            for order in self._trading.sides[side].orders()
        ]
        return np.array(rows, np.int64).reshape(-1, 6)

    def waiting(self) -> NDArray[np.int64]:
        """Return all waiting stops, `(n, 6) int64`, the one that has waited longest first.

        Number, owner, side, kind, trigger as it is now (0: none yet), lots.
        """
        rows = [
            (order.number, order.owner, order.side, order.kind, order.trigger, order.lots)
            for order in self._stops.waiting.values()
        ]
        return np.array(rows, np.int64).reshape(-1, 6)

    def _find(self, number: int) -> Order | None:
        return self._trading.resting.get(number) or self._stops.waiting.get(number)

    def _why_not(self, order: Order, ticks: int) -> EventReason:
        if not is_valid(order, order.trigger, ticks, self._tape.now):
            return EventReason.INVALID
        if self._find(order.number):
            return EventReason.DUPLICATE
        if not self._is_for_phase(order):
            return EventReason.WRONG_PHASE
        if order.ticks and not self._trading.is_in_band(order.ticks):
            return EventReason.OUT_OF_BAND
        return EventReason.NONE

    def _is_for_phase(self, order: Order) -> bool:
        match self._phase:
            case Phase.CONTINUOUS:
                return True
            case Phase.AUCTION:
                return order.is_stop or (order.may_rest and not order.is_post_only)
            case _:
                return False

    def _end(self, order: Order, reason: EventReason) -> None:
        if order.is_stop:
            del self._stops.waiting[order.number]
            lots, order.lots = order.lots, 0
            self._tape.of_maker(EventKind.REMOVED, order, lots, reason=reason)
        else:
            self._trading.remove(order, reason)

    def _shrink(self, order: Order, left: int, reason: EventReason) -> None:
        shown = 0
        if order.is_stop:
            order.lots = left
        else:
            shown = self._trading.sides[order.side].shrink(order, left)
        self._tape.of_maker(EventKind.CHANGED, order, left, shown, reason)

    def _replace_stop(self, order: Order, ticks: int, lots: int, trigger: int, stp: int) -> None:
        if ticks not in {0, order.ticks} and not self._trading.is_in_band(ticks):
            self._tape.refused(order.number, EventReason.OUT_OF_BAND)
            return
        order.ticks = ticks or order.ticks
        order.stp = stp
        if trigger and order.kind != Kind.TRAILING_STOP:
            order.trigger = trigger
        elif trigger not in {0, order.offset}:
            order.offset = trigger
            set_trigger(order, self._trading.last)
        self._shrink(order, lots or order.lots, EventReason.REPLACED)

    def _replace_resting(self, order: Order, ticks: int, lots: int, stp: int) -> None:
        if ticks == order.ticks and lots <= order.lots:
            self._shrink(order, lots, EventReason.REPLACED)
            return
        reason = EventReason.NONE
        if not self._trading.is_in_band(ticks):
            reason = EventReason.OUT_OF_BAND
        elif self._phase in {Phase.HALTED, Phase.CLOSED}:
            reason = EventReason.WRONG_PHASE
        elif order.is_post_only and self._trading.is_crossing(order.side, ticks):
            reason = EventReason.WOULD_TRADE
        if reason:
            self._tape.refused(order.number, reason)
            return
        self._trading.remove(order, EventReason.REPLACED)
        order.ticks, order.lots, order.stp = ticks, lots, stp
        if self._phase == Phase.CONTINUOUS:
            self._trading.enter(order)
        else:
            self._trading.rest(order)

    def _trigger_stops(self) -> None:
        if self._phase != Phase.CONTINUOUS:
            return
        self._stops.follow(self._trading.last)
        while (order := self._stops.take_reached(self._trading.last)) is not None:
            self._tape.write(
                EventKind.TRIGGERED,
                side=order.side,
                ticks=order.trigger,
                lots=order.lots,
                taker=order,
            )
            activate(order)
            if order.kind == Kind.LIMIT and not self._trading.is_in_band(order.ticks):
                self._tape.killed(order, EventReason.OUT_OF_BAND)
            else:
                self._trading.enter(order)
            self._stops.follow(self._trading.last)

    def _begin(self, phase: int, number: int) -> None:
        if phase not in set(Phase):
            self._tape.refused(number, EventReason.INVALID)
            return
        before, self._phase = self._phase, Phase(phase)
        self._tape.write(EventKind.PHASE, ticks=phase)
        if before == self._phase:
            return
        if self._phase == Phase.CONTINUOUS or (before, self._phase) == _CLOSING_AUCTION:
            uncross(self._trading, self._tape)
        if self._phase == Phase.CLOSED:
            sides = self._trading.sides
            orders = sides[BUY].orders() + sides[SELL].orders()
            for order in orders + list(self._stops.waiting.values()):
                if order.force == Force.DAY:
                    self._end(order, EventReason.EXPIRED)
        self._trigger_stops()

    def _set_band(self, low: int, high: int, number: int) -> None:
        if low == high == 0:
            self._trading.band = None
        elif 1 <= low <= high <= MAX_TICKS:
            self._trading.band = (low, high)
        else:
            self._tape.refused(number, EventReason.INVALID)

    def _clock(self, now: int) -> None:
        if now <= self._tape.now:
            return
        self._tape.now = now
        orders = [*self._trading.resting.values(), *self._stops.waiting.values()]
        due = [o for o in orders if o.force == Force.GTD and o.expires_ns <= now]
        for order in sorted(due, key=lambda o: (o.expires_ns, o.number)):
            self._end(order, EventReason.EXPIRED)


_CLOSING_AUCTION = (Phase.AUCTION, Phase.CLOSED)
