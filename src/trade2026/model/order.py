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

    sign: int
    """+1 for a buy, -1 for a sell."""

    def __init__(self, word: str) -> None:
        # A field, not a property: every step of an order's way asks for it.
        self.sign = 1 if word == "BUY" else -1

    @property
    def opposite(self) -> "Side":
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrdType(StrEnum):
    """FIX tag 40."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    """Becomes a market order when the market trades at `stop_px` or beyond."""
    STOP_LIMIT = "STOP_LIMIT"
    """Becomes a limit order then."""
    TRAILING_STOP = "TRAILING_STOP"
    """A stop whose price follows the market at `trailing_offset`, in the good direction only."""


class TimeInForce(StrEnum):
    """FIX tag 59."""

    DAY = "DAY"
    """Until the end of the trading day of the instrument."""
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    """Until `expire_ns`."""


class SelfTradePrevention(StrEnum):
    """What happens where an order would meet one of its own account. FIX tag 2964."""

    CANCEL_NEWEST = "CANCEL_NEWEST"
    """The incoming order ends; what rests stays."""
    CANCEL_OLDEST = "CANCEL_OLDEST"
    """The resting order ends; the incoming one goes on."""
    CANCEL_BOTH = "CANCEL_BOTH"
    DECREMENT = "DECREMENT"
    """Both shrink by the smaller quantity, without a trade; who has nothing left ends."""


class GroupKind(StrEnum):
    """How orders belong together. FIX tag 1385."""

    OCO = "OCO"
    """What one trades is taken off the others; where one ends, they end."""
    OTO = "OTO"
    """The first triggers the others, as far as it trades."""
    BRACKET = "BRACKET"
    """The first triggers two exits, of which each takes off the other."""


class GroupLeg(msgspec.Struct, frozen=True, kw_only=True):
    """An order's place in a group. FIX ListID (tag 66) and ListSeqNo (tag 67)."""

    group_id: str
    """The account's own; a leg's `cl_ord_id` is made of it."""
    kind: GroupKind
    number: int
    """From 0."""
    count: int
    """Of legs in the group."""

    @property
    def is_exit(self) -> bool:
        """Return whether it waits for the first leg to trade."""
        return self.kind is not GroupKind.OCO and self.number > 0

    def key_of(self, number: int) -> ClOrdId:
        """Return the key of leg *number* of the group."""
        return ClOrdId(f"{self.group_id}-{number}")


class OrdStatus(StrEnum):
    """How an order stands, in the API's words."""

    NEW = "NEW"
    """Journalled, nothing decided yet."""
    PENDING_RISK = "PENDING_RISK"
    RISK_REJECTED = "RISK_REJECTED"
    ACCEPTED = "ACCEPTED"
    """Approved by risk, and reserved, but not sent: a stop."""
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

AT_VENUE: Final = frozenset(
    {
        OrdStatus.SENT,
        OrdStatus.PARTIALLY_FILLED,
        OrdStatus.PENDING_CANCEL,
        OrdStatus.PENDING_REPLACE,
        OrdStatus.FILLED,
        OrdStatus.CANCELLED,
        OrdStatus.REJECTED,
        OrdStatus.EXPIRED,
    }
)
"""Statuses of orders that a venue may have, or may have had."""

STOPS: Final = frozenset({OrdType.STOP, OrdType.STOP_LIMIT, OrdType.TRAILING_STOP})
"""Types that wait for the market before they become something else."""

OPEN: Final = frozenset(OrdStatus) - DONE
"""Statuses in which an order still holds its reservation."""


class NewOrderSingle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    """The limit; None for an order without one."""
    transact_time_ns: TimeNs
    """When the platform took the order in. FIX tag 60."""
    sent_by: str = ""
    """The principal that asked, for the audit."""
    stop_px: Px | None = None
    """Where a stop is triggered. FIX tag 99."""
    trailing_offset: Px | None = None
    """How far behind the best price a trailing stop follows, in nanos of the quote asset."""
    expire_ns: TimeNs | None = None
    """When a GTD or a DAY order ends; the platform sets it for a day. FIX tag 126."""
    is_post_only: bool = False
    """Refused where it would trade at once. FIX tag 18, ExecInst 6."""
    is_reduce_only: bool = False
    """Never opens or grows a position."""
    display_qty: Qty | None = None
    """What of an iceberg is shown at a time; None shows all. FIX tag 1138."""
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    metadata: dict[str, str] = {}
    """The sender's own notes, kept and shown, never read."""
    group: GroupLeg | None = None
    """Its place among orders that belong together."""
    route: str = ""
    """Why it goes to `venue`, where the platform chose that; decided once, and kept."""


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


class OrderReplaceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to change an order that works. FIX MsgType G.

    Priority is kept where only the quantity falls. What is None stays as it is.
    """

    order_id: OrderId
    replace_id: str
    """The sender's key of this change: the same key again is acknowledged, not repeated."""
    account: AccountId
    venue: str
    symbol: str
    order_qty: Qty | None = None
    """The new total, with what has traded already."""
    price: Px | None = None
    stop_px: Px | None = None
    transact_time_ns: TimeNs
