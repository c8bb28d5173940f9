"""One position with what happened to it of late, so that any of that can be taken back.

Each happening is an `Op`. A bust takes its fill out and works the rest through again: the
position is then what it would be had the fill never been. What happened longer ago than the
newest `OPS_KEPT` stands as what it came to. Between the cash that an op moves, which is reckoned
from prices and amounts alone, and the sums of the position stands, after every op::

    cash + cost == realized - fees + funding + dividends
"""

from typing import Final, TypeAlias

import msgspec

from trade2026.core.ids import ExecId
from trade2026.core.numbers import (
    NANOS,
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


class FillOp(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A fill; the fee is in the quote asset, in the base asset, or in a third one."""

    exec_id: ExecId
    qty: SignedQty
    px: Px
    fee: Money
    fee_asset: str


class FundingOp(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Funding, received or (negative) paid."""

    amount: Money


class DividendOp(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A dividend for what is held at this place."""

    per_unit: Px


class SplitOp(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """A split of what is held at this place."""

    numerator: int
    denominator: int


class MethodOp(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """From here on units are sold by another method."""

    method: LotMethod


Op: TypeAlias = FillOp | FundingOp | DividendOp | SplitOp | MethodOp
"""What can happen to a position."""


_AVERAGE: Final = LotMethod.AVERAGE
OPS_KEPT: Final = 5_000
"""At least so many of the newest ops can be taken back, and at most twice as many."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """What a position had come to at one moment."""

    position: Position
    lots: tuple[Lot, ...]
    cash: Value
    method: LotMethod


class HoldingState(msgspec.Struct, frozen=True, array_like=True):
    """All that a holding can be made of again."""

    base: str
    begun: Standing
    """Before the first op that is kept."""
    middle: Standing | None
    """After the first `OPS_KEPT` of them, where there are so many."""
    now: Standing
    ops: tuple[Op, ...]


class Holding:
    """A position, its lots, the cash it moved, and its newest history; mutable.

    Args:
        empty: the position before anything happened.
        base: the asset that is traded; a fee in it is paid in units.
        method: how units are sold at the beginning.
        place: among all holdings, in the order in which they came.
    """

    __slots__ = (
        "_base",
        "_begun",
        "_empty",
        "_middle",
        "cash",
        "lots",
        "method",
        "ops",
        "place",
        "position",
    )

    def __init__(self, empty: Position, base: str, method: LotMethod, *, place: int) -> None:
        self.place = place
        self.position = empty
        self.lots = Lots()
        self.method = method
        self.cash = Value(0)
        """All that was paid (negative) or received for it in the quote asset."""
        self.ops: list[Op] = []
        self._empty = empty
        self._base = base
        self._begun = self._standing()
        self._middle: Standing | None = None

    @property
    def is_untouched(self) -> bool:
        """Return whether nothing is left of anything that happened."""
        return self.position == self._empty

    @classmethod
    def of(cls, state: HoldingState, *, place: int) -> "Holding":
        """Return the holding that *state* was frozen from."""
        first = state.begun.position
        empty = Position(key=first.key, currency=first.currency)
        made = cls(empty, state.base, state.begun.method, place=place)
        made._begun, made._middle = state.begun, state.middle
        made._stand(state.now)
        made.ops = list(state.ops)
        return made

    def freeze(self) -> HoldingState:
        """Return all that this can be made of again."""
        return HoldingState(
            base=self._base,
            begun=self._begun,
            middle=self._middle,
            now=self._standing(),
            ops=tuple(self.ops),
        )

    def add(self, op: Op) -> None:
        """Let *op* happen."""
        # First what nearly every op is, by its exact type.
        if type(op) is FillOp:
            self._fill(op)
        else:
            self._do(op)
        self.ops.append(op)
        count = len(self.ops)
        if count == OPS_KEPT:
            self._middle = self._standing()
        elif count == 2 * OPS_KEPT:
            assert self._middle is not None
            self._begun, self._middle = self._middle, self._standing()
            del self.ops[:OPS_KEPT]

    def has_fill(self, exec_id: ExecId) -> bool:
        """Return whether the fill *exec_id* can be put right."""
        return any(isinstance(op, FillOp) and op.exec_id == exec_id for op in self.ops)

    def put_right(self, exec_id: ExecId, corrected: FillOp | None) -> None:
        """Put *corrected* in the place of the fill *exec_id*, or nothing where it is None.

        Everything that came after is worked through again.
        """
        place = next(
            i for i, op in enumerate(self.ops) if isinstance(op, FillOp) and op.exec_id == exec_id
        )
        self.ops[place : place + 1] = [] if corrected is None else [corrected]
        self._stand(self._begun)
        self._middle = None
        for count, op in enumerate(self.ops, start=1):
            self._do(op)
            if count == OPS_KEPT:
                self._middle = self._standing()

    def _standing(self) -> Standing:
        return Standing(self.position, self.lots.all(), self.cash, self.method)

    def _stand(self, standing: Standing) -> None:
        self.position, self.lots = standing.position, Lots(standing.lots)
        self.cash, self.method = standing.cash, standing.method

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
        if not op.fee or op.fee_asset == self.position.currency:
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
        self.cash = Value(self.cash - px * qty - fee * NANOS)
        if self.method is _AVERAGE:
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
