"""Events handled side by side where nothing orders them, and concluded in the log's order.

Where each event waits for the log, one after another is as slow as the log's answer. An event
begins here while others before it are still in hand, as far as its lanes let it.
What became of each is told in the log's order, so that the place of whoever takes them never
passes one that is not done.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from trade2026.adapters.bus.handling import End, Outcome
from trade2026.adapters.bus.log import Record
from trade2026.adapters.bus.task import Tasks
from trade2026.core.errors import BusUnavailableError
from trade2026.core.turns import Lanes, Turn, Turns

AHEAD_LIMIT: Final = 64
"""Events in hand at a time; so many may be handled again after a death."""

_Handled = asyncio.Task[Outcome | None]


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
        self._turns = Turns()
        self._seqs: deque[int] = deque()
        self._begun: asyncio.Queue[tuple[Record, Turn, _Handled]] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        """Return how many events are in hand, or wait there for their turn."""
        return len(self._seqs)

    @property
    def oldest_seq(self) -> int:
        """The first of them behind the one that is concluded at this moment; 0 is none."""
        return self._seqs[0] if self._seqs else 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, or nothing is concluded any more."""
        return self._idle.is_set()

    async def begin(self, record: Record, lanes: Lanes) -> None:
        """Have an event handled when its turn in *lanes* comes; waits while all is full."""
        await self._room.acquire()
        come = asyncio.Event()
        turn = self._turns.draw(lanes, come.set)
        step = self._in_turn(record, turn, come)
        handled = self._tasks.start(step, name=f"handle {record.subject}")
        self._idle.clear()
        self._seqs.append(record.seq)
        self._begun.put_nowait((record, turn, handled))

    async def run(self) -> None:
        """Conclude what is begun, until cancelled or told not to go on."""
        try:
            while True:
                record, turn, handled = await self._begun.get()
                await asyncio.wait({handled})
                if handled.cancelled():
                    raise BusUnavailableError(f"the handler of {record.subject} broke off")
                self._seqs.popleft()
                if not await self._conclude(record, handled.result()):
                    return
                # Only now: who comes meanwhile hears that this one was not handled in its turn.
                self._turns.forget(turn)
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

    async def _in_turn(self, record: Record, turn: Turn, come: asyncio.Event) -> Outcome | None:
        outcome = None
        try:
            await come.wait()
            if turn.begin():
                outcome = await self._handle(record)
            return outcome
        finally:
            turn.end(went_well=outcome is not None and outcome.end is End.HANDLED)
