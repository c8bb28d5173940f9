"""The order book of one instrument: absolute quantities by price, best levels at hand.

Each side is a dictionary of quantities and a sorted list of prices: a change of a known
level is one dictionary write, and the best price stands at the end of a list.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from trade2026.core.numbers import Px, Qty
from trade2026.model.market import Level

LEVEL_LIMIT: Final = 10_000
"""Levels kept a side. The farthest go first, so the top stays right; a venue's own
snapshots have 5,000 at most."""


class Top(NamedTuple):
    """Best bid and offer; an empty side has price and quantity 0."""

    bid_px: Px
    bid_qty: Qty
    ask_px: Px
    ask_qty: Qty


class Side(msgspec.Struct):
    """One side of a book."""

    qty_by_px: dict[Px, Qty] = {}
    prices: list[Px] = []
    """Ascending."""

    def put(self, levels: Iterable[Level]) -> None:
        """Set each level's quantity; zero removes it."""
        qty_by_px = self.qty_by_px
        prices = self.prices
        for level in levels:
            px = level.px
            qty = level.qty
            if qty:
                if px not in qty_by_px:
                    insort(prices, px)
                qty_by_px[px] = qty
            elif qty_by_px.pop(px, None) is not None:
                del prices[bisect_left(prices, px)]

    def forget(self, prices: list[Px]) -> None:
        """Drop the quantities of *prices*, which the caller has taken off the list."""
        for px in prices:
            del self.qty_by_px[px]


class OrderBook(msgspec.Struct):
    """Both sides at update `seq`."""

    seq: int = 0
    bids: Side = msgspec.field(default_factory=Side)
    asks: Side = msgspec.field(default_factory=Side)

    def replace(self, seq: int, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Make the book what a snapshot at *seq* says."""
        self.bids = Side()
        self.asks = Side()
        self.apply(seq, bids, asks)

    def apply(self, seq: int, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set the changed levels, which lead to update *seq*."""
        self.bids.put(bids)
        self.asks.put(asks)
        self.seq = seq
        if len(self.bids.prices) > LEVEL_LIMIT:
            surplus = len(self.bids.prices) - LEVEL_LIMIT
            self.bids.forget(self.bids.prices[:surplus])
            del self.bids.prices[:surplus]
        if len(self.asks.prices) > LEVEL_LIMIT:
            self.asks.forget(self.asks.prices[LEVEL_LIMIT:])
            del self.asks.prices[LEVEL_LIMIT:]

    def top(self) -> Top:
        """Return the best bid and offer."""
        bids = self.bids
        asks = self.asks
        bid_px = bids.prices[-1] if bids.prices else Px(0)
        ask_px = asks.prices[0] if asks.prices else Px(0)
        return Top(
            bid_px,
            bids.qty_by_px[bid_px] if bid_px else Qty(0),
            ask_px,
            asks.qty_by_px[ask_px] if ask_px else Qty(0),
        )

    @property
    def is_crossed(self) -> bool:
        """Return whether the best bid reaches the best offer: no venue shows that."""
        bids = self.bids.prices
        asks = self.asks.prices
        return bool(bids) and bool(asks) and bids[-1] >= asks[0]

    def best_bids(self, depth: int) -> tuple[Level, ...]:
        """Return up to *depth* bids, best first."""
        qty_by_px = self.bids.qty_by_px
        return tuple(Level(px, qty_by_px[px]) for px in reversed(self.bids.prices[-depth:]))

    def best_asks(self, depth: int) -> tuple[Level, ...]:
        """Return up to *depth* offers, best first."""
        qty_by_px = self.asks.qty_by_px
        return tuple(Level(px, qty_by_px[px]) for px in self.asks.prices[:depth])
