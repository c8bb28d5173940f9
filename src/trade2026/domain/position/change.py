"""One event on its way through the books of an account: what it moves, posts and tells."""

from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import ExecId
from trade2026.core.numbers import Value
from trade2026.domain.position.account import AccountBooks
from trade2026.domain.position.entry import Entry, Move, other_fees_moved
from trade2026.domain.position.holding import FillOp, Holding, Op
from trade2026.model.position import (
    BASE_CURRENCY,
    AccountChange,
    CashChanged,
    Position,
    PositionChanged,
    PositionEvent,
)

_NOTHING_MORE: Final = AccountChange()


class Origin(msgspec.Struct, frozen=True):
    """Which event of the log it is."""

    seq: int
    ts_ns: TimeNs
    kind: str
    reference: str
    exec_id: ExecId


class Change:
    """Collects what one event does; `told` ends it."""

    __slots__ = ("_books", "_moves", "_origin", "_paid_in")

    def __init__(self, books: AccountBooks, origin: Origin) -> None:
        self._books = books
        self._origin = origin
        self._moves: list[Move] = []
        self._paid_in: tuple[tuple[str, Value], ...] = ()

    def deposit(self, currency: str, amount: Value) -> None:
        """Pay *amount* in, or out where it is negative."""
        self._books.deposit(currency, amount)
        self._paid_in = ((currency, amount),)

    def let(self, holding: Holding, *ops: Op) -> None:
        """Let *ops* happen to *holding*, as one move."""
        before, cash = holding.position, holding.cash
        for op in ops:
            holding.add(op)
        self._moved(before, holding, holding.cash - cash)

    def put_right(self, holding: Holding, exec_id: ExecId, corrected: FillOp | None) -> None:
        """Put *corrected*, or nothing, in the place of a fill."""
        before, cash = holding.position, holding.cash
        holding.put_right(exec_id, corrected)
        self._moved(before, holding, holding.cash - cash)

    def told(self) -> PositionEvent:
        """Keep what was collected as an entry, and return it as it is told to others."""
        books, origin, moves = self._books, self._origin, self._moves
        if moves or self._paid_in:
            entry = Entry(
                journal_seq=origin.seq,
                ts_ns=origin.ts_ns,
                kind=origin.kind,
                reference=origin.reference,
                moves=tuple(moves),
                paid_in=self._paid_in,
            )
            books.entries.append(entry)
        base = books.balance(BASE_CURRENCY)
        foreign = books.foreign()
        rest = _NOTHING_MORE
        if foreign or len(moves) > 1:
            rest = AccountChange(balances=foreign, others=tuple(move.after for move in moves[1:]))
        if not moves:
            change = CashChanged(
                account=books.account,
                cash=base.cash,
                deposits=base.deposits,
                journal_seq=origin.seq,
                ts_ns=origin.ts_ns,
                rest=rest,
            )
            return PositionEvent(cash=change)
        return PositionEvent(
            position=PositionChanged(
                position=moves[0].after,
                cash=base.cash,
                deposits=base.deposits,
                exec_id=origin.exec_id,
                journal_seq=origin.seq,
                ts_ns=origin.ts_ns,
                rest=rest,
            )
        )

    def _moved(self, before: Position, holding: Holding, cash: int) -> None:
        after = holding.position
        move = Move(before, after, Value(cash))
        assert move.is_balanced(), f"{self._origin.reference}: an entry that does not balance"
        self._moves.append(move)
        self._books.move(after.currency, cash)
        if after.other_fees != before.other_fees:
            for asset, amount in other_fees_moved(before, after).items():
                self._books.move(asset, -amount)
