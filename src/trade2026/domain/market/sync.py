"""Keeping a book in step with its venue by the venue's own rules of synchronisation.

Updates are buffered until a snapshot comes. Those it already contains are dropped; the
first that is applied must reach over the snapshot's edge; from then on each must follow
the one before without a gap. A gap, or a book that crosses itself, takes the book out of
sync: it is counted, nothing of it is published, and the next snapshot starts it again.

Source: Binance API documentation, "How to manage a local order book correctly", Spot and
USD-M Futures.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.domain.market.book import OrderBook
from trade2026.model.market import BookDelta, BookSnapshot

BUFFER_LIMIT: Final = 2_000
"""Updates kept for a snapshot that is on its way. The oldest go first: a snapshot from
before them cannot be joined to the rest, and the next one is waited for."""


STALE_LIMIT: Final = 100
"""So many stale updates in a row mean that the book's own number is wrong: a damaged
snapshot must not leave a book that looks in sync and never moves again."""


class Rule(StrEnum):
    """How a venue numbers its updates."""

    SPOT = "SPOT"
    """``U`` follows the last ``u``; the first reaches over ``lastUpdateId + 1``."""
    USDM = "USDM"
    """``pu`` is the last ``u``; the first reaches over ``lastUpdateId``."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One depth update with the numbers that place it."""

    first_seq: int
    """``U``."""
    link_seq: int
    """``pu`` where the venue gives it, else ``U - 1``: the update this one follows."""
    delta: BookDelta
    """Its `prev_seq` is not known yet; `BookSync` fills it in."""


class Advance(msgspec.Struct, kw_only=True):
    """What an update or a snapshot brought about: the book's way from there to here."""

    snapshot: BookSnapshot | None = None
    """Where the book began anew."""
    deltas: list[BookDelta] = []
    """Updates applied, after the snapshot where there is one."""
    is_lost: bool = False
    """The book has fallen out of sync, after the deltas."""


NO_ADVANCE: Final = Advance()


class BookSync(msgspec.Struct, kw_only=True):
    """A book and its place in the venue's numbering."""

    rule: Rule
    book: OrderBook = msgspec.field(default_factory=OrderBook)
    is_synced: bool = False
    is_fresh: bool = False
    """No update has been applied since the snapshot."""
    buffer: list[Update] = []
    sync_count: int = 0
    gap_count: int = 0
    """How often the book fell out of sync."""
    stale_run: int = 0
    """Stale updates since the last one that was applied."""
    stale_count: int = 0
    """Updates that a snapshot or a later update already contained."""

    def lose(self) -> None:
        """Forget the book and wait for the next snapshot; counted if it was in sync."""
        if self.is_synced:
            self.gap_count += 1
        self.is_synced = False
        self.book = OrderBook(seq=self.book.seq)

    def on_update(self, update: Update) -> Advance:
        """Apply *update* if it follows, keep it while a snapshot is awaited."""
        if not self.is_synced:
            self._keep(update)
            return NO_ADVANCE
        if self._is_stale(update):
            self.stale_count += 1
            self.stale_run += 1
            if self.stale_run < STALE_LIMIT:
                return NO_ADVANCE
            self.lose()
            return Advance(is_lost=True)
        if not self._follows(update):
            self.lose()
            self._keep(update)
            return Advance(is_lost=True)
        delta = self._apply(update)
        if self.book.is_crossed:
            self.lose()
            return Advance(is_lost=True)
        return Advance(deltas=[delta])

    def wants(self, seq: int) -> bool:
        """Return whether a snapshot at *seq* can say something: the others need no reading."""
        return not self.is_synced or seq == self.book.seq

    def on_snapshot(self, snapshot: BookSnapshot) -> Advance:
        """Begin at *snapshot* when one is awaited; else check the book against it.

        A venue may send snapshots all the time. One of another moment than the book's says
        nothing while the book is in sync; one of the same moment must agree.
        """
        was_synced = self.is_synced
        if was_synced:
            if not self.wants(snapshot.seq) or self._agrees(snapshot):
                return NO_ADVANCE
            self.lose()
        self.book.replace(snapshot.seq, snapshot.bids, snapshot.asks)
        self.is_fresh = True
        waiting, self.buffer = self.buffer, []
        deltas: list[BookDelta] = []
        for place, update in enumerate(waiting):
            if self._is_stale(update):
                self.stale_count += 1
                continue
            if not self._follows(update):
                # The snapshot is older than what was kept: the next one may fit.
                self.buffer = waiting[place:]
                self.book = OrderBook()
                return Advance(is_lost=was_synced)
            deltas.append(self._apply(update))
        if self.book.is_crossed:
            self.book = OrderBook()
            return Advance(is_lost=was_synced)
        self.is_synced = True
        self.stale_run = 0
        self.sync_count += 1
        return Advance(snapshot=snapshot, deltas=deltas)

    def _keep(self, update: Update) -> None:
        self.buffer.append(update)
        if len(self.buffer) > BUFFER_LIMIT:
            del self.buffer[: BUFFER_LIMIT // 2]

    def _is_stale(self, update: Update) -> bool:
        if self.is_fresh and self.rule is Rule.USDM:
            # Here the first update may end exactly at the snapshot.
            return update.delta.seq < self.book.seq
        return update.delta.seq <= self.book.seq

    def _follows(self, update: Update) -> bool:
        if not self.is_fresh:
            return update.link_seq == self.book.seq
        edge = self.book.seq + 1 if self.rule is Rule.SPOT else self.book.seq
        return update.first_seq <= edge <= update.delta.seq

    def _apply(self, update: Update) -> BookDelta:
        delta = update.delta
        linked = BookDelta(
            ts_event_ns=delta.ts_event_ns,
            ts_recv_ns=delta.ts_recv_ns,
            prev_seq=self.book.seq,
            seq=delta.seq,
            bids=delta.bids,
            asks=delta.asks,
        )
        self.book.apply(delta.seq, delta.bids, delta.asks)
        self.is_fresh = False
        self.stale_run = 0
        return linked

    def _agrees(self, snapshot: BookSnapshot) -> bool:
        mine = self.book
        return mine.best_bids(1) == snapshot.bids[:1] and mine.best_asks(1) == snapshot.asks[:1]
