"""The orders that the contract of venues is tried with: coins, and shares where only they trade."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace
from tests.factories import NOW_NS, an_order, px, qty

from trade2026.adapters.bus.local import LocalBus
from trade2026.core.ids import OrderId
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest, OrdType, TimeInForce
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.subject import Command
from trade2026.ports.venue import Venue

COINS = an_order(order_id=OrderId("resting"), price=px("55000"), order_qty=qty("0.02"))
SHARES = replace(COINS, symbol="AAPL", price=px("180.01"), order_qty=qty("2"))


def _nothing() -> None:
    """Be ready."""


@dataclass
class VenueSite:
    """A venue, and how it is asked for its statement."""

    venue: Venue
    bus: LocalBus
    asked: Command[StatementRequest, Statement]
    before_trading: Callable[[], None] = _nothing
    """Has the other side of the market ready."""

    async def stated(self) -> Statement:
        """Return the venue's statement."""
        request = StatementRequest(venue=self.venue.name)
        return await self.bus.ask(self.asked, request, timeout_s=30.0)


def at_market(order: NewOrderSingle) -> NewOrderSingle:
    """Return *order* as one that trades at once."""
    return replace(
        order,
        order_id=OrderId("trading"),
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        price=None,
    )


def half_of(order: NewOrderSingle) -> OrderReplaceRequest:
    """Return the wish for half as much."""
    return OrderReplaceRequest(
        order_id=order.order_id,
        replace_id="smaller",
        account=order.account,
        venue=order.venue,
        symbol=order.symbol,
        order_qty=type(order.order_qty)(order.order_qty // 2),
        transact_time_ns=NOW_NS,
    )
