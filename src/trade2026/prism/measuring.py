"""PRISM's market as it is measured for the platform: engine records in, messages out."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import NANOS, Px, Qty, SignedQty, Value
from trade2026.domain.measures.fold import SPAN_NS
from trade2026.model.measure import MarketMoment, MarketSpan, PriceLevel
from trade2026.prism.engine.gauges import SPAN, UNSEEN
from trade2026.prism.engine.message import Phase
from trade2026.prism.market import Market
from trade2026.prism.stage import NAME_OF

BOOK_LEVELS: Final = 10
"""Price levels of a side that a moment shows."""


class Measuring:
    """Measures a market for the platform: its spans, and how it stands, in nanos.

    Args:
        market: from its present time on.
        grids: a tick and a lot of each symbol, in nanos.
    """

    def __init__(self, market: Market, grids: Mapping[str, tuple[int, int]]) -> None:
        self._market = market
        self._grids = grids
        self._gauges = market.measure(SPAN_NS)
        self._last_px: dict[str, Px | None] = {}

    def spans(self) -> dict[str, list[MarketSpan]]:
        """Return the spans that ended since the last call, by symbol, in the order of time."""
        taken = self._gauges.take()
        found: dict[str, list[MarketSpan]] = {}
        for symbol in np.unique(taken["symbol"]).tolist():
            name = self._market.symbols[symbol]
            rows = taken[taken["symbol"] == symbol]
            found[name] = spans_of(rows, *self._grids[name])
            for span in found[name]:
                self._last_px[name] = span.last_px or self._last_px.get(name)
        return found

    def moments(self) -> dict[str, MarketMoment]:
        """Return how each symbol stands."""
        return {symbol: self._moment(symbol) for symbol in self._market.symbols}

    def _moment(self, symbol: str) -> MarketMoment:
        market, (tick, lot) = self._market, self._grids[symbol]
        bids, asks = (
            tuple(PriceLevel(px=Px(t * tick), qty=Qty(n * lot)) for t, n in side.tolist())
            for side in market.depth(symbol, BOOK_LEVELS)
        )
        phase, *_ = market.stage(symbol)
        return MarketMoment(
            ts_event_ns=TimeNs(market.sim_ns),
            phase=NAME_OF[Phase(phase)],
            mid_px=Px((bids[0].px + asks[0].px) // 2) if bids and asks else None,
            value_px=market.fundamental_px(symbol) / NANOS,
            last_px=self._last_px.get(symbol),
            bids=bids,
            asks=asks,
        )


def spans_of(rows: NDArray[np.void], tick: int, lot: int) -> list[MarketSpan]:
    """Return the records of one symbol, of `SPAN`, in nanos; a tick and a lot are so many."""
    return [
        _span_of(dict(zip(SPAN.dtype.names or (), row, strict=True)), tick, lot)
        for row in rows.tolist()
    ]


def _span_of(row: dict[str, Any], tick: int, lot: int) -> MarketSpan:
    is_quoted, unit = row["bid_lots"] > 0, tick * lot
    px_s = tick / NANOS / NS_PER_S
    qty_s = lot / NANOS / NS_PER_S
    bid_s = (row["mid"] - row["spread"]) / 2
    return MarketSpan(
        begin_ns=TimeNs(row["begin_ns"]),
        end_ns=TimeNs(row["end_ns"]),
        bid_px=Px(row["bid"] * tick) if is_quoted else None,
        bid_qty=Qty(row["bid_lots"] * lot),
        ask_px=Px(row["ask"] * tick) if is_quoted else None,
        ask_qty=Qty(row["ask_lots"] * lot),
        quoted_ns=row["quoted_ns"],
        spread_s=row["spread"] * px_s,
        mid_s=row["mid"] / 2 * px_s,
        microprice_s=(bid_s + row["micro"]) * px_s,
        bid_depth_s=row["bid_depth"] * qty_s,
        ask_depth_s=row["ask_depth"] * qty_s,
        imbalance_s=(2 * row["bid_share"] - row["quoted_ns"]) / NS_PER_S,
        flow_qty=SignedQty(row["flow"] * lot),
        updates=row["updates"],
        trades=row["trades"],
        buy_qty=Qty(row["buy_lots"] * lot),
        sell_qty=Qty(row["sell_lots"] * lot),
        cross_qty=Qty(row["cross_lots"] * lot),
        buy_value=Value(row["buy_value"] * unit),
        sell_value=Value(row["sell_value"] * unit),
        cross_value=Value(row["cross_value"] * unit),
        met_qty=Qty(row["met_lots"] * lot),
        met_signed_qty=SignedQty(row["met_signed"] * lot),
        met_signed_value=Value(row["met_value"] * unit),
        met_signed_mids=Value(row["met_mid"] * unit),
        last_px=Px(row["last"] * tick) if row["last"] else None,
        deep_bid_qty=_seen(row["deep_bid_lots"], lot),
        deep_ask_qty=_seen(row["deep_ask_lots"], lot),
    )


def _seen(lots: int, lot: int) -> Qty | None:
    return None if lots == UNSEEN else Qty(lots * lot)
