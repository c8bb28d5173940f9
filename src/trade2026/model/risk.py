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
    SYMBOL_BLOCKED = "SYMBOL_BLOCKED"
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
    PRICE_COLLAR = "PRICE_COLLAR"
    ORDER_QTY_LIMIT = "ORDER_QTY_LIMIT"
    ORDER_VALUE_LIMIT = "ORDER_VALUE_LIMIT"
    ORDER_RATE = "ORDER_RATE"
    REPEATED_ORDER = "REPEATED_ORDER"
    OPEN_ORDER_LIMIT = "OPEN_ORDER_LIMIT"
    POSITION_LIMIT = "POSITION_LIMIT"
    POSITION_COUNT_LIMIT = "POSITION_COUNT_LIMIT"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    NET_EXPOSURE = "NET_EXPOSURE"
    CONCENTRATION = "CONCENTRATION"
    LEVERAGE = "LEVERAGE"
    POSITION_LOSS = "POSITION_LOSS"
    DAILY_LOSS = "DAILY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    FAST_DRAWDOWN = "FAST_DRAWDOWN"
    VALUE_AT_RISK = "VALUE_AT_RISK"
    SELF_TRADE = "SELF_TRADE"
    POLICY = "POLICY"
    """By the user's own policy; the text begins with the name of its rule."""
    POLICY_UNAVAILABLE = "POLICY_UNAVAILABLE"
    """There is a policy, and it could not judge the order."""
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


class RiskChangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The question put to risk before an open order becomes another."""

    order: NewOrderSingle
    """As it shall be; its quantity is the new total, with what has traded."""


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

WATCHDOG = "watchdog"
"""Who halts from outside the core."""

KILL_SWITCH = "kill-switch"
"""Who sends the orders that close positions; no user may be called so."""


def account_scope(account: str) -> str:
    """Return the scope that covers one account."""
    return f"account:{account}"


def strategy_scope(strategy: str) -> str:
    """Return the scope that covers one strategy, in whichever account."""
    return f"strategy:{strategy}"


def symbol_scope(symbol: str) -> str:
    """Return the scope that covers one symbol, in whichever account."""
    return f"symbol:{symbol}"


def scopes_over(account: str, strategy: str, symbol: str) -> tuple[str, ...]:
    """Return every scope that covers an order, the widest first."""
    return (
        GLOBAL_SCOPE,
        symbol_scope(symbol),
        account_scope(account),
        strategy_scope(strategy),
    )


def is_covered(order: NewOrderSingle, scope: str) -> bool:
    """Return whether *scope* covers *order*."""
    return scope in scopes_over(order.account, order.strategy, order.symbol)


DEFAULT_SCOPE = "default"
"""Of limits only: every symbol that has none of its own."""


class LimitValues(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits as somebody sets them, in nanos, basis points and counts; None sets nothing."""

    max_order_qty: int | None = None
    max_order_value: int | None = None
    max_position_qty: int | None = None
    max_position_value: int | None = None
    margin_bps: int | None = None
    reference_max_age_ns: int | None = None
    collar_bps: int | None = None
    max_orders_per_s: int | None = None
    max_repeats_per_s: int | None = None
    max_open_orders: int | None = None
    max_positions: int | None = None
    max_gross_exposure: int | None = None
    max_net_exposure: int | None = None
    max_concentration_bps: int | None = None
    max_leverage_bps: int | None = None
    max_position_loss: int | None = None
    max_daily_loss: int | None = None
    max_drawdown_bps: int | None = None
    max_fast_drawdown_bps: int | None = None
    max_var_95: int | None = None
    max_var_99: int | None = None


class LimitsSet(msgspec.Struct, frozen=True, kw_only=True):
    """A durable change of the limits of one scope: all that was set there before is gone."""

    change_id: EventId
    scope: str
    """`default`, `symbol:<s>`, `account:<id>` or `strategy:<id>`."""
    values: LimitValues
    reason: str
    asked_by: str
    ts_ns: TimeNs


class RiskControl(msgspec.Struct, frozen=True, kw_only=True):
    """A durable change of a scope's mode: the kill switch, its release, or an automatic halt."""

    control_id: EventId
    scope: str
    """`global`, `account:<id>`, `strategy:<id>` or `symbol:<s>`."""
    mode: TradingMode
    cancel_open: bool
    """Whether the open orders of the scope are to be cancelled."""
    reason: str
    asked_by: str
    ts_ns: TimeNs
    flatten: bool = False
    """Whether the positions of the scope are to be closed."""


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


class AlertAcknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """A person has seen an alert."""

    alert_id: EventId
    acknowledged_by: str
    text: str
    """What there is to say about it."""
    ts_ns: TimeNs
