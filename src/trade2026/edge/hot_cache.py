"""The routes of the hot cache: the newest of an instrument, a position, an exposure, by key.

Every reply says in `is_stored` whether the shared cache has what this process knows; where it
is false, the shared cache is away or being filled again, and the reply is the near copy alone.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from prometheus_client import CollectorRegistry, Histogram

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock
from trade2026.core.errors import InvalidInputError
from trade2026.desk.hot_cache import HotCache, HotMarket
from trade2026.desk.normalizing import LIVE_DEPTH
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.market import (
    INTERVALS,
    BarReply,
    LevelReply,
    TradeReply,
    bar_reply,
    trade_reply,
)
from trade2026.model.market import BookSnapshot, Level, Quote
from trade2026.shell.access import public
from trade2026.shell.problem import ProblemError

READ_SECONDS: Final = "trade2026_hot_read_seconds"
SYMBOLS_MAX: Final = 200
DEPTH: Final = 20

_BUCKETS_S: Final = (1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2)

Venue = Annotated[str | None, Parameter(description="Default: where it was seen last.")]
Depth = Annotated[int, Parameter(ge=1, le=LIVE_DEPTH, description="Levels a side.")]
Interval = Annotated[str, Parameter(description=", ".join(INTERVALS))]
Symbols = Annotated[str, Parameter(description="Apart by commas; none is all of them.")]

T = TypeVar("T")


class QuoteFields(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and offer; null where a side is empty."""

    bid: Exact
    bid_quantity: Exact
    ask: Exact
    ask_quantity: Exact
    sequence: int
    timestamp_ns: int
    """The venue's time."""
    received_ns: int
    age_ms: int
    """How long ago it came, by the platform's clock."""


class BookFields(msgspec.Struct, frozen=True, kw_only=True):
    """The book, best levels first; both sides are empty while it is out of sync."""

    sequence: int
    timestamp_ns: int
    received_ns: int
    age_ms: int
    """Since it reached the platform; a book that nobody renews grows old."""
    bids: list[LevelReply]
    asks: list[LevelReply]


class MarketReply(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of one instrument; null where there is nothing yet."""

    symbol: str
    venue: str
    quote: QuoteFields | None
    trade: TradeReply | None
    book: BookFields | None
    bars: dict[str, BarReply]
    """The newest closed bar, by interval."""


class QuoteReply(msgspec.Struct, frozen=True, kw_only=True):
    """The last quote of one instrument."""

    symbol: str
    venue: str
    quote: QuoteFields
    is_stored: bool


class LastTradeReply(msgspec.Struct, frozen=True, kw_only=True):
    """The last trade of one instrument."""

    symbol: str
    venue: str
    trade: TradeReply
    is_stored: bool


class HotBookReply(msgspec.Struct, frozen=True, kw_only=True):
    """The last book of one instrument."""

    symbol: str
    venue: str
    book: BookFields
    is_stored: bool


class LastBarReply(msgspec.Struct, frozen=True, kw_only=True):
    """The newest closed bar of one instrument."""

    symbol: str
    venue: str
    interval: str
    bar: BarReply
    is_stored: bool


class HotSnapshotReply(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of several instruments, for one who has just come."""

    ts_ns: int
    markets: list[MarketReply]
    unknown: list[str]
    """Symbols that were asked for and of which there is nothing."""
    is_stored: bool


class ReadTimer:
    """Measures how long reads take, by kind."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._seconds = Histogram(
            READ_SECONDS,
            "Time to find what is asked for, without HTTP.",
            ["kind"],
            buckets=_BUCKETS_S,
            registry=registry,
        )

    def timed(self, kind: str, read: Callable[[], T]) -> T:
        """Return what *read* returns, and count how long it took."""
        began_ns = self._clock.monotonic_ns()
        found = read()
        self._seconds.labels(kind).observe((self._clock.monotonic_ns() - began_ns) / NS_PER_S)
        return found


def hot_market_routes(desk: HotCache, clock: Clock, timer: ReadTimer) -> list[BaseRouteHandler]:
    """Return the routes of quotes, trades and books; all market data are public."""

    @get("/quote/{symbol:str}", opt=public())
    async def quote(symbol: str, venue: Venue = None) -> QuoteReply:
        """Return the last quote."""
        market = _known(desk, timer, "quote", symbol, venue)
        newest = _there(market.quote, "quote", symbol)
        return QuoteReply(
            symbol=symbol,
            venue=market.venue,
            quote=_quote(newest, clock.now_ns()),
            is_stored=desk.writer.is_stored,
        )

    @get("/trade/{symbol:str}", opt=public())
    async def trade(symbol: str, venue: Venue = None) -> LastTradeReply:
        """Return the last trade."""
        market = _known(desk, timer, "trade", symbol, venue)
        newest = _there(market.trade, "trade", symbol)
        return LastTradeReply(
            symbol=symbol,
            venue=market.venue,
            trade=trade_reply(newest),
            is_stored=desk.writer.is_stored,
        )

    @get("/book/{symbol:str}", opt=public())
    async def book(symbol: str, venue: Venue = None, depth: Depth = DEPTH) -> HotBookReply:
        """Return the best levels of the last book."""
        market = _known(desk, timer, "book", symbol, venue)
        newest = _there(market.book, "book", symbol)
        return HotBookReply(
            symbol=symbol,
            venue=market.venue,
            book=_book(newest, depth, clock.now_ns()),
            is_stored=desk.writer.is_stored,
        )

    handlers: list[Any] = [quote, trade, book]
    return handlers


def bar_route(desk: HotCache, timer: ReadTimer) -> BaseRouteHandler:
    """Return the route of bars."""

    @get("/bar/{symbol:str}", opt=public())
    async def bar(symbol: str, venue: Venue = None, interval: Interval = "1m") -> LastBarReply:
        """Return the newest closed bar."""
        if interval not in INTERVALS:
            raise InvalidInputError("interval", f"must be one of {', '.join(INTERVALS)}")
        market = _known(desk, timer, "bar", symbol, venue)
        newest = _there(market.bars.get(INTERVALS[interval]), f"{interval} bar", symbol)
        return LastBarReply(
            symbol=symbol,
            venue=market.venue,
            interval=interval,
            bar=bar_reply(newest),
            is_stored=desk.writer.is_stored,
        )

    return bar


def snapshot_route(desk: HotCache, clock: Clock, timer: ReadTimer) -> BaseRouteHandler:
    """Return the route for late joiners."""

    @get("/snapshot", opt=public())
    async def snapshot(symbols: Symbols = "", depth: Depth = DEPTH) -> HotSnapshotReply:
        """Return the newest of several instruments at once, on every venue they are seen on."""
        wanted = {symbol for symbol in symbols.split(",") if symbol}
        if len(wanted) > SYMBOLS_MAX:
            raise InvalidInputError("symbols", f"must be at most {SYMBOLS_MAX}")
        markets = timer.timed("snapshot", desk.markets)
        found = [market for market in markets if not wanted or market.symbol in wanted]
        now_ns = clock.now_ns()
        return HotSnapshotReply(
            ts_ns=now_ns,
            markets=[_market(market, depth, now_ns) for market in found],
            unknown=sorted(wanted - {market.symbol for market in found}),
            is_stored=desk.writer.is_stored,
        )

    return snapshot


def _known(
    desk: HotCache, timer: ReadTimer, kind: str, symbol: str, venue: str | None
) -> HotMarket:
    market = timer.timed(kind, lambda: desk.market(symbol, venue))
    if market is None:
        raise ProblemError(404, "Unknown symbol", f"no market data of {symbol[:40]}")
    return market


def _there(newest: T | None, what: str, symbol: str) -> T:
    if newest is None:
        raise ProblemError(404, "Nothing yet", f"no {what} of {symbol[:40]} yet")
    return newest


def _quote(quote: Quote, now_ns: int) -> QuoteFields:
    has_bid, has_ask = quote.best_bid_qty > 0, quote.best_ask_qty > 0
    return QuoteFields(
        bid=exact.write_optional(quote.best_bid_px if has_bid else None),
        bid_quantity=exact.write(quote.best_bid_qty),
        ask=exact.write_optional(quote.best_ask_px if has_ask else None),
        ask_quantity=exact.write(quote.best_ask_qty),
        sequence=quote.seq,
        timestamp_ns=quote.ts_event_ns,
        received_ns=quote.ts_recv_ns,
        age_ms=max(0, now_ns - quote.ts_recv_ns) // NS_PER_MS,
    )


def _book(book: BookSnapshot, depth: int, now_ns: int) -> BookFields:
    return BookFields(
        sequence=book.seq,
        timestamp_ns=book.ts_event_ns,
        received_ns=book.ts_recv_ns,
        age_ms=max(0, now_ns - book.ts_recv_ns) // NS_PER_MS,
        bids=_levels(book.bids[:depth]),
        asks=_levels(book.asks[:depth]),
    )


def _levels(levels: tuple[Level, ...]) -> list[LevelReply]:
    return [
        LevelReply(price=exact.write(level.px), quantity=exact.write(level.qty)) for level in levels
    ]


def _market(market: HotMarket, depth: int, now_ns: int) -> MarketReply:
    bars = {name: market.bars.get(interval_ns) for name, interval_ns in INTERVALS.items()}
    return MarketReply(
        symbol=market.symbol,
        venue=market.venue,
        quote=None if market.quote is None else _quote(market.quote, now_ns),
        trade=None if market.trade is None else trade_reply(market.trade),
        book=None if market.book is None else _book(market.book, depth, now_ns),
        bars={name: bar_reply(bar) for name, bar in bars.items() if bar is not None},
    )
