"""Stops that rest with us, watched against the trades of the market.

A stop to buy is reached by a trade at its price or above, one to sell by a trade at its price
or below; one that the market jumps over is reached by the first trade beyond. A trailing stop
follows the best trade since it was placed at its offset, and never moves back.

Source: FIX 4.4, OrdType (tag 40) 3, 4 and P with PegMoveType; Binance, STOP_LOSS by last price.
"""

import msgspec

from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px
from trade2026.domain.oms.order import Order
from trade2026.model.order import NewOrderSingle, Side


def is_reached(side: Side, stop_px: Px, trade_px: Px) -> bool:
    """Return whether a trade at *trade_px* reaches a stop of *side* at *stop_px*."""
    return (trade_px - stop_px) * side.sign >= 0


def trailed(request: NewOrderSingle, trade_px: Px) -> Px | None:
    """Return where the stop of *request* stands after a trade; one that does not trail stays."""
    offset = request.trailing_offset
    if offset is None:
        return request.stop_px
    # A stop to sell is below the market and rises with it; one to buy is above and falls.
    followed = Px(trade_px + request.side.sign * offset)
    if request.stop_px is None:
        return followed
    nearer = min if request.side is Side.BUY else max
    return nearer(request.stop_px, followed)


class Fired(msgspec.Struct, frozen=True):
    """A stop that the market has reached."""

    order_id: OrderId
    trade_px: Px


class Stops:
    """The resting stops by symbol, and the last trade of each; mutable, nothing but memory."""

    def __init__(self) -> None:
        self._watched: dict[str, dict[OrderId, NewOrderSingle]] = {}
        self._moved: dict[OrderId, Px] = {}
        self._last_px: dict[str, Px] = {}

    def watch(self, order: Order) -> Fired | None:
        """Watch *order* from now on, as it stands; told when the market is there already."""
        request = order.request
        self.forget(order)
        self._watched.setdefault(request.symbol, {})[request.order_id] = request
        last_px = self._last_px.get(request.symbol)
        return None if last_px is None else self._look(request, last_px)

    def forget(self, order: Order) -> None:
        """Watch *order* no more."""
        self._watched.get(order.request.symbol, {}).pop(order.request.order_id, None)
        self._moved.pop(order.request.order_id, None)

    def on_trade(self, symbol: str, trade_px: Px) -> list[Fired]:
        """Take a trade, and return the stops it reaches; they are watched no more."""
        self._last_px[symbol] = trade_px
        watched = self._watched.get(symbol)
        if not watched:
            return []
        found = [self._look(request, trade_px) for request in list(watched.values())]
        return [fired for fired in found if fired is not None]

    def take_moved(self) -> dict[OrderId, Px]:
        """Return where trailing stops have gone since this was asked last."""
        moved, self._moved = self._moved, {}
        return moved

    def _look(self, request: NewOrderSingle, trade_px: Px) -> Fired | None:
        watched = self._watched[request.symbol]
        # What was reached before this trade is reached, wherever it would trail to.
        stop_px = request.stop_px
        if stop_px is None or not is_reached(request.side, stop_px, trade_px):
            stop_px = trailed(request, trade_px)
            if stop_px != request.stop_px and stop_px is not None:
                watched[request.order_id] = msgspec.structs.replace(request, stop_px=stop_px)
                self._moved[request.order_id] = stop_px
            return None
        del watched[request.order_id]
        self._moved.pop(request.order_id, None)
        return Fired(request.order_id, trade_px)
