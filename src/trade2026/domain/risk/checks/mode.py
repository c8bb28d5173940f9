"""Refuse orders that the kill switch or the reduce-only mode forbids, or their own wish.

An order that was asked to be reduce-only is held to it in every mode. Reduce-only lets an
order pass that only takes off what is held. What open orders may already take off counts as
taken off, so that two of them cannot turn the position over. A close by the kill switch takes
off what its own strategy holds, and nothing from others who hold more of the same.
"""

from typing import Final

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.order import NewOrderSingle
from trade2026.model.risk import KILL_SWITCH, Refusal, RefusalCode, TradingMode, symbol_scope

_NORMAL: Final = TradingMode.NORMAL
"""Of its own: to look a member up in its enum costs more than the rest of the check."""


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why the mode of trading forbids the order, or None where it does not."""
    order = sized.order
    if view.mode is _NORMAL:
        return _reduce_only(sized, view) if order.is_reduce_only else None
    match view.mode:
        case TradingMode.HALTED if is_closing(order):
            # What is halted is flattened by the kill switch alone, and by nothing that opens.
            return _reduce_only(sized, view)
        case TradingMode.HALTED if view.mode_scope == symbol_scope(order.symbol):
            return Refusal(
                code=RefusalCode.SYMBOL_BLOCKED,
                text=f"{order.symbol} is blocked",
                asked=order.symbol,
                limit=view.mode.value,
            )
        case TradingMode.HALTED:
            return Refusal(
                code=RefusalCode.HALTED,
                text=f"trading is halted ({view.mode_scope})",
                asked=TradingMode.NORMAL.value,
                limit=view.mode.value,
            )
        case _:
            return _reduce_only(sized, view)


def is_closing(order: NewOrderSingle) -> bool:
    """Return whether the kill switch itself sends *order*, to close a position."""
    return order.sent_by == KILL_SWITCH and order.is_reduce_only


def _reduce_only(sized: SizedOrder, view: RiskView) -> Refusal | None:
    order, closable_qty = sized.order, view.closable_qty
    if sized.opening_qty == 0 and (closable_qty is None or order.order_qty <= closable_qty):
        return None
    room = view.reducible_qty(order.side)
    if closable_qty is not None:
        room = min(room, closable_qty)
    return Refusal(
        code=RefusalCode.REDUCE_ONLY,
        text="only orders that reduce the position are allowed",
        asked=f"{order.side} {format_nanos(order.order_qty)}",
        limit=f"{order.side} {format_nanos(room)}",
        would_pass=passing_qty(room, view),
    )
