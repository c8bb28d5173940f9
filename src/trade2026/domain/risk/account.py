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
    value_of,
    value_of_money,
)
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
        own = Money(-(-self.approved.reserved * self.leaves_qty // self.whole))
        return own if self.change is None else max(own, self.change.reserved)

    @property
    def open_qty(self) -> Qty:
        """Return what may still trade, as it stands or as it shall be."""
        return (
            self.leaves_qty if self.change is None else max(self.leaves_qty, self.change.open_qty)
        )

    @property
    def open_value(self) -> Value:
        """Return what that is worth at the order's limit, the worse of both."""
        request = self.approved.request
        own = value_of(request.price or request.stop_px or Px(0), self.leaves_qty)
        return own if self.change is None else max(own, self.change.open_value)

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
        change = self.change
        return msgspec.structs.replace(
            self,
            leaves_qty=Qty(max(0, self.leaves_qty - filled)),
            change=None if change is None else change.less(filled),
        )


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
            cost = self.cost + value_of(px, qty)
        elif self.quantity * quantity > 0:
            cost = share_of(self.cost, abs(quantity), abs(self.quantity))
        else:
            cost = value_of(px, quantity)
        return Holding(quantity=SignedQty(quantity), last_px=px, cost=Value(cost))


NO_HOLDING: Final = Holding()


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
        self.cash = Value(0)
        """In the base currency."""
        self.deposits = Value(0)
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
        self._limit_pxs: dict[tuple[str, Side], dict[OrderId, Px]] = {}
        self._open_qty: dict[tuple[str, Side], Qty] = {}
        self._open_value: dict[tuple[str, Side], int] = {}
        self._side_value: dict[Side, int] = {}
        """The same over all symbols."""
        self._reserved_for: dict[str, int] = {}

    @property
    def total_cash(self) -> Value:
        """Return the cash of all currencies in the base currency."""
        return Value(self.cash + self.purse.worth)

    def deposit(self, amount: Money) -> None:
        """Add cash, which opens the account."""
        self.is_open = True
        self.transfer(value_of_money(amount))

    def transfer(self, amount: Value) -> None:
        """Take in *amount* of cash from outside, or give it there."""
        self.cash = Value(self.cash + amount)
        self.deposits = Value(self.deposits + amount)

    def share(self, strategy: str) -> Share:
        """Return what is the strategy's."""
        known = self.shares.get(strategy)
        if known is None:
            known = self.shares[strategy] = Share()
        return known

    def fill(self, report: ExecutionReport, moves: tuple[Move, ...], strategy: str) -> None:
        """Move cash, the holding, and the order's reservation, where there is one.

        As the ledger books it: a fee in the base asset is paid in units, and one in a third
        asset from what there is of it, which may be less than nothing.
        """
        held = self.holdings.get(report.symbol, NO_HOLDING)
        share = self.share(strategy)
        for move in moves:
            booked = booked_by(report.symbol, move.qty, move.px, move.fee, move.fee_asset)
            if move.fee and is_third(report.symbol, move.fee_asset):
                self.purse.move(move.fee_asset, -value_of_money(move.fee))
                share.move_other(move.fee_asset, -value_of_money(move.fee))
            self.cash = Value(self.cash + booked.cash)
            held = held.after(move.px, move.qty)
            if booked.quantity != move.qty:
                # A fee in units: as if they were sold at the fill's price to pay it.
                held = held.after(move.px, SignedQty(booked.quantity - move.qty))
            share.move(report.symbol, booked.quantity, -booked.cash)
        self.hold(report.symbol, held)
        reservation = self.reservations.get(report.order_id)
        if reservation is None:
            return
        filled = report.side.sign * sum(move.qty for move in moves)
        self.reserve(reservation.less(filled))

    def hold(self, symbol: str, holding: Holding) -> None:
        """Hold *holding* of *symbol*, in the place of what was held."""
        self.held_count += bool(holding.quantity) - bool(self.quantity(symbol))
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

    def open_qty(self, symbol: str, side: Side) -> Qty:
        """Return what open orders of that side may still trade."""
        return self._open_qty.get((symbol, side), Qty(0))

    def worst_qty(self, symbol: str) -> int:
        """Return the position, signed, with what open orders may make it larger by."""
        held = self.quantity(symbol)
        bought = held + self.open_qty(symbol, Side.BUY)
        sold = held - self.open_qty(symbol, Side.SELL)
        return max(bought, sold, key=abs)

    def best_px(self, symbol: str, side: Side) -> Px | None:
        """Return the best limit among the open orders of that side, or None without any."""
        pxs = self._limit_pxs.get((symbol, side))
        if not pxs:
            return None
        return max(pxs.values()) if side is Side.BUY else min(pxs.values())

    def open_value(self, side: Side) -> Value:
        """Return what all open orders of that side are worth at their limits."""
        return Value(self._side_value.get(side, 0))

    def reserved_for(self, symbol: str) -> Money:
        """Return the buying power held for open orders of *symbol*."""
        return Money(self._reserved_for.get(symbol, 0))

    def worst_opening(self, symbol: str) -> Value:
        """Return the value that open orders may add to the position, on the worse side.

        At the orders' limits; a market order never rests, and is covered by its reservation.
        """
        return Value(max(self._opening(symbol, side) for side in Side))

    def _opening(self, symbol: str, side: Side) -> int:
        quantity = self.open_qty(symbol, side)
        if quantity == 0:
            return 0
        held = self.quantity(symbol) * side.sign
        # What first takes off the position opens nothing; beyond zero it counts like an opening
        # of the rest, less what the position itself already binds.
        opening = quantity if held >= 0 else max(0, quantity + 2 * held)
        return self._open_value.get((symbol, side), 0) * opening // quantity

    def _count(self, reservation: Reservation, sign: int) -> None:
        request = reservation.approved.request
        symbol, side = request.symbol, request.side
        key = (symbol, side)
        self.worth.spoil(symbol)
        limit_px = None if request.ord_type is OrdType.MARKET else reservation.limit_px
        if limit_px is not None:
            pxs = self._limit_pxs.setdefault(key, {})
            if sign > 0:
                pxs[request.order_id] = limit_px
            else:
                pxs.pop(request.order_id, None)
        quantity = sign * reservation.open_qty
        if not quantity:
            # All of it has traded: nothing is open, and nothing is held for it.
            return
        self._open_qty[key] = Qty(self._open_qty.get(key, 0) + quantity)
        value = sign * reservation.open_value
        if value:
            self._open_value[key] = self._open_value.get(key, 0) + value
            self._side_value[side] = self._side_value.get(side, 0) + value
        reserved = sign * reservation.reserved
        self.reserved = Money(self.reserved + reserved)
        self._reserved_for[symbol] = self._reserved_for.get(symbol, 0) + reserved
