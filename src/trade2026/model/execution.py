"""What a venue says about an order: execution reports, acknowledgements, answers.

A fill is `exec_type` TRADE; `exec_id` is the idempotency key of a report, and `report_seq`
numbers a venue's reports without a gap. They come in order as far as `lanes_of` says.
"""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty
from trade2026.core.turns import Lanes
from trade2026.model.order import Side


class ExecType(StrEnum):
    """What happened. FIX tag 150."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCEL_REJECTED = "CANCEL_REJECTED"
    """The venue could not cancel; FIX sends MsgType 9 for this."""
    REPLACED = "REPLACED"
    """The order now stands as `order_qty`, `price` and `stop_px` say."""
    REPLACE_REJECTED = "REPLACE_REJECTED"
    """The venue would not change the order, which stands as before; FIX sends MsgType 9."""
    TRIGGERED = "TRIGGERED"
    """A stop that the venue holds has become the order it was waiting to be."""
    TRADE_CANCEL = "TRADE_CANCEL"
    """The fill `exec_ref_id` is taken back, as if it had never been: a bust."""
    TRADE_CORRECT = "TRADE_CORRECT"
    """The fill `exec_ref_id` was really one of `last_qty` at `last_px` with `fee`."""


UNDOES: Final = frozenset({ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})
"""Words that undo a fill; the second books it anew."""
BOOKS: Final = frozenset({ExecType.TRADE, ExecType.TRADE_CORRECT})
"""Words that book a fill."""


class LastLiquidityInd(StrEnum):
    """Whether a fill added liquidity or removed it. FIX tag 851."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of an order at a venue. FIX MsgType 8."""

    exec_id: ExecId
    order_id: OrderId
    """The platform's id of the order, which venues get as ClOrdID."""
    venue_order_id: str
    account: AccountId
    venue: str
    symbol: str
    side: Side
    exec_type: ExecType
    last_px: Px = Px(0)
    last_qty: Qty = Qty(0)
    leaves_qty: Qty
    """What still works at the venue after this report."""
    cum_qty: Qty
    fee: Money = Money(0)
    """In `fee_asset`; positive is paid, negative is a rebate."""
    fee_asset: str = ""
    last_liquidity_ind: LastLiquidityInd | None = None
    report_seq: int
    """Position in the venue's reports, from 1, without a gap."""
    text: str = ""
    """The reason of a refusal, a cancel or an expiry; a code first where there is one."""
    ts_event_ns: TimeNs
    """The venue's time."""
    contra: str = ""
    """The other party of a fill, where the venue is our own and may say it."""
    exec_ref_id: str = ""
    """The `exec_id` of the fill that is taken back or corrected. FIX tag 19."""
    replace_id: str = ""
    """Which change of the order a REPLACED or a REPLACE_REJECTED answers."""
    order_qty: Qty | None = None
    """The order's total after a REPLACED, with what has traded. FIX tag 38."""
    price: Px | None = None
    """The order's limit after a REPLACED. FIX tag 44."""
    stop_px: Px | None = None
    """Where the stop triggers after a REPLACED. FIX tag 99."""


class VenueAck(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's answer to a submit or a cancel: its log has the request, or why not.

    It says nothing about fills: those come as execution reports.
    """

    order_id: OrderId
    is_accepted: bool
    text: str = ""


class VenueOrderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's answer about one order: every report it ever sent of it, in order."""

    order_id: OrderId
    is_known: bool
    """False means that the venue never took the order in, and never will."""
    reports: tuple[ExecutionReport, ...] = ()


def lanes_of(report: ExecutionReport) -> Lanes:
    """Return what a report has to be in order with: what is said of its order and its position.

    The second only where it moves that: lots, realised profit and the surprise that two legs of a
    group filled depend on the order of the fills of an account in a symbol, which is the venue's.
    One need not be in the log before the next is on its way there.
    """
    moves = report.exec_type in BOOKS or report.exec_type in UNDOES
    behind = ((report.account, report.symbol),) if moves else ()
    return Lanes(after=(report.order_id,), behind=behind)
