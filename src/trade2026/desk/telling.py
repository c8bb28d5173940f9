"""Events told one behind the other, without waiting for the log's word on each.

Whoever waits for each tells no faster than the log answers. Here the next goes out at once, with
the demand that the log has it right behind the one before, or not at all: so the log's order is
always the order of telling. One that is refused, because the one before was lost on its way, goes
again once that one is stored, and so do those behind it, before anything new.
"""

import asyncio
from typing import Any, Final, NamedTuple

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import BusUnavailableError, CodecError, StoppingError, SupersededError
from trade2026.core.ids import EventId
from trade2026.desk.persistence import APPEND_WITHIN_S, append_until_stored, stopping
from trade2026.model import codec
from trade2026.model.subjects import Event
from trade2026.ports.bus import Bus

AHEAD_MOST: Final = 64
"""Events on their way at a time; so many may be told again after a death."""


class _OnItsWay(NamedTuple):
    """An event that is being appended."""

    event_id: EventId
    stored: asyncio.Future[None]


class Teller:
    """Tells the events of one subject, whose stream has no other writer, in order.

    Args:
        bus: to the log.
        log: told of what takes long.
        subject: of the events.
    """

    def __init__(self, bus: Bus, log: FilteringBoundLogger, subject: Event[Any]) -> None:
        self._bus = bus
        self._log = log
        self._subject = subject
        self._room = asyncio.Semaphore(AHEAD_MOST)
        self._under_way: set[asyncio.Future[None]] = set()
        self._newest: _OnItsWay | None = None
        self._is_held_up = False
        """Whether one has to go again: nothing new goes out before all is stored."""
        self._failure = ""
        """Why one cannot be sent; empty while all can."""
        self._is_closed = False

    def require_sound(self) -> None:
        """Return while all can be told.

        Raises:
            CodecError: one cannot be sent; nothing is told behind it in this life.
            StoppingError: nothing is told any more.
        """
        if self._is_closed:
            raise stopping()
        if self._failure:
            raise CodecError(f"nothing is told behind what cannot be: {self._failure}")

    async def tell(self, event: object, *, event_id: EventId, **keys: str) -> None:
        """Have *event* appended behind all that were told before; waits while it is too many.

        Args:
            event: of the subject.
            event_id: another one in every life: that an earlier life's is in the log does not say
                that all before it are.
            keys: of the subject.

        Raises:
            CodecError: it cannot be sent; what comes after it is told all the same.
        """
        # Told here, where it is not in anybody's way yet.
        codec.encode(event)
        if self._is_held_up:
            await self.settle()
        await self._room.acquire()
        stored = asyncio.ensure_future(self._carry(event, event_id, self._newest, keys))
        self._newest = _OnItsWay(event_id, stored)
        self._under_way.add(stored)
        stored.add_done_callback(self._end)

    async def settle(self) -> bool:
        """Return, however long the log is away, when nothing is on its way any more.

        Returns whether the log has all that was told.
        """
        while self._under_way:
            await asyncio.wait(self._under_way)
        self._is_held_up = False
        return not self._failure and not self._is_closed

    async def close(self) -> None:
        """Give up what is not stored: the next life tells it."""
        self._is_closed = True
        for one in self._under_way:
            one.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _end(self, stored: asyncio.Future[None]) -> None:
        self._under_way.discard(stored)
        self._room.release()
        error = None if stored.cancelled() else stored.exception()
        if error is not None and not self._failure:
            self._failure = f"{type(error).__name__}: {error}"
            self._log.error("cannot be told, nor what is behind it", why=self._failure)

    async def _carry(
        self, event: object, event_id: EventId, before: _OnItsWay | None, keys: dict[str, str]
    ) -> None:
        if before is not None and not before.stored.done():
            try:
                await self._bus.append_behind(
                    before.event_id,
                    self._subject,
                    event,
                    event_id=event_id,
                    timeout_s=APPEND_WITHIN_S,
                    **keys,
                )
            except (SupersededError, BusUnavailableError):
                self._is_held_up = True
                await asyncio.wait({before.stored})
            else:
                return
        self.require_sound()
        if before is not None and (before.stored.cancelled() or before.stored.exception()):
            raise StoppingError(f"{before.event_id} before it was not told")
        await append_until_stored(
            self._bus, self._log, self._subject, event, event_id=event_id, **keys
        )
