"""A command's handler at work: direct calls, time limits, and errors as the asker sees them.

The handler runs in a task of its own, so an asker that has waited long enough, or is gone,
does not cut it off between two steps: co-located and distributed askers see the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from trade2026.adapters.bus.attempt import is_of, reason_of
from trade2026.adapters.bus.task import Tasks
from trade2026.core.errors import (
    BusUnavailableError,
    RefusedError,
    Trade2026Error,
    UnavailableError,
)
from trade2026.ports.bus import QueueStats

IN_HAND_LIMIT: Final = 1_024
"""Requests one handler has in hand at most; more are turned away at once."""

STOP_GRACE_S: Final = 5.0


def error_for_asker(error: BaseException) -> Trade2026Error:
    """Return the error an asker gets for what the handler raised.

    A handler that could not reach somebody else leaves the outcome unknown, and the asker
    must hear that, not a refusal. Everything else is a refusal with its text.
    """
    if is_of(error, UnavailableError):
        return BusUnavailableError(str(error) or reason_of(error))
    if isinstance(error, Trade2026Error):
        return RefusedError(str(error) or reason_of(error))
    return RefusedError(reason_of(error))


class Served:
    """A handler that answers one subject."""

    def __init__(
        self,
        name: str,
        handler: Callable[[Any], Awaitable[Any]],
        leave: Callable[[], Awaitable[None]],
    ) -> None:
        self._name = name
        self._handler = handler
        self._leave = leave
        self._tasks = Tasks()
        self._handled_count = 0
        self._failed_count = 0
        self._is_stopping = False

    async def answer(self, request: Any, timeout_s: float) -> Any:  # noqa: ANN401 - any message.
        """Return the handler's answer.

        Raises:
            BusUnavailableError: it did not come within *timeout_s* seconds, too many requests
                are in hand, or the handler could not reach somebody else.
            RefusedError: the handler raised.
        """
        if self._is_stopping or len(self._tasks) >= IN_HAND_LIMIT:
            raise BusUnavailableError(f"{self._name} takes no more requests at this moment")
        task = self._tasks.start(self._handle(request), name=f"answer {self._name}")
        task.add_done_callback(self._count)
        done, _ = await asyncio.wait({task}, timeout=timeout_s)
        if not done:
            raise BusUnavailableError(f"no answer on {self._name} within {timeout_s:g} s")
        if task.cancelled():
            raise BusUnavailableError(f"{self._name} was closed before it answered")
        error = task.exception()
        if error is not None:
            raise error_for_asker(error) from error
        return task.result()

    async def _handle(self, request: Any) -> Any:  # noqa: ANN401 - any message.
        return await self._handler(request)

    def _count(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._failed_count += 1
        else:
            self._handled_count += 1

    async def stop(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """Take no more requests and finish those in hand."""
        self._is_stopping = True
        await self._leave()
        await self._tasks.finish(grace_s=grace_s)

    def stats(self) -> QueueStats:
        """Return how the handler keeps up."""
        return QueueStats(
            name=f"serve:{self._name}",
            pending_count=len(self._tasks),
            handled_count=self._handled_count,
            dropped_count=0,
            failed_count=self._failed_count,
            is_slow=len(self._tasks) >= IN_HAND_LIMIT,
            is_halted=False,
        )
