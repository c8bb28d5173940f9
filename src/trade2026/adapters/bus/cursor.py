"""A durable consumer's place in the log, written behind its handler.

Places are written a little after the event was handled, many events at once; a killed
process handles the last few again. Two things are written at once: which event is about to
be handled first after a start, and, after a start that follows a death, which event is
about to be handled next. So an event that kills its process is known as the killer, and
the events around it are not accused. While events are handled ahead of the place, the oldest of
them is written down with it, so that a death then is known as one.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from trade2026 import VERSION
from trade2026.adapters.bus.log import Cursor, EventLog, Halted

SAVE_PAUSE_S: Final = 0.02
"""Between two writes: this much, and what was ahead, is handled again after a death at most."""

CAREFUL_COUNT: Final = 256
"""After a death, so many events are announced one by one before they are handled."""


class CursorKeeper:
    """The cursor of one durable: what is handled, what is parked, what is suspected."""

    def __init__(self, log: EventLog, durable: str, on_lost: Callable[[], None]) -> None:
        self._log = log
        self._durable = durable
        self._on_lost = on_lost
        self._dirty = asyncio.Event()
        self._lock = asyncio.Lock()
        self._announce_left = 1
        self._has_foreseen = False
        self.seq = 0
        self.parked: dict[str, Halted] = {}
        self._suspect_seq = 0
        self._suspect_tries = 0

    async def load(self) -> None:
        """Take up where the durable stands."""
        cursor = await self._log.load_cursor(self._durable)
        self.seq = cursor.seq
        self.parked = dict(cursor.parked)
        if cursor.version != VERSION:
            self.parked = {key: Halted(halted.seq) for key, halted in cursor.parked.items()}
        self._suspect_seq = cursor.suspect_seq
        self._suspect_tries = cursor.suspect_tries
        if cursor.suspect_seq:
            self._announce_left = CAREFUL_COUNT
        # Written back at once, so that an older process on the same durable is shut out.
        await self.save()

    @property
    def is_careful(self) -> bool:
        """Whether the next event is announced before it is handled."""
        return self._announce_left > 0

    async def announce(self, seq: int) -> int:
        """Write down that *seq* is about to be handled, where that is called for.

        Returns:
            How many processes have now begun to handle it since one was last heard of.
        """
        if not self._announce_left:
            return 1
        self._announce_left -= 1
        self._suspect_tries = self._suspect_tries + 1 if self._suspect_seq == seq else 1
        self._suspect_seq = seq
        await self.save()
        return self._suspect_tries

    async def foresee(self, seq: int) -> None:
        """Note that *seq* is about to be handled ahead, first of all behind the place.

        The first time it is written down at once: who died soon after a start is found by that.
        """
        self._suspect_seq, self._suspect_tries = seq, 0
        self._dirty.set()
        if not self._has_foreseen:
            self._has_foreseen = True
            await self.save()

    def advance(self, seq: int, *, suspect_seq: int = 0) -> None:
        """Note that everything up to *seq* is handled or parked; it is written soon.

        Args:
            seq: of the last of them.
            suspect_seq: of the first event behind it that is in hand already, if one is: who finds
                that at a start is careful.
        """
        self.seq = max(self.seq, seq)
        self._suspect_seq, self._suspect_tries = suspect_seq, 0
        self._dirty.set()

    async def save(self) -> None:
        """Write the place down. Waits until the log is reachable."""
        async with self._lock:
            self._dirty.clear()
            cursor = Cursor(
                seq=self.seq,
                parked=dict(self.parked),
                suspect_seq=self._suspect_seq,
                suspect_tries=self._suspect_tries,
                version=VERSION,
            )
            if not await self._log.save_cursor(self._durable, cursor):
                self._on_lost()

    async def run(self) -> None:
        """Write the place down whenever it has changed, with a pause in between."""
        while True:
            await self._dirty.wait()
            await self.save()
            await asyncio.sleep(SAVE_PAUSE_S)

    async def finish(self, *, timeout_s: float) -> None:
        """Write the last place down if the log can be reached within *timeout_s* seconds."""
        self._suspect_seq = self._suspect_tries = 0
        try:
            async with asyncio.timeout(timeout_s):
                await self.save()
        except TimeoutError:
            # The log is away: the next process handles the last few events again.
            return
