"""Appending what must not be lost: again and again until the log has it.

Safe because an event has an id under which the log stores it once. What is written beside the
log is written to its end, whoever is cancelled meanwhile.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import EventId
from trade2026.model.subjects import Event
from trade2026.ports.bus import Bus

APPEND_WITHIN_S: Final = 2.0
RETRY_S: Final = 0.2


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


async def to_the_end(writing: Coroutine[Any, Any, None]) -> None:
    """Await *writing*; who is cancelled meanwhile waits for it all the same."""
    task = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
