"""PRISM as a venue: commands on the bus, which PRISM's process answers."""

from typing import Final

from trade2026.core.errors import BusUnavailableError, RefusedError, VenueUnavailableError
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.instrument import PRISM
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.model.subjects import VENUE_CANCEL, VENUE_REPLACE, VENUE_STATUS, VENUE_SUBMIT
from trade2026.ports.bus import Bus

ANSWER_WITHIN_S: Final = 1.5
"""Shorter than the asker's own limit, so that it learns of the doubt and not of a time-out."""


class PrismVenue:
    """The platform's own exchange, as execution sees it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def name(self) -> str:
        """Return `PRISM`."""
        return PRISM

    async def submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        """Hand the order over; the same order again is acknowledged, not repeated.

        Raises:
            VenueUnavailableError: no answer came; the order is in doubt.
        """
        try:
            return await self._bus.ask(VENUE_SUBMIT, approved.request, timeout_s=ANSWER_WITHIN_S)
        except (BusUnavailableError, RefusedError) as error:
            raise VenueUnavailableError(f"PRISM: {error}") from error

    async def cancel(self, request: OrderCancelRequest) -> VenueAck:
        """Ask to cancel what is left.

        Raises:
            VenueUnavailableError: no answer came.
        """
        try:
            return await self._bus.ask(VENUE_CANCEL, request, timeout_s=ANSWER_WITHIN_S)
        except (BusUnavailableError, RefusedError) as error:
            raise VenueUnavailableError(f"PRISM: {error}") from error

    async def replace(self, request: OrderReplaceRequest) -> VenueAck:
        """Ask to change an order; the same `replace_id` again is acknowledged, not repeated.

        Raises:
            VenueUnavailableError: no answer came; the change is in doubt.
        """
        try:
            return await self._bus.ask(VENUE_REPLACE, request, timeout_s=ANSWER_WITHIN_S)
        except (BusUnavailableError, RefusedError) as error:
            raise VenueUnavailableError(f"PRISM: {error}") from error

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        """Return every report PRISM ever made of the order.

        Raises:
            VenueUnavailableError: no answer came.
        """
        try:
            return await self._bus.ask(VENUE_STATUS, request, timeout_s=ANSWER_WITHIN_S)
        except (BusUnavailableError, RefusedError) as error:
            raise VenueUnavailableError(f"PRISM: {error}") from error
