"""What the markets say: the latest quote of each symbol, by venue.

Whatever the clocks say, the quote told last counts.
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty
from trade2026.model.market import Quote


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A quote as orders are judged by it."""

    bid_px: Px | None
    """None where nobody bids."""
    ask_px: Px | None
    mid_px: Px | None
    """The middle, or the only side there is, or None."""
    arrived_ns: TimeNs
    """When it reached the platform."""


class References:
    """The latest quotes; mutable."""

    def __init__(self) -> None:
        self._by_venue: dict[str, dict[str, Reference]] = {}
        """Of each symbol."""
        self._latest: dict[str, Reference] = {}
        """Of each symbol, of whichever venue: what holdings are marked at."""

    def quote(self, venue: str, symbol: str, quote: Quote, arrived_ns: TimeNs) -> None:
        """Take *quote*; a side without quantity, or without a positive price, is nobody's."""
        bid_px = _standing(quote.best_bid_px, quote.best_bid_qty)
        ask_px = _standing(quote.best_ask_px, quote.best_ask_qty)
        reference = Reference(
            bid_px=bid_px, ask_px=ask_px, mid_px=_middle(bid_px, ask_px), arrived_ns=arrived_ns
        )
        self._by_venue.setdefault(symbol, {})[venue] = reference
        self._latest[symbol] = reference

    def of(self, venue: str, symbol: str, now_ns: TimeNs, max_age_ns: int) -> Reference | None:
        """Return what an order on *venue* is judged by: its own quote while that is fresh."""
        venues = self._by_venue.get(symbol)
        if not venues:
            return None
        own = venues.get(venue)
        if own is not None and abs(now_ns - own.arrived_ns) <= max_age_ns:
            return own
        # On a recorded feed the recorded venue quotes and PRISM, where orders go, does not.
        return self._latest[symbol]

    def is_quoted(self, symbol: str) -> bool:
        """Return whether anybody has quoted *symbol* since the start."""
        latest = self._latest.get(symbol)
        return latest is not None and latest.mid_px is not None

    def mark_px(self, symbol: str, otherwise: Px) -> Px:
        """Return what *symbol* is marked at, or *otherwise* where nobody quotes it."""
        latest = self._latest.get(symbol)
        mid_px = None if latest is None else latest.mid_px
        return otherwise if mid_px is None else mid_px


def _standing(px: Px, qty: Qty) -> Px | None:
    return px if qty > 0 and px > 0 else None


def _middle(bid_px: Px | None, ask_px: Px | None) -> Px | None:
    if bid_px is None or ask_px is None:
        return ask_px if bid_px is None else bid_px
    return Px((bid_px + ask_px) // 2)
