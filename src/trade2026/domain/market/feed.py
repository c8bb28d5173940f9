"""What the normaliser knows of one instrument's feed, and what can be read off it.

All of it is plain data, so that a checkpoint is the structs as they stand.
"""

from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import INT64_MAX, Qty
from trade2026.domain.market.bars import BarBuilder, SeenIds
from trade2026.domain.market.sync import BookSync, Rule
from trade2026.model.instrument import BINANCE, BINANCE_USDM, PRISM
from trade2026.model.market import BookSnapshot, Quote, Ticker, Trade

RULES: Final[dict[str, Rule]] = {
    PRISM: Rule.SPOT,
    BINANCE: Rule.SPOT,
    BINANCE_USDM: Rule.USDM,
}
"""The venues whose dialect is spoken here, with their rule of numbering."""


class Counts(msgspec.Struct):
    """What came of a feed's frames since this state began."""

    frames: int = 0
    trades: int = 0
    quotes: int = 0
    book_updates: int = 0
    malformed: int = 0
    repeated_frames: int = 0
    """Delivered again after they had been handled."""
    missed_frames: int = 0
    """Never delivered: the positions of the feed session skip them."""
    repeated_trades: int = 0
    off_book_trades: int = 0
    """USD-M insurance-fund and deleveraging trades, which never met the book."""
    stale_quotes: int = 0
    """Not newer than the quote before."""


class FeedState(msgspec.Struct, kw_only=True):
    """One instrument on one venue, as its frames so far leave it."""

    venue: str
    symbol: str
    sync: BookSync
    session: str = ""
    next_index: int = 0
    bars: BarBuilder = msgspec.field(default_factory=BarBuilder)
    seen: SeenIds = msgspec.field(default_factory=SeenIds)
    counts: Counts = msgspec.field(default_factory=Counts)
    has_quote_stream: bool = False
    """The session brings quotes of its own; without, they are read off the book."""
    venue_ns: TimeNs = TimeNs(0)
    """The venue's time in the last frame that told it."""
    book_event_ns: TimeNs = TimeNs(0)
    recv_ns: TimeNs = TimeNs(0)
    """When the last frame came."""
    refresh_ns: int = 0
    """When the next snapshot for late joiners is due."""
    quote: Quote | None = None
    stale_run: int = 0
    """Stale quotes since the last one that was told."""
    last_trade: Trade | None = None
    session_qty: int = 0
    session_trade_count: int = 0

    def ticker(self) -> Ticker:
        """Return the latest for screens."""
        trade = self.last_trade
        return Ticker(
            venue=self.venue,
            symbol=self.symbol,
            ts_event_ns=self.venue_ns or self.recv_ns,
            ts_recv_ns=self.recv_ns,
            last_px=trade.px if trade else None,
            last_qty=trade.qty if trade else None,
            quote=self.quote,
            volume_qty=Qty(min(self.session_qty, INT64_MAX)),
            trade_count=self.session_trade_count,
            gap_count=self.sync.gap_count,
            is_synced=self.sync.is_synced,
        )

    def book(self, depth: int) -> BookSnapshot:
        """Return the best *depth* levels of the book a side; none while it is out of sync."""
        book = self.sync.book
        return BookSnapshot(
            ts_event_ns=self.book_event_ns,
            ts_recv_ns=self.recv_ns,
            seq=book.seq,
            bids=book.best_bids(depth),
            asks=book.best_asks(depth),
        )


def open_feed(venue: str, symbol: str) -> FeedState | None:
    """Return the state of a feed nothing has come from yet; None for an unknown venue."""
    rule = RULES.get(venue)
    if rule is None:
        return None
    return FeedState(venue=venue, symbol=symbol, sync=BookSync(rule=rule))
