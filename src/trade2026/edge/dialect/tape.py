"""What everybody may know of one symbol's past: trades, aggregates, candles, the last day.

It is kept in memory and bounded, and begins with PRISM's life. Trades are numbered as the
public feed numbers them.

Source: Binance Spot API, "Market Data endpoints".
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from trade2026.core.clock import NS_PER_MS
from trade2026.core.numbers import NANOS, average_px, format_nanos, money_half_even
from trade2026.edge.dialect.candles import DAY, MINUTE, Candle, Candles, Print, end_of
from trade2026.model.instrument import Instrument
from trade2026.model.order import Side
from trade2026.prism.exchange import MarketEvent
from trade2026.prism.feed import LIFE_STRIDE

KEPT: Final = 10_000
"""Trades, and aggregates, of one symbol."""
AVERAGE_MINUTES: Final = 5

Row = TypeVar("Row", "Print", "Aggregate")


class Aggregate(NamedTuple):
    """The trades that one order made at one price."""

    trade_id: int
    """Of the aggregate itself."""
    time_ns: int
    px: int
    qty: int
    first_id: int
    last_id: int
    is_buyer_taker: bool
    taker_number: int


class Tape:
    """The past of one symbol, as far as it is kept."""

    def __init__(self, instrument: Instrument, *, life: int) -> None:
        self.instrument = instrument
        self.candles = Candles()
        self.trades = deque[Print](maxlen=KEPT)
        self.aggregates = deque[Aggregate](maxlen=KEPT)
        self.update_id = life * LIFE_STRIDE
        """Of the book: up to which event its levels were told."""
        self._base = life * LIFE_STRIDE
        self._last_trade_id = self._base
        self._last_aggregate_id = self._base

    def see(self, event: MarketEvent) -> None:
        """Note that the book has come to *event*."""
        self.update_id = self._base + event.seq

    def add_trade(self, event: MarketEvent) -> Aggregate:
        """Take in a trade and return the aggregate that it made, or made larger."""
        self._last_trade_id += 1
        trade = Print(
            trade_id=self._last_trade_id,
            time_ns=event.time_ns,
            px=event.ticks * self.instrument.tick_size,
            qty=event.lots * self.instrument.lot_size,
            is_buyer_taker=event.side is Side.BUY,
        )
        self.trades.append(trade)
        self.candles.add(trade)
        last = self.aggregates[-1] if self.aggregates else None
        is_same = last is not None and (last.taker_number, last.px, last.time_ns) == (
            event.taker_number,
            trade.px,
            trade.time_ns,
        )
        if last is not None and is_same:
            self.aggregates.pop()
            grown = last._replace(qty=last.qty + trade.qty, last_id=trade.trade_id)
        else:
            self._last_aggregate_id += 1
            grown = Aggregate(
                trade_id=self._last_aggregate_id,
                time_ns=trade.time_ns,
                px=trade.px,
                qty=trade.qty,
                first_id=trade.trade_id,
                last_id=trade.trade_id,
                is_buyer_taker=trade.is_buyer_taker,
                taker_number=event.taker_number,
            )
        self.aggregates.append(grown)
        return grown

    def day(self, now_ns: int) -> Candle | None:
        """Return the last 24 hours to the minute as one candle, None without a trade."""
        return self.candles.since(now_ns - now_ns % MINUTE - DAY + MINUTE)

    def average(self, now_ns: int) -> tuple[int, int]:
        """Return the average price of the last minutes and when it last changed, or zeros."""
        whole = self.candles.since(now_ns - now_ns % MINUTE - (AVERAGE_MINUTES - 1) * MINUTE)
        if not self.trades:
            return 0, 0
        last = self.trades[-1]
        if whole is None:
            return last.px, last.time_ns
        return average_px(whole.value, whole.qty) or last.px, last.time_ns


def newest(rows: deque[Row], count: int) -> list[Row]:
    """Return the last *count* of *rows*, oldest first."""
    return list(islice(rows, max(0, len(rows) - count), None))


def from_id(rows: deque[Row], first: int, count: int) -> list[Row]:
    """Return *count* of *rows* from the id *first* on."""
    begin = bisect_left(rows, first, key=lambda row: row.trade_id)
    return list(islice(rows, begin, begin + count))


def between(rows: deque[Row], from_ns: int | None, to_ns: int | None, count: int) -> list[Row]:
    """Return the first *count* of *rows* in a span of time; the last ones without a beginning."""
    first = 0 if from_ns is None else bisect_left(rows, from_ns, key=lambda row: row.time_ns)
    last = len(rows) if to_ns is None else bisect_left(rows, to_ns + 1, key=lambda r: r.time_ns)
    first = max(first, last - count) if from_ns is None else first
    return list(islice(rows, first, min(last, first + count)))


def trade_row(trade: Print) -> dict[str, Any]:
    """Return a trade as REST tells it."""
    return {
        "id": trade.trade_id,
        "price": format_nanos(trade.px),
        "qty": format_nanos(trade.qty),
        "quoteQty": value_text(trade.px * trade.qty),
        "time": trade.time_ns // NS_PER_MS,
        "isBuyerMaker": not trade.is_buyer_taker,
        "isBestMatch": True,
    }


def aggregate_row(one: Aggregate) -> dict[str, Any]:
    """Return an aggregate, as REST and streams alike tell it."""
    return {
        "a": one.trade_id,
        "p": format_nanos(one.px),
        "q": format_nanos(one.qty),
        "f": one.first_id,
        "l": one.last_id,
        "T": one.time_ns // NS_PER_MS,
        "m": not one.is_buyer_taker,
        "M": True,
    }


def kline_row(interval: str, candle: Candle) -> list[Any]:
    """Return a candle as REST tells it."""
    return [
        candle.start_ns // NS_PER_MS,
        format_nanos(candle.open_px),
        format_nanos(candle.high_px),
        format_nanos(candle.low_px),
        format_nanos(candle.close_px),
        format_nanos(candle.qty),
        end_of(interval, candle.start_ns) // NS_PER_MS - 1,
        value_text(candle.value),
        candle.trade_count,
        format_nanos(candle.taker_buy_qty),
        value_text(candle.taker_buy_value),
        "0",
    ]


def kline_word(symbol: str, interval: str, candle: Candle, *, is_closed: bool) -> dict[str, Any]:
    """Return a candle as streams tell it."""
    return {
        "t": candle.start_ns // NS_PER_MS,
        "T": end_of(interval, candle.start_ns) // NS_PER_MS - 1,
        "s": symbol,
        "i": interval,
        "f": candle.first_id,
        "L": candle.last_id,
        "o": format_nanos(candle.open_px),
        "c": format_nanos(candle.close_px),
        "h": format_nanos(candle.high_px),
        "l": format_nanos(candle.low_px),
        "v": format_nanos(candle.qty),
        "n": candle.trade_count,
        "x": is_closed,
        "q": value_text(candle.value),
        "V": format_nanos(candle.taker_buy_qty),
        "Q": value_text(candle.taker_buy_value),
        "B": "0",
    }


def value_text(value: int) -> str:
    """Return an amount in square nanos, to the nearest nano."""
    return format_nanos(money_half_even(value))


class Best(NamedTuple):
    """The best bid and offer: prices and quantities as text, zeros where a side is empty."""

    bid_px: str
    bid_qty: str
    ask_px: str
    ask_qty: str


def best_of(instrument: Instrument, depth: tuple[Sequence[tuple[int, int]], ...]) -> Best:
    """Return the best of *depth*, bids and asks in ticks and lots."""
    texts: list[str] = []
    for side in depth:
        ticks, lots = side[0] if side else (0, 0)
        texts += [
            format_nanos(ticks * instrument.tick_size),
            format_nanos(lots * instrument.lot_size),
        ]
    return Best(*texts)


def day_row(tape: Tape, best: Best, now_ns: int) -> dict[str, Any]:
    """Return the last day as REST tells it; zeros where nothing traded."""
    day = tape.day(now_ns) or Candle(now_ns - DAY, 0, 0, 0, 0, -1, -1)
    last = tape.trades[-1] if tape.trades else None
    change = day.close_px - day.open_px
    percent = change * 100 * NANOS // day.open_px if day.open_px else 0
    return {
        "symbol": tape.instrument.symbol,
        "priceChange": format_nanos(change),
        "priceChangePercent": format_nanos(percent // 10**6 * 10**6),
        "weightedAvgPrice": format_nanos(average_px(day.value, day.qty) or 0),
        "prevClosePrice": format_nanos(day.open_px),
        "lastPrice": format_nanos(day.close_px),
        "lastQty": format_nanos(last.qty if last else 0),
        "bidPrice": best.bid_px,
        "bidQty": best.bid_qty,
        "askPrice": best.ask_px,
        "askQty": best.ask_qty,
        "openPrice": format_nanos(day.open_px),
        "highPrice": format_nanos(day.high_px),
        "lowPrice": format_nanos(day.low_px),
        "volume": format_nanos(day.qty),
        "quoteVolume": value_text(day.value),
        "openTime": (now_ns - DAY) // NS_PER_MS,
        "closeTime": now_ns // NS_PER_MS,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trade_count,
    }


_DAY_LETTERS: Final = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "c": "lastPrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
_MINI: Final = ("c", "o", "h", "l", "v", "q")


def day_word(row: dict[str, Any], now_ns: int, *, is_mini: bool) -> dict[str, Any]:
    """Return the last day, given as REST tells it, as streams tell it."""
    letters = _MINI if is_mini else _DAY_LETTERS
    return {
        "e": "24hrMiniTicker" if is_mini else "24hrTicker",
        "E": now_ns // NS_PER_MS,
        "s": row["symbol"],
        **{letter: row[_DAY_LETTERS[letter]] for letter in letters},
    }
