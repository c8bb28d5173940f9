"""Execution: hands an approved order to the venue it is meant for.

It takes nothing but `RiskApproved` requests; an unchecked order cannot be expressed here.
"""

from collections.abc import Mapping

from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.ports.venue import Venue


class ExecutionDesk:
    """Routes requests to venues by name."""

    def __init__(self, venues: Mapping[str, Venue]) -> None:
        self._venues = venues
        self.submit_count = 0
        self.cancel_count = 0
        self.replace_count = 0

    @property
    def venue_names(self) -> list[str]:
        """Return the names of the venues that orders can go to."""
        return sorted(self._venues)

    async def on_submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        """Hand the order over, and return the venue's answer.

        Raises:
            VenueUnavailableError: no answer came; the order is in doubt.
        """
        order = approved.request
        venue = self._venues.get(order.venue)
        if venue is None:
            text = f"UNKNOWN_VENUE {order.venue}"
            return VenueAck(order_id=order.order_id, is_accepted=False, text=text)
        self.submit_count += 1
        return await venue.submit(approved)

    async def on_cancel(self, request: OrderCancelRequest) -> VenueAck:
        """Pass a cancel on, and return the venue's answer.

        Raises:
            VenueUnavailableError: no answer came.
        """
        venue = self._venues.get(request.venue)
        if venue is None:
            text = f"UNKNOWN_VENUE {request.venue}"
            return VenueAck(order_id=request.order_id, is_accepted=False, text=text)
        self.cancel_count += 1
        return await venue.cancel(request)

    async def on_replace(self, request: OrderReplaceRequest) -> VenueAck:
        """Pass a change on, and return the venue's answer.

        Raises:
            VenueUnavailableError: no answer came; the change is in doubt.
        """
        venue = self._venues.get(request.venue)
        if venue is None:
            text = f"UNKNOWN_VENUE {request.venue}"
            return VenueAck(order_id=request.order_id, is_accepted=False, text=text)
        self.replace_count += 1
        return await venue.replace(request)

    async def on_status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        """Ask the venue about an order in doubt. An unknown venue never got it.

        Raises:
            VenueUnavailableError: no answer came.
        """
        venue = self._venues.get(request.venue)
        if venue is None:
            return VenueOrderStatus(order_id=request.order_id, is_known=False)
        return await venue.status(request)
