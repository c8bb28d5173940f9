"""The log of orders as its only writer sees it: append, then apply, then go on.

An append is repeated for as long as the log is away. Giving up would leave the order's next
event under the same number as this one, and the log would keep only one of them.
"""

from structlog.typing import FilteringBoundLogger

from trade2026.core.ids import OrderId
from trade2026.desk.persistence import append_until_stored
from trade2026.domain.oms.order import Order
from trade2026.domain.oms.orders import Orders
from trade2026.model.journal import JournalEvent, OrderEvent
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.ports.bus import Bus, Delivery


class Journal:
    """The orders as the log so far leaves them, and the pen."""

    def __init__(self, bus: Bus, log: FilteringBoundLogger) -> None:
        self.orders = Orders()
        self._bus = bus
        self._log = log

    async def on_event(self, event: JournalEvent, _: Delivery) -> None:
        """Fold the log; what was applied when it was written changes nothing now."""
        self.orders.apply(event)

    async def write(self, event: JournalEvent) -> int:
        """Append *event*, however long the log is away, apply it, and return its sequence."""
        seq = await append_until_stored(
            self._bus,
            self._log,
            ORDERS_EVENT,
            event,
            event_id=event.event_id,
            account=event.account,
        )
        self.orders.apply(event)
        return seq

    async def step(self, event: OrderEvent) -> Order:
        """Write one step of an order, and return the order after it."""
        await self.write(event)
        return self.order(event.order_id)

    def order(self, order_id: OrderId) -> Order:
        """Return an order that is known to exist."""
        order = self.orders.get(order_id)
        assert order is not None
        return order
