"""What goes wrong: a bus that is late, loses answers and repeats, and the way to a venue."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import Clock
from trade2026.core.errors import BusUnavailableError, VenueUnavailableError
from trade2026.core.ids import EventId, OrderId
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.journal import CancelRequested, ReplaceRequested
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.model.subjects import Command, Event
from trade2026.ports.bus import Delivery, Subscription

M = TypeVar("M")
R = TypeVar("R")

_WISHES: Final = (CancelRequested, ReplaceRequested)

SLOW_S: Final = 0.02
"""What a message ordinarily takes at most."""
LATE_S: Final = 3.0
"""What one takes at most that is late: longer than anybody waits."""


class Luck:
    """Seeded chance of what goes wrong; nothing does any more once it is `calm`."""

    def __init__(self, stream: np.random.Generator) -> None:
        self._stream = stream
        self.calm = False
        self.is_away = False
        """Whether the venue cannot be reached."""
        # Some seeds are bad in one way, some in another.
        self.lost, self.late, self.repeated = (float(p) for p in 0.15 * stream.random(3) ** 2)

    def hits(self, chance: float) -> bool:
        """Return whether a thing of that chance happens."""
        drawn = float(self._stream.random())
        return not self.calm and drawn < chance

    async def pause(self) -> None:
        """Take as long as a message takes."""
        most = LATE_S if self.hits(self.late) else SLOW_S
        await asyncio.sleep(most * float(self._stream.random()))


class FaultyBus(LocalBus):
    """A bus of one process that keeps its promises and no more."""

    def __init__(self, log: MemoryLog, clock: Clock, luck: Luck) -> None:
        super().__init__(log, clock, with_codec=True)
        self.is_dead = False
        """Whether the process was killed: nothing that it begins ends."""
        self.is_stopping = False
        """Whether it was told to stop: what the log says comes too late for its folds."""
        self.unheard: list[OrderId] = []
        """Of wishes that the log has, and whoever writes them does not know it yet."""
        self._luck = luck

    async def pause(self) -> None:
        """Take as long as a message takes; of a killed process for ever."""
        await self._luck.pause()
        if self.is_dead:
            await asyncio.Event().wait()

    async def ask(
        self, subject: Command[M, R], request: M, *, timeout_s: float = 2.0, **keys: str
    ) -> R:
        try:
            async with asyncio.timeout(timeout_s):
                await self._lossy()
                answer = await super().ask(subject, request, timeout_s=timeout_s, **keys)
                await self._lossy()
        except TimeoutError:
            raise BusUnavailableError("lost") from None
        return answer

    async def append(self, subject: Event[M], message: M, **options: Any) -> int:
        return await self._taken(partial(super().append, subject, message, **options), message)

    async def append_behind(
        self, before_id: EventId, subject: Event[M], message: M, **options: Any
    ) -> int:
        append = partial(super().append_behind, before_id, subject, message, **options)
        return await self._taken(append, message)

    async def _taken(self, append: Callable[[], Awaitable[int]], message: object) -> int:
        await self.pause()
        if self._luck.hits(self._luck.lost):
            raise BusUnavailableError("the log did not take it")
        seq = await append()
        unheard = [message.order_id] if isinstance(message, _WISHES) else []
        self.unheard += unheard
        try:
            await self.pause()
        finally:
            for order_id in unheard:
                self.unheard.remove(order_id)
        if self._luck.hits(self._luck.lost):
            raise BusUnavailableError("the log took it, and did not say so")
        return seq

    async def consume(
        self,
        subject: Event[M],
        handler: Callable[[M, Delivery], Awaitable[None]],
        **options: Any,
    ) -> Subscription:
        async def often(message: M, delivery: Delivery) -> None:
            await self.pause()
            await handler(message, delivery)
            while self._luck.hits(self._luck.repeated):
                await self.pause()
                again = msgspec.structs.replace(delivery, is_redelivered=True)
                await handler(message, again)

        return await super().consume(subject, often, **options)

    async def fold(
        self,
        subject: Event[M],
        handler: Callable[[M, Delivery], Awaitable[None]],
        **options: Any,
    ) -> Subscription:
        async def late(message: M, delivery: Delivery) -> None:
            await self.pause()
            if self.is_stopping:
                await asyncio.Event().wait()
            await handler(message, delivery)

        return await super().fold(subject, late, **options)

    async def _lossy(self) -> None:
        await self.pause()
        if self._luck.hits(self._luck.lost):
            await asyncio.Event().wait()


class Way:
    """The way from one process to a venue and back; what is on it arrives, whoever has died.

    Args:
        venue: at its end.
        bus: of the process.
        luck: of messages.
        spawn: starts what goes on without the process.
    """

    def __init__(
        self,
        venue: Any,
        bus: FaultyBus,
        luck: Luck,
        spawn: Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"],
    ) -> None:
        self.name: str = venue.name
        self._venue = venue
        self._bus = bus
        self._luck = luck
        self._spawn = spawn

    async def submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        return await self._there_and_back(self._venue.submit, approved)

    async def cancel(self, request: OrderCancelRequest) -> VenueAck:
        return await self._there_and_back(self._venue.cancel, request)

    async def replace(self, request: OrderReplaceRequest) -> VenueAck:
        return await self._there_and_back(self._venue.replace, request)

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        return await self._there_and_back(self._venue.status, request)

    async def _there_and_back(self, handle: Callable[[Any], Awaitable[R]], request: object) -> R:
        if self._bus.is_dead:
            await asyncio.Event().wait()
        if self._luck.is_away or self._luck.hits(self._luck.lost):
            raise VenueUnavailableError("lost on the way")

        async def arrive() -> R:
            await self._luck.pause()
            return await handle(request)

        answer: R = await asyncio.shield(self._spawn(arrive()))
        await self._bus.pause()
        if self._luck.is_away or self._luck.hits(self._luck.lost):
            raise VenueUnavailableError("lost on the way back")
        return answer
