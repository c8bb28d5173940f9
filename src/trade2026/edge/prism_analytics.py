"""PRISM's measures of its market, by interval: `docs/prism-market.md` defines each."""

import re
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.domain.measures.fold import INTERVALS_NS
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.model.measure import Measures
from trade2026.prism.analytics import KEPT, Analytics, Place, place_of
from trade2026.prism.venue import Venue
from trade2026.shell.access import needs
from trade2026.shell.problem import ProblemError

INTERVALS: Final = {
    "10s": 10 * NS_PER_S,
    "1m": 60 * NS_PER_S,
    "5m": 300 * NS_PER_S,
    "15m": 900 * NS_PER_S,
    "1h": 3_600 * NS_PER_S,
}
assert tuple(INTERVALS.values()) == INTERVALS_NS

_CURSOR: Final = re.compile(r"(\d{1,9})-(\d{1,19})", re.ASCII)

Interval = Annotated[str, Parameter(description=", ".join(INTERVALS))]
Limit = Annotated[int, Parameter(ge=1, le=KEPT)]
Cursor = Annotated[str | None, Parameter(description="`next_cursor` of the page before.")]


class MeasuresReply(msgspec.Struct, frozen=True, kw_only=True):
    """One interval. Null where it cannot be told, as without a trade or a quote."""

    begin_ns: int
    end_ns: int
    life: int
    """Of the market: how often it came back or began anew."""
    seconds: int
    """Of how many seconds there are measures."""
    quoted_s: float
    """For how long both sides of the book held orders."""
    trades: int
    volume: Exact
    vwap: Exact
    mid: float | None
    """On average over time, as are the next seven."""
    microprice: float | None
    spread: float | None
    spread_bps: float | None
    bid_depth: float | None
    """At the best bid."""
    ask_depth: float | None
    imbalance: float | None
    """(bid - ask) / (bid + ask) of the two."""
    depth_10_bid: float | None
    """Shown at the ten best bids."""
    depth_10_ask: float | None
    effective_spread_bps: float | None
    realized_spread_bps: float | None
    price_impact_bps: float | None
    realized_volatility: float | None
    """Of the interval, not of a year."""
    kyle_lambda: float | None
    kyle_r2: float | None
    order_flow_imbalance: Exact


class AnalyticsReply(msgspec.Struct, frozen=True, kw_only=True):
    """Complete intervals, newest first. One is told of five seconds after its end."""

    symbol: str
    interval: str
    measures: list[MeasuresReply]
    next_cursor: str | None


def measures_reply(measures: Measures) -> MeasuresReply:
    """Return *measures* as they leave by HTTP."""
    return MeasuresReply(
        begin_ns=measures.begin_ns,
        end_ns=measures.begin_ns + measures.interval_ns,
        life=measures.life,
        seconds=measures.spans,
        quoted_s=measures.quoted_s,
        trades=measures.trades,
        volume=exact.write(measures.volume_qty),
        vwap=exact.write_optional(measures.vwap_px),
        mid=measures.mid_px,
        microprice=measures.microprice,
        spread=measures.spread,
        spread_bps=measures.spread_bps,
        bid_depth=measures.bid_depth,
        ask_depth=measures.ask_depth,
        imbalance=measures.imbalance,
        depth_10_bid=measures.deep_bid,
        depth_10_ask=measures.deep_ask,
        effective_spread_bps=measures.effective_spread_bps,
        realized_spread_bps=measures.realized_spread_bps,
        price_impact_bps=measures.price_impact_bps,
        realized_volatility=measures.realized_volatility,
        kyle_lambda=measures.kyle_lambda,
        kyle_r2=measures.kyle_r2,
        order_flow_imbalance=exact.write(measures.order_flow_imbalance),
    )


def require_symbol(venue: Venue, symbol: str) -> None:
    """Return if *symbol* is listed.

    Raises:
        ProblemError: 404.
    """
    if symbol not in venue.floor.instruments:
        raise ProblemError(404, "Unknown symbol", f"{symbol[:40]} is not listed")


def require_interval(interval: str) -> None:
    """Return if there are measures of *interval*.

    Raises:
        InvalidInputError: there are none.
    """
    if interval not in INTERVALS:
        raise InvalidInputError("interval", f"must be one of {', '.join(INTERVALS)}")


def analytics_routes(venue: Venue, analytics: Analytics) -> list[BaseRouteHandler]:
    """Return the routes of the market's measures."""

    @get("/analytics/{symbol:str}", opt=needs("prism:read"))
    async def of_symbol(
        symbol: str, interval: Interval = "1m", limit: Limit = 100, cursor: Cursor = None
    ) -> AnalyticsReply:
        """List a symbol's measures by interval, newest first; none while a recording trades."""
        require_symbol(venue, symbol)
        require_interval(interval)
        found = analytics.newest(
            symbol, INTERVALS[interval], limit=limit + 1, before=_read_cursor(cursor)
        )
        page = found[:limit]
        return AnalyticsReply(
            symbol=symbol,
            interval=interval,
            measures=[measures_reply(measures) for measures in page],
            next_cursor="{}-{}".format(*place_of(page[-1])) if len(found) > limit else None,
        )

    return [of_symbol]


def _read_cursor(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInputError("cursor", "is not one of ours")
    return Place(int(match[1]), int(match[2]))
