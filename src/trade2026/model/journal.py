"""The log of orders: every step of every order, and every change of an account's cash.

One writer, the OMS, appends these to `orders.event.<account>`. Order states, positions,
P&L and risk exposures are folds over this log and nothing else, which is why a restart
loses nothing. `order_seq` numbers an order's events from 1 without a gap, so that applying
an event twice changes nothing.
"""

from typing import TypeAlias

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.core.numbers import Money
from trade2026.model.booking import AnyBooking
from trade2026.model.execution import ExecutionReport
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import Refusal


class _OrderStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    event_id: EventId
    account: AccountId
    order_id: OrderId
    order_seq: int
    ts_ns: TimeNs


class OrderReceived(_OrderStep, frozen=True, kw_only=True):
    """The order was taken in: status NEW. `order_seq` is 1."""

    request: NewOrderSingle


class OrderApproved(_OrderStep, frozen=True, kw_only=True):
    """Risk approved the order and holds `reserved` for it: status ACCEPTED."""

    reserved: Money


class OrderRefused(_OrderStep, frozen=True, kw_only=True):
    """Risk refused the order: status RISK_REJECTED."""

    refusals: tuple[Refusal, ...]


class OrderSent(_OrderStep, frozen=True, kw_only=True):
    """The order is about to be handed to the venue: status SENT, in doubt until it answers.

    Written before the sending, so that a crash in between is seen and the venue is asked.
    """

    venue: str


class OrderFailed(_OrderStep, frozen=True, kw_only=True):
    """The order provably never reached a venue: status FAILED."""

    text: str


class CancelRequested(_OrderStep, frozen=True, kw_only=True):
    """Somebody asked to cancel what is left: status PENDING_CANCEL."""

    asked_by: str


class OrderReported(_OrderStep, frozen=True, kw_only=True):
    """The venue said something about the order."""

    report: ExecutionReport
    surprise: str = ""
    """Why the report was not expected, such as an over-fill; booked and alarmed all the same."""


class UnknownReported(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A venue reported on an order the platform does not know: kept, booked and alarmed."""

    event_id: EventId
    account: AccountId
    report: ExecutionReport
    ts_ns: TimeNs


class CashDeposited(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Cash came into an account; the first deposit opens it."""

    event_id: EventId
    account: AccountId
    currency: str
    amount: Money
    text: str
    ts_ns: TimeNs


OrderEvent: TypeAlias = (
    OrderReceived
    | OrderApproved
    | OrderRefused
    | OrderSent
    | OrderFailed
    | CancelRequested
    | OrderReported
)
"""A step of one order."""

JournalEvent: TypeAlias = OrderEvent | UnknownReported | CashDeposited | AnyBooking
"""Anything in the log of orders."""
