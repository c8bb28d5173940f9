"""What risk asks of the OMS for the kill switch: to close a part of a position, and to cancel.

An order that closes goes the way of every other one: journalled, judged, reserved, sent.
"""

from trade2026.desk.ask import OrderAsk
from trade2026.desk.orders import OrderDesk
from trade2026.model.kill import Cleared, ClearRequest, Closed, CloseRequest
from trade2026.model.order import OrdType, TimeInForce
from trade2026.model.risk import KILL_SWITCH


class Closer:
    """Answers the kill switch."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk

    async def on_close(self, request: CloseRequest) -> Closed:
        """Place the order that closes, and return what became of it at first.

        Raises:
            InvalidInputError: the account does not exist.
            UnavailableError: the log did not answer in time.
        """
        ask = OrderAsk(
            account=request.account,
            strategy=request.strategy,
            venue=self._desk.venues.venue_of(request.account, request.venue),
            symbol=request.symbol,
            side=request.side,
            ord_type=OrdType.MARKET,
            time_in_force=TimeInForce.IOC,
            order_qty=request.order_qty,
            price=None,
            cl_ord_id=request.cl_ord_id,
            sent_by=KILL_SWITCH,
            is_reduce_only=True,
        )
        order, _ = await self._desk.submit(ask)
        refusal = "; ".join(one.text for one in order.refusals)
        return Closed(order_id=order.request.order_id, refusal=refusal)

    async def on_clear(self, request: ClearRequest) -> Cleared:
        """Ask to cancel every open order of the scope, and return which were asked for now.

        The kill switch asks each second until none is open.
        """
        asked = await self._desk.clear(request.scope, request.asked_by, is_insisting=True)
        return Cleared(order_ids=tuple(asked))
