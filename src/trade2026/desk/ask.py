"""What a sender asks of the desk, checked and exact, before it has an id."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, OrderId, StrategyId
from trade2026.core.numbers import Px, Qty
from trade2026.model.order import (
    GroupLeg,
    NewOrderSingle,
    OrdType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)


class OrderAsk(msgspec.Struct, frozen=True, kw_only=True):
    """An order somebody wants; the fields are those of `NewOrderSingle`."""

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
    stop_px: Px | None = None
    trailing_offset: Px | None = None
    expire_ns: TimeNs | None = None
    is_post_only: bool = False
    is_reduce_only: bool = False
    display_qty: Qty | None = None
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    metadata: dict[str, str] = {}
    group: GroupLeg | None = None
    is_auto: bool = False
    """Whether the sender leaves the venue to the platform; `venue` is the usual one then."""

    def as_request(self, order_id: OrderId, now_ns: TimeNs) -> NewOrderSingle:
        """Return the order under the platform's id, taken in at *now_ns*."""
        fields = msgspec.structs.asdict(self)
        del fields["is_auto"]
        fields["cl_ord_id"] = self.cl_ord_id or ClOrdId(order_id)
        return NewOrderSingle(order_id=order_id, transact_time_ns=now_ns, **fields)
