"""What risk says: refusals with their numbers, approvals, and the modes of trading.

Only a `RiskApproved` can be handed to execution: an unchecked order is a type error.
"""

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId
from trade2026.core.numbers import Money
from trade2026.model.order import NewOrderSingle

T = TypeVar("T")


class RefusalCode(StrEnum):
    """Why an order was refused, for programs."""

    HALTED = "HALTED"
    REDUCE_ONLY = "REDUCE_ONLY"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    NOT_TRADING = "NOT_TRADING"
    TICK_SIZE = "TICK_SIZE"
    LOT_SIZE = "LOT_SIZE"
    MIN_QTY = "MIN_QTY"
    MAX_QTY = "MAX_QTY"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    NO_REFERENCE_PRICE = "NO_REFERENCE_PRICE"
    STALE_REFERENCE_PRICE = "STALE_REFERENCE_PRICE"
    ORDER_QTY_LIMIT = "ORDER_QTY_LIMIT"
    ORDER_VALUE_LIMIT = "ORDER_VALUE_LIMIT"
    POSITION_LIMIT = "POSITION_LIMIT"
    BUYING_POWER = "BUYING_POWER"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    RISK_UNAVAILABLE = "RISK_UNAVAILABLE"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One reason against an order: the rule, what was asked, the limit, what would pass."""

    code: RefusalCode
    text: str
    """For people."""
    asked: str = ""
    limit: str = ""
    would_pass: str = ""
    """The nearest request that this rule alone would have let through; empty when none would."""


class RiskApproved(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A request that passed every check and whose reservation is held."""

    request: T
    reserved: Money
    """Buying power held for the order, in the account's base currency."""
    reference_px_nanos: int
    """The price the checks were made against."""
    approved_ns: TimeNs


class RiskRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The question put to risk before an order goes anywhere."""

    order: NewOrderSingle


class RiskVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Risk's answer: an approval, or every reason against the order."""

    approved: RiskApproved[NewOrderSingle] | None = None
    refusals: tuple[Refusal, ...] = ()


class TradingMode(StrEnum):
    """How far trading is allowed. The strictest of all scopes that cover an order binds."""

    NORMAL = "NORMAL"
    REDUCE_ONLY = "REDUCE_ONLY"
    HALTED = "HALTED"


GLOBAL_SCOPE = "global"


def account_scope(account: str) -> str:
    """Return the scope that covers one account."""
    return f"account:{account}"


class RiskControl(msgspec.Struct, frozen=True, kw_only=True):
    """A durable change of a scope's mode: the kill switch, its release, or an automatic halt."""

    control_id: EventId
    scope: str
    """`global`, or `account:<id>`."""
    mode: TradingMode
    cancel_open: bool
    """Whether the open orders of the scope are to be cancelled."""
    reason: str
    asked_by: str
    ts_ns: TimeNs


class HaltRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A service's demand to limit an account, because it cannot book what happened on it."""

    account: AccountId
    mode: TradingMode
    """How far the account may still trade."""
    reason: str
    asked_by: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person must look at."""

    alert_id: EventId
    level: str
    """WARN, BREACH or HALT."""
    kind: str
    scope: str
    text: str
    ts_ns: TimeNs
