"""Cancelling everything that outsiders have open, at the word of the kill switch alone.

The platform's watchdog asks for this when the core does not answer: nobody else could name the
orders. Direct participants' orders are their own affair and stay.
"""

from trade2026.core.clock import TimeNs
from trade2026.model.instrument import PRISM
from trade2026.model.kill import Cleared, ClearRequest
from trade2026.model.order import OrderCancelRequest
from trade2026.model.risk import GLOBAL_SCOPE, account_scope, symbol_scope
from trade2026.prism.outside import OutsiderOrder
from trade2026.prism.venue import Venue


async def clear(venue: Venue, request: ClearRequest, now_ns: TimeNs) -> Cleared:
    """Cancel every open order of the platform in the scope, and return which there were.

    Scopes of strategies cover nothing here: no venue knows of them.

    Raises:
        VenueUnavailableError: PRISM stopped before the outcome was in the log.
    """
    wanted = [
        order
        for order in venue.floor.orders.open_orders()
        if not order.facts.is_direct and _is_covered(order, request.scope)
    ]
    for order in wanted:
        facts = order.facts
        await venue.cancel(
            OrderCancelRequest(
                order_id=facts.order_id,
                account=facts.account,
                venue=PRISM,
                symbol=facts.symbol,
                transact_time_ns=now_ns,
            )
        )
    return Cleared(order_ids=tuple(order.facts.order_id for order in wanted))


def _is_covered(order: OutsiderOrder, scope: str) -> bool:
    facts = order.facts
    return scope in {GLOBAL_SCOPE, account_scope(facts.account), symbol_scope(facts.symbol)}
