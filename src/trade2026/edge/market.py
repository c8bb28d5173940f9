"""The routes of market data: tickers, books, trades, bars, and what became of a feed.

All of it is public but the statistics. Numbers are written exactly.
"""

from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.core.numbers import average_px
from trade2026.desk.market_view import BARS_KEPT, TRADES_KEPT, Market, MarketView
from trade2026.desk.normalizing import LIVE_DEPTH
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.model.market import Bar, Level, Ticker, Trade
from trade2026.shell.access import public
from trade2026.shell.problem import ProblemError

INTERVALS: Final = {
    "1s": NS_PER_S,
    "1m": 60 * NS_PER_S,
    "5m": 300 * NS_PER_S,
    "15m": 900 * NS_PER_S,
    "1h": 3_600 * NS_PER_S,
    "4h": 14_400 * NS_PER_S,
    "1d": 86_400 * NS_PER_S,
}
"""The bars there are, by the name of their interval."""

Venue = Annotated[str | None, Parameter(description="Default: where it was seen last.")]
Depth = Annotated[int, Parameter(ge=1, le=LIVE_DEPTH, description="Levels a side.")]
TradeLimit = Annotated[int, Parameter(ge=1, le=TRADES_KEPT)]
BarLimit = Annotated[int, Parameter(ge=1, le=BARS_KEPT)]
Interval = Annotated[str, Parameter(description=", ".join(INTERVALS))]


class TickerReply(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of one instrument; null where there is nothing yet."""

    symbol: str
    venue: str
    last_price: Exact
    last_quantity: Exact
    bid: Exact
    ask: Exact
    bid_quantity: Exact
    ask_quantity: Exact
    volume: Exact
    """Traded since the feed session began."""
    trade_count: int
    is_synced: bool
    """Whether the order book is in step with the venue."""
    gap_count: int
    timestamp_ns: int
    """The venue's time."""
    received_ns: int
    age_ms: int
    """How long ago the newest frame came, by the platform's clock."""


class LevelReply(msgspec.Struct, frozen=True, kw_only=True):
    """One price level."""

    price: Exact
    quantity: Exact


class BookReply(msgspec.Struct, frozen=True, kw_only=True):
    """The order book, best levels first; both sides are empty while it is out of sync."""

    symbol: str
    venue: str
    sequence: int
    timestamp_ns: int
    bids: list[LevelReply]
    asks: list[LevelReply]


class TradeReply(msgspec.Struct, frozen=True, kw_only=True):
    """One trade."""

    trade_id: str
    price: Exact
    quantity: Exact
    side: str
    """Whose order met a resting one."""
    timestamp_ns: int


class BarReply(msgspec.Struct, frozen=True, kw_only=True):
    """One closed bar."""

    start_ns: int
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: Exact
    vwap: Exact
    trade_count: int


def ticker_reply(ticker: Ticker, now_ns: int) -> TickerReply:
    """Return *ticker* as it leaves by HTTP, seen at *now_ns*."""
    quote = ticker.quote
    has_bid = quote is not None and quote.best_bid_qty > 0
    has_ask = quote is not None and quote.best_ask_qty > 0
    return TickerReply(
        symbol=ticker.symbol,
        venue=ticker.venue,
        last_price=exact.write_optional(ticker.last_px),
        last_quantity=exact.write_optional(ticker.last_qty),
        bid=exact.write_optional(quote.best_bid_px if quote and has_bid else None),
        ask=exact.write_optional(quote.best_ask_px if quote and has_ask else None),
        bid_quantity=exact.write_optional(quote.best_bid_qty if quote else None),
        ask_quantity=exact.write_optional(quote.best_ask_qty if quote else None),
        volume=exact.write(ticker.volume_qty),
        trade_count=ticker.trade_count,
        is_synced=ticker.is_synced,
        gap_count=ticker.gap_count,
        timestamp_ns=ticker.ts_event_ns,
        received_ns=ticker.ts_recv_ns,
        age_ms=max(0, now_ns - ticker.ts_recv_ns) // NS_PER_MS,
    )


def trade_reply(trade: Trade) -> TradeReply:
    """Return *trade* as it leaves by HTTP."""
    return TradeReply(
        trade_id=trade.trade_id,
        price=exact.write(trade.px),
        quantity=exact.write(trade.qty),
        side=trade.aggressor_side,
        timestamp_ns=trade.ts_event_ns,
    )


def bar_reply(bar: Bar) -> BarReply:
    """Return *bar* as it leaves by HTTP."""
    return BarReply(
        start_ns=bar.start_ns,
        open=exact.write(bar.open_px),
        high=exact.write(bar.high_px),
        low=exact.write(bar.low_px),
        close=exact.write(bar.close_px),
        volume=exact.write(bar.volume_qty),
        vwap=exact.write_optional(average_px(bar.value, bar.volume_qty)),
        trade_count=bar.trade_count,
    )


def _levels(levels: tuple[Level, ...]) -> list[LevelReply]:
    return [
        LevelReply(price=exact.write(level.px), quantity=exact.write(level.qty)) for level in levels
    ]


def market_routes(view: MarketView, clock: Clock) -> list[BaseRouteHandler]:
    """Return the routes of tickers, books, trades and bars."""

    def known(symbol: str, venue: str | None) -> Market:
        market = view.market(symbol, venue)
        if market is None:
            raise ProblemError(404, "Unknown symbol", f"no market data of {symbol[:40]}")
        return market

    @get("/tickers", opt=public())
    async def tickers() -> list[TickerReply]:
        """Return the latest of every instrument the feed has."""
        now_ns = clock.now_ns()
        return [ticker_reply(ticker, now_ns) for ticker in view.tickers()]

    @get("/ticker/{symbol:str}", opt=public())
    async def ticker(symbol: str, venue: Venue = None) -> TickerReply:
        """Return the latest of one instrument."""
        latest = known(symbol, venue).ticker
        if latest is None:
            raise ProblemError(404, "Unknown symbol", f"no ticker of {symbol[:40]} yet")
        return ticker_reply(latest, clock.now_ns())

    @get("/book/{symbol:str}", opt=public())
    async def book(symbol: str, venue: Venue = None, depth: Depth = 20) -> BookReply:
        """Return the best levels of the order book."""
        market = known(symbol, venue)
        latest = market.book
        return BookReply(
            symbol=symbol,
            venue=market.venue,
            sequence=latest.seq if latest else 0,
            timestamp_ns=latest.ts_event_ns if latest else 0,
            bids=_levels(latest.bids[:depth]) if latest else [],
            asks=_levels(latest.asks[:depth]) if latest else [],
        )

    @get("/trades/{symbol:str}", opt=public())
    async def trades(symbol: str, venue: Venue = None, limit: TradeLimit = 100) -> list[TradeReply]:
        """Return the newest trades, newest first."""
        newest = list(known(symbol, venue).trades)[-limit:]
        return [trade_reply(trade) for trade in reversed(newest)]

    @get("/bars/{symbol:str}", opt=public())
    async def bars(
        symbol: str, venue: Venue = None, interval: Interval = "1m", limit: BarLimit = 100
    ) -> list[BarReply]:
        """Return the newest closed bars, oldest first. Intervals without trades have none."""
        market = known(symbol, venue)
        if interval not in INTERVALS:
            raise ProblemError(
                422,
                "Malformed request",
                f"must be one of {', '.join(INTERVALS)}",
                field="interval",
            )
        return [bar_reply(bar) for bar in market.newest_bars(INTERVALS[interval], limit)]

    handlers: list[Any] = [tickers, ticker, book, trades, bars]
    return handlers
