"""The normaliser at work: raw frames from the log, market events back into it.

The state is a fold over the log of raw frames: a book needs the snapshot it began with, and
a day's bar every trade of the day. So the frames are not consumed with acknowledgements but
folded from a checkpoint, which holds the state as of one frame. What is folded again after
a crash is told again under the same event ids, and the log stores it once. Its memory of
ids is bounded; trades, which must not come twice, are moreover compared with the newest
ones in the log.

Live copies are shown at most `SHOW_S` apart for each instrument, whatever the feed's pace.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import CodecError, StartError
from trade2026.core.ids import EventId
from trade2026.desk.persistence import append_until_stored
from trade2026.domain.market.feed import FeedState, open_feed
from trade2026.domain.market.normalizer import Fault, Normalized, step, tick
from trade2026.domain.market.numeral import Numerals
from trade2026.model import codec
from trade2026.model.market import (
    BarBatch,
    QuoteBatch,
    RawBatch,
    RejectedBatch,
    RejectedFrame,
    Trade,
    TradeBatch,
)
from trade2026.model.subjects import (
    FRAME_REJECT,
    LIVE_BOOK,
    LIVE_TICKER,
    LIVE_TRADE,
    MARKET_BAR,
    MARKET_BOOK,
    MARKET_QUOTE,
    MARKET_TRADE,
    Event,
    Stream,
)
from trade2026.ports.bus import Bus, Delivery

SHOW_S: Final = 0.05
TICK_NS: Final = NS_PER_S // 4
CHECKPOINT_NS: Final = 5 * NS_PER_S
LAG_NS: Final = NS_PER_S
"""Further behind the log than this, the clock closes no bars: their trades are on the way."""
LIVE_DEPTH: Final = 100
LIVE_TRADES: Final = 200
REJECTS_SHOWN: Final = 100
REREAD_LIMIT: Final = 50_000
"""Raw batches read again at most when there is no checkpoint."""
TOLD_BACK: Final = 2_000
"""Market events looked at for the newest trades told."""
CHECKPOINT_FORM: Final = 1
UNKNOWN_VENUE: Final = "UNKNOWN_VENUE"


class CheckpointStore(Protocol):
    """Where the checkpoint is kept; losing it costs time, not data."""

    def read(self) -> bytes | None:
        """Return what was written last."""
        ...

    def write(self, content: bytes) -> None:
        """Replace it."""
        ...


class Checkpoint(msgspec.Struct, kw_only=True):
    """The state after the raw batch at `raw_seq`."""

    form: int
    raw_seq: int
    feeds: list[FeedState]


class Desk(msgspec.Struct, kw_only=True):
    """One feed and what of it has not been shown yet."""

    state: FeedState
    is_changed: bool = False
    shown_book_seq: int = -1
    fresh_trades: deque[Trade] = msgspec.field(default_factory=lambda: deque(maxlen=LIVE_TRADES))


Message = tuple[Event[Any], object]


class NormalizerDesk:
    """Folds raw frames and tells what they bring."""

    def __init__(
        self, bus: Bus, clock: Clock, log: FilteringBoundLogger, store: CheckpointStore
    ) -> None:
        self.feeds: dict[tuple[str, str], Desk] = {}
        self.rejects: deque[RejectedBatch] = deque(maxlen=REJECTS_SHOWN)
        """The newest, from the dead-letter stream."""
        self._bus = bus
        self._clock = clock
        self._log = log
        self._store = store
        self._numerals = Numerals()
        self._raw_seq = 0
        self._saved_seq = 0
        self._saved_ns = 0
        self._ticked_ns = 0
        self._handled_ns = 0
        self._lag_ns = 0
        self._reread_until = 0
        self._told_ns: dict[tuple[str, str], int] = {}
        # The clock closes bars while no batch is in hand, so that bars stay in order.
        self._hand = asyncio.Lock()

    async def begin(self) -> int:
        """Restore the checkpoint and return the sequence of the first raw batch to fold."""
        newest = await self._bus.last_seq(Stream.RAW)
        checkpoint = self._checkpoint()
        if checkpoint is not None and checkpoint.raw_seq <= newest:
            self.feeds = {
                (state.venue, state.symbol): Desk(state=state) for state in checkpoint.feeds
            }
            self._raw_seq = self._saved_seq = checkpoint.raw_seq
        else:
            self._raw_seq = self._saved_seq = max(0, newest - REREAD_LIMIT)
        self._reread_until = newest
        await self._read_told()
        return self._raw_seq + 1

    async def on_raw(self, batch: RawBatch, delivery: Delivery) -> None:
        """Normalise one batch and tell what it brings."""
        async with self._hand:
            desk = self._desk(batch.venue, batch.symbol)
            if desk is None:
                await self._reject(batch, _unknown_venue(batch))
            else:
                await self._take(desk, batch, delivery)
            self._raw_seq = delivery.stream_seq
            self._handled_ns = self._clock.monotonic_ns()
            self._lag_ns = self._clock.now_ns() - delivery.appended_ns

    async def on_reject(self, batch: RejectedBatch, _: Delivery) -> None:
        """Keep a rejected batch for people to look at."""
        self.rejects.append(batch)

    async def run(self) -> None:
        """Show live copies, let time close bars, and keep the checkpoint, forever."""
        while True:
            await asyncio.sleep(SHOW_S)
            self.show()
            now_ns = self._clock.monotonic_ns()
            if now_ns - self._ticked_ns >= TICK_NS:
                self._ticked_ns = now_ns
                await self.close_bars()
            if now_ns - self._saved_ns >= CHECKPOINT_NS:
                self._saved_ns = now_ns
                await self.save()

    def show(self) -> None:
        """Show the latest of each instrument that changed."""
        for desk in self.feeds.values():
            if not desk.is_changed:
                continue
            desk.is_changed = False
            state = desk.state
            keys = {"venue": state.venue, "symbol": state.symbol}
            self._bus.show(LIVE_TICKER, state.ticker(), **keys)
            shown_seq = state.sync.book.seq if state.sync.is_synced else 0
            if shown_seq != desk.shown_book_seq:
                desk.shown_book_seq = shown_seq
                self._bus.show(LIVE_BOOK, state.book(LIVE_DEPTH), **keys)
            if desk.fresh_trades:
                trades = TradeBatch(**keys, records=tuple(desk.fresh_trades))
                desk.fresh_trades.clear()
                self._bus.show(LIVE_TRADE, trades, **keys)

    async def close_bars(self) -> None:
        """Tell of bars whose time is over although no trade came to close them."""
        is_idle = self._clock.monotonic_ns() - self._handled_ns >= LAG_NS
        if self._lag_ns >= LAG_NS and not is_idle:
            return
        async with self._hand:
            for desk in self.feeds.values():
                state = desk.state
                bars = tick(state, self._clock.now_ns())
                if not bars:
                    continue
                first = bars[0]
                await self._tell(
                    f"{_name(state)}.{state.next_index}.clock.{first.start_ns}.{first.interval_ns}",
                    [(MARKET_BAR, BarBatch(venue=state.venue, symbol=state.symbol, records=bars))],
                    state.venue,
                    state.symbol,
                )

    async def save(self) -> None:
        """Keep a checkpoint of what has been told so far."""
        async with self._hand:
            if self._raw_seq == self._saved_seq:
                return
            checkpoint = Checkpoint(
                form=CHECKPOINT_FORM,
                raw_seq=self._raw_seq,
                feeds=[desk.state for desk in self.feeds.values()],
            )
            try:
                self._store.write(codec.encode(checkpoint))
            except StartError as error:
                self._log.warning("no checkpoint kept", why=str(error))
                return
            self._saved_seq = self._raw_seq

    def _checkpoint(self) -> Checkpoint | None:
        content = self._store.read()
        if content is None:
            return None
        try:
            checkpoint = codec.decode(Checkpoint, content)
        except CodecError as error:
            self._log.warning("checkpoint unreadable, folding from the log alone", why=str(error))
            return None
        return checkpoint if checkpoint.form == CHECKPOINT_FORM else None

    async def _read_told(self) -> None:
        """Learn from the log up to which arrival trades have been told."""

        async def note(batch: TradeBatch, _: Delivery) -> None:
            key = (batch.venue, batch.symbol)
            newest_ns = max(trade.ts_recv_ns for trade in batch.records)
            self._told_ns[key] = max(newest_ns, self._told_ns.get(key, 0))

        newest = await self._bus.last_seq(Stream.MARKET)
        if newest:
            reading = await self._bus.fold(
                MARKET_TRADE, note, from_seq=max(1, newest + 1 - TOLD_BACK)
            )
            await reading.stop()

    def _desk(self, venue: str, symbol: str) -> Desk | None:
        desk = self.feeds.get((venue, symbol))
        if desk is None:
            state = open_feed(venue, symbol)
            if state is None:
                return None
            desk = self.feeds[venue, symbol] = Desk(state=state)
        return desk

    async def _take(self, desk: Desk, batch: RawBatch, delivery: Delivery) -> None:
        state = desk.state
        gaps = state.sync.gap_count
        out = step(state, batch, self._numerals)
        if state.sync.gap_count != gaps:
            self._log.warning(
                "book out of sync, waiting for a snapshot",
                venue=state.venue,
                symbol=state.symbol,
                gaps=state.sync.gap_count,
            )
        trades = tuple(out.trades)
        if delivery.stream_seq <= self._reread_until and self._is_told(batch, trades):
            trades = ()
        await self._tell(
            f"{_name(state)}.{batch.first_index}",
            _messages(batch, out, trades),
            batch.venue,
            batch.symbol,
        )
        if out.faults:
            await self._reject(batch, out.faults)
        desk.fresh_trades.extend(trades)
        desk.is_changed = True

    def _is_told(self, batch: RawBatch, trades: Sequence[Trade]) -> bool:
        told_ns = self._told_ns.get((batch.venue, batch.symbol), 0)
        return bool(trades) and trades[-1].ts_recv_ns <= told_ns

    async def _reject(self, batch: RawBatch, faults: Sequence[Fault | RejectedFrame]) -> None:
        message = RejectedBatch(
            venue=batch.venue,
            symbol=batch.symbol,
            session=batch.session,
            ts_recv_ns=batch.frames[-1].ts_recv_ns,
            records=tuple(
                RejectedFrame(
                    index=fault.index, code=fault.code, text=fault.text, payload=fault.payload
                )
                for fault in faults
            ),
        )
        name = f"{batch.session}.{batch.venue}.{batch.symbol}.{batch.first_index}"
        await self._tell(name, [(FRAME_REJECT, message)], batch.venue, batch.symbol)

    async def _tell(self, name: str, messages: Sequence[Message], venue: str, symbol: str) -> None:
        """Append *messages*, in order within each subject, and return when all are stored."""
        by_subject: dict[str, list[tuple[EventId, Message]]] = {}
        for message in messages:
            pattern = message[0].pattern
            run = by_subject.setdefault(pattern, [])
            # Counted within its subject: trades left out must not move the ids of the rest.
            run.append((EventId(f"{name}.{pattern.split('.')[1]}.{len(run)}"), message))

        async def append_all(run: Sequence[tuple[EventId, Message]]) -> None:
            for event_id, (subject, message) in run:
                await append_until_stored(
                    self._bus,
                    self._log,
                    subject,
                    message,
                    event_id=event_id,
                    venue=venue,
                    symbol=symbol,
                )

        async with asyncio.TaskGroup() as tasks:
            for run in by_subject.values():
                tasks.create_task(append_all(run))


def _name(state: FeedState) -> str:
    return f"{state.session}.{state.venue}.{state.symbol}"


def _messages(batch: RawBatch, out: Normalized, trades: tuple[Trade, ...]) -> list[Message]:
    keys = {"venue": batch.venue, "symbol": batch.symbol}
    messages: list[Message] = []
    if trades:
        messages.append((MARKET_TRADE, TradeBatch(**keys, records=trades)))
    if out.quotes:
        messages.append((MARKET_QUOTE, QuoteBatch(**keys, records=tuple(out.quotes))))
    messages += [(MARKET_BOOK, book) for book in out.books(**keys)]
    if out.bars:
        messages.append((MARKET_BAR, BarBatch(**keys, records=out.bars)))
    return messages


def _unknown_venue(batch: RawBatch) -> list[RejectedFrame]:
    return [
        RejectedFrame(
            index=batch.first_index + offset,
            code=UNKNOWN_VENUE,
            text=f"nobody here speaks the dialect of {batch.venue[:40]}",
            payload=frame.payload,
        )
        for offset, frame in enumerate(batch.frames)
    ]
