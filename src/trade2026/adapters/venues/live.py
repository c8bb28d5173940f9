"""The exchange behind the live gateway as a venue: commands on the bus, which the gateway answers.

What the gateway treats as MOCK goes to PRISM, whose answer then counts. The gateway has it in
its log by then, so that a cancel finds the way that the order went.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from trade2026.adapters.venues.prism import PrismVenue
from trade2026.core.errors import BusUnavailableError, RefusedError, VenueUnavailableError
from trade2026.model.execution import VenueAck, VenueOrderStatus
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.live import LiveAck
from trade2026.model.live_subjects import LIVE_CANCEL, LIVE_REPLACE, LIVE_STATUS, LIVE_SUBMIT
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.risk import RiskApproved
from trade2026.model.subject import Command
from trade2026.ports.bus import Bus

S = TypeVar("S", bound=msgspec.Struct)
M = TypeVar("M")
R = TypeVar("R")

ANSWER_WITHIN_S: Final = 1.5


def _at_prism(request: S) -> S:
    return msgspec.structs.replace(request, venue=PRISM)


class LiveVenue:
    """The exchange, as execution sees it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._prism = PrismVenue(bus)

    @property
    def name(self) -> str:
        """Return `LIVE`."""
        return LIVE

    async def submit(self, approved: RiskApproved[NewOrderSingle]) -> VenueAck:
        """Hand the order over; the same order again is acknowledged, not repeated.

        Raises:
            VenueUnavailableError: no answer came; the order is in doubt.
        """
        answer = await self._ask(LIVE_SUBMIT, approved)
        passed_on = msgspec.structs.replace(approved, request=_at_prism(approved.request))
        return await self._or_prism(answer, self._prism.submit, passed_on)

    async def cancel(self, request: OrderCancelRequest) -> VenueAck:
        """Ask to cancel what is left.

        Raises:
            VenueUnavailableError: no answer came.
        """
        answer = await self._ask(LIVE_CANCEL, request)
        return await self._or_prism(answer, self._prism.cancel, _at_prism(request))

    async def replace(self, request: OrderReplaceRequest) -> VenueAck:
        """Ask to change an order; the same `replace_id` again is acknowledged, not repeated.

        Raises:
            VenueUnavailableError: no answer came; the change is in doubt.
        """
        answer = await self._ask(LIVE_REPLACE, request)
        return await self._or_prism(answer, self._prism.replace, _at_prism(request))

    async def status(self, request: OrderStatusRequest) -> VenueOrderStatus:
        """Return every report the gateway ever made of the order.

        Raises:
            VenueUnavailableError: no answer came.
        """
        answer = await self._ask(LIVE_STATUS, request)
        return await self._prism.status(_at_prism(request)) if answer.is_mock else answer.status

    async def _ask(self, subject: Command[M, R], request: M) -> R:
        try:
            return await self._bus.ask(subject, request, timeout_s=ANSWER_WITHIN_S)
        except (BusUnavailableError, RefusedError) as error:
            raise VenueUnavailableError(f"LIVE: {error}") from error

    async def _or_prism(
        self, answer: LiveAck, ask: Callable[[Any], Awaitable[VenueAck]], request: object
    ) -> VenueAck:
        is_passed_on = answer.is_mock and answer.ack.is_accepted
        return await ask(request) if is_passed_on else answer.ack
