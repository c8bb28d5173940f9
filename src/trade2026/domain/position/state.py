"""What the ledger can be made of again, so that a restart need not fold the whole log."""

import msgspec

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.domain.position.account import BooksState
from trade2026.domain.position.holding import HoldingState
from trade2026.model.execution import ExecutionReport


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a ledger holds; what is in an order stays in it."""

    seqs: dict[AccountId, int]
    books: tuple[BooksState, ...]
    holdings: tuple[HoldingState, ...]
    strategies: dict[OrderId, StrategyId]
    ended: dict[OrderId, StrategyId]
    fills: dict[tuple[str, ExecId], int]
    """The place of its position among the holdings; -1 where it is no fill that stands."""
    waiting: tuple[ExecutionReport, ...]
    bookings: dict[tuple[AccountId, EventId], None]
