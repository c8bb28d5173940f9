"""Appending what must not be lost: again and again until the log has it.

Safe because an event has an id under which the log stores it once. What is written beside the
log is written to its end, whoever is cancelled meanwhile.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import BusUnavailableError, StoppingError
from trade2026.core.ids import EventId
from trade2026.model.subjects import Event
from trade2026.ports.bus import Bus

APPEND_WITHIN_S: Final = 2.0
RETRY_S: Final = 0.2
END_WITHIN_S: Final = 0.5
"""How long one that is cancelled goes on with an event that it has begun to write."""


async def append_until_stored(
    bus: Bus,
    log: FilteringBoundLogger,
    subject: Event[Any],
    message: object,
    *,
    event_id: EventId,
    **keys: str,
) -> int:
    """Append *message*, however long the log is away, and return its sequence."""
    while True:
        try:
            return await bus.append(
                subject, message, event_id=event_id, timeout_s=APPEND_WITHIN_S, **keys
            )
        except BusUnavailableError as error:
            log.warning("log away, trying again", subject=subject.pattern, why=str(error))
            await asyncio.sleep(RETRY_S)


class Pen:
    """Writes the events of one subject for a fold that is ahead of the log's own.

    An event that was begun is carried to its end and applied, whoever is cancelled meanwhile: it
    may be in the log already. Were it not applied, the next event of the same thing would be made
    without it, under the same number, and the log would keep only one of the two. Where the log
    does not answer in the time that is left, or has an event that cannot be applied, nothing is
    written any more in this life: whoever comes is told so, and who watches ends it.

    Args:
        bus: to the log.
        log: told of what takes long.
        subject: of the events.
    """

    def __init__(self, bus: Bus, log: FilteringBoundLogger, subject: Event[Any]) -> None:
        self._bus = bus
        self._log = log
        self._subject = subject
        self._torn = asyncio.Event()

    async def write(
        self, event: object, apply: Callable[[int], None], *, event_id: EventId, **keys: str
    ) -> int:
        """Append *event*, however long the log is away, apply it, and return its sequence.

        Args:
            event: of the pen's subject.
            apply: books the event, given its sequence.
            event_id: under which the log keeps it once.
            keys: of the subject.

        Raises:
            StoppingError: nothing is written any more, or the log has *event* and it cannot be
                applied: how things stand, only the next life knows.
        """
        if self._torn.is_set():
            raise stopping()
        try:
            seq = await self._append(event, event_id, keys)
        except asyncio.CancelledError:
            await self._end(event, apply, event_id, keys)
            raise
        self._book(apply, seq, event_id)
        return seq

    async def watch(self) -> None:
        """Wait until nothing is written any more, and raise then: this life is to end.

        Raises:
            StoppingError: it has come to that.
        """
        await self._torn.wait()
        raise stopping()

    def _book(self, apply: Callable[[int], None], seq: int, event_id: EventId) -> None:
        is_applied = False
        try:
            apply(seq)
            is_applied = True
        finally:
            if not is_applied:
                self._torn.set()
                # In place of what was raised, which some would take for a refusal of the event.
                raise StoppingError(f"the log has {event_id}, which cannot be applied")

    async def _end(
        self, event: object, apply: Callable[[int], None], event_id: EventId, keys: dict[str, str]
    ) -> None:
        seq = None
        try:
            async with asyncio.timeout(END_WITHIN_S):
                seq = await self._append(event, event_id, keys)
        except TimeoutError:
            self._log.warning("cut off while writing, writes no more", event_id=event_id)
        finally:
            if seq is None:
                self._torn.set()
        if seq is not None:
            self._book(apply, seq, event_id)

    async def _append(self, event: object, event_id: EventId, keys: dict[str, str]) -> int:
        return await append_until_stored(
            self._bus, self._log, self._subject, event, event_id=event_id, **keys
        )


def stopping() -> StoppingError:
    """Return what whoever comes is told once a service has ended its writing."""
    return StoppingError("nothing is written any more in this life of the service")


async def to_the_end(writing: Coroutine[Any, Any, None]) -> None:
    """Await *writing*; who is cancelled meanwhile waits for it all the same."""
    task = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
