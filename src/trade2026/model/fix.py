"""FIX names for the platform's words: the only place where code letters are known.

Source: FIX 4.4 and FIX Latest, tags 39, 40, 54, 59, 150.
"""

from typing import Final

from trade2026.model.execution import ExecType
from trade2026.model.order import OrdStatus, OrdType, Side, TimeInForce

ORD_STATUS: Final[dict[OrdStatus, str]] = {
    OrdStatus.NEW: "A",
    OrdStatus.PENDING_RISK: "A",
    OrdStatus.RISK_REJECTED: "8",
    OrdStatus.ACCEPTED: "A",
    OrdStatus.ROUTING: "A",
    OrdStatus.SENT: "0",
    OrdStatus.PARTIALLY_FILLED: "1",
    OrdStatus.PENDING_CANCEL: "6",
    OrdStatus.PENDING_REPLACE: "E",
    OrdStatus.FILLED: "2",
    OrdStatus.CANCELLED: "4",
    OrdStatus.REJECTED: "8",
    OrdStatus.EXPIRED: "C",
    OrdStatus.FAILED: "8",
}
"""Tag 39. FIX knows nothing before the venue: our own first steps are Pending New (A)."""

EXEC_TYPE: Final[dict[ExecType, str]] = {
    ExecType.NEW: "0",
    ExecType.TRADE: "F",
    ExecType.CANCELED: "4",
    ExecType.REJECTED: "8",
    ExecType.EXPIRED: "C",
    # The two refusals are no ExecTypes in FIX but one message of its own, OrderCancelReject.
    ExecType.CANCEL_REJECTED: "9",
    ExecType.REPLACED: "5",
    ExecType.REPLACE_REJECTED: "9",
    ExecType.TRIGGERED: "L",
    ExecType.TRADE_CANCEL: "H",
    ExecType.TRADE_CORRECT: "G",
}
"""Tag 150."""

SIDE: Final[dict[Side, str]] = {Side.BUY: "1", Side.SELL: "2"}
"""Tag 54."""

ORD_TYPE: Final[dict[OrdType, str]] = {
    OrdType.MARKET: "1",
    OrdType.LIMIT: "2",
    OrdType.STOP: "3",
    OrdType.STOP_LIMIT: "4",
    # FIX has no trailing stop: it is a pegged order whose peg moves one way only.
    OrdType.TRAILING_STOP: "P",
}
"""Tag 40."""

TIME_IN_FORCE: Final[dict[TimeInForce, str]] = {
    TimeInForce.DAY: "0",
    TimeInForce.GTC: "1",
    TimeInForce.IOC: "3",
    TimeInForce.FOK: "4",
    TimeInForce.GTD: "6",
}
"""Tag 59."""
