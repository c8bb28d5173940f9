"""Days read from the log of orders: today's books are kept, and only what is new is read.

Whoever asks about today asks again and again. Its books are one fold that all of them share, and
that reads on from where it was; a restart, and the next day, begin from its snapshot. A day that
is over is folded from the log's beginning, one at a time, unless its books are those that are kept.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.desk.day import Day, DayBooks, DayState, read_day
from trade2026.desk.snapshots import Keeper, Snapshots
from trade2026.domain.settlement.obligation import SettlesAt
from trade2026.model.journal import JournalEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Bus, Delivery, PoisonHandler
from trade2026.ports.snapshots import SnapshotStore

DAY_FOLD: Final = "day"
SNAPSHOT_RULES: Final = 2
"""To be raised whenever the same events come to something else."""


def day_of(at_ns: TimeNs) -> Day:
    """Return the day of a moment."""
    return read_day(f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d}")


def keeper_of(books: DayBooks) -> Keeper[DayState]:
    """Return a day's books as their snapshots see them."""
    return Keeper(
        fold=DAY_FOLD, state=DayState, rules=SNAPSHOT_RULES, freeze=books.freeze, thaw=books.thaw
    )


class _Reading:
    """The books of one day and how far in the log they have come."""

    def __init__(self, books: DayBooks) -> None:
        self.books = books
        self.is_whole = True
        """Whether every event could be taken."""
        self._next_seq = 1
        self._on_poison: PoisonHandler | None = None

    async def go_on(self, bus: Bus) -> None:
        if self._next_seq <= await bus.last_seq(ORDERS_EVENT.stream):
            fold = await bus.fold(
                ORDERS_EVENT,
                self._on_event,
                from_seq=self._next_seq,
                on_poison=self._on_poison,
            )
            # An account that stands still there would go on in the next reading, over the gap.
            self.is_whole = not fold.stats().is_halted
            await fold.stop()

    async def _on_event(self, event: JournalEvent, delivery: Delivery) -> None:
        await self.books.on_event(event, delivery)
        self._next_seq = delivery.stream_seq + 1


class _Kept(_Reading):
    """A reading that begins from a snapshot, and leaves others.

    The last one is from before the first event that is later than the day: of a later day it
    leaves nothing out.
    """

    def __init__(self, books: DayBooks, snapshots: Snapshots) -> None:
        super().__init__(books)
        self._snapshots = snapshots
        self._follow = snapshots.following(ORDERS_EVENT, super()._on_event)
        self._on_poison = snapshots.pinning(_told_already)
        self._is_begun = False
        self._is_day_over = False

    async def go_on(self, bus: Bus) -> None:
        if not self._is_begun:
            self._next_seq = await self._snapshots.begin(ORDERS_EVENT)()
            self._is_begun = True
        await super().go_on(bus)

    async def close(self) -> None:
        if not self._is_day_over:
            await self._snapshots.close()

    async def _on_event(self, event: JournalEvent, delivery: Delivery) -> None:
        if not self._is_day_over and not self.books.day.counts(event):
            await self.close()
            self._is_day_over = True
        if self._is_day_over:
            await super()._on_event(event, delivery)
        else:
            await self._follow(event, delivery)


async def _told_already(*_: object) -> None:
    """Do nothing: the bus tells of what it cannot hand over."""


class DayReader:
    """Reads days for whoever asks.

    Args:
        bus: the log is read from.
        clock: says which day is today.
        settles_at: the calendars.
        store: keeps the snapshots of today's books.
        log: told of them.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        settles_at: SettlesAt,
        store: SnapshotStore,
        log: FilteringBoundLogger,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._settles_at = settles_at
        self._store = store
        self._log = log
        self._kept: _Kept | None = None
        self._keeping = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def books(self, day: Day) -> DayBooks:
        """Return the books of *day*; those of today go on when they are asked for again.

        Raises:
            BusUnavailableError: the log does not answer.
        """
        async with self._keeping:
            if self._is_next(day):
                await self._close_kept()
                self._kept = self._begun(day)
            if self._kept is not None and self._kept.books.day == day:
                await self._kept.go_on(self._bus)
                return self._kept.books
        # Beside today's, whose askers need not wait for it.
        async with self._reading:
            other = _Reading(DayBooks(day, self._settles_at))
            await other.go_on(self._bus)
            return other.books

    async def close(self) -> None:
        """Take a last snapshot."""
        async with self._keeping:
            await self._close_kept()

    async def _close_kept(self) -> None:
        if self._kept is not None:
            await self._kept.close()

    def _begun(self, day: Day) -> _Kept:
        books = DayBooks(day, self._settles_at)
        snapshots = Snapshots(
            keeper_of(books), store=self._store, bus=self._bus, clock=self._clock, log=self._log
        )
        return _Kept(books, snapshots)

    def _is_next(self, day: Day) -> bool:
        """Return whether the books of *day* are begun, to be kept from now on."""
        kept = self._kept
        is_kept = kept is not None and kept.is_whole and kept.books.day == day
        return not is_kept and day == day_of(self._clock.now_ns())
