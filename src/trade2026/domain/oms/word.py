"""What a venue's word means for an order: which row of the table of statuses it asks for.

Source: FIX 4.4, volume 4, order state change matrices; ExecType (tag 150).
"""

from typing import Final

from trade2026.core.numbers import Qty
from trade2026.domain.oms.transition import Trigger
from trade2026.model.execution import ExecType
from trade2026.model.journal import OrderReported
from trade2026.model.order import DONE, OrdStatus

# To look a member up in its enum costs more than to compare with it.
_TRADE: Final = ExecType.TRADE
_FILL_ALL: Final = Trigger.FILL_ALL
_FILL_PART: Final = Trigger.FILL_PART
_PLAIN: Final[dict[ExecType, Trigger]] = {
    ExecType.NEW: Trigger.ACKNOWLEDGE,
    ExecType.CANCELED: Trigger.CANCEL,
    ExecType.REJECTED: Trigger.REJECT,
    ExecType.EXPIRED: Trigger.EXPIRE,
    ExecType.TRIGGERED: Trigger.NOTE,
}


def trigger_of(
    status: OrdStatus,
    event: OrderReported,
    *,
    cum_qty: Qty,
    order_qty: Qty,
    is_changing: bool = False,
) -> Trigger:
    """Return what *event* asks of the table.

    Args:
        status: of the order before it.
        event: what the venue said.
        cum_qty: what is filled after it.
        order_qty: the order's total after it.
        is_changing: whether a change waits for the venue's word after it.
    """
    exec_type = event.report.exec_type
    is_all = cum_qty >= order_qty
    # First what nearly every order hears.
    if exec_type is _TRADE:
        return _FILL_ALL if is_all else _FILL_PART
    match exec_type:
        case ExecType.CANCEL_REJECTED:
            kept = Trigger.KEEP_PART if cum_qty else Trigger.KEEP_WHOLE
            return Trigger.KEEP_CHANGING if is_changing else kept
        case ExecType.REPLACE_REJECTED:
            return Trigger.STAND_PART if cum_qty else Trigger.STAND_WHOLE
        case ExecType.REPLACED:
            return _of_change(status, cum_qty, is_all=is_all)
        case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
            return _of_undoing(event, cum_qty, is_all=is_all)
        case _:
            return _PLAIN[exec_type]


def _of_change(status: OrdStatus, cum_qty: Qty, *, is_all: bool) -> Trigger:
    if status in DONE:
        return Trigger.NOTE
    if is_all:
        return Trigger.CHANGE_ALL
    return Trigger.CHANGE_PART if cum_qty else Trigger.CHANGE


def _of_undoing(event: OrderReported, cum_qty: Qty, *, is_all: bool) -> Trigger:
    if event.was is None:
        return Trigger.NOTE
    if is_all:
        return Trigger.FILL_ALL
    return Trigger.UNFILL_PART if cum_qty else Trigger.UNFILL_WHOLE
