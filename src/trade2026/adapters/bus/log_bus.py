"""What the buses have in common: consumers over an event log, and an orderly end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from trade2026.adapters.bus.command import Served
from trade2026.adapters.bus.consumer import Consumer
from trade2026.adapters.bus.log import EventLog
from trade2026.adapters.bus.watcher import Watcher
from trade2026.core.errors import BusUnavailableError
from trade2026.model.subject import TOKEN_SPECIALS
from trade2026.model.subjects import Event
from trade2026.ports.bus import Delivery, LanesOf, PoisonHandler, Subscription

M = TypeVar("M")

CLOSE_GRACE_S: Final = 1.0
"""An event in hand has this long to be finished when the bus is closed."""

FOLD_TRIES: Final = 5


class LogBus:
    """The half of a bus that takes events, whatever its log is."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._running: list[Consumer | Served | Watcher] = []
        self._is_closed = False

    async def consume(
        self,
        subject: Event[M],
        handler: Callable[[M, Delivery], Awaitable[None]],
        *,
        durable: str,
        lanes: LanesOf | None = None,
        on_poison: PoisonHandler | None = None,
        max_tries: int = 5,
    ) -> Subscription:
        """Handle every event from where *durable* stands; see `Bus.consume`.

        Raises:
            ValueError: *durable* is empty or holds a character that subjects reserve.
        """
        if not durable or not TOKEN_SPECIALS.isdisjoint(durable):
            raise ValueError(f"{durable!r} cannot name a durable consumer")
        consumer = Consumer(
            self._events,
            subject,
            handler,
            on_poison=on_poison,
            max_tries=max_tries,
            durable=durable,
            lanes=lanes,
        )
        return await self._begin(consumer)

    async def fold(
        self,
        subject: Event[M],
        handler: Callable[[M, Delivery], Awaitable[None]],
        *,
        from_seq: int = 1,
        until_seq: int | None = None,
        on_poison: PoisonHandler | None = None,
    ) -> Subscription:
        """Handle every event from *from_seq* on; see `Bus.fold`."""
        consumer = Consumer(
            self._events,
            subject,
            handler,
            on_poison=on_poison,
            max_tries=FOLD_TRIES,
            from_seq=from_seq,
            until_seq=until_seq,
        )
        try:
            await self._begin(consumer)
            await consumer.catch_up()
        except asyncio.CancelledError:
            # Nobody holds it, so nobody else would ever stop it.
            await consumer.stop()
            raise
        return consumer

    async def _begin(self, consumer: Consumer) -> Consumer:
        self._check_open()
        # Whoever reads a part of the log now and then would make this longer for ever.
        self._running = [one for one in self._running if not _is_over(one)]
        self._running.append(consumer)
        await consumer.start()
        return consumer

    async def close(self) -> None:
        """Stop every subscription after the event in hand, and leave."""
        self._is_closed = True
        running, self._running = self._running, []
        async with asyncio.TaskGroup() as group:
            for one in running:
                if isinstance(one, Watcher):
                    group.create_task(one.stop())
                else:
                    group.create_task(one.stop(grace_s=CLOSE_GRACE_S))

    def _check_open(self) -> None:
        if self._is_closed:
            raise BusUnavailableError("the bus is closed")

    def _failure(self) -> str:
        """Return why a consumer has ended by itself, empty while all run."""
        reasons = (one.failure for one in self._running if isinstance(one, Consumer))
        return next(filter(None, reasons), "")


def _is_over(one: Consumer | Served | Watcher) -> bool:
    return isinstance(one, Consumer) and one.is_stopped and not one.failure
