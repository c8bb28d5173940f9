"""A looker at live copies: a bounded queue in which the newest wins, and losses are counted."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from trade2026.adapters.bus.attempt import Attempt, reason_of
from trade2026.adapters.bus.task import Tasks
from trade2026.core.errors import CodecError
from trade2026.model import codec
from trade2026.model.subjects import Live
from trade2026.ports.bus import LiveHandler, QueueStats

QUEUE_LIMIT: Final = 1_000
TURN_COUNT: Final = 50
"""Copies handled before the other tasks of the process get their turn."""

_LOG = structlog.get_logger("trade2026.bus")


class Watcher:
    """One looker's queue and the task that empties it."""

    def __init__(
        self, subject: Live[Any], handler: LiveHandler, leave: Callable[[], Awaitable[None]]
    ) -> None:
        self._subject = subject
        self._handler = handler
        self._leave = leave
        self._queue: deque[tuple[str, Any]] = deque(maxlen=QUEUE_LIMIT)
        self._filled = asyncio.Event()
        self._tasks = Tasks()
        self._handled_count = 0
        self._dropped_count = 0
        self._failed_count = 0
        self._is_stopping = False
        self._tasks.keep(self._run(), name=f"watch {subject.pattern}")

    def offer(self, name: str, content: Any) -> None:  # noqa: ANN401 - a message or its bytes.
        """Queue a copy; the oldest one gives way when the queue is full."""
        if self._is_stopping:
            return
        if len(self._queue) == QUEUE_LIMIT:
            self._dropped_count += 1
        self._queue.append((name, content))
        self._filled.set()

    async def _run(self) -> None:
        while not self._is_stopping:
            await self._filled.wait()
            for _ in range(min(TURN_COUNT, len(self._queue))):
                self._show(*self._queue.popleft())
            if not self._queue:
                self._filled.clear()
            await asyncio.sleep(0)

    def _show(self, name: str, content: Any) -> None:  # noqa: ANN401 - a message or its bytes.
        attempt = Attempt()
        with attempt:
            if isinstance(content, bytes):
                try:
                    content = codec.decode(self._subject.message, content)
                except CodecError as error:
                    self._failed_count += 1
                    _LOG.warning("live copy unreadable", subject=name, reason=str(error))
                    return
            self._handler(name, content)
            self._handled_count += 1
        if attempt.error is not None:
            self._failed_count += 1
            _LOG.warning("live copy failed", subject=name, reason=reason_of(attempt.error))

    async def stop(self) -> None:
        """Look no more."""
        self._is_stopping = True
        self._filled.set()
        await self._leave()
        await self._tasks.finish(grace_s=0)

    def stats(self) -> QueueStats:
        """Return how the looker keeps up."""
        return QueueStats(
            name=f"watch:{self._subject.pattern}",
            pending_count=len(self._queue),
            handled_count=self._handled_count,
            dropped_count=self._dropped_count,
            failed_count=self._failed_count,
            is_slow=len(self._queue) == QUEUE_LIMIT,
            is_halted=False,
        )
