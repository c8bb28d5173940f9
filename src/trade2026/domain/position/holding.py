"""One position with all that ever happened to it, so that any of it can be taken back.

Each happening is an `Op`. A bust takes its fill out and works the rest through again: the
position is then what it would be had the fill never been. Between the cash that an op moves,
which is reckoned from prices and amounts alone, and the sums of the position stands, after
every op::

    cash + cost == realized - fees + funding + dividends
"""

from typing import TypeAlias

import msgspec

from trade2026.core.ids import ExecId
from trade2026.core.numbers import (
    Money,
    Px,
    SignedQty,
    Value,
    divide_half_even,
    split_qty,
    value_of,
    value_of_money,
)
from trade2026.domain.position.book import book, book_lots
from trade2026.domain.position.lots import Lot, Lots
from trade2026.model.position import AssetAmount, LotMethod, Position


class FillOp(msgspec.Struct, frozen=True, gc=False):
    """A fill; the fee is in the quote asset, in the base asset, or in a third one."""

    exec_id: ExecId
    qty: SignedQty
    px: Px
    fee: Money
    fee_asset: str


class FundingOp(msgspec.Struct, frozen=True, gc=False):
    """Funding, received or (negative) paid."""

    amount: Money


class DividendOp(msgspec.Struct, frozen=True, gc=False):
    """A dividend for what is held at this place."""

    per_unit: Px


class SplitOp(msgspec.Struct, frozen=True, gc=False):
    """A split of what is held at this place."""

    numerator: int
    denominator: int


class MethodOp(msgspec.Struct, frozen=True, gc=False):
    """From here on units are sold by another method."""

    method: LotMethod


Op: TypeAlias = FillOp | FundingOp | DividendOp | SplitOp | MethodOp
"""What can happen to a position."""


class Holding:
    """A position, its lots, the cash it moved, and its history; mutable.

    Args:
        empty: the position before anything happened.
        base: the asset that is traded; a fee in it is paid in units.
        method: how units are sold at the beginning.
    """

    __slots__ = ("_base", "_empty", "_first_method", "cash", "lots", "method", "ops", "position")

    def __init__(self, empty: Position, base: str, method: LotMethod) -> None:
        self.position = empty
        self.lots = Lots()
        self.method = method
        self.cash = Value(0)
        """All that was paid (negative) or received for it in the quote asset."""
        self.ops: list[Op] = []
        self._empty = empty
        self._base = base
        self._first_method = method

    @property
    def is_untouched(self) -> bool:
        """Return whether nothing is left of anything that happened."""
        return self.position == self._empty

    def add(self, op: Op) -> None:
        """Let *op* happen."""
        self._do(op)
        self.ops.append(op)

    def put_right(self, exec_id: ExecId, corrected: FillOp | None) -> None:
        """Put *corrected* in the place of the fill *exec_id*, or nothing where it is None.

        Everything that came after is worked through again.
        """
        place = next(
            i for i, op in enumerate(self.ops) if isinstance(op, FillOp) and op.exec_id == exec_id
        )
        self.ops[place : place + 1] = [] if corrected is None else [corrected]
        self.position, self.lots, self.cash = self._empty, Lots(), Value(0)
        self.method = self._first_method
        for op in self.ops:
            self._do(op)

    def _do(self, op: Op) -> None:
        match op:
            case FillOp():
                self._fill(op)
            case FundingOp():
                amount = value_of_money(op.amount)
                self.cash = Value(self.cash + amount)
                self._set(funding=Value(self.position.funding + amount))
            case DividendOp():
                amount = value_of(op.per_unit, self.position.quantity)
                self.cash = Value(self.cash + amount)
                self._set(dividends=Value(self.position.dividends + amount))
            case SplitOp():
                self._split(op)
            case _:
                self._switch(op.method)

    def _fill(self, op: FillOp) -> None:
        position = self.position
        if not op.fee or op.fee_asset == position.currency:
            self._trade(op.qty, op.px, op.fee)
            return
        if op.fee_asset == self._base:
            # Paid in units: as if so many were sold at the price of the fill to pay for it.
            self._trade(op.qty, op.px, Money(0))
            turnover = self.position.turnover
            self._trade(SignedQty(-op.fee), op.px, Money(0))
            paid = value_of(op.px, op.fee)
            self.cash = Value(self.cash - paid)
            self._set(fees=Value(self.position.fees + paid), turnover=turnover)
            return
        self._trade(op.qty, op.px, Money(0))
        fees = {one.asset: one.amount for one in self.position.other_fees}
        fees[op.fee_asset] = Value(fees.get(op.fee_asset, 0) + value_of_money(op.fee))
        self._set(other_fees=tuple(AssetAmount(*one) for one in sorted(fees.items())))

    def _trade(self, qty: SignedQty, px: Px, fee: Money) -> None:
        self.cash = Value(self.cash - value_of(px, qty) - value_of_money(fee))
        if self.method is LotMethod.AVERAGE:
            self.position = book(self.position, qty, px, fee)
        else:
            self.position = book_lots(self.position, self.lots, self.method, qty, px=px, fee=fee)

    def _split(self, op: SplitOp) -> None:
        quantity = SignedQty(split_qty(self.position.quantity, op.numerator, op.denominator))
        self.lots.split(op.numerator, op.denominator)
        last_px = Px(divide_half_even(self.position.last_px * op.denominator, op.numerator))
        # Where nothing is left of what was held, its cost is lost: there is nothing to sell.
        lost = Value(0) if quantity else self.position.cost
        self._set(
            quantity=quantity,
            last_px=last_px,
            cost=Value(self.position.cost - lost),
            realized=Value(self.position.realized - lost),
        )

    def _switch(self, method: LotMethod) -> None:
        if method is LotMethod.AVERAGE:
            self.lots.merge()
        elif self.method is LotMethod.AVERAGE:
            self.lots.open(self.position.quantity, self.position.cost)
        self.method = method

    def _set(self, **changes: object) -> None:
        self.position = msgspec.structs.replace(self.position, **changes)

    def shown_lots(self) -> tuple[Lot, ...]:
        """Return the lots, oldest first; at average cost all units are one."""
        if self.method is LotMethod.AVERAGE and self.position.quantity:
            return (Lot(self.position.quantity, self.position.cost),)
        return self.lots.all()
