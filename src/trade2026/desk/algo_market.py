"""What parent orders see of the market, out of its log: after a restart they see on from there.

Volumes by the minute are kept as well, which volume curves are learnt from.
"""

from collections.abc import Iterable
from typing import Final

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty
from trade2026.domain.execution.curve import DAY_NS, MINUTE_NS, learn
from trade2026.domain.execution.watch import after_quotes, after_trades, held_until
from trade2026.model.algo import AlgoRequest, Seen, VolumeCurve
from trade2026.model.market import BarBatch, QuoteBatch, TradeBatch
from trade2026.model.subjects import Stream
from trade2026.ports.bus import Bus, Delivery

BACK_MOST: Final = 100_000
"""So many market events are read again after a restart at most; benchmarks miss what was before."""
BARS_BACK: Final = 20_000
"""Market events read again at the start for the bars among them."""
MINUTES_KEPT: Final = DAY_NS // MINUTE_NS + 60

_Place = tuple[str, str]


class AlgoMarket:
    """The market as parents have seen it since each began."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._mids: dict[_Place, Px] = {}
        self._minutes: dict[_Place, dict[int, Qty]] = {}
        self._requests: dict[_Place, dict[str, AlgoRequest]] = {}
        self._seen: dict[str, Seen] = {}
        self._trade_seq = 0
        self._quote_seq = 0

    async def first_trade_seq(self) -> int:
        """Return where the fold of trades begins: behind what all parents have counted."""
        return await self._first(seen.trade_seq for seen in self._seen.values())

    async def first_quote_seq(self) -> int:
        """Return the same for quotes."""
        return await self._first(seen.quote_seq for seen in self._seen.values())

    async def on_trades(self, batch: TradeBatch, delivery: Delivery) -> None:
        """Count trades."""
        self._trade_seq = delivery.stream_seq
        for algo_id, request in self._requests.get((batch.venue, batch.symbol), {}).items():
            self._seen[algo_id] = after_trades(
                self._seen[algo_id], batch.records, delivery.stream_seq, request.start_ns
            )

    async def on_quotes(self, batch: QuoteBatch, delivery: Delivery) -> None:
        """Take the newest mid price, and count how long the one before held."""
        self._quote_seq = delivery.stream_seq
        place = (batch.venue, batch.symbol)
        for quote in reversed(batch.records):
            if quote.mid_px is not None:
                self._mids[place] = quote.mid_px
                break
        for algo_id, request in self._requests.get(place, {}).items():
            self._seen[algo_id] = after_quotes(
                self._seen[algo_id], batch.records, delivery.stream_seq, request.start_ns
            )

    async def on_bars(self, batch: BarBatch, _: Delivery) -> None:
        """Keep the volumes of minutes; a correction replaces what it corrects."""
        kept = self._minutes.setdefault((batch.venue, batch.symbol), {})
        for bar in batch.records:
            if bar.interval_ns == MINUTE_NS:
                kept[bar.start_ns] = bar.volume_qty
                if len(kept) > MINUTES_KEPT:
                    del kept[min(kept)]

    def mid_px(self, request: AlgoRequest) -> Px:
        """Return the newest mid price of what *request* trades; 0 where none is known."""
        return self._mids.get((request.venue, request.symbol), Px(0))

    def curve(self, request: AlgoRequest) -> VolumeCurve:
        """Return the sender's own volume curve, or the one learnt."""
        if request.weights:
            span_ns = request.end_ns - request.start_ns
            bucket_ns = -(-span_ns // len(request.weights))
            return VolumeCurve(
                start_ns=request.start_ns, bucket_ns=bucket_ns, weights=request.weights
            )
        known = self._minutes.get((request.venue, request.symbol), {})
        return learn(known, request.start_ns, request.end_ns)

    def begin(self, request: AlgoRequest) -> Seen:
        """Return what a parent that begins now has seen: the mid price, and nothing traded."""
        return Seen(
            trade_seq=self._trade_seq,
            quote_seq=self._quote_seq,
            mid_px=self.mid_px(request),
            mid_ns=request.start_ns,
        )

    def follow(self, request: AlgoRequest, seen: Seen) -> None:
        """Count for a parent from *seen* on."""
        self._requests.setdefault((request.venue, request.symbol), {})[request.algo_id] = request
        self._seen[request.algo_id] = seen

    def leave(self, request: AlgoRequest) -> None:
        """Count for a parent no more."""
        place = (request.venue, request.symbol)
        following = self._requests.get(place, {})
        following.pop(request.algo_id, None)
        if not following:
            self._requests.pop(place, None)
        self._seen.pop(request.algo_id, None)

    def seen(self, algo_id: str, now_ns: TimeNs) -> Seen:
        """Return what a parent that is followed has seen up to now."""
        return held_until(self._seen[algo_id], now_ns)

    async def _first(self, counted: Iterable[int]) -> int:
        newest = await self._bus.last_seq(Stream.MARKET)
        behind = min(counted, default=newest)
        return max(1, min(behind, newest) + 1, newest + 1 - BACK_MOST)
