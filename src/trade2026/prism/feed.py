"""PRISM's public feed, in the dialect of Binance's spot streams.

Per symbol, in one batch: the trades, one `depthUpdate` with the absolute quantities of the
levels that changed, the best bid and offer where they changed, and from time to time a
snapshot to begin from. `U` and `u` follow one another without a gap within a life and begin
above every life before, so a restart looks like the gap it is. While the bids and offers of
an auction cross, the book is not told: what changed comes when they no longer do. `N` is the
event's time in nanoseconds, finer than the dialect's milliseconds.

Source: Binance Spot API, "WebSocket Streams", Trade, Diff. Depth and Book Ticker streams.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trade2026.core.clock import NS_PER_MS, NS_PER_S, TimeNs
from trade2026.core.numbers import format_nanos
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.market import RawBatch, RawFrame
from trade2026.model.order import Side
from trade2026.prism.exchange import EventKind, Exchange, Levels, MarketEvent

SNAPSHOT_EVERY_NS: Final = 2 * NS_PER_S
SNAPSHOT_LEVELS: Final = 1_000
LIFE_STRIDE: Final = 10**12
"""Sequence numbers of one life; at a thousand events a second they last thirty years."""


_SILENT: Final = frozenset(
    {
        EventKind.KILLED,
        EventKind.TRIGGERED,
        EventKind.WAITING,
        EventKind.PHASE,
        EventKind.REFUSED,
    }
)
"""What changes no level of the book."""
_MEETINGS: Final = frozenset({EventKind.TRADE, EventKind.DECREMENTED})
"""What changes the level of the side that did not come."""


class _Channel:
    """One symbol's feed: what changed since its last batch."""

    def __init__(self, instrument: Instrument, life: int) -> None:
        self.instrument = instrument
        self.session = f"{PRISM}-{life}-{instrument.symbol}"
        self._base = life * LIFE_STRIDE
        self._last_update = self._base
        self._last_trade = self._base
        self._stream = instrument.symbol.lower()
        self._frames: list[dict[str, Any]] = []
        self._changed: dict[tuple[Side, int], int] = {}
        self._seen_seq = 0
        self._best: tuple[Levels, Levels] = ([], [])
        self._snapshot_due_ns = 0
        self._snapshot_sim_ns = -1
        self._snapshot_recv_ns = 0
        self._next_index = 0

    def add(self, event: MarketEvent) -> None:
        """Take in one event of the symbol."""
        self._seen_seq = event.seq
        if event.kind in _SILENT or not event.ticks:
            return
        side = event.side
        if event.kind is EventKind.TRADE:
            self._add_trade(event)
            if event.is_auction:
                # Its levels follow as events of their own.
                return
        if event.kind in _MEETINGS:
            side = side.opposite
        self._changed[side, event.ticks] = event.level_lots

    def batch(self, exchange: Exchange, recv_ns: TimeNs) -> RawBatch | None:
        """Return what is new as one batch, None when nothing is."""
        now_ns = exchange.sim_ns
        symbol = self.instrument.symbol
        if is_crossed(best := exchange.depth(symbol, 1)):
            return self._packed(recv_ns)
        if self._changed:
            self._add_depth_update(now_ns)
            if best != self._best:
                self._best = best
                self._add_book_ticker(best, now_ns)
        # A market that is slower than time shows itself as often; one that stands, not at all.
        is_late = recv_ns >= self._snapshot_recv_ns + SNAPSHOT_EVERY_NS
        if now_ns >= self._snapshot_due_ns or (is_late and now_ns > self._snapshot_sim_ns):
            self._snapshot_due_ns = now_ns + SNAPSHOT_EVERY_NS
            self._snapshot_sim_ns, self._snapshot_recv_ns = now_ns, recv_ns
            self._add_snapshot(exchange.depth(symbol, SNAPSHOT_LEVELS), now_ns)
        return self._packed(recv_ns)

    def _packed(self, recv_ns: TimeNs) -> RawBatch | None:
        if not self._frames:
            return None
        frames = tuple(
            RawFrame(ts_recv_ns=recv_ns, payload=msgspec.json.encode(frame))
            for frame in self._frames
        )
        self._frames = []
        first_index = self._next_index
        self._next_index += len(frames)
        return RawBatch(
            venue=PRISM,
            symbol=self.instrument.symbol,
            first_index=first_index,
            session=self.session,
            frames=frames,
        )

    def _add_trade(self, event: MarketEvent) -> None:
        self._last_trade += 1
        self._say(
            "trade",
            {
                "e": "trade",
                "E": event.time_ns // NS_PER_MS,
                "s": self.instrument.symbol,
                "t": self._last_trade,
                "p": self._px(event.ticks),
                "q": self._qty(event.lots),
                "T": event.time_ns // NS_PER_MS,
                # True when the buyer was the maker, so that the seller was the aggressor.
                "m": event.side is Side.SELL,
                "N": event.time_ns,
            },
        )

    def _add_depth_update(self, now_ns: int) -> None:
        first, self._last_update = self._last_update + 1, self._base + self._seen_seq
        changes = {side: list[tuple[str, str]]() for side in Side}
        for (side, ticks), lots in self._changed.items():
            changes[side].append((self._px(ticks), self._qty(lots)))
        self._changed = {}
        self._say(
            "depth",
            {
                "e": "depthUpdate",
                "E": now_ns // NS_PER_MS,
                "s": self.instrument.symbol,
                "U": first,
                "u": self._last_update,
                "b": changes[Side.BUY],
                "a": changes[Side.SELL],
                "N": now_ns,
            },
        )

    def _add_book_ticker(self, best: tuple[Levels, Levels], now_ns: int) -> None:
        (bid_ticks, bid_lots), (ask_ticks, ask_lots) = (
            side[0] if side else (0, 0) for side in best
        )
        self._say(
            "bookTicker",
            {
                "u": self._last_update,
                "s": self.instrument.symbol,
                "b": self._px(bid_ticks),
                "B": self._qty(bid_lots),
                "a": self._px(ask_ticks),
                "A": self._qty(ask_lots),
                "N": now_ns,
            },
        )

    def _add_snapshot(self, depth: tuple[Levels, Levels], now_ns: int) -> None:
        bids, asks = (
            [(self._px(ticks), self._qty(lots)) for ticks, lots in side] for side in depth
        )
        frame = {"lastUpdateId": self._last_update, "bids": bids, "asks": asks, "N": now_ns}
        self._frames.append(frame)

    def _say(self, stream: str, data: dict[str, Any]) -> None:
        self._frames.append({"stream": f"{self._stream}@{stream}", "data": data})

    def _px(self, ticks: int) -> str:
        return format_nanos(ticks * self.instrument.tick_size)

    def _qty(self, lots: int) -> str:
        return format_nanos(lots * self.instrument.lot_size)


def is_crossed(best: tuple[Levels, Levels]) -> bool:
    """Return whether a bid reaches an offer, as during an auction."""
    bids, asks = best
    return bool(bids) and bool(asks) and bids[0][0] >= asks[0][0]


class Feed:
    """The feeds of all symbols in one life of the market."""

    def __init__(self, instruments: Mapping[str, Instrument], *, life: int) -> None:
        self._channels = {
            symbol: _Channel(instrument, life) for symbol, instrument in instruments.items()
        }

    def add(self, event: MarketEvent) -> None:
        """Take in one event of the market; every event, in order."""
        self._channels[event.symbol].add(event)

    def batches(self, exchange: Exchange, recv_ns: TimeNs) -> list[RawBatch]:
        """Return what is new, a batch a symbol. All events of *exchange* must be taken in."""
        batches = (channel.batch(exchange, recv_ns) for channel in self._channels.values())
        return [batch for batch in batches if batch is not None]
