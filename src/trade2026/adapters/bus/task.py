"""Background tasks that an object owns across calls.

A `TaskGroup` lives within one block of one task; a bus is opened in one place and closed
in another. What it starts is kept here, ends with it, and never fails in silence: an error
that nobody expected is logged and remembered in `failure`, which the health check shows.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from trade2026.adapters.bus.attempt import reason_of

T = TypeVar("T")

_LOG = structlog.get_logger("trade2026.bus")


class Tasks:
    """The background tasks of one owner."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self.failure = ""
        """Why a task ended that should have run on; empty while all is well."""

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Run *work* until it ends or the owner does. Its error, if any, is the starter's."""
        task = asyncio.create_task(work, name=name)  # noqa: TID251 - owned here across calls.
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def keep(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run *work*, which nobody awaits; an error of it is a defect and becomes `failure`."""
        task = self.start(work, name=name)
        task.add_done_callback(self._note_failure)
        return task

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.failure = f"{task.get_name()} ended: {reason_of(error)}"
            _LOG.error("bus task ended", task=task.get_name(), exc_info=error)

    def __len__(self) -> int:
        return len(self._running)

    async def finish(self, *, grace_s: float) -> None:
        """Let the tasks end by themselves for *grace_s* seconds, then cancel the rest."""
        others = self._running - {asyncio.current_task()}
        if others and grace_s > 0:
            await asyncio.wait(others, timeout=grace_s)
        others = self._running - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=1.0)
