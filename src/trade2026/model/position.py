"""Positions as they are told to others: exact sums, nothing derived is kept."""

from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ExecId, StrategyId
from trade2026.core.numbers import Px, SignedQty, Value

BASE_CURRENCY: Final = "USDT"
"""What accounts are kept in, and all fees are paid in: 1 USD = 1 USDT."""

UNATTRIBUTED: Final = StrategyId("unattributed")
"""The strategy of fills on orders that the platform does not know."""


class PositionKey(msgspec.Struct, frozen=True, order=True):
    """What a position is kept by."""

    account: AccountId
    strategy: StrategyId
    venue: str
    symbol: str


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A holding at average cost. Equity is cash plus quantity at the mark."""

    key: PositionKey
    quantity: SignedQty = SignedQty(0)
    cost: Value = Value(0)
    """What the open quantity cost, with the quantity's sign; average price is cost / quantity."""
    realized: Value = Value(0)
    """Gains and losses of closed quantity, before fees."""
    fees: Value = Value(0)
    """Paid in the quote asset, positive when paid."""
    turnover: Value = Value(0)
    """Sum of the size of all fills."""
    last_px: Px = Px(0)
    """Price of the last fill."""


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A fill was booked: the position after it, and the account's cash after it."""

    position: Position
    cash: Value
    """The account's cash after the fill, in its base currency."""
    deposits: Value
    """All that was ever paid in, less paid out."""
    exec_id: ExecId
    """The fill that did it; empty for a deposit."""
    journal_seq: int
    """Sequence in the log of orders of the event that did it; strictly increasing."""
    ts_ns: TimeNs


class CashChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Cash was paid into or out of an account."""

    account: AccountId
    cash: Value
    deposits: Value
    journal_seq: int
    ts_ns: TimeNs


class PositionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the ledger: of a position by a fill, or of cash alone."""

    position: PositionChanged | None = None
    cash: CashChanged | None = None
