"""Candles of a market that is our own: each trade comes once and in order, so none is late.

Seconds, minutes and hours are kept, so many of each; every other interval is put together
from those when it is asked for. A stretch without trades has flat candles at the last price,
as the dialect has them.

Source: Binance Spot API, "Kline/Candlestick data": intervals, and the fields of a kline.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from trade2026.core.clock import NS_PER_S

SECOND: Final = NS_PER_S
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY
"""The first Monday of the epoch, 1970-01-05: weeks begin on Mondays."""

MONTH: Final = "1M"
LENGTHS: Final = {
    "1s": SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": WEEK,
}
INTERVALS: Final = (*LENGTHS, MONTH)

_KEPT: Final = {SECOND: 5_000, MINUTE: 20_000, HOUR: 10_000}
"""Candles: well over an hour, a fortnight, and more than a year."""


class Print(NamedTuple):
    """A trade as candles need it; price and quantity in nanos, value in square nanos."""

    trade_id: int
    time_ns: int
    px: int
    qty: int
    is_buyer_taker: bool


@dataclass(slots=True)
class Candle:
    """What the trades of one interval add up to; nanos, and square nanos for values."""

    start_ns: int
    open_px: int
    high_px: int
    low_px: int
    close_px: int
    first_id: int
    last_id: int
    qty: int = 0
    value: int = 0
    trade_count: int = 0
    taker_buy_qty: int = 0
    taker_buy_value: int = 0

    def add(self, trade: Print) -> None:
        """Count one trade, newer than all before."""
        value = trade.px * trade.qty
        self.high_px = max(self.high_px, trade.px)
        self.low_px = min(self.low_px, trade.px)
        self.close_px = trade.px
        self.last_id = trade.trade_id
        self.qty += trade.qty
        self.value += value
        self.trade_count += 1
        if trade.is_buyer_taker:
            self.taker_buy_qty += trade.qty
            self.taker_buy_value += value

    def merge(self, later: "Candle") -> None:
        """Count the trades of *later*, which begins after this one."""
        self.high_px = max(self.high_px, later.high_px)
        self.low_px = min(self.low_px, later.low_px)
        self.close_px = later.close_px
        self.last_id = later.last_id
        self.qty += later.qty
        self.value += later.value
        self.trade_count += later.trade_count
        self.taker_buy_qty += later.taker_buy_qty
        self.taker_buy_value += later.taker_buy_value


def _begun(start_ns: int, trade: Print) -> Candle:
    px, number = trade.px, trade.trade_id
    return Candle(start_ns, px, px, px, px, number, number)


def _copied(start_ns: int, part: Candle) -> Candle:
    first = Candle(
        start_ns, part.open_px, part.open_px, part.open_px, part.open_px, part.first_id, 0
    )
    first.merge(part)
    return first


def start_of(interval: str, at_ns: int) -> int:
    """Return when the candle of *interval* begins in which *at_ns* lies."""
    if interval == MONTH:
        at = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
        begin = at.replace(day=1, hour=0, minute=0, second=0)
        return int(begin.timestamp()) * NS_PER_S
    length = LENGTHS[interval]
    offset = _MONDAY if length == WEEK else 0
    return at_ns - (at_ns - offset) % length


def end_of(interval: str, start_ns: int) -> int:
    """Return when the candle that begins at *start_ns* ends, itself not included."""
    if interval == MONTH:
        begin = datetime.fromtimestamp(start_ns // NS_PER_S, UTC)
        return start_of(MONTH, int((begin + timedelta(days=32)).timestamp()) * NS_PER_S)
    return start_ns + LENGTHS[interval]


class Candles:
    """The candles of one symbol."""

    def __init__(self) -> None:
        self._rings = {base: deque[Candle](maxlen=most) for base, most in _KEPT.items()}

    def add(self, trade: Print) -> None:
        """Count one trade, newer than all before."""
        for base, ring in self._rings.items():
            start_ns = trade.time_ns - trade.time_ns % base
            if not ring or ring[-1].start_ns < start_ns:
                ring.append(_begun(start_ns, trade))
            ring[-1].add(trade)

    def latest(self, interval: str, now_ns: int, count: int) -> list[Candle]:
        """Return up to *count* candles up to now, oldest first, without a gap."""
        from_ns = start_of(interval, now_ns)
        for _ in range(count - 1):
            from_ns = start_of(interval, from_ns - 1)
        return self.between(interval, from_ns, now_ns, count)

    def between(self, interval: str, from_ns: int, to_ns: int, count: int) -> list[Candle]:
        """Return the first *count* candles that begin from *from_ns* to *to_ns*, without a gap."""
        found: list[Candle] = []
        end_ns = 0
        for candle in self._joined(interval, from_ns):
            if candle.start_ns > to_ns:
                break
            while found and end_ns < candle.start_ns and len(found) < count:
                end_ns = self._pad(found, interval, end_ns)
            if len(found) >= count:
                return found
            if candle.start_ns >= from_ns:
                found.append(candle)
            else:
                # What went before says where a gap at the beginning stood.
                found = []
            end_ns = end_of(interval, candle.start_ns)
        while found and end_ns <= to_ns and len(found) < count:
            end_ns = self._pad(found, interval, end_ns)
        return found

    def since(self, from_ns: int) -> Candle | None:
        """Return all trades of the minutes from *from_ns* on as one candle; None without any."""
        whole: Candle | None = None
        for minute in self._from(MINUTE, from_ns):
            if whole is None:
                whole = _copied(minute.start_ns, minute)
            else:
                whole.merge(minute)
        return whole

    def _pad(self, found: list[Candle], interval: str, start_ns: int) -> int:
        px, last_id = found[-1].close_px, found[-1].last_id
        found.append(Candle(start_ns, px, px, px, px, last_id, last_id))
        return end_of(interval, start_ns)

    def _joined(self, interval: str, from_ns: int) -> Iterator[Candle]:
        length = LENGTHS.get(interval, DAY)
        base = max(base for base in _KEPT if base <= length)
        whole: Candle | None = None
        for part in self._from(base, from_ns):
            start_ns = start_of(interval, part.start_ns)
            if whole is not None and whole.start_ns == start_ns:
                whole.merge(part)
                continue
            if whole is not None:
                yield whole
            whole = _copied(start_ns, part)
        if whole is not None:
            yield whole

    def _from(self, base: int, from_ns: int) -> Iterable[Candle]:
        ring = self._rings[base]
        newest_first: list[Candle] = []
        for candle in reversed(ring):
            if candle.start_ns < from_ns:
                break
            newest_first.append(candle)
        return reversed(newest_first)
