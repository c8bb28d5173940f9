"""The kill switch at work: what it asks of the OMS and of venues, and what came of it."""

from enum import StrEnum

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ClOrdId, EventId, OrderId, StrategyId
from trade2026.core.numbers import Qty
from trade2026.model.order import Side


class CloseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Risk's order to take off a part of a position: at the market, reduce-only, at once."""

    account: AccountId
    strategy: StrategyId
    venue: str
    symbol: str
    side: Side
    order_qty: Qty
    cl_ord_id: ClOrdId | None = None
    """Under which it is one order, however often it is asked for."""


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a `CloseRequest` at first."""

    order_id: OrderId
    refusal: str
    """Why it was refused; empty when it was sent."""


class ClearRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The demand to cancel every open order of a scope."""

    scope: str
    asked_by: str
    """Who insists: each has its own patience with a venue that refuses."""


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """The orders whose cancel was asked for, or that are gone."""

    order_ids: tuple[OrderId, ...]


class KillStatus(StrEnum):
    """How a kill ended."""

    CANCELLED = "CANCELLED"
    """Nothing of the scope is open; it was not asked to be flattened."""
    FLAT = "FLAT"
    """Nothing is open and nothing is held."""
    NOT_FLAT = "NOT_FLAT"
    """What is left cannot be closed by an order; `left` says why."""
    ABANDONED = "ABANDONED"
    """Trading was allowed again, or killed anew with no less asked for, before it was done."""


class KillReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one pull of the kill switch."""

    control_id: EventId
    scope: str
    is_flattening: bool
    status: KillStatus
    asked_ns: TimeNs
    cancelled_ns: TimeNs | None
    """When nothing of the scope was open any more."""
    flat_ns: TimeNs | None
    """When nothing of the scope was held any more."""
    close_count: int
    """Orders sent to close positions."""
    left: tuple[str, ...]
    """What is still held, and why."""
    ts_ns: TimeNs
