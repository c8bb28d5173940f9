"""Days read from the log of orders: today's books are kept, and only what is new is read.

Whoever asks about today asks again and again. Its books are one fold that all of them share, and
that reads on from where it was. Another day is folded from the log's beginning, one at a time.
"""

import asyncio
from datetime import UTC, datetime

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.desk.day import Day, DayBooks, read_day
from trade2026.domain.settlement.obligation import SettlesAt
from trade2026.model.journal import JournalEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Bus, Delivery


def day_of(at_ns: TimeNs) -> Day:
    """Return the day of a moment."""
    return read_day(f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d}")


class _Reading:
    """The books of one day and how far in the log they have come."""

    def __init__(self, day: Day, settles_at: SettlesAt) -> None:
        self.books = DayBooks(day, settles_at)
        self.is_whole = True
        """Whether every event could be taken."""
        self._next_seq = 1

    async def go_on(self, bus: Bus) -> None:
        if self._next_seq <= await bus.last_seq(ORDERS_EVENT.stream):
            fold = await bus.fold(ORDERS_EVENT, self._on_event, from_seq=self._next_seq)
            # An account that stands still there would go on in the next reading, over the gap.
            self.is_whole = not fold.stats().is_halted
            await fold.stop()

    async def _on_event(self, event: JournalEvent, delivery: Delivery) -> None:
        await self.books.on_event(event, delivery)
        self._next_seq = delivery.stream_seq + 1


class DayReader:
    """Reads days for whoever asks.

    Args:
        bus: the log is read from.
        clock: says which day is today.
        settles_at: the calendars.
    """

    def __init__(self, bus: Bus, clock: Clock, settles_at: SettlesAt) -> None:
        self._bus = bus
        self._clock = clock
        self._settles_at = settles_at
        self._kept: _Reading | None = None
        self._keeping = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def books(self, day: Day) -> DayBooks:
        """Return the books of *day*; those of today go on when they are asked for again.

        Raises:
            BusUnavailableError: the log does not answer.
        """
        async with self._keeping:
            if not self._is_kept(day) and day == day_of(self._clock.now_ns()):
                self._kept = _Reading(day, self._settles_at)
            if self._kept is not None and self._kept.books.day == day:
                await self._kept.go_on(self._bus)
                return self._kept.books
        # Beside today's, whose askers need not wait for it.
        async with self._reading:
            other = _Reading(day, self._settles_at)
            await other.go_on(self._bus)
            return other.books

    def _is_kept(self, day: Day) -> bool:
        kept = self._kept
        return kept is not None and kept.is_whole and kept.books.day == day
