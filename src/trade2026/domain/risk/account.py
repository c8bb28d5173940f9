"""One account as risk sees it: cash, holdings, and what its open orders have reserved.

A reservation is held from the approval until the order ends, and shrinks with every fill by
the same event that moves the position, so that at no moment both or neither are counted.
Totals are kept beside the reservations, because an order is judged in microseconds.
"""

from typing import Final

import msgspec

from trade2026.core.ids import OrderId
from trade2026.core.numbers import (
    Money,
    Px,
    Qty,
    SignedQty,
    Value,
    share_of,
    value_of_money,
)
from trade2026.domain.risk.open_orders import OpenOrders
from trade2026.domain.risk.pace import Pace
from trade2026.domain.risk.purse import Purse
from trade2026.domain.risk.worth import Worth
from trade2026.model.execution import ExecutionReport
from trade2026.model.journal import Move
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.reconciliation import booked_by, is_third
from trade2026.model.risk import RiskApproved


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """What is held for one open order."""

    approved: RiskApproved[NewOrderSingle]
    leaves_qty: Qty
    """What the order may still trade."""
    is_journalled: bool
    """Whether the log of orders has the approval; until then it may be released."""
    whole_qty: Qty | None = None
    """What the approval was for, where the order has become another since."""
    replace_id: str = ""
    """Of a change: what the venue's answer names."""
    change: "Reservation | None" = None
    """What is held for the order as it shall be, while the venue has not said that it is."""

    @property
    def whole(self) -> Qty:
        """Return the quantity for which the approval reserved."""
        return self.approved.request.order_qty if self.whole_qty is None else self.whole_qty

    @property
    def traded_qty(self) -> Qty:
        """Return what of the order has traded."""
        return Qty(self.approved.request.order_qty - self.leaves_qty)

    @property
    def reserved(self) -> Money:
        """Return the buying power still held: the unfilled share, rounded up."""
        _, _, reserved = self.claim()
        return Money(reserved)

    def claim(self) -> tuple[int, int, int]:
        """Return what the order binds: as it stands or as it shall be, of each the worse.

        What may still trade, what that is worth at the limit in square nanos, and the buying
        power held for it in nanos.
        """
        qty, request = self.leaves_qty, self.approved.request
        value = (request.price or request.stop_px or 0) * qty
        reserved, whole_qty = self.approved.reserved, self.whole
        if qty != whole_qty:
            reserved = -(-reserved * qty // whole_qty)
        if self.change is None:
            return qty, value, reserved
        other_qty, other_value, other_reserved = self.change.claim()
        return max(qty, other_qty), max(value, other_value), max(reserved, other_reserved)

    @property
    def limit_px(self) -> Px | None:
        """Return the limit at which it stands in the book, the keener of both."""
        request = self.approved.request
        own = request.price if request.ord_type is OrdType.LIMIT else None
        if self.change is None or own is None or self.change.limit_px is None:
            return own
        keener = max if request.side is Side.BUY else min
        return keener(own, self.change.limit_px)

    def holds_like(self, other: "Reservation") -> bool:
        """Return whether *other*, of the same order, holds just as much, with no change of it."""
        one, two = self.approved, other.approved
        return (
            self.change is None
            and other.change is None
            and self.leaves_qty == other.leaves_qty
            and self.whole_qty == other.whole_qty
            and one.reserved == two.reserved
            and one.request == two.request
        )

    def is_unclaimed(self, before_ns: int) -> bool:
        """Return whether it, or its change, was approved before then and is in no log."""
        if self.is_journalled:
            return self.change is not None and self.change.is_unclaimed(before_ns)
        return self.approved.approved_ns < before_ns

    def less(self, filled: int) -> "Reservation":
        """Return what is held after *filled* more of the order has traded."""
        left = self.leaves_qty - filled
        left_qty = Qty(left if left > 0 else 0)
        if self.change is None:
            return msgspec.structs.replace(self, leaves_qty=left_qty)
        return msgspec.structs.replace(self, leaves_qty=left_qty, change=self.change.less(filled))


def asked_only(approved: RiskApproved[NewOrderSingle]) -> Reservation:
    """Return what is held for an approval that the log does not have yet."""
    qty = approved.request.order_qty
    return Reservation(approved=approved, leaves_qty=qty, is_journalled=False)


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one symbol, over all strategies and venues."""

    quantity: SignedQty = SignedQty(0)
    last_px: Px = Px(0)
    """Price of the last fill: the mark of a symbol that nobody quotes."""
    cost: Value = Value(0)
    """What the quantity was bought for, with its sign, at average cost."""

    def after(self, px: Px, qty: int) -> "Holding":
        """Return the holding after *qty* more, signed, at *px*: what flips, opens anew."""
        quantity = self.quantity + qty
        if self.quantity * qty >= 0:
            cost = self.cost + px * qty
        elif self.quantity * quantity > 0:
            cost = share_of(self.cost, abs(quantity), abs(self.quantity))
        else:
            cost = px * quantity
        return Holding(quantity=SignedQty(quantity), last_px=px, cost=Value(cost))


_MARKET: Final = OrdType.MARKET
NO_HOLDING: Final = Holding()
_NO_ORDERS: Final = OpenOrders()


class Share:
    """What one strategy has made of an account; mutable."""

    def __init__(self) -> None:
        self.cash = 0
        """Received less paid, in square nanos."""
        self.quantities: dict[str, int] = {}
        """Held, signed, by symbol."""
        self.others: dict[str, int] = {}
        """Received less paid in other currencies, in square nanos of each."""

    def move(self, symbol: str, qty: int, paid: int) -> None:
        """Add *qty*, signed, for which *paid* was paid."""
        self.cash -= paid
        self.quantities[symbol] = self.quantities.get(symbol, 0) + qty

    def move_other(self, currency: str, amount: int) -> None:
        """Add *amount*, in square nanos of another *currency*."""
        self.others[currency] = self.others.get(currency, 0) + amount


class RiskAccount:
    """The state of one account; mutable."""

    def __init__(self) -> None:
        self.is_open = False
        self.cash = 0
        """In the base currency, in square nanos like `deposits`."""
        self.deposits = 0
        """Cash in it that came from outside, which is no gain."""
        self.purse = Purse()
        self.shares: dict[str, Share] = {}
        """By strategy."""
        self.holdings: dict[str, Holding] = {}
        self.reservations: dict[OrderId, Reservation] = {}
        self.reserved = Money(0)
        self.worth = Worth()
        self.pace = Pace()
        self.held_count = 0
        """Symbols of which something is held."""
        self.open_buy_value = self.open_sell_value = 0
        """What open orders are worth at their limits, over all symbols, in square nanos."""
        self._open: dict[str, OpenOrders] = {}
        """By symbol."""

    @property
    def total_cash(self) -> int:
        """Return the cash of all currencies in the base currency, in square nanos."""
        return self.cash + self.purse.worth

    def deposit(self, amount: Money) -> None:
        """Add cash, which opens the account."""
        self.is_open = True
        self.transfer(value_of_money(amount))

    def transfer(self, amount: Value) -> None:
        """Take in *amount* of cash from outside, or give it there."""
        self.cash += amount
        self.deposits += amount

    def share(self, strategy: str) -> Share:
        """Return what is the strategy's."""
        known = self.shares.get(strategy)
        if known is None:
            known = self.shares[strategy] = Share()
        return known

    def fill(self, report: ExecutionReport, moves: tuple[Move, ...], strategy: str) -> bool:
        """Move cash, the holding, and the order's reservation; return whether that is used up.

        As the ledger books it: a fee in the base asset is paid in units, and one in a third
        asset from what there is of it, which may be less than nothing.
        """
        symbol, filled = report.symbol, 0
        held, share = self.holdings.get(symbol, NO_HOLDING), self.share(strategy)
        for move in moves:
            filled += move.qty
            booked = booked_by(symbol, move.qty, move.px, move.fee, move.fee_asset)
            if move.fee and is_third(symbol, move.fee_asset):
                self.purse.move(move.fee_asset, -value_of_money(move.fee))
                share.move_other(move.fee_asset, -value_of_money(move.fee))
            self.cash += booked.cash
            held = held.after(move.px, move.qty)
            if booked.quantity != move.qty:
                # A fee in units: as if they were sold at the fill's price to pay it.
                held = held.after(move.px, SignedQty(booked.quantity - move.qty))
            share.move(symbol, booked.quantity, -booked.cash)
        self.hold(symbol, held)
        reservation = self.reservations.get(report.order_id)
        if reservation is None:
            return False
        filled *= report.side.sign
        if reservation.change is None and filled >= reservation.leaves_qty:
            self.release(report.order_id)
            return True
        self.reserve(reservation.less(filled))
        return False

    def hold(self, symbol: str, holding: Holding) -> None:
        """Hold *holding* of *symbol*, in the place of what was held."""
        was = self.holdings.get(symbol, NO_HOLDING)
        self.held_count += (holding.quantity != 0) - (was.quantity != 0)
        self.holdings[symbol] = holding
        self.worth.spoil(symbol)

    def reserve(self, reservation: Reservation) -> None:
        """Hold *reservation*, in the place of the order's earlier one."""
        order_id = reservation.approved.request.order_id
        before = self.reservations.pop(order_id, None)
        self.reservations[order_id] = reservation
        if before is not None:
            if before.holds_like(reservation):
                return
            self._count(before, -1)
        self._count(reservation, 1)

    def release(self, order_id: OrderId) -> None:
        """Hold nothing for the order any more."""
        reservation = self.reservations.pop(order_id, None)
        if reservation is not None:
            self._count(reservation, -1)

    def give_up(self, order_id: OrderId) -> bool:
        """Release what the log does not have of the order; return whether there was anything."""
        held = self.reservations.get(order_id)
        if held is None or (held.is_journalled and held.change is None):
            return False
        if not held.is_journalled:
            self.release(order_id)
            return True
        assert held.change is not None
        is_unclaimed = not held.change.is_journalled
        if is_unclaimed:
            self.reserve(msgspec.structs.replace(held, change=None))
        return is_unclaimed

    def quantity(self, symbol: str) -> SignedQty:
        """Return what is held of *symbol*, signed."""
        held = self.holdings.get(symbol)
        return SignedQty(0) if held is None else held.quantity

    def quantities(self) -> dict[str, int]:
        """Return all that is held, signed, by symbol."""
        return {symbol: held.quantity for symbol, held in self.holdings.items() if held.quantity}

    def open_orders(self, symbol: str) -> OpenOrders:
        """Return what the open orders of *symbol* add up to; not to be written to."""
        return self._open.get(symbol, _NO_ORDERS)

    def worst_qty(self, symbol: str) -> int:
        """Return the position, signed, with what open orders may make it larger by."""
        held, orders = self.quantity(symbol), self.open_orders(symbol)
        return max(held + orders.buys.qty, held - orders.sells.qty, key=abs)

    def _count(self, reservation: Reservation, sign: int) -> None:
        if not reservation.leaves_qty and reservation.change is None:
            # All of it has traded: nothing is open, and nothing is held for it.
            return
        quantity, value, reserved = reservation.claim()
        request = reservation.approved.request
        symbol, is_buy = request.symbol, request.side.sign > 0
        orders = self._open.get(symbol)
        if orders is None:
            orders = self._open[symbol] = OpenOrders()
        side = orders.buys if is_buy else orders.sells
        self.worth.spoil(symbol)
        limit_px = None if request.ord_type is _MARKET else reservation.limit_px
        if limit_px is not None and sign > 0:
            side.limit_pxs[request.order_id] = limit_px
        elif limit_px is not None:
            side.limit_pxs.pop(request.order_id, None)
        side.qty = Qty(side.qty + sign * quantity)
        side.value += sign * value
        if is_buy:
            self.open_buy_value += sign * value
        else:
            self.open_sell_value += sign * value
        self.reserved = Money(self.reserved + sign * reserved)
        orders.reserved += sign * reserved
