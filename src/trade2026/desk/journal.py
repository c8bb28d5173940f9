"""The log of orders as its only writer sees it: append, then apply, then go on.

An append is repeated for as long as the log is away, and one that was begun is ended and
applied, whoever is cancelled meanwhile. Giving up would leave the order's next event under the
same number as this one, and the log would keep only one of them.

The fold of it has an image in the archive, so that a restart reads what came after. An event
that cannot be booked pins the image before it: the next start must meet it again.
"""

import asyncio
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import StoreDamagedError, UnavailableError
from trade2026.core.ids import OrderId
from trade2026.desk.known_orders import KnownOrders
from trade2026.desk.persistence import Pen
from trade2026.domain.oms.order import Order
from trade2026.model.journal import JournalEvent, OrderEvent
from trade2026.model.subjects import ORDERS_EVENT, Event
from trade2026.ports.archive import OrderArchive
from trade2026.ports.bus import Bus, Delivery, PoisonHandler

COMMIT_EVERY_S: Final = 1.0
AGAIN_NS: Final = 5 * NS_PER_S
TELL_EVERY_NS: Final = 60 * NS_PER_S
CHANGED_LIMIT: Final = 5_000
"""While the log is folded, so many changed orders are kept at once: memory stays bounded."""


class Journal:
    """The orders as the log so far leaves them, and the pen."""

    def __init__(
        self, bus: Bus, clock: Clock, log: FilteringBoundLogger, archive: OrderArchive
    ) -> None:
        self.orders = KnownOrders(archive)
        self._bus = bus
        self._clock = clock
        self._log = log
        self._pen = Pen(bus, log, ORDERS_EVENT)
        self._log_id = 0
        self._folded_seq = 0
        self._last_seq = 0
        self._committed_seq = -1
        self._again_ns = 0
        """When the archive is asked again that did not take what changed."""
        self._told_ns: int | None = None
        self._pinned_seq: int | None = None

    async def begin(self) -> int:
        """Begin from the archive's image, and return where in the log to read on.

        Raises:
            UnavailableError: the log or the archive does not answer now.
        """
        state = await self._bus.stream_state(ORDERS_EVENT.stream)
        self._log_id = state.created_ns
        try:
            seq = self.orders.load(state.created_ns, state.last_seq)
        except StoreDamagedError as error:
            self._log.warning("the archive of orders is made again from the log", why=str(error))
            self.orders.reset()
            seq = 0
        self._folded_seq = self._last_seq = self._committed_seq = seq
        return seq + 1

    async def on_event(self, event: JournalEvent, delivery: Delivery) -> None:
        """Fold the log; what was applied when it was written changes nothing now."""
        self.orders.apply(event, delivery.stream_seq)
        self._folded_seq = delivery.stream_seq
        self._last_seq = max(self._last_seq, delivery.stream_seq)
        if self.orders.changed_count >= CHANGED_LIMIT:
            await self.commit()

    def pinning(self, on_poison: PoisonHandler) -> PoisonHandler:
        """Return *on_poison*, before which the image stops: the event is not in it."""

        async def pin(
            subject: Event[Any], message: object, delivery: Delivery, reason: str
        ) -> None:
            if self._pinned_seq is None:
                self._pinned_seq = delivery.stream_seq - 1
            await on_poison(subject, message, delivery, reason)

        return pin

    async def write(self, event: JournalEvent) -> int:
        """Append *event*, however long the log is away, apply it, and return its sequence.

        Raises:
            StoppingError: nothing is written any more in this life.
        """

        def apply(seq: int) -> None:
            self.orders.apply(event, seq)
            self._last_seq = max(self._last_seq, seq)

        return await self._pen.write(event, apply, event_id=event.event_id, account=event.account)

    async def watch(self) -> None:
        """Wait until nothing can be written any more, and raise then.

        Raises:
            StoppingError: only the next life knows what the log has.
        """
        await self._pen.watch()

    async def step(self, event: OrderEvent) -> Order:
        """Write one step of an order, and return the order after it."""
        await self.write(event)
        return self.order(event.order_id)

    def order(self, order_id: OrderId) -> Order:
        """Return an order that is known to exist."""
        order = self.orders.get(order_id)
        assert order is not None
        return order

    async def keep(self) -> None:
        """Commit what has changed every second, until cancelled.

        Raises:
            StoreDamagedError: the archive is of no more use: the next start makes a new one.
        """
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            await self.commit()

    async def commit(self) -> None:
        """Have the archive keep what has changed; a full disk is waited for.

        What it did not take is held in memory, and it is asked again only after a while: it
        is asked to take all of that at once.
        """
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._again_ns:
            return
        seq = self._folded_seq if self._pinned_seq is None else self._pinned_seq
        if seq == self._committed_seq and not self.orders.changed_count:
            return
        try:
            await self.orders.commit(
                log_id=self._log_id, seq=seq, last_seq=self._last_seq, now_ns=self._clock.now_ns()
            )
        except StoreDamagedError:
            raise
        except UnavailableError as error:
            self._again_ns = now_ns + AGAIN_NS
            if self._told_ns is None or now_ns - self._told_ns >= TELL_EVERY_NS:
                self._told_ns = now_ns
                self._log.warning("the archive of orders does not answer", why=str(error))
        else:
            self._committed_seq, self._told_ns = seq, None

    async def close(self) -> None:
        """Commit a last time, and let go of the archive."""
        self._again_ns = 0
        await self.commit()
        self.orders.close()
