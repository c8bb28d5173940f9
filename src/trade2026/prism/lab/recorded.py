"""What a market is fitted to: a recorded session, of a venue or of our own, or minute bars.

Each becomes the statistics of `domain/realism/likeness.py`. Ticks and lots of a venue are the
largest that all its prices and quantities are whole numbers of.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import NANOS
from trade2026.domain.market.feed import open_feed
from trade2026.domain.market.normalizer import step
from trade2026.domain.market.numeral import Numerals
from trade2026.domain.realism.likeness import median_of, portrait_of_bars, portrait_of_session
from trade2026.domain.realism.series import Reals
from trade2026.domain.realism.session import Session
from trade2026.domain.realism.tape import Prints, Touches, session_of
from trade2026.model.market import Aggressor, Quote, RawBatch, RawFrame, Trade
from trade2026.prism.engine.event import MARKET_EVENT
from trade2026.prism.lab.event_file import each_group, facts_of
from trade2026.prism.lab.record import MINUTE_NS, WARM_MINUTES, Watcher

MINUTES_MIN: Final = 3
"""Less is no session to fit to."""
BARS_MIN: Final = 1_001

_BATCH: Final = 5_000
_SPARE: Final = 2


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A market to be like."""

    what: str
    minutes: int
    """How long it lasts."""
    symbol: str = ""
    """What was traded, where the file says so."""
    portrait: dict[str, float]
    close: Reals | None = None
    """Of bars alone."""
    volume: Reals | None = None
    session: Session | None = None
    """Of all but bars."""

    @property
    def is_bars(self) -> bool:
        """Return whether only minute bars are known of it."""
        return self.close is not None

    def cut(self, minutes: int) -> dict[str, float]:
        """Return the statistics of windows of *minutes*: the medians over them, of bars.

        A memory or a tail that a short window shows is another one than a month's.
        """
        if self.close is None or self.volume is None or minutes >= len(self.close):
            return self.portrait
        count = len(self.close) // minutes
        return median_of(
            [
                portrait_of_bars(
                    self.close[n * minutes : (n + 1) * minutes],
                    self.volume[n * minutes : (n + 1) * minutes],
                )
                for n in range(count)
            ]
        )


def recorded_bars(path: Path) -> Recorded:
    """Return the one-minute bars of a CSV file, plain or gzip, with columns close and volume.

    Lines before the heading that begin with ``#`` are passed over.

    Raises:
        InvalidInputError: it is no such file, or of less than `BARS_MIN` bars.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InvalidInputError(str(path), f"cannot be read: {error}") from error
    rows = csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#"))
    if not {"close", "volume"} <= set(rows.fieldnames or ()):
        raise InvalidInputError(str(path), "has no columns close and volume")
    try:
        bars = np.array([(float(row["close"]), float(row["volume"])) for row in rows])
    except (TypeError, ValueError) as error:
        raise InvalidInputError(str(path), f"holds what is no number: {error}") from error
    if len(bars) < BARS_MIN:
        raise InvalidInputError(str(path), f"holds {len(bars)} bars, fewer than {BARS_MIN}")
    close, volume = bars.T.copy()
    if not (np.isfinite(bars).all() and (close > 0.0).all() and (volume >= 0.0).all()):
        raise InvalidInputError(str(path), "holds a price or a volume that cannot be")
    return Recorded(
        what=f"{len(close)} one-minute bars",
        minutes=len(close),
        portrait=portrait_of_bars(close, volume),
        close=close,
        volume=volume,
    )


def recorded_frames(venue: str, symbol: str, frames: Iterable[tuple[int, bytes]]) -> Recorded:
    """Return a venue's session from its frames, as the platform's normaliser reads them.

    Args:
        venue: whose dialect they are in.
        symbol: what they are of.
        frames: receive time in ns, and what came.

    Raises:
        InvalidInputError: they hold no quotes and trades of `MINUTES_MIN` minutes.
    """
    feed = open_feed(venue, symbol)
    if feed is None:
        raise InvalidInputError("venue", f"{venue[:40]} speaks no dialect that is known here")
    numerals, index = Numerals(), 0
    quotes: list[Quote] = []
    trades: list[Trade] = []
    rest = iter(frames)
    while part := list(islice(rest, _BATCH)):
        raw = tuple(RawFrame(ts_recv_ns=TimeNs(at), payload=payload) for at, payload in part)
        batch = RawBatch(venue=venue, symbol=symbol, first_index=index, session=symbol, frames=raw)
        found = step(feed, batch, numerals)
        quotes += [quote for quote in found.quotes if quote.mid_px is not None]
        trades += found.trades
        index += len(raw)
    if not quotes or not trades:
        raise InvalidInputError(symbol, "the recording holds no quotes or no trades")
    return _of_tape(f"{symbol} on {venue}", symbol, quotes, trades)


def recorded_events(path: Path) -> Recorded:
    """Return a session of a market of ours, from its file; of several symbols the first.

    The first `WARM_MINUTES` are passed over, as in every session of the laboratory.

    Raises:
        InvalidInputError: it is none, does not begin when the market opened, or lasts less
            than `MINUTES_MIN` minutes.
    """
    facts = facts_of(path)
    most, last_ns, first_seq = 0, facts.start_ns, 0
    for events in _of_first_symbol(path):
        first_seq = first_seq or int(events["seq"][0])
        most, last_ns = max(most, int(events["ticks"].max())), int(events["time_ns"][-1])
    if not facts.symbols or first_seq != 1:
        # What the book showed before is not known.
        raise InvalidInputError(str(path), "does not begin when the market opened")
    begin_ns = facts.start_ns + WARM_MINUTES * MINUTE_NS
    minutes = (last_ns - begin_ns) // MINUTE_NS
    if minutes < MINUTES_MIN:
        raise InvalidInputError(str(path), f"lasts less than {MINUTES_MIN + WARM_MINUTES} minutes")
    watcher = Watcher(start_ns=facts.start_ns, rungs=most + _SPARE)
    _watch(watcher, path, -1, begin_ns)
    watcher.begin(begin_ns, seconds=minutes * 60)
    _watch(watcher, path, begin_ns, begin_ns + minutes * MINUTE_NS)
    first = facts.symbols[0]
    return _of_session(
        f"{first.symbol} of a market of PRISM's",
        first.symbol,
        watcher.session(),
        tick_size=int(first.tick_size),
        lot_size=int(first.lot_size),
    )


def _of_first_symbol(path: Path) -> Iterator[NDArray[np.void]]:
    for events in each_group(path):
        own = events[events["symbol"] == 0]
        if len(own):
            yield own


def _watch(watcher: Watcher, path: Path, after_ns: int, until_ns: int) -> None:
    """Follow what happened after one time and up to another."""
    for events in _of_first_symbol(path):
        own = events[(events["time_ns"] > after_ns) & (events["time_ns"] <= until_ns)]
        if len(own):
            watcher.add(own, int(own["time_ns"][-1]))
    watcher.add(np.zeros(0, MARKET_EVENT), until_ns)


def _of_tape(what: str, symbol: str, quotes: list[Quote], trades: list[Trade]) -> Recorded:
    bid, ask = _column(q.best_bid_px for q in quotes), _column(q.best_ask_px for q in quotes)
    bids, asks = _column(q.best_bid_qty for q in quotes), _column(q.best_ask_qty for q in quotes)
    lots = _column(trade.qty for trade in trades)
    tick = math.gcd(int(np.gcd.reduce(bid)), int(np.gcd.reduce(ask)))
    lot = math.gcd(*(int(np.gcd.reduce(each)) for each in (bids, asks, lots)))
    # Two connections may bring what they tell out of order.
    time_ns = np.maximum.accumulate(_column(q.ts_recv_ns for q in quotes))
    touches = Touches(
        time_ns=time_ns,
        bid=bid // tick,
        bid_lots=bids // lot,
        ask=ask // tick,
        ask_lots=asks // lot,
    )
    prints = Prints(
        time_ns=_column(trade.ts_recv_ns for trade in trades),
        trade_ns=_column(trade.ts_event_ns for trade in trades),
        sign=_column(1 if trade.aggressor_side is Aggressor.BUY else -1 for trade in trades),
        lots=lots // lot,
    )
    return _of_session(what, symbol, session_of(touches, prints), tick_size=tick, lot_size=lot)


def _of_session(
    what: str, symbol: str, session: Session, *, tick_size: int, lot_size: int
) -> Recorded:
    minutes = len(session.mid) // 60
    if minutes < MINUTES_MIN:
        raise InvalidInputError(what, f"lasts {minutes} minutes, less than {MINUTES_MIN}")
    portrait = portrait_of_session(session, tick=tick_size / NANOS, lot=lot_size / NANOS)
    # A market runs whole minutes: the last one begun counts.
    minutes = -(-len(session.mid) // 60)
    return Recorded(what=what, symbol=symbol, minutes=minutes, portrait=portrait, session=session)


def _column(values: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(values, np.int64)
