"""One interval's measures out of its spans.

    spread            time average of ask - bid
    effective spread  2 d (p - m) of each trade, d +1 for a buyer who takes, m the mid before
    realized spread   2 d (p - m'), m' the mid five spans after the trade's
    price impact      2 d (m' - m): effective = realized + impact, exactly
    volatility        root of the sum of the squared log returns of the mid, span by span
    Kyle's lambda     slope of dm = a + lambda q over the spans, q bought less sold by takers

The three of trades are averages by quantity, of trades while the symbol was quoted.

Source: Huang and Stoll (1996), "Dealer versus auction markets", for the three spreads; Andersen
and Bollerslev (1998), "Answering the skeptics", for realized volatility; Kyle (1985),
"Continuous auctions and insider trading", with the regression of Hasbrouck (2007), "Empirical
Market Microstructure", chapter 7.
"""

import math
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import NANOS, Px, Qty, SignedQty, Value, average_px
from trade2026.model.measure import MarketSpan, Measures

BPS: Final = 10_000.0
_LAMBDA_SPANS_MIN: Final = 3
"""A line through two points explains everything."""


class Ripe(msgspec.Struct, frozen=True, kw_only=True):
    """A span of which all is known, also what came after. Mids count twice, in nanos."""

    span: MarketSpan
    before: int | None
    """Twice the mid when it began."""
    at_end: int | None
    """Twice the mid at its end, or the last one known."""
    later: int | None
    """Twice the mid by which its trades are judged."""


class Interval:
    """The sums of one interval of one symbol so far.

    Args:
        begin_ns: when it begins.
        length_ns: of the interval.
        needs_seq: where the log tells of the first span that it depends on.
    """

    def __init__(self, begin_ns: int, length_ns: int, needs_seq: int) -> None:
        self.begin_ns = begin_ns
        self.length_ns = length_ns
        self.needs_seq = needs_seq
        self._spans: list[MarketSpan] = []
        self._realized = 0
        """Twice what takers paid beyond the later mid: square nanos."""
        self._squares = 0.0
        self._moves = 0
        self._points: list[tuple[float, float]] = []
        """Of each span with a return: what takers bought less sold, and the mid's change."""

    @property
    def end_ns(self) -> int:
        """Return when it ends."""
        return self.begin_ns + self.length_ns

    def add(self, ripe: Ripe) -> None:
        """Count the next span."""
        span = ripe.span
        self._spans.append(span)
        if ripe.later is not None:
            self._realized += 2 * span.met_signed_value - ripe.later * span.met_signed_qty
        if ripe.before and ripe.at_end:
            self._moves += 1
            self._squares += math.log(ripe.at_end / ripe.before) ** 2
            signed = (span.buy_qty - span.sell_qty) / NANOS
            self._points.append((signed, (ripe.at_end - ripe.before) / (2 * NANOS)))

    def measures(self, life: int, symbol: str) -> Measures:
        """Return what it comes to."""
        spans = self._spans
        quoted_s = sum(span.quoted_ns for span in spans) / NS_PER_S
        mid = _average([span.mid_s for span in spans], quoted_s)
        spread = _average([span.spread_s for span in spans], quoted_s)
        volume = sum(span.buy_qty + span.sell_qty + span.cross_qty for span in spans)
        value = sum(span.buy_value + span.sell_value + span.cross_value for span in spans)
        met = sum(span.met_qty for span in spans)
        paid = sum(2 * span.met_signed_value - span.met_signed_mids for span in spans)
        slope, explained = _line(self._points)
        deep_bids = [span.deep_bid_qty for span in spans if span.deep_bid_qty is not None]
        deep_asks = [span.deep_ask_qty for span in spans if span.deep_ask_qty is not None]
        return Measures(
            life=life,
            symbol=symbol,
            interval_ns=self.length_ns,
            begin_ns=TimeNs(self.begin_ns),
            spans=len(spans),
            quoted_s=quoted_s,
            trades=sum(span.trades for span in spans),
            volume_qty=Qty(volume),
            value=Value(value),
            vwap_px=average_px(value, volume),
            mid_px=mid,
            microprice=_average([span.microprice_s for span in spans], quoted_s),
            spread=spread,
            spread_bps=None if not mid or spread is None else BPS * spread / mid,
            bid_depth=_average([span.bid_depth_s for span in spans], quoted_s),
            ask_depth=_average([span.ask_depth_s for span in spans], quoted_s),
            imbalance=_average([span.imbalance_s for span in spans], quoted_s),
            deep_bid=_average([qty / NANOS for qty in deep_bids], len(deep_bids)),
            deep_ask=_average([qty / NANOS for qty in deep_asks], len(deep_asks)),
            effective_spread_bps=_bps(paid, met, mid),
            realized_spread_bps=_bps(self._realized, met, mid),
            price_impact_bps=_bps(paid - self._realized, met, mid),
            realized_volatility=math.sqrt(self._squares) if self._moves else None,
            kyle_lambda=slope,
            kyle_r2=explained,
            order_flow_imbalance=SignedQty(sum(span.flow_qty for span in spans)),
        )


def twice_mid(bid_px: Px | None, ask_px: Px | None) -> int | None:
    """Return bid and ask together, None where one of them is missing."""
    return None if bid_px is None or ask_px is None else bid_px + ask_px


def _average(sums: list[float], weight: float) -> float | None:
    return math.fsum(sums) / weight if weight else None


def _bps(value: int, qty: int, mid: float | None) -> float | None:
    return BPS * (value / qty) / NANOS / mid if qty and mid else None


def _line(points: list[tuple[float, float]]) -> tuple[float | None, float | None]:
    """Return the slope of least squares, and the share of the variance that it explains."""
    count = len(points)
    if count < _LAMBDA_SPANS_MIN:
        return None, None
    mean_x = math.fsum(x for x, _ in points) / count
    mean_y = math.fsum(y for _, y in points) / count
    of_x = math.fsum((x - mean_x) ** 2 for x, _ in points)
    of_y = math.fsum((y - mean_y) ** 2 for _, y in points)
    both = math.fsum((x - mean_x) * (y - mean_y) for x, y in points)
    if not of_x:
        return None, None
    slope = both / of_x
    return slope, slope * both / of_y if of_y else None
