"""Follows a book by its events alone, and asserts of each event that it may happen.

What must hold at every message: events are numbered without a gap, time does not run back,
the best price trades before all others and the oldest order of a price before the younger, no
order trades with one of its owner, an iceberg goes to the back with each part, the quantity
at every price is the sum of what its orders show, a rest that joins the book does not cross
it, every lot is in one place, and stops become active only where the last price has reached
them. At the end the book must be what its events told.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.event import MARKET_EVENT, EventKind, EventReason
from trade2026.prism.engine.message import BUY, MESSAGE, SELL, Action, Phase

Records = NDArray[np.void]
Words = NDArray[np.int64]

ALL_LEVELS: Final = 10**6


class OrderBook(Protocol):
    """What every book of the engine offers."""

    def process(self, messages: Records, *, now: int = 0) -> None: ...

    def take_events(self) -> Records: ...

    def depth(self, side: int, levels: int) -> Words: ...

    def resting(self) -> Words: ...

    def waiting(self) -> Words: ...


@dataclass(slots=True)
class Known:
    """What events told of an order that rests or waits."""

    owner: int
    side: int
    ticks: int
    left: int
    shown: int = 0


@dataclass(slots=True)
class Told:
    """The columns of an event that the rules look at."""

    ticks: int
    lots: int
    maker: int
    taker: int
    maker_left: int
    taker_left: int
    level: int
    maker_owner: int
    taker_owner: int
    side: int
    reason: int


@dataclass(slots=True)
class Half:
    """One side of the followed book."""

    ranks: list[int] = field(default_factory=list[int])
    """Prices times the side, ascending: the best last."""
    queues: dict[int, dict[int, Known]] = field(default_factory=dict[int, dict[int, Known]])
    levels: dict[int, int] = field(default_factory=dict[int, int])


class Follower:
    """A book as its events tell it."""

    def __init__(self) -> None:
        self.halves = {BUY: Half(), SELL: Half()}
        self.resting: dict[int, Known] = {}
        self.waiting: dict[int, Known] = {}
        self.incoming: dict[int, int] = {}
        """By number, what is left of an order that is being matched."""
        self.last = 0
        self.phase: int = Phase.CONTINUOUS
        self.is_uncrossing = False
        self.auction_ticks = 0
        self._seq = 0
        self._now = 0

    def follow(self, events: Records) -> None:
        """Take in *events*, asserting that each may follow on what was before."""
        for row in events.tolist():
            seq, now, ticks, lots, maker, taker, left, taker_left, level, *rest = row
            maker_owner, taker_owner, _, kind, side, reason = rest
            assert seq == self._seq + 1
            assert now >= self._now
            self._seq, self._now = seq, now
            is_auction = (kind == EventKind.TRADE and side == 0) or kind == EventKind.LEVEL
            if self.is_uncrossing and not is_auction and kind != EventKind.REFRESHED:
                self.end_uncrossing()
            _RULES[kind](
                self,
                Told(
                    ticks,
                    lots,
                    maker,
                    taker,
                    left,
                    taker_left,
                    level,
                    maker_owner,
                    taker_owner,
                    side,
                    reason,
                ),
            )

    def end_uncrossing(self) -> None:
        """Assert that an auction left nothing that crosses."""
        self.is_uncrossing = False
        self.auction_ticks = 0
        if self.phase == Phase.CONTINUOUS:
            self.check_uncrossed()

    def check_uncrossed(self) -> None:
        """Assert that the best bid is below the best ask."""
        bids, asks = (self.halves[side].ranks for side in (BUY, SELL))
        assert not bids or not asks or bids[-1] < -asks[-1]

    def on_trade(self, told: Told) -> None:
        """A trade, or lots lost by both sides where they are of one owner."""
        assert told.lots > 0
        if told.side == 0:
            self._trade_in_auction(told)
            return
        assert self.phase == Phase.CONTINUOUS
        assert told.maker_owner != told.taker_owner
        self._meet(told)
        self.last = told.ticks

    def on_decremented(self, told: Told) -> None:
        """Both lose lots."""
        assert told.maker_owner == told.taker_owner
        self._meet(told)

    def _meet(self, told: Told) -> None:
        ticks, maker = self._first(-told.side)
        assert (ticks, maker) == (told.ticks, told.maker)
        assert told.taker not in self.resting
        assert told.taker not in self.waiting
        before = self.incoming.pop(told.taker, told.lots + told.taker_left)
        assert before - told.lots == told.taker_left
        if told.taker_left:
            self.incoming[told.taker] = told.taker_left
        level = self._take(told.maker, told.lots, told.maker_left, told.maker_owner)
        assert level == told.level

    def _trade_in_auction(self, told: Told) -> None:
        assert self.is_uncrossing
        assert told.ticks == (self.auction_ticks or told.ticks)
        self.auction_ticks = self.last = told.ticks
        bid, buyer = self._first(BUY)
        ask, seller = self._first(SELL)
        assert (buyer, seller) == (told.taker, told.maker)
        assert ask <= told.ticks <= bid
        self._take(buyer, told.lots, told.taker_left, told.taker_owner)
        self._take(seller, told.lots, told.maker_left, told.maker_owner)

    def on_level(self, told: Told) -> None:
        """A level changed in an auction."""
        assert self.halves[told.side].levels.get(told.ticks, 0) == told.level

    def on_added(self, told: Told) -> None:
        """A rest joins the back of its price."""
        assert told.maker not in self.resting
        assert told.maker not in self.waiting
        assert told.lots == told.maker_left == self.incoming.pop(told.maker, told.lots) > 0
        order = Known(told.maker_owner, told.side, told.ticks, told.lots)
        self.resting[told.maker] = order
        half = self.halves[told.side]
        if told.ticks not in half.queues:
            insort(half.ranks, told.side * told.ticks)
            half.queues[told.ticks] = {}
            half.levels[told.ticks] = 0
        half.queues[told.ticks][told.maker] = order
        order.shown = told.level - half.levels[told.ticks]
        half.levels[told.ticks] = told.level
        assert 0 < order.shown <= order.left
        if self.phase == Phase.CONTINUOUS:
            self.check_uncrossed()

    def on_refreshed(self, told: Told) -> None:
        """An iceberg goes to the back."""
        order = self.resting[told.maker]
        assert order.shown == 0 < told.lots <= told.maker_left == order.left
        half = self.halves[order.side]
        queue = half.queues[order.ticks]
        queue[told.maker] = queue.pop(told.maker)
        order.shown = told.lots
        half.levels[order.ticks] += told.lots
        assert (told.side, told.ticks) == (order.side, order.ticks)
        assert half.levels[order.ticks] == told.level

    def on_removed(self, told: Told) -> None:
        """A resting order or waiting stop is gone."""
        order = self._known(told)
        assert told.lots == order.left
        assert told.maker_left == 0
        if told.maker in self.waiting:
            del self.waiting[told.maker]
            assert told.level == 0
        else:
            assert told.level == self._shrink(told.maker, 0)

    def on_changed(self, told: Told) -> None:
        """An order kept its place."""
        order = self._known(told)
        assert told.lots == told.maker_left > 0
        if told.maker in self.waiting:
            order.left, order.ticks = told.lots, told.ticks
            assert told.level == 0
        else:
            assert told.lots <= order.left
            assert told.level == self._shrink(told.maker, told.lots)

    def on_killed(self, told: Told) -> None:
        """The rest of an incoming order ends."""
        assert told.lots == self.incoming.pop(told.taker, told.lots)
        assert told.taker_left == 0
        assert told.reason

    def on_waiting(self, told: Told) -> None:
        """A stop begins to wait."""
        assert told.maker not in self.resting
        assert told.maker not in self.waiting
        assert told.lots == told.maker_left > 0
        self.waiting[told.maker] = Known(told.maker_owner, told.side, 0, told.lots)

    def on_triggered(self, told: Told) -> None:
        """A stop becomes active."""
        order = self.waiting.pop(told.taker)
        assert self.phase == Phase.CONTINUOUS
        assert told.lots == told.taker_left == order.left
        assert (told.side, told.taker_owner) == (order.side, order.owner)
        assert self.last > 0 < told.ticks
        assert told.side * self.last >= told.side * told.ticks
        self.incoming[told.taker] = told.lots

    def on_phase(self, told: Told) -> None:
        """Another phase."""
        is_changed = told.ticks != self.phase
        is_close = (self.phase, told.ticks) == (Phase.AUCTION, Phase.CLOSED)
        self.is_uncrossing = is_changed and (told.ticks == Phase.CONTINUOUS or is_close)
        self.phase = told.ticks

    def on_refused(self, told: Told) -> None:
        """Nothing changed."""
        assert told.reason

    def _first(self, side: int) -> tuple[int, int]:
        half = self.halves[side]
        ticks = side * half.ranks[-1]
        return ticks, next(iter(half.queues[ticks]))

    def _take(self, number: int, lots: int, left: int, owner: int) -> int:
        order = self.resting[number]
        half = self.halves[order.side]
        assert order.owner == owner
        order.left -= lots
        order.shown -= lots
        assert order.left == left
        assert order.shown >= 0
        half.levels[order.ticks] -= lots
        level = half.levels[order.ticks]
        if left == 0:
            self._drop(number)
        return level

    def _shrink(self, number: int, left: int) -> int:
        order = self.resting[number]
        half = self.halves[order.side]
        gone = order.shown - min(order.shown, left)
        order.left = left
        order.shown -= gone
        half.levels[order.ticks] -= gone
        level = half.levels[order.ticks]
        if left == 0:
            self._drop(number)
        return level

    def _drop(self, number: int) -> None:
        order = self.resting.pop(number)
        half = self.halves[order.side]
        del half.queues[order.ticks][number]
        if not half.queues[order.ticks]:
            assert half.levels[order.ticks] == 0
            del half.queues[order.ticks], half.levels[order.ticks]
            half.ranks.pop(bisect_left(half.ranks, order.side * order.ticks))

    def _known(self, told: Told) -> Known:
        order = self.resting.get(told.maker) or self.waiting[told.maker]
        assert (order.owner, order.side) == (told.maker_owner, told.side)
        assert told.maker in self.waiting or order.ticks == told.ticks
        return order

    def check(self, book: OrderBook) -> None:
        """Assert that *book* is what its events told."""
        self.end_uncrossing()
        assert not self.incoming
        resting = [
            [number, order.owner, side, ticks, order.left, order.shown]
            for side in (BUY, SELL)
            for ticks in self._prices(side)
            for number, order in self.halves[side].queues[ticks].items()
        ]
        waiting = [[n, o.owner, o.side, o.left] for n, o in self.waiting.items()]
        assert book.resting().tolist() == resting
        assert book.waiting()[:, [0, 1, 2, 5]].tolist() == waiting
        for side in (BUY, SELL):
            levels = [[ticks, self.halves[side].levels[ticks]] for ticks in self._prices(side)]
            assert book.depth(side, ALL_LEVELS).tolist() == levels

    def _prices(self, side: int) -> list[int]:
        return [side * rank for rank in reversed(self.halves[side].ranks)]


_RULES: Final = {
    EventKind.TRADE: Follower.on_trade,
    EventKind.ADDED: Follower.on_added,
    EventKind.REMOVED: Follower.on_removed,
    EventKind.KILLED: Follower.on_killed,
    EventKind.CHANGED: Follower.on_changed,
    EventKind.TRIGGERED: Follower.on_triggered,
    EventKind.WAITING: Follower.on_waiting,
    EventKind.REFRESHED: Follower.on_refreshed,
    EventKind.PHASE: Follower.on_phase,
    EventKind.REFUSED: Follower.on_refused,
    EventKind.DECREMENTED: Follower.on_decremented,
    EventKind.LEVEL: Follower.on_level,
}


def left_of(book: OrderBook) -> Words:
    """Return what is left of every order, `(n, 2) int64`: number, lots."""
    return np.concatenate([book.resting()[:, [0, 4]], book.waiting()[:, [0, 5]]])


def check_conservation(before: Words, messages: Records, events: Records, after: Words) -> None:
    """Assert that every lot was traded, cancelled or is left, and nothing else was.

    Lots of an order that was replaced come and go by the replace itself; such numbers are
    left out here, `Follower` looks at them.

    Args:
        before: `left_of` the book before *messages*.
        messages: what the book was told.
        events: all that followed.
        after: `left_of` the book then.
    """
    assert events.dtype == MARKET_EVENT
    assert messages.dtype == MESSAGE
    kind, reason = events["kind"], events["reason"]
    placed = messages[messages["action"] == Action.PLACE]
    both = events[(kind == EventKind.TRADE) | (kind == EventKind.DECREMENTED)]
    removed, killed = events[kind == EventKind.REMOVED], events[kind == EventKind.KILLED]
    changed = events[kind == EventKind.CHANGED]
    numbers = [before[:, 0], placed["number"], both["maker_number"], both["taker_number"]]
    amounts = [before[:, 1], placed["lots"], -both["lots"], -both["lots"]]
    numbers += [removed["maker_number"], killed["taker_number"], after[:, 0]]
    amounts += [-removed["lots"], -killed["lots"], -after[:, 1]]
    every, where = np.unique(np.concatenate(numbers), return_inverse=True)
    sums = np.zeros(len(every), np.int64)
    np.add.at(sums, where, np.concatenate(amounts))
    is_replaced = np.isin(every, events["maker_number"][reason == EventReason.REPLACED])
    # What a reduce took off is in no event: only that it was not more than there was.
    is_reduced = np.isin(every, changed["maker_number"])
    assert np.all(sums[~is_replaced & ~is_reduced] == 0)
    assert np.all(sums[~is_replaced & is_reduced] > 0)
