"""Events handled side by side where nothing orders them, and concluded in the log's order.

Where each event waits for the log, one after another is as slow as the log's answer. An event
begins here while others before it are still in hand, unless it shares a lane with one of them.
What became of each is told in the log's order, so that the place of whoever takes them never
passes one that is not done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from contextlib import suppress
from typing import Final

from trade2026.adapters.bus.handling import End, Outcome
from trade2026.adapters.bus.log import Record
from trade2026.adapters.bus.task import Tasks

AHEAD_LIMIT: Final = 64
"""Events in hand at a time; so many may be handled again after a death."""

_Turn = asyncio.Task[Outcome | None]


class Ahead:
    """The events in hand of one consumer.

    Args:
        handle: gives an event to the handler.
        conclude: told of every event in the log's order, and of what became of it; None was not
            tried, because one before it in a lane was not handled. Returns whether to go on.
        tasks: own what is in hand.
    """

    def __init__(
        self,
        handle: Callable[[Record], Awaitable[Outcome | None]],
        conclude: Callable[[Record, Outcome | None], Awaitable[bool]],
        tasks: Tasks,
    ) -> None:
        self._handle = handle
        self._conclude = conclude
        self._tasks = tasks
        self._room = asyncio.Semaphore(AHEAD_LIMIT)
        self._begun: asyncio.Queue[tuple[Record, Collection[Hashable], _Turn]] = asyncio.Queue()
        self._last: dict[Hashable, _Turn] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, or nothing is concluded any more."""
        return self._idle.is_set()

    async def begin(self, record: Record, lanes: Collection[Hashable]) -> None:
        """Have an event handled once those before it in *lanes* are; waits while all is full."""
        await self._room.acquire()
        before = [turn for lane in lanes if (turn := self._last.get(lane)) is not None]
        turn = self._tasks.start(self._in_turn(record, before), name=f"handle {record.subject}")
        self._last.update(dict.fromkeys(lanes, turn))
        self._idle.clear()
        self._begun.put_nowait((record, lanes, turn))

    async def run(self) -> None:
        """Conclude what is begun, until cancelled or told not to go on."""
        try:
            while True:
                record, lanes, turn = await self._begun.get()
                if not await self._conclude(record, await turn):
                    return
                # Only now: who comes meanwhile hears that this one was not handled in its turn.
                for lane in lanes:
                    if self._last[lane] is turn:
                        del self._last[lane]
                self._room.release()
                if self._begun.empty():
                    self._idle.set()
        finally:
            self._idle.set()

    async def drained(self) -> None:
        """Return when nothing is in hand, or nothing is concluded any more."""
        await self._idle.wait()

    async def finish(self, *, grace_s: float) -> None:
        """Let what is in hand end and be concluded, for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.drained()

    async def _in_turn(self, record: Record, before: list[_Turn]) -> Outcome | None:
        for turn in before:
            outcome = await asyncio.shield(turn)
            if outcome is None or outcome.end is not End.HANDLED:
                return None
        return await self._handle(record)
