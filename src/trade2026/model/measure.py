"""What PRISM tells of its market to be kept: spans of measured time, fills, and its state.

A span is one symbol's market over a second, as sums, so that spans add up to any interval;
`Measures` are what an interval comes to. Sums over time weigh each value by the seconds for
which it held. Prices and quantities of trades are exact; what is an average is a float, in
units of the quote or base asset.
"""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty, SignedQty, Value
from trade2026.model.prism import BookPhase, PrismFill


class MarketSpan(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One symbol's market over one span of time. It is quoted while both sides hold orders."""

    begin_ns: TimeNs
    end_ns: TimeNs
    bid_px: Px | None
    """The best bid at the end, None where the symbol was not quoted then."""
    bid_qty: Qty
    ask_px: Px | None
    ask_qty: Qty
    quoted_ns: int
    """For how long it was quoted."""
    spread_s: float
    """Over that time: ask less bid, times seconds."""
    mid_s: float
    microprice_s: float
    bid_depth_s: float
    """Quantity at the best bid, times seconds."""
    ask_depth_s: float
    imbalance_s: float
    """(bid - ask) / (bid + ask) of the quantities at the best prices, times seconds."""
    flow_qty: SignedQty
    """Order-flow imbalance at the best prices."""
    updates: int
    """How often the best prices or their quantities changed."""
    trades: int
    buy_qty: Qty
    """By the taker's side."""
    sell_qty: Qty
    cross_qty: Qty
    """Of auctions, where nobody took."""
    buy_value: Value
    sell_value: Value
    cross_value: Value
    met_qty: Qty
    """What takers traded while the symbol was quoted; what follows is of those trades."""
    met_signed_qty: SignedQty
    """Bought less sold."""
    met_signed_value: Value
    met_signed_mids: Value
    """Twice the mid before each trade, times its signed quantity."""
    last_px: Px | None
    """Of the last trade; None without one in the span."""
    deep_bid_qty: Qty | None
    """Shown at the ten best bids at the end; looked at every tenth span only."""
    deep_ask_qty: Qty | None


class SpanBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Spans of one symbol, each beginning where the one before ended."""

    life: int
    """Of the market; another life begins with spans of its own."""
    symbol: str
    records: tuple[MarketSpan, ...]


class FillBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Fills of one symbol in the order of the book."""

    life: int
    symbol: str
    records: tuple[PrismFill, ...]


class PriceLevel(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is shown at a price."""

    px: Px
    qty: Qty


class MarketMoment(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How one symbol stood at one moment."""

    ts_event_ns: TimeNs
    phase: BookPhase
    mid_px: Px | None
    """None while a side is empty."""
    value_px: float
    """What the symbol is worth to those who know, in units of the quote asset."""
    last_px: Px | None
    bids: tuple[PriceLevel, ...]
    """Best first."""
    asks: tuple[PriceLevel, ...]


class MomentBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Moments of one symbol in the order of time."""

    life: int
    symbol: str
    records: tuple[MarketMoment, ...]


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's market over an interval. What cannot be told is None.

    Prices and spreads are in units of the quote asset, quantities in units of the base asset.
    """

    life: int
    symbol: str
    interval_ns: int
    begin_ns: TimeNs
    """A multiple of the interval."""
    spans: int
    """Of how many seconds there are measures: fewer where the market began or ended within."""
    quoted_s: float
    trades: int
    volume_qty: Qty
    value: Value
    vwap_px: Px | None
    mid_px: float | None
    """The average over time; so are the next seven."""
    microprice: float | None
    spread: float | None
    spread_bps: float | None
    """Of the average mid; so are all in basis points."""
    bid_depth: float | None
    ask_depth: float | None
    imbalance: float | None
    deep_bid: float | None
    """Shown at the ten best bids, on average over looks ten seconds apart."""
    deep_ask: float | None
    effective_spread_bps: float | None
    """Twice what takers paid beyond the mid before their trade, by quantity."""
    realized_spread_bps: float | None
    """The same against the mid five seconds later: what the makers kept."""
    price_impact_bps: float | None
    """The difference: how far the mid went with the takers."""
    realized_volatility: float | None
    """Root of the sum of the squared log returns of the mid by the second."""
    kyle_lambda: float | None
    """Slope of the mid's change in a second on what takers bought less sold in it."""
    kyle_r2: float | None
    """How much of those changes that explains."""
    order_flow_imbalance: SignedQty


class MeasuresBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of one symbol that became complete together, shortest interval first."""

    symbol: str
    records: tuple[Measures, ...]
