"""What is known of the markets right now, for those who look: gathered from live copies.

Everything is bounded: the latest ticker and book, some thousand trades and bars of each
instrument. Lookers get the latest of what changed since they last looked, never a queue.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec

from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.market import Bar, BarBatch, BookSnapshot, Ticker, Trade, TradeBatch
from trade2026.ports.bus import Delivery

TRADES_KEPT: Final = 1_000
BARS_KEPT: Final = 1_500
"""Of each interval: a day of minutes."""
BARS_BACK: Final = 20_000
"""Market events read again at the start for the bars among them."""
LOOK_TRADES: Final = 100
"""Trades of one instrument that wait for a slow looker; older ones it does not see."""

_LISTED: Final = {listed.symbol: place for place, listed in enumerate(PRISM_INSTRUMENTS)}


class Market(msgspec.Struct, kw_only=True):
    """The latest of one instrument."""

    venue: str
    symbol: str
    ticker: Ticker | None = None
    book: BookSnapshot | None = None
    trades: deque[Trade] = msgspec.field(default_factory=lambda: deque(maxlen=TRADES_KEPT))
    bars: dict[int, dict[int, Bar]] = {}
    """By interval, then by start; the newest correction wins."""

    def newest_bars(self, interval_ns: int, limit: int) -> list[Bar]:
        """Return the newest *limit* bars of an interval, oldest first."""
        bars = self.bars.get(interval_ns, {})
        return [bars[start] for start in sorted(bars)[-limit:]]


class Looker:
    """One who looks at some instruments: what changed for it since it last looked."""

    def __init__(self, symbols: frozenset[str]) -> None:
        """Look at *symbols*; at all of them when there are none."""
        self.changed = asyncio.Event()
        self._symbols = symbols
        self._tickers: dict[tuple[str, str], Ticker] = {}
        self._trades: dict[tuple[str, str], deque[Trade]] = {}

    def note_ticker(self, ticker: Ticker) -> None:
        """Replace what it has not seen by the newest."""
        if self._wants(ticker.symbol):
            self._tickers[ticker.venue, ticker.symbol] = ticker
            self.changed.set()

    def note_trades(self, batch: TradeBatch) -> None:
        """Add trades; the oldest it has not seen are lost beyond a bound."""
        if self._wants(batch.symbol):
            key = (batch.venue, batch.symbol)
            waiting = self._trades.setdefault(key, deque(maxlen=LOOK_TRADES))
            waiting.extend(batch.records)
            self.changed.set()

    def take(self) -> tuple[list[Ticker], list[TradeBatch]]:
        """Return what changed, and forget it."""
        tickers, self._tickers = self._tickers, {}
        trades, self._trades = self._trades, {}
        self.changed.clear()
        return list(tickers.values()), [
            TradeBatch(venue=venue, symbol=symbol, records=tuple(records))
            for (venue, symbol), records in trades.items()
        ]

    def _wants(self, symbol: str) -> bool:
        return not self._symbols or symbol in self._symbols


class MarketView:
    """All instruments that live copies tell of."""

    def __init__(self) -> None:
        self._markets: dict[tuple[str, str], Market] = {}
        self._lookers: set[Looker] = set()

    def market(self, symbol: str, venue: str | None = None) -> Market | None:
        """Return what is known of *symbol*: on *venue*, or where it was seen last."""
        found = [
            market
            for market in self._markets.values()
            if market.symbol == symbol and venue in {None, market.venue}
        ]
        return max(found, key=_seen_ns, default=None)

    def tickers(self) -> list[Ticker]:
        """Return every instrument's latest: in the order of PRISM's list, others by name."""
        found = [market.ticker for market in self._markets.values() if market.ticker]
        return sorted(found, key=_rank)

    def look(self, symbols: frozenset[str]) -> Looker:
        """Return a new looker at *symbols*, which has not seen the present state yet."""
        looker = Looker(symbols)
        for ticker in self.tickers():
            looker.note_ticker(ticker)
        self._lookers.add(looker)
        return looker

    def leave(self, looker: Looker) -> None:
        """Forget the looker."""
        self._lookers.discard(looker)

    @property
    def looker_count(self) -> int:
        """How many look."""
        return len(self._lookers)

    def on_ticker(self, _: str, ticker: Ticker) -> None:
        """Take a live copy of a ticker."""
        self._market(ticker.venue, ticker.symbol).ticker = ticker
        for looker in self._lookers:
            looker.note_ticker(ticker)

    def on_book(self, subject: str, book: BookSnapshot) -> None:
        """Take a live copy of a book; the subject's last two keys name it."""
        venue, symbol = subject.split(".")[-2:]
        self._market(venue, symbol).book = book

    def on_trades(self, _: str, batch: TradeBatch) -> None:
        """Take live copies of trades."""
        self._market(batch.venue, batch.symbol).trades.extend(batch.records)
        for looker in self._lookers:
            looker.note_trades(batch)

    async def on_bars(self, batch: BarBatch, _: Delivery) -> None:
        """Keep bars; a correction replaces the bar it corrects."""
        kept = self._market(batch.venue, batch.symbol).bars
        for bar in batch.records:
            bars = kept.setdefault(bar.interval_ns, {})
            bars[bar.start_ns] = bar
            if len(bars) > BARS_KEPT:
                del bars[min(bars)]

    def _market(self, venue: str, symbol: str) -> Market:
        key = (venue, symbol)
        market = self._markets.get(key)
        if market is None:
            market = self._markets[key] = Market(venue=venue, symbol=symbol)
        return market


def _rank(ticker: Ticker) -> tuple[int, str, str]:
    return _LISTED.get(ticker.symbol, len(_LISTED)), ticker.symbol, ticker.venue


def _seen_ns(market: Market) -> int:
    return market.ticker.ts_recv_ns if market.ticker else 0
