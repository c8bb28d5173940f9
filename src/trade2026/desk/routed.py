"""Orders that name no venue get one: once, before they are in the log, where it then stands.

What the log says is never decided again: a restart, a cancel and a change go where the order
went.
"""

from collections.abc import Sequence

import msgspec

from trade2026.core.errors import RefusedError
from trade2026.desk.journal import Journal
from trade2026.desk.venue_rule import VenueRule
from trade2026.model.order import NewOrderSingle
from trade2026.model.route_subjects import EXEC_ROUTE
from trade2026.ports.bus import Bus


class Routed:
    """Asks execution for the venue of orders of accounts that may trade on several.

    Args:
        bus: on which it is asked.
        journal: what is in it already has its venue.
        venues: which accounts those are.
    """

    def __init__(self, bus: Bus, journal: Journal, venues: VenueRule) -> None:
        self._bus = bus
        self._journal = journal
        self._venues = venues

    async def settle(self, request: NewOrderSingle, *, is_auto: bool) -> NewOrderSingle:
        """Return *request* with the venue that it goes to; that of the first under its key.

        Args:
            request: with the venue that its sender names, or the usual one.
            is_auto: whether its sender names none.

        Raises:
            InvalidInputError: the account trades elsewhere only.
            RefusedError: no venue is fit for it.
            UnavailableError: execution did not answer; nothing was journalled.
        """
        self._venues.require(request.account, request.venue)
        if not (is_auto and self._venues.is_routed(request.account)):
            return request
        known = self._journal.orders.by_key(request.account, request.cl_ord_id)
        if known is not None:
            return _as(known.asked, request)
        answer = await self._bus.ask(EXEC_ROUTE, request)
        why = f"{answer.rule}: {answer.why}"
        if not answer.venue:
            raise RefusedError(f"NO_VENUE by rule {why}")
        return msgspec.structs.replace(request, venue=answer.venue, route=why)


def together(requests: Sequence[NewOrderSingle]) -> list[NewOrderSingle]:
    """Return the legs of a group, all where the first goes: no group is of two venues."""
    return [_as(requests[0], one) if one.route else one for one in requests]


def _as(first: NewOrderSingle, request: NewOrderSingle) -> NewOrderSingle:
    return msgspec.structs.replace(request, venue=first.venue, route=first.route)
