"""What a sender asks of the desk, checked and exact, before it has an id."""

import msgspec

from trade2026.core.ids import AccountId, ClOrdId, StrategyId
from trade2026.core.numbers import Px, Qty
from trade2026.model.order import OrdType, Side, TimeInForce


class OrderAsk(msgspec.Struct, frozen=True, kw_only=True):
    """An order somebody wants."""

    account: AccountId
    strategy: StrategyId
    venue: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Qty
    price: Px | None
    cl_ord_id: ClOrdId | None
    sent_by: str
