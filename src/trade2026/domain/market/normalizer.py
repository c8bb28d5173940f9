"""The normalising stage: a batch of raw frames into trades, quotes, book changes and bars.

`step` changes the feed's state and returns what to publish; it reads no clock and does no
input or output. The same frames give the same output, whenever they are read. A frame that
cannot be used becomes a `Fault`; the flow goes on.

Quotes come from the venue's own stream of them. Where it has none, or says nothing for
`QUIET_NS` because nothing changed, the book in sync speaks: whoever trades on a quote must
be able to tell a calm market from a dead feed.

A book is published as a snapshot, then deltas that each follow the one before. When it
falls out of sync an empty snapshot says so: nobody may trade on what it was. A fresh
snapshot goes out every `REFRESH_NS`, for those who join late.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from trade2026.core.clock import NS_PER_MS, NS_PER_S, TimeNs
from trade2026.core.errors import InvalidNumberError
from trade2026.core.numbers import Px
from trade2026.domain.market.bars import BarBuilder, SeenIds, Tick
from trade2026.domain.market.binance import (
    DepthFrame,
    FaultCode,
    Levels,
    Malformed,
    QuoteFrame,
    SnapshotFrame,
    TradeFrame,
    read_frame,
)
from trade2026.domain.market.feed import FeedState
from trade2026.domain.market.numeral import Numerals, PxMemo, QtyMemo
from trade2026.domain.market.sync import STALE_LIMIT, Advance, Rule, Update
from trade2026.model.market import (
    Aggressor,
    Bar,
    BookBatch,
    BookDelta,
    BookSnapshot,
    Level,
    Quote,
    RawBatch,
    Trade,
)

REFRESH_NS: Final = 5 * NS_PER_S
QUIET_NS: Final = NS_PER_S
"""Without a quote for so long, one is read off the book."""
SNAPSHOT_DEPTH: Final = 1_000
"""Levels a side of a published snapshot; deeper ones follow as they change."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that was of no use, by its position in the feed session."""

    index: int
    code: FaultCode
    text: str
    payload: bytes


class BookPart(msgspec.Struct):
    """A run of deltas, and the snapshot they start from if it is new."""

    snapshot: BookSnapshot | None
    deltas: list[BookDelta] = []


class Normalized(msgspec.Struct):
    """What one batch of frames brought."""

    trades: list[Trade] = []
    quotes: list[Quote] = []
    parts: list[BookPart] = []
    bars: tuple[Bar, ...] = ()
    faults: list[Fault] = []

    def books(self, venue: str, symbol: str) -> list[BookBatch]:
        """Return the book changes as messages, in order."""
        return [
            BookBatch(venue=venue, symbol=symbol, snapshot=part.snapshot, deltas=tuple(part.deltas))
            for part in self.parts
        ]


class Pass(msgspec.Struct):
    """One run over a batch: the state it changes and the output it fills."""

    state: FeedState
    px_of: PxMemo
    qty_of: QtyMemo
    out: Normalized


def step(state: FeedState, batch: RawBatch, numerals: Numerals) -> Normalized:
    """Take the frames of *batch* that were not taken before, and return what they bring.

    A frame delivered again is passed over, so handling a batch twice changes nothing.
    """
    out = Normalized()
    frames = batch.frames
    start = _enter(state, batch, out)
    if start >= len(frames):
        return out
    run = Pass(state, numerals.px, numerals.qty, out)
    if state.sync.is_synced and frames[start].ts_recv_ns >= state.refresh_ns:
        _refresh(run, frames[start].ts_recv_ns)
    state.bars.advance(frames[start].ts_recv_ns)
    counts = state.counts
    for offset in range(start, len(frames)):
        raw = frames[offset]
        record = read_frame(raw.payload)
        try:
            fault = _TAKERS[type(record)](run, record, raw.ts_recv_ns)
        except InvalidNumberError as error:
            fault = Malformed(code=FaultCode.BAD_NUMBER, text=str(error))
        if fault is not None:
            counts.malformed += 1
            out.faults.append(
                Fault(
                    index=batch.first_index + offset,
                    code=fault.code,
                    text=fault.text,
                    payload=raw.payload,
                )
            )
    counts.frames += len(frames) - start
    counts.trades += len(out.trades)
    counts.quotes += len(out.quotes)
    state.session_trade_count += len(out.trades)
    state.recv_ns = frames[-1].ts_recv_ns
    out.bars = state.bars.take()
    return out


def tick(state: FeedState, now_ns: TimeNs) -> tuple[Bar, ...]:
    """Return the bars that the passing of time has closed, at our time *now_ns*."""
    state.bars.advance(now_ns)
    return state.bars.take()


def _enter(state: FeedState, batch: RawBatch, out: Normalized) -> int:
    """Return how many frames of *batch* were taken before; begin its session if it is new."""
    if batch.session != state.session:
        _begin_session(state, batch, out)
    skipped = state.next_index - batch.first_index
    state.next_index = max(state.next_index, batch.first_index + len(batch.frames))
    if skipped < 0:
        state.counts.missed_frames -= skipped
        return 0
    state.counts.repeated_frames += min(skipped, len(batch.frames))
    return skipped


def _begin_session(state: FeedState, batch: RawBatch, out: Normalized) -> None:
    state.session = batch.session
    state.next_index = batch.first_index
    state.has_quote_stream = False
    state.quote = None
    state.session_qty = 0
    state.session_trade_count = 0
    if state.sync.is_synced:
        out.parts.append(BookPart(_empty(state)))
    state.sync.lose()
    state.sync.buffer.clear()
    if batch.is_replay:
        # The same trades come again, with the same ids and the same times of long ago.
        state.bars = BarBuilder()
        state.seen = SeenIds()
        state.last_trade = None
        state.venue_ns = TimeNs(0)


def _empty(state: FeedState) -> BookSnapshot:
    return BookSnapshot(
        ts_event_ns=state.book_event_ns,
        ts_recv_ns=state.recv_ns,
        seq=state.sync.book.seq,
        bids=(),
        asks=(),
    )


def _refresh(run: Pass, recv_ns: int) -> None:
    run.out.parts.append(BookPart(run.state.book(SNAPSHOT_DEPTH)))
    run.state.refresh_ns = recv_ns + REFRESH_NS


def _take_malformed(run: Pass, record: Malformed, recv_ns: TimeNs) -> Malformed:  # noqa: ARG001 - one of the takers.
    return record


def _wrong_symbol(run: Pass, symbol: str) -> Malformed:
    return Malformed(
        code=FaultCode.WRONG_SYMBOL,
        text=f"{symbol[:40]!r} on the feed of {run.state.symbol}",
    )


def _take_trade(run: Pass, frame: TradeFrame, recv_ns: TimeNs) -> Malformed | None:
    state = run.state
    if frame.s != state.symbol:
        return _wrong_symbol(run, frame.s)
    if frame.X != "MARKET":
        state.counts.off_book_trades += 1
        return None
    px = run.px_of[frame.p]
    qty = run.qty_of[frame.q]
    if not qty:
        return Malformed(code=FaultCode.BAD_NUMBER, text="a trade of nothing")
    if not state.seen.is_new(frame.t):
        state.counts.repeated_trades += 1
        return None
    ts_ns = TimeNs(frame.N or frame.T * NS_PER_MS)
    trade = Trade(
        ts_event_ns=ts_ns,
        ts_recv_ns=recv_ns,
        trade_id=str(frame.t),
        px=px,
        qty=qty,
        aggressor_side=Aggressor.SELL if frame.m else Aggressor.BUY,
    )
    run.out.trades.append(trade)
    state.bars.add(Tick((ts_ns, frame.t), px, qty, recv_ns))
    state.venue_ns = ts_ns
    state.last_trade = trade
    state.session_qty += qty
    return None


def _take_quote(run: Pass, frame: QuoteFrame, recv_ns: TimeNs) -> Malformed | None:
    state = run.state
    if frame.s != state.symbol:
        return _wrong_symbol(run, frame.s)
    state.has_quote_stream = True
    if state.quote is not None and frame.u <= state.quote.seq:
        state.counts.stale_quotes += 1
        state.stale_run += 1
        if state.stale_run < STALE_LIMIT:
            return None
        # Not these are wrong then, but the number of the one before them.
    bid_qty = run.qty_of[frame.B]
    ask_qty = run.qty_of[frame.A]
    bid_px = run.px_of[frame.b] if bid_qty else Px(0)
    ask_px = run.px_of[frame.a] if ask_qty else Px(0)
    if bid_px >= ask_px and ask_px:
        return Malformed(code=FaultCode.CROSSED, text=f"bid {frame.b}, offer {frame.a}")
    state.quote = Quote(
        # Spot gives a quote no time: the venue's last known time is the nearest truth.
        ts_event_ns=TimeNs(frame.N or frame.T * NS_PER_MS or state.venue_ns or recv_ns),
        ts_recv_ns=recv_ns,
        seq=frame.u,
        best_bid_px=bid_px,
        best_bid_qty=bid_qty,
        best_ask_px=ask_px,
        best_ask_qty=ask_qty,
    )
    run.out.quotes.append(state.quote)
    state.stale_run = 0
    return None


def _take_depth(run: Pass, frame: DepthFrame, recv_ns: TimeNs) -> Malformed | None:
    state = run.state
    if frame.s != state.symbol:
        return _wrong_symbol(run, frame.s)
    if frame.u < frame.U:
        return Malformed(code=FaultCode.BAD_FIELD, text=f"U {frame.U} is above u {frame.u}")
    link_seq = frame.U - 1
    if state.sync.rule is Rule.USDM:
        if frame.pu is None:
            return Malformed(code=FaultCode.BAD_FIELD, text="`pu` is missing")
        link_seq = frame.pu
    ts_ns = frame.ts_event_ns
    delta = BookDelta(
        ts_event_ns=ts_ns,
        ts_recv_ns=recv_ns,
        prev_seq=0,
        seq=frame.u,
        bids=_levels(frame.b, run),
        asks=_levels(frame.a, run),
    )
    state.venue_ns = ts_ns
    update = Update(first_seq=frame.U, link_seq=link_seq, delta=delta)
    _follow(run, state.sync.on_update(update), recv_ns)
    return None


def _take_snapshot(run: Pass, frame: SnapshotFrame, recv_ns: TimeNs) -> Malformed | None:
    state = run.state
    if not state.sync.wants(frame.last_update_id):
        return None
    snapshot = BookSnapshot(
        ts_event_ns=TimeNs(frame.ts_event_ns or state.venue_ns or recv_ns),
        ts_recv_ns=recv_ns,
        seq=frame.last_update_id,
        bids=_levels(frame.bids, run),
        asks=_levels(frame.asks, run),
    )
    advance = state.sync.on_snapshot(snapshot)
    _follow(run, advance, recv_ns)
    if state.sync.is_synced and advance.snapshot is None:
        # It agrees with the book, which has not changed for a while: that is news too.
        _quote_top(run, recv_ns)
    return None


_TAKERS: Final[dict[type, Callable[[Pass, Any, TimeNs], Malformed | None]]] = {
    TradeFrame: _take_trade,
    QuoteFrame: _take_quote,
    DepthFrame: _take_depth,
    SnapshotFrame: _take_snapshot,
    Malformed: _take_malformed,
}


def _levels(texts: Levels, run: Pass) -> tuple[Level, ...]:
    px_of = run.px_of
    qty_of = run.qty_of
    return tuple([Level(px_of[px], qty_of[qty]) for px, qty in texts])


def _follow(run: Pass, advance: Advance, recv_ns: TimeNs) -> None:
    """Publish the way the book has gone."""
    state = run.state
    parts = run.out.parts
    if advance.snapshot is not None:
        parts.append(BookPart(_cut(advance.snapshot)))
        state.book_event_ns = advance.snapshot.ts_event_ns
        state.refresh_ns = recv_ns + REFRESH_NS
    if advance.deltas:
        if not parts:
            parts.append(BookPart(None))
        parts[-1].deltas += advance.deltas
        state.book_event_ns = advance.deltas[-1].ts_event_ns
        state.counts.book_updates += len(advance.deltas)
    if advance.is_lost:
        parts.append(BookPart(_empty(state)))
    elif advance.deltas or advance.snapshot:
        _quote_top(run, recv_ns)


def _cut(snapshot: BookSnapshot) -> BookSnapshot:
    return BookSnapshot(
        ts_event_ns=snapshot.ts_event_ns,
        ts_recv_ns=snapshot.ts_recv_ns,
        seq=snapshot.seq,
        bids=snapshot.bids[:SNAPSHOT_DEPTH],
        asks=snapshot.asks[:SNAPSHOT_DEPTH],
    )


def _quote_top(run: Pass, recv_ns: TimeNs) -> None:
    """Read a quote off the book in sync, unless the venue's own is newer or not long ago."""
    state = run.state
    book = state.sync.book
    last = state.quote
    if last is not None:
        if book.seq < last.seq:
            return
        is_quiet = recv_ns - last.ts_recv_ns >= QUIET_NS
        if not is_quiet and (state.has_quote_stream or book.seq == last.seq):
            return
    top = book.top()
    state.quote = Quote(
        ts_event_ns=state.book_event_ns,
        ts_recv_ns=recv_ns,
        seq=book.seq,
        best_bid_px=top.bid_px,
        best_bid_qty=top.bid_qty,
        best_ask_px=top.ask_px,
        best_ask_qty=top.ask_qty,
    )
    run.out.quotes.append(state.quote)
