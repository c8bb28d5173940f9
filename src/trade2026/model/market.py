"""Market data: trades, quotes, book deltas and snapshots, bars, each with its two times.

`ts_event_ns` is the venue's time, `ts_recv_ns` our edge's; the second may lie before the
first, because venues' clocks and ours are not the same clock. Records travel in batches of
one instrument, up to 500 records or 5 ms to a message.
"""

from enum import StrEnum

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty, Value


class Aggressor(StrEnum):
    """Whose order met a resting one. FIX AggressorSide (2446)."""

    BUY = "BUY"
    SELL = "SELL"


class Trade(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One trade as the venue printed it."""

    ts_event_ns: TimeNs
    ts_recv_ns: TimeNs
    trade_id: str
    px: Px
    qty: Qty
    aggressor_side: Aggressor


class Quote(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Best bid and offer. A quantity of zero means that the side is empty; its price is 0."""

    ts_event_ns: TimeNs
    ts_recv_ns: TimeNs
    seq: int
    """The venue's update id; never decreasing within an instrument. The same one again says
    that the quote still held at the later arrival."""
    best_bid_px: Px
    best_bid_qty: Qty
    best_ask_px: Px
    best_ask_qty: Qty

    @property
    def mid_px(self) -> Px | None:
        """Return the middle, rounded down to a nano; None when a side is empty."""
        if self.best_bid_qty == 0 or self.best_ask_qty == 0:
            return None
        return Px((self.best_bid_px + self.best_ask_px) // 2)


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One price level: the absolute quantity resting there; zero removes the level."""

    px: Px
    qty: Qty


class BookDelta(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Levels that changed, as absolute quantities.

    Follows the state at `prev_seq` and leads to the state at `seq`.
    """

    ts_event_ns: TimeNs
    ts_recv_ns: TimeNs
    prev_seq: int
    seq: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookSnapshot(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The book at one sequence number, best levels first on both sides."""

    ts_event_ns: TimeNs
    ts_recv_ns: TimeNs
    seq: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Bar(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One interval of trades; closed when its end has passed."""

    start_ns: TimeNs
    interval_ns: int
    open_px: Px
    high_px: Px
    low_px: Px
    close_px: Px
    volume_qty: Qty
    """Sum of the quantities of the interval's trades: true volume, each trade once."""
    value: Value
    """Sum of price times quantity, in square nanos; VWAP is derived."""
    trade_count: int
    is_correction: bool = False
    """True when a late trade changed a bar that was already published as closed."""


class TradeBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Trades of one instrument in the venue's order."""

    venue: str
    symbol: str
    records: tuple[Trade, ...]


class QuoteBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Quotes of one instrument in the venue's order."""

    venue: str
    symbol: str
    records: tuple[Quote, ...]


class BookBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Book changes of one instrument; a snapshot, where present, comes before the deltas."""

    venue: str
    symbol: str
    snapshot: BookSnapshot | None = None
    deltas: tuple[BookDelta, ...] = ()


class BarBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one instrument, of any intervals, by the time they closed."""

    venue: str
    symbol: str
    records: tuple[Bar, ...]


class RawFrame(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One message of a venue as it came, before anyone understood it."""

    ts_recv_ns: TimeNs
    payload: bytes


class RawBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Frames of one instrument in the order of arrival."""

    venue: str
    symbol: str
    first_index: int
    """Position of the first frame in its feed session, counted from 0."""
    session: str
    """Names one run of one feed; the index starts again with a new one."""
    frames: tuple[RawFrame, ...]
    is_replay: bool = False
    """Frames of a recording: with its session the instrument's history begins anew."""


class RejectedFrame(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A frame that was of no use, as it came, and why."""

    index: int
    """Its position in the feed session."""
    code: str
    """The reason, for programs."""
    text: str
    """The reason, for people."""
    payload: bytes


class RejectedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Frames of one batch that were of no use."""

    venue: str
    symbol: str
    session: str
    ts_recv_ns: TimeNs
    records: tuple[RejectedFrame, ...]


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of an instrument for screens: a live copy, never stored."""

    venue: str
    symbol: str
    ts_event_ns: TimeNs
    ts_recv_ns: TimeNs
    last_px: Px | None = None
    last_qty: Qty | None = None
    quote: Quote | None = None
    volume_qty: Qty = Qty(0)
    """Traded since the feed session began."""
    trade_count: int = 0
    gap_count: int = 0
    """How often the book had to be synchronised again."""
    is_synced: bool = False
