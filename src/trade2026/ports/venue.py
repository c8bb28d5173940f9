"""A venue that takes orders. Fills come as `exec.report.<venue>` events, never as answers."""

from typing import Protocol

from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved


class Venue(Protocol):
    """What execution asks of a venue."""

    @property
    def name(self) -> str:
        """Return the venue's name, such as `PRISM`."""
        ...

    async def submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        """Hand the order to the venue. The same `order_id` again is acknowledged, not repeated.

        Raises:
            VenueUnavailableError: no answer came; the order is in doubt.
        """
        ...

    async def cancel(self, request: OrderCancelRequest) -> VenueAck:
        """Ask the venue to cancel what is left of an order.

        Raises:
            VenueUnavailableError: no answer came.
        """
        ...

    async def replace(self, request: OrderReplaceRequest) -> VenueAck:
        """Ask the venue to change an order; once for each `replace_id`, however often asked.

        What came of it, a REPLACED or a REPLACE_REJECTED with that id says.

        Raises:
            VenueUnavailableError: no answer came; the change is in doubt.
        """
        ...

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        """Return everything the venue ever reported of an order.

        Raises:
            VenueUnavailableError: no answer came.
        """
        ...
