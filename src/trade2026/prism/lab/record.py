"""A market run for some time, and what is kept of it to be measured.

The market runs a minute at a time; its events are followed by `engine/watch.py` and let go, so
that days take no more memory than minutes.
"""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.core.clock import NS_PER_S
from trade2026.domain.realism.session import Session
from trade2026.prism.config import MarketConfig, SymbolConfig
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.layout import Row, new_block
from trade2026.prism.engine.watch import RUNGS, RUNGS_AT, WATCH, look
from trade2026.prism.market import Market

START_NS: Final = 1_767_571_200 * NS_PER_S
"""When simulated sessions begin: Monday, 5 January 2026, 0:00 UTC."""
MINUTE_NS: Final = 60 * NS_PER_S
DAY_S: Final = 86_400
WARM_MINUTES: Final = 10
"""The market trades so long before anything is measured."""

_WIDTHS: Final = 1_024
_DISTANCES: Final = 16_384
_LEVELS: Final = 4_096
_RUNGS_MIN: Final = 2**16
_ROOM: Final = 4
"""The ladder goes to so many times the first price."""

Progress = Callable[[float], None]
"""Told, time and again, which share of a run is done."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What a run gave."""

    session: Session
    crossed: int
    """Events after which bid and ask crossed, or a level was negative."""
    made: int
    """Cash and inventory that was made or lost, in square nanos and nanos; 0 in a sound market."""
    events: int
    """How many there were, of all symbols."""


class Watcher:
    """Follows one symbol of a market through its events.

    Args:
        start_ns: from when on; what the book showed before must be among the events as well.
        rungs: prices from so many ticks on are not seen.
    """

    def __init__(self, *, start_ns: int, rungs: int) -> None:
        self._block = new_block(RUNGS_AT + rungs * RUNGS.layout.size)
        self._head()["rungs"] = rungs
        self._head()["now"] = start_ns
        self.begin(start_ns, seconds=WARM_MINUTES * 60)

    def begin(self, now_ns: int, *, seconds: int) -> None:
        """Measure for so many *seconds* from now on, and forget what was measured before."""
        head = self._head()
        assert head["now"] == now_ns
        head["begin"] = now_ns
        self._seconds = np.zeros((seconds, 4))
        self._spread_ns = np.zeros(_WIDTHS, np.int64)
        self._placed = np.zeros(_DISTANCES, np.int64)
        self._trades: list[NDArray[np.int64]] = []
        self._profile = np.zeros(_DISTANCES)
        self._looks = 0

    def add(self, events: NDArray[np.void], until_ns: int) -> None:
        """Follow the next *events* of the symbol; nothing else happens up to *until_ns*."""
        rows = np.ascontiguousarray(events)
        look(
            self._block.ctypes.data,
            rows.ctypes.data,
            len(rows),
            until_ns,
            self._seconds,
            self._spread_ns,
            self._placed,
        )
        trades = rows[rows["kind"] == EventKind.TRADE]
        if len(trades):
            self._trades.append(merged(trades))

    def add_depth(self, bids: NDArray[np.int64], asks: NDArray[np.int64]) -> None:
        """Take another look at what is shown: ticks and lots of each side, `(n, 2)`, best first."""
        if not (len(bids) and len(asks)):
            return
        for levels in (bids, asks):
            behind = np.abs(levels[:, 0] - levels[0, 0])
            is_seen = behind < _DISTANCES
            self._profile[behind[is_seen]] += levels[is_seen, 1]
        self._looks += 2

    @property
    def crossed(self) -> int:
        """Return after how many events the book was not one."""
        return int(self._head()["crossed"])

    def session(self) -> Session:
        """Return what it saw."""
        assert not self._head()["unseen"], "prices have left the ladder"
        mid, volume, flow, touch = self._seconds.T.copy()
        trades = np.concatenate(self._trades) if self._trades else np.zeros((0, 3), np.int64)
        return Session(
            begin_ns=int(self._head()["begin"]),
            mid=mid,
            volume=volume,
            imbalance=flow,
            touch=touch,
            trade_ns=trades[:, 0].copy(),
            trade_sign=trades[:, 1].copy(),
            trade_lots=trades[:, 2].copy(),
            spread_s=self._spread_ns / NS_PER_S,
            placed=self._placed,
            profile=self._profile / max(1, self._looks),
        )

    def _head(self) -> Row:
        return self._block[: WATCH.size].view(WATCH.dtype)[0]


def merged(trades: NDArray[np.void]) -> NDArray[np.int64]:
    """Return *trades* with all that one incoming order took at once as one, `(n, 3)`.

    Time in ns, the taker's sign, lots.
    """
    is_new = np.ones(len(trades), bool)
    is_new[1:] = (np.diff(trades["taker_number"]) != 0) | (np.diff(trades["time_ns"]) != 0)
    first = np.flatnonzero(is_new)
    return np.column_stack(
        [
            trades["time_ns"][first],
            trades["side"][first].astype(np.int64),
            np.add.reduceat(trades["lots"], first),
        ]
    )


def record(
    config: MarketConfig,
    *,
    days: float,
    symbol: str = "",
    on_events: Callable[[NDArray[np.void]], None] | None = None,
    on_progress: Progress | None = None,
) -> Recording:
    """Run a market of *config* and return what one of its symbols did.

    Args:
        config: its seed fixes everything.
        days: of 24 hours, in whole minutes; the market has traded for `WARM_MINUTES` before.
        symbol: the first one, unless told.
        on_events: given all events of all symbols in order, `MARKET_EVENT` records.
        on_progress: see `Progress`.
    """
    market = Market(config, start_ns=START_NS)
    which = market.symbols.index(symbol) if symbol else 0
    minutes = round(days * DAY_S / 60)
    watcher = Watcher(start_ns=START_NS, rungs=rungs_of(config.symbols[which]))
    count, before = 0, _owned(market)
    for minute in range(1, WARM_MINUTES + minutes + 1):
        now_ns = START_NS + minute * MINUTE_NS
        market.run_until(now_ns)
        events = market.drain()
        count += len(events)
        if on_events is not None:
            on_events(events)
        watcher.add(events[events["symbol"] == which], now_ns)
        if minute == WARM_MINUTES:
            watcher.begin(now_ns, seconds=minutes * 60)
        watcher.add_depth(*market.depth(market.symbols[which], _LEVELS))
        if on_progress is not None:
            on_progress(minute / (WARM_MINUTES + minutes))
    return Recording(
        session=watcher.session(),
        crossed=watcher.crossed,
        made=sum(abs(now - then) for now, then in zip(_owned(market), before, strict=True)),
        events=count,
    )


def rungs_of(symbol: SymbolConfig) -> int:
    """Return up to which price, in ticks, a symbol's book is followed."""
    return max(_RUNGS_MIN, _ROOM * int(symbol.start_px) // int(symbol.instrument.tick_size))


def _owned(market: Market) -> list[int]:
    """Return all cash and all inventory of each symbol, over all agents."""
    cash = dict.fromkeys(market.symbols, 0)
    inventory = dict.fromkeys(market.symbols, 0)
    for holding in market.holdings():
        cash[holding.symbol] += holding.cash
        inventory[holding.symbol] += holding.inventory
    return [*cash.values(), *inventory.values()]
