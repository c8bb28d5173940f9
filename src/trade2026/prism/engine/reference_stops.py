"""Stop orders of the plain book: how they wait, follow the price, and become active."""

from trade2026.prism.engine.message import BUY, MAX_TICKS, Force, Kind
from trade2026.prism.engine.reference_side import Order


class Stops:
    """The waiting stops, in the order in which they began to wait."""

    def __init__(self) -> None:
        self.waiting: dict[int, Order] = {}
        """By number."""

    def wait(self, order: Order, last: int) -> None:
        """Let *order* wait behind all others."""
        set_trigger(order, last)
        self.waiting[order.number] = order

    def follow(self, last: int) -> None:
        """Let the triggers of trailing stops follow the last price."""
        for order in self.waiting.values():
            if order.kind == Kind.TRAILING_STOP:
                follow(order, last)

    def take_reached(self, last: int) -> Order | None:
        """Take out what has waited longest of the stops that the last price has reached."""
        for order in self.waiting.values():
            if is_reached(order, last):
                return self.waiting.pop(order.number)
        return None


def set_trigger(order: Order, last: int) -> None:
    """Give a trailing stop its first trigger; any other stop has one."""
    if order.kind == Kind.TRAILING_STOP:
        order.trigger = 0
        follow(order, last)


def follow(order: Order, last: int) -> None:
    """Move the trigger of a trailing stop towards the last price, never away from it."""
    if last == 0:
        return
    if order.side == BUY:
        near = last + order.offset
        if near <= MAX_TICKS:
            order.trigger = min(order.trigger, near) if order.trigger else near
    else:
        order.trigger = max(order.trigger, last - order.offset, 0)


def is_reached(order: Order, last: int) -> bool:
    """Return whether the last price makes a waiting stop active."""
    if last == 0 or order.trigger == 0:
        return False
    return last >= order.trigger if order.side == BUY else last <= order.trigger


def activate(order: Order) -> None:
    """Turn a stop into the order that it has been waiting to be."""
    if order.kind == Kind.STOP_LIMIT:
        order.kind = Kind.LIMIT
    else:
        order.kind = Kind.MARKET
        order.force = Force.FOK if order.force == Force.FOK else Force.IOC
