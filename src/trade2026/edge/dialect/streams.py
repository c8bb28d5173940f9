"""The public streams: which there are, who listens, and what each is told when.

Trades, changes of the book and the best prices come as PRISM's feed words them; what the
feed has not is made here: the book's changes gathered over a second, the top of the book,
candles, and the last day. What nobody listens to is not made.

Source: Binance Spot API, "WebSocket Streams".
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from trade2026.core.clock import NS_PER_MS, NS_PER_S
from trade2026.core.numbers import format_nanos
from trade2026.edge.dialect.candles import INTERVALS, end_of, start_of
from trade2026.edge.dialect.connection import Connection
from trade2026.edge.dialect.tape import (
    Aggregate,
    Tape,
    aggregate_row,
    best_of,
    day_row,
    day_word,
    kline_word,
)
from trade2026.model.instrument import Instrument
from trade2026.model.market import RawBatch
from trade2026.prism.exchange import Levels

STREAMS_MAX: Final = 1_024
"""Of one connection."""
EVERY_DAY: Final = "!ticker@arr"
EVERY_MINI: Final = "!miniTicker@arr"

_NAME: Final = re.compile(
    r"(?P<symbol>[a-z0-9]{1,20})@(?P<kind>trade|aggTrade|bookTicker|ticker|miniTicker|avgPrice"
    r"|depth(5|10|20)?(@100ms|@1000ms)?|kline_[0-9]{1,2}[smhdwM])"
)

Depth = Callable[[str, int], tuple[Levels, Levels]]


class _Frame(msgspec.Struct, frozen=True):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")


class _Changes(msgspec.Struct):
    """A `depthUpdate`, as far as several are put together."""

    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class Hub:
    """Everybody who listens to public streams."""

    def __init__(self, tapes: Mapping[str, Tape], depth: Depth) -> None:
        """Begin without anybody.

        Args:
            tapes: what everybody may know, by symbol.
            depth: returns bids and asks of a symbol, best first.
        """
        self._tapes = tapes
        self._depth = depth
        self._listeners: dict[str, set[Connection]] = {}
        self._changes: dict[str, _Changes] = {}
        self._second = 0

    def begin(self) -> None:
        """Begin anew with the market: what was gathered is of a book that is gone."""
        self._changes = {}

    def is_stream(self, name: str) -> bool:
        """Return whether there is a stream of that name."""
        if name in {EVERY_DAY, EVERY_MINI}:
            return True
        found = _NAME.fullmatch(name)
        if found is None or found["symbol"].upper() not in self._tapes:
            return False
        kind = found["kind"]
        return not kind.startswith("kline_") or kind.removeprefix("kline_") in INTERVALS

    def subscribe(self, connection: Connection, name: str) -> None:
        """Have *connection* told of a stream that there is."""
        connection.streams.add(name)
        self._listeners.setdefault(name, set()).add(connection)

    def unsubscribe(self, connection: Connection, name: str) -> None:
        """Have *connection* told of it no more."""
        connection.streams.discard(name)
        listeners = self._listeners.get(name, set())
        listeners.discard(connection)
        if not listeners:
            self._listeners.pop(name, None)

    def leave(self, connection: Connection) -> None:
        """Let *connection* go."""
        for name in list(connection.streams):
            self.unsubscribe(connection, name)

    def on_aggregates(self, symbol: str, aggregates: Iterable[Aggregate], now_ns: int) -> None:
        """Tell of the orders that took."""
        name = f"{symbol.lower()}@aggTrade"
        if name not in self._listeners:
            return
        for one in aggregates:
            event = {"e": "aggTrade", "E": now_ns // NS_PER_MS, "s": symbol, **aggregate_row(one)}
            self._tell(name, event)

    def on_feed(self, batches: Sequence[RawBatch], now_ns: int) -> None:
        """Tell what PRISM's feed says, and what is due by the clock."""
        if not self._listeners:
            return
        for batch in batches:
            for frame in batch.frames:
                self._pass_on(batch.symbol, msgspec.json.decode(frame.payload, type=_Frame))
        self._tell_tops("@100ms")
        if now_ns // NS_PER_S != self._second:
            self._second = now_ns // NS_PER_S
            self._tell_seconds(now_ns)

    def _pass_on(self, symbol: str, frame: _Frame) -> None:
        if not frame.stream:
            # A snapshot, which the dialect has only by REST.
            return
        data = bytes(frame.data)
        if not frame.stream.endswith("@depth"):
            self._send(frame.stream, data)
            return
        self._send(f"{frame.stream}@100ms", data)
        if frame.stream in self._listeners or f"{frame.stream}@1000ms" in self._listeners:
            self._gather(symbol, msgspec.json.decode(data, type=_Changes))

    def _gather(self, symbol: str, new: _Changes) -> None:
        old = self._changes.get(symbol)
        if old is None:
            self._changes[symbol] = new
            return
        old.u = new.u
        old.b = list(({**dict(old.b), **dict(new.b)}).items())
        old.a = list(({**dict(old.a), **dict(new.a)}).items())

    def _tell_seconds(self, now_ns: int) -> None:
        for symbol, changes in self._changes.items():
            event = {"e": "depthUpdate", "E": now_ns // NS_PER_MS, "s": symbol}
            event |= msgspec.structs.asdict(changes)
            for suffix in ("", "@1000ms"):
                self._tell(f"{symbol.lower()}@depth{suffix}", event)
        self._changes = {}
        self._tell_tops("")
        self._tell_tops("@1000ms")
        self._tell_klines(now_ns)
        self._tell_days(now_ns)
        for name, symbol in self._of_kind("avgPrice"):
            px, at_ns = self._tapes[symbol].average(now_ns)
            event = {"e": "avgPrice", "E": now_ns // NS_PER_MS, "s": symbol, "i": "5m"}
            self._tell(name, {**event, "w": format_nanos(px), "T": at_ns // NS_PER_MS})

    def _tell_tops(self, suffix: str) -> None:
        for levels in (5, 10, 20):
            for name, symbol in self._of_kind(f"depth{levels}{suffix}"):
                tape = self._tapes[symbol]
                self._tell(name, book_row(tape, self._depth(symbol, levels)))

    def _tell_klines(self, now_ns: int) -> None:
        for name in list(self._listeners):
            symbol, _, kind = name.partition("@")
            if not kind.startswith("kline_"):
                continue
            interval = kind.removeprefix("kline_")
            tape = self._tapes[symbol.upper()]
            start_ns = start_of(interval, now_ns)
            before_ns = start_of(interval, start_ns - 1)
            # The one before is told as closed in the first second after its end.
            from_ns = before_ns if now_ns - start_ns < NS_PER_S else start_ns
            for candle in tape.candles.between(interval, from_ns, now_ns, 2):
                is_closed = end_of(interval, candle.start_ns) <= now_ns
                word = kline_word(symbol.upper(), interval, candle, is_closed=is_closed)
                event = {"e": "kline", "E": now_ns // NS_PER_MS, "s": symbol.upper(), "k": word}
                self._tell(name, event)

    def _tell_days(self, now_ns: int) -> None:
        if EVERY_DAY in self._listeners or EVERY_MINI in self._listeners:
            rows = [self._day(symbol, now_ns) for symbol in self._tapes]
            self._tell(EVERY_DAY, [day_word(row, now_ns, is_mini=False) for row in rows])
            self._tell(EVERY_MINI, [day_word(row, now_ns, is_mini=True) for row in rows])
        for kind, is_mini in (("ticker", False), ("miniTicker", True)):
            for name, symbol in self._of_kind(kind):
                self._tell(name, day_word(self._day(symbol, now_ns), now_ns, is_mini=is_mini))

    def _day(self, symbol: str, now_ns: int) -> dict[str, Any]:
        tape = self._tapes[symbol]
        return day_row(tape, best_of(tape.instrument, self._depth(symbol, 1)), now_ns)

    def _of_kind(self, kind: str) -> list[tuple[str, str]]:
        names = [(f"{symbol.lower()}@{kind}", symbol) for symbol in self._tapes]
        return [(name, symbol) for name, symbol in names if name in self._listeners]

    def _tell(self, name: str, event: object) -> None:
        if name in self._listeners:
            self._send(name, msgspec.json.encode(event))

    def _send(self, name: str, data: bytes) -> None:
        for connection in self._listeners.get(name, ()):
            connection.offer(name, data)


def book_row(tape: Tape, depth: tuple[Levels, Levels]) -> dict[str, Any]:
    """Return the top of the book, as REST and streams alike tell it."""
    bids, asks = (_levels(tape.instrument, side) for side in depth)
    return {"lastUpdateId": tape.update_id, "bids": bids, "asks": asks}


def _levels(instrument: Instrument, side: Levels) -> list[tuple[str, str]]:
    tick, lot = instrument.tick_size, instrument.lot_size
    return [(format_nanos(ticks * tick), format_nanos(lots * lot)) for ticks, lots in side]
