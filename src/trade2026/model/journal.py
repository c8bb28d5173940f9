"""The log of orders: every step of every order, and every change of an account's cash.

One writer, the OMS, appends these to `orders.event.<account>`. Order states, positions,
P&L and risk exposures are folds over this log and nothing else, which is why a restart
loses nothing. `order_seq` numbers an order's events from 1 without a gap, so that applying
an event twice changes nothing.
"""

from typing import Final, TypeAlias

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import Money, Px, Qty, SignedQty
from trade2026.model.booking import AnyBooking
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.order import NewOrderSingle
from trade2026.model.position import BASE_CURRENCY
from trade2026.model.risk import Refusal
from trade2026.model.surprise import Surprise


class OrderStep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What every step of an order says; only its kinds, `OrderEvent`, are ever journalled."""

    event_id: EventId
    account: AccountId
    order_id: OrderId
    order_seq: int
    ts_ns: TimeNs


class OrderReceived(OrderStep, frozen=True, kw_only=True):
    """The order was taken in: status NEW. `order_seq` is 1."""

    request: NewOrderSingle


class OrderApproved(OrderStep, frozen=True, kw_only=True):
    """Risk approved the order and holds `reserved` for it: status ACCEPTED, or SENT at once.

    Nearly every order leaves when it is approved, and one event says both. Where it waits here
    first, `OrderSent` comes later.
    """

    reserved: Money
    venue: str = ""
    """To which it is about to be handed, as `OrderSent` says; empty where it waits here."""


class OrderRefused(OrderStep, frozen=True, kw_only=True):
    """Risk refused the order: status RISK_REJECTED."""

    refusals: tuple[Refusal, ...]


class OrderSent(OrderStep, frozen=True, kw_only=True):
    """The order is about to be handed to the venue: status SENT, in doubt until it answers.

    Written before the sending, so that a crash in between is seen and the venue is asked.
    """

    venue: str


class OrderFailed(OrderStep, frozen=True, kw_only=True):
    """The order provably never reached a venue: status FAILED."""

    text: str


class OrderTriggered(OrderStep, frozen=True, kw_only=True):
    """The market reached a stop that rests with us: status ACCEPTED still, to be sent now."""

    trade_px: Px
    """The trade that did it."""


class StopMoved(OrderStep, frozen=True, kw_only=True):
    """A trailing stop has followed the market."""

    stop_px: Px


class OrderWithdrawn(OrderStep, frozen=True, kw_only=True):
    """An order that never left is taken back: status CANCELLED, or EXPIRED by its time."""

    is_expiry: bool = False
    text: str = ""


class CancelRequested(OrderStep, frozen=True, kw_only=True):
    """Somebody asked to cancel what is left: status PENDING_CANCEL."""

    asked_by: str
    is_expiry: bool = False
    """The order's time is over: when the venue has confirmed, it is EXPIRED."""


class _ChangeStep(OrderStep, frozen=True, kw_only=True, tag=True):
    order_qty: Qty | None = None
    """The new total, with what has traded; None leaves a value as it is."""
    price: Px | None = None
    stop_px: Px | None = None
    reserved: Money
    """What risk holds for what is left of the changed order."""
    asked_by: str
    key: str = ""
    """The sender's own key of the change; empty where there is none."""


class OrderChanged(_ChangeStep, frozen=True, kw_only=True):
    """An order that rests with us is another from here on: status ACCEPTED still."""


class ReplaceRequested(_ChangeStep, frozen=True, kw_only=True):
    """Somebody asked to change what a venue has: status PENDING_REPLACE.

    Written before the sending, so that a crash in between is seen and the venue is asked.
    """

    replace_id: str
    """Names the change at the venue, and its answer."""


class FillTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill is booked at."""

    last_qty: Qty
    last_px: Px
    fee: Money
    exec_id: ExecId = ExecId("")
    """As the fill was first told of, however often it was corrected; empty in old logs."""
    fee_asset: str = ""
    """What `fee` was paid in; empty in old logs, where it is what the undoing report says."""


class OrderReported(OrderStep, frozen=True, kw_only=True):
    """The venue said something about the order."""

    report: ExecutionReport
    surprise: str = ""
    """Why the report was not expected, such as an over-fill; booked and alarmed all the same."""
    was: FillTerms | None = None
    """What the fill was booked at that a TRADE_CANCEL takes back or a TRADE_CORRECT corrects.

    None where no such fill stands: then nothing moves, and `surprise` says so.
    """
    strategy: StrategyId = StrategyId("")
    """Whose order it is, so that no fold need remember one that ended; empty in old logs."""


class UnknownReported(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A venue reported on an order the platform does not know: kept, booked and alarmed."""

    event_id: EventId
    account: AccountId
    report: ExecutionReport
    ts_ns: TimeNs
    was: FillTerms | None = None
    """As in `OrderReported`."""


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
    | OrderTriggered
    | StopMoved
    | OrderWithdrawn
    | CancelRequested
    | OrderChanged
    | ReplaceRequested
    | OrderReported
)
"""A step of one order."""

JournalEvent: TypeAlias = OrderEvent | UnknownReported | CashDeposited | AnyBooking
"""Anything in the log of orders."""


# To look a member up in its enum costs more than to compare with it.
_TRADE: Final = ExecType.TRADE


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a report does to a position and to cash."""

    qty: SignedQty
    """Bought (positive) or sold (negative)."""
    px: Px
    fee: Money
    """Paid (positive), or given back."""
    fee_asset: str
    """What it is paid in; never empty where something is paid."""


def undone_of(event: OrderReported | UnknownReported) -> ExecId:
    """Return which fill a bust or a correction is about: the first, where it names another."""
    was = event.was
    return was.exec_id if was is not None and was.exec_id else ExecId(event.report.exec_ref_id)


def fee_asset_of(event: OrderReported | UnknownReported) -> str:
    """Return what the fee of the fill was paid in that a bust or a correction undoes.

    A bust may tell of no fee at all: what is returned was then paid in cash.
    """
    told = event.was.fee_asset if event.was is not None else ""
    return told or event.report.fee_asset or BASE_CURRENCY


def does_move(event: OrderReported | UnknownReported) -> bool:
    """Return whether *event* moves anything: whether `moves_of` it has something."""
    exec_type = event.report.exec_type
    return exec_type is _TRADE or (event.was is not None and exec_type in UNDOES)


def undoes_nothing(event: OrderReported | UnknownReported) -> bool:
    """Return whether the log's writer looked for the fill of a bust or a correction in vain.

    Such an event moves nothing, whatever else is known of a fill of that name. In old logs nobody
    had looked.
    """
    is_judged = isinstance(event, OrderReported) and Surprise.NO_SUCH_FILL in event.surprise
    return is_judged and event.was is None


def moves_of(event: OrderReported | UnknownReported) -> tuple[Move, ...]:
    """Return what *event* moves, in order: nothing, a fill, or the undoing of one.

    A fill that is taken back is its own opposite: the same quantity the other way at the same
    price, with its fee returned. A correction undoes the fill as it was booked, and then books
    it as it really was. So every fold is right that adds them up, without knowing the fill.
    """
    report = event.report
    if report.exec_type is _TRADE:
        return (_move_of(report),)
    was, exec_type = event.was, report.exec_type
    if was is None or exec_type not in UNDOES:
        return ()
    undone = SignedQty(-report.side.sign * was.last_qty)
    fee, asset = Money(-was.fee), fee_asset_of(event)
    undoing = Move(qty=undone, px=was.last_px, fee=fee, fee_asset=asset)
    return (undoing,) if exec_type is ExecType.TRADE_CANCEL else (undoing, _move_of(report))


def _move_of(report: ExecutionReport) -> Move:
    qty = SignedQty(report.side.sign * report.last_qty)
    return Move(qty=qty, px=report.last_px, fee=report.fee, fee_asset=report.fee_asset)
