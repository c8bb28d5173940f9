"""Orders as they are asked for: sides, types, times in force, requests.

Names are FIX's in snake_case. The statuses are those of the platform's API; their FIX
names are derived in `model/fix.py`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, OrderId, StrategyId
from trade2026.core.numbers import Px, Qty


class Side(StrEnum):
    """FIX tag 54."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """Return +1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrdType(StrEnum):
    """FIX tag 40. Types that are not built yet are not here, so they cannot be accepted."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


class TimeInForce(StrEnum):
    """FIX tag 59."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrdStatus(StrEnum):
    """How an order stands, in the API's words."""

    NEW = "NEW"
    """Journalled, nothing decided yet."""
    PENDING_RISK = "PENDING_RISK"
    RISK_REJECTED = "RISK_REJECTED"
    ACCEPTED = "ACCEPTED"
    """Approved by risk, and reserved."""
    ROUTING = "ROUTING"
    SENT = "SENT"
    """Handed to the venue, and so it stays while it works there."""
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_REPLACE = "PENDING_REPLACE"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    """Provably never sent."""


DONE: Final = frozenset(
    {
        OrdStatus.RISK_REJECTED,
        OrdStatus.FILLED,
        OrdStatus.CANCELLED,
        OrdStatus.REJECTED,
        OrdStatus.EXPIRED,
        OrdStatus.FAILED,
    }
)
"""Statuses after which no more quantity can be bought or sold, except by a late fill."""

OPEN: Final = frozenset(OrdStatus) - DONE
"""Statuses in which an order still holds its reservation."""


class NewOrderSingle(msgspec.Struct, frozen=True, kw_only=True):
    """A request to buy or sell, already given its id. FIX MsgType D."""

    order_id: OrderId
    cl_ord_id: ClOrdId
    """The sender's key; the platform sets the order's id where the sender gave none."""
    account: AccountId
    strategy: StrategyId
    venue: str
    symbol: str
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Qty
    price: Px | None = None
    """The limit; None for a market order."""
    transact_time_ns: TimeNs
    """When the platform took the order in. FIX tag 60."""
    sent_by: str = ""
    """The principal that asked, for the audit."""


class OrderCancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to cancel what is left of an order. FIX MsgType F."""

    order_id: OrderId
    account: AccountId
    venue: str
    symbol: str
    transact_time_ns: TimeNs


class OrderStatusRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a venue about an order in doubt. FIX MsgType H."""

    order_id: OrderId
    account: AccountId
    venue: str
    symbol: str
