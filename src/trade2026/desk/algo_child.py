"""A child order as its parent sees it, and as it is asked for."""

from typing import Final

from trade2026.core.numbers import Qty
from trade2026.desk.ask import OrderAsk
from trade2026.domain.execution.algorithm import Algorithm
from trade2026.domain.execution.parent import Child
from trade2026.domain.oms.order import Order
from trade2026.model.algo import ALGORITHMS, AlgoRequest
from trade2026.model.order import OrdStatus, OrdType, TimeInForce

_REFUSED: Final = frozenset({OrdStatus.RISK_REJECTED, OrdStatus.REJECTED, OrdStatus.FAILED})

NEVER_SENT: Final = Child(leaves_qty=Qty(0), is_refused=True, text="it was never sent")
"""A child that was decided on, of which there is no order and of which none will come."""


def child_of(order: Order) -> Child:
    """Return how *order* stands, as a child."""
    if order.request.sent_by != ALGORITHMS:
        return Child(leaves_qty=Qty(0), is_refused=True, text="its key is another order's")
    return Child(
        leaves_qty=Qty(0) if order.is_done else order.leaves_qty,
        cum_qty=order.cum_qty,
        cum_value=order.cum_value,
        fees=order.fees,
        price=order.request.price,
        is_sent=True,
        is_cancel_asked=order.is_cancel_requested,
        is_refused=order.status in _REFUSED,
        codes=tuple(refusal.code for refusal in order.refusals),
        text="; ".join(refusal.text for refusal in order.refusals) or order.text,
    )


def ask_of(request: AlgoRequest, algorithm: Algorithm, number: int, order_qty: Qty) -> OrderAsk:
    """Return what child *number* asks for."""
    rests = algorithm.is_resting
    return OrderAsk(
        account=request.account,
        strategy=request.strategy,
        venue=request.venue,
        symbol=request.symbol,
        side=request.side,
        ord_type=OrdType.MARKET if request.price is None else OrdType.LIMIT,
        time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
        order_qty=order_qty,
        price=request.price,
        cl_ord_id=request.key_of(number),
        sent_by=ALGORITHMS,
        metadata={"algo_id": request.algo_id, "child": str(number)},
    )


def parent_of(order: Order) -> tuple[str, int] | None:
    """Return whose child *order* is, and its number; None where it is nobody's."""
    if order.request.sent_by != ALGORITHMS:
        return None
    algo_id, _, number = order.request.cl_ord_id.rpartition("-")
    return algo_id, int(number)
