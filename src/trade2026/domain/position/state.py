"""What the ledger can be made of again, so that a restart need not fold the whole log."""

import msgspec

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.domain.position.account import BooksState
from trade2026.domain.position.holding import HoldingState
from trade2026.model.execution import ExecutionReport
from trade2026.model.position import PositionKey


class FillState(msgspec.Struct, frozen=True, array_like=True):
    """One report that was booked."""

    venue: str
    exec_id: ExecId
    place: int
    """Of its position among the holdings, where it was a fill that stands; -1 otherwise."""


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a ledger holds; what is in an order stays in it."""

    seqs: dict[AccountId, int]
    books: tuple[BooksState, ...]
    holdings: tuple[HoldingState, ...]
    strategies: dict[OrderId, StrategyId]
    ended: dict[OrderId, StrategyId]
    fills: tuple[FillState, ...]
    waiting: tuple[ExecutionReport, ...]
    bookings: tuple[tuple[AccountId, EventId], ...]


def places_of(holdings: tuple[HoldingState, ...]) -> dict[PositionKey, int]:
    """Return the place of each holding by its key."""
    return {one.now.position.key: place for place, one in enumerate(holdings)}
