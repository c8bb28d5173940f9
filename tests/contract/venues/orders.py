"""The orders that the contract of venues is tried with: coins, and shares where only they trade."""

from msgspec.structs import replace
from tests.factories import NOW_NS, an_order, px, qty

from trade2026.core.ids import OrderId
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest

COINS = an_order(order_id=OrderId("resting"), price=px("55000"), order_qty=qty("0.02"))
SHARES = replace(COINS, symbol="AAPL", price=px("180.01"), order_qty=qty("2"))


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
