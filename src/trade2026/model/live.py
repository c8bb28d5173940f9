"""The live gateway's words: its modes, what is asked of it, and its log.

The log is the gateway's whole state. An order is in it before anything is sent to the
exchange, and what the exchange said is in it before the platform is told.
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, OrderId, StrategyId
from trade2026.core.numbers import Money, Px, Qty
from trade2026.model.balance import AssetBalance, AssetTransfer
from trade2026.model.execution import ExecType, ExecutionReport, VenueAck, VenueOrderStatus
from trade2026.model.order import NewOrderSingle, OrderReplaceRequest


class LiveMode(StrEnum):
    """How much of an order really goes to the exchange."""

    MOCK = "MOCK"
    """Nothing: all goes to PRISM."""
    SHADOW = "SHADOW"
    """Nothing: a hypothetical fill is reckoned against the exchange's book, and kept as such."""
    CANARY = "CANARY"
    """A small share; the rest is treated as in SHADOW."""
    LIVE = "LIVE"
    """All of it."""

    @property
    def rank(self) -> int:
        """Return how much it lets through, from 0."""
        return list(LiveMode).index(self)

    @property
    def sends(self) -> bool:
        """Return whether anything goes to the exchange."""
        return self.rank >= LiveMode.CANARY.rank


class LiveAck(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's answer to a submit, a cancel or a change."""

    ack: VenueAck
    is_mock: bool = False
    """Whether PRISM is to be asked instead, and its answer counts."""


class LiveStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's answer about one order."""

    status: VenueOrderStatus
    is_mock: bool = False
    """As in `LiveAck`."""


class _Step(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    event_id: EventId
    ts_ns: TimeNs


class _Word(_Step, frozen=True, kw_only=True):
    asked_by: str
    reason: str


class ModeSet(_Word, frozen=True, kw_only=True):
    """Somebody set the mode."""

    mode: LiveMode


class Panicked(_Word, frozen=True, kw_only=True):
    """The panic button: SHADOW, the breaker held open, everything open to be cancelled."""


class PanicEnded(_Word, frozen=True, kw_only=True):
    """The way back: the breaker is let go; the mode stays SHADOW."""


class BalancesOpened(_Word, frozen=True, kw_only=True):
    """What the exchange's account had while no order of ours was open there.

    Written down by the gateway when it first meets an exchange; later only where somebody says
    why what has been before does not count any more.
    """

    exchange: str
    """Its name."""
    balances: tuple[AssetBalance, ...]
    transfer_ids: tuple[str, ...]
    """Deposits and withdrawals that are in it."""


class TransferSeen(_Step, frozen=True, kw_only=True):
    """The exchange told of a deposit or a withdrawal that the opening does not have."""

    transfer: AssetTransfer


class FundingShare(msgspec.Struct, frozen=True, array_like=True):
    """What of a payment is whose."""

    account: AccountId
    strategy: StrategyId
    amount: Money
    """Negative is paid."""


class FundingSeen(_Step, frozen=True, kw_only=True):
    """The exchange told of a payment of funding; the ledger books it from here."""

    funding_id: str
    """The symbol and the exchange's number of it."""
    symbol: str
    paid_ns: TimeNs
    shares: tuple[FundingShare, ...]


class BreakerMoved(_Step, frozen=True, kw_only=True):
    """The breaker has opened or closed by itself."""

    is_open: bool
    why: str


class OrderTaken(_Step, frozen=True, kw_only=True):
    """An order was taken in, and is about to be sent as far as its route sends it.

    Written before the sending, so that a crash in between is seen and the exchange is asked.
    """

    order: NewOrderSingle
    route: LiveMode
    sent_qty: Qty
    """What goes to the exchange; the rest is hypothetical."""
    worth: Money
    """What it counts against the day's cap, in the quote asset."""
    client_id: str
    """Its name at the exchange, made of the order's id; empty where nothing is sent."""


class OrderDisowned(_Step, frozen=True, kw_only=True):
    """The platform was told that no such order was taken in; from here on it is not.

    Written before that is said: the platform ends such an order, which may be still on its way.
    """

    order_id: OrderId


class CancelAsked(_Step, frozen=True, kw_only=True):
    """The platform wants what is left cancelled."""

    order_id: OrderId


class ReplaceAsked(_Step, frozen=True, kw_only=True):
    """The platform wants the order changed: what works is cancelled first."""

    request: OrderReplaceRequest

    @property
    def order_id(self) -> OrderId:
        """Return which order it is about."""
        return self.request.order_id


class ReplacementTaken(_Step, frozen=True, kw_only=True):
    """What worked is gone, and the changed order is about to be sent in its place."""

    order_id: OrderId
    replace_id: str
    client_id: str
    order_qty: Qty
    """The order's new total, with what has traded."""
    price: Px | None
    sent_qty: Qty
    """What goes to the exchange now, without what has traded."""
    worth: Money


class Reported(_Step, frozen=True, kw_only=True):
    """The exchange said something about an order; the platform is told next."""

    report: ExecutionReport

    @property
    def order_id(self) -> OrderId:
        """Return which order it is about."""
        return self.report.order_id


class ShadowFilled(_Step, frozen=True, kw_only=True):
    """What would have traded had the order been sent. Nothing is booked for it."""

    order_id: OrderId
    last_px: Px
    last_qty: Qty
    is_maker: bool


class PartEnded(_Step, frozen=True, kw_only=True):
    """One part of an order is over; where both are, the platform is told how it ended."""

    order_id: OrderId
    is_shadow: bool
    """Whether it is the hypothetical part, and not the one at the exchange."""
    how: ExecType
    """CANCELED, REJECTED or EXPIRED; TRADE where it traded whole."""
    text: str


OrderStep: TypeAlias = (
    CancelAsked | ReplaceAsked | ReplacementTaken | Reported | ShadowFilled | PartEnded
)
"""A further step of an order that was taken in."""

LiveEvent: TypeAlias = (
    ModeSet
    | Panicked
    | PanicEnded
    | BalancesOpened
    | TransferSeen
    | FundingSeen
    | BreakerMoved
    | OrderTaken
    | OrderDisowned
    | OrderStep
)
"""Anything in the gateway's log."""
