"""Equity: what every account is worth at the latest marks, folded from the ledger's events.

Sums are exact inside and rounded once, on the way out, so that what is published adds up to
the nano: realised and unrealised are each rounded to nearest (ties to even), deposits and
fees are whole nanos by nature, and equity is *their* sum::

    equity = deposits + realized + unrealized - fees

so it may differ from the exact equity by one nano, and never from its own parts. Cash is
rounded the same way, so that equity is cash once nothing is held.
"""

from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId
from trade2026.core.numbers import (
    Money,
    Px,
    Value,
    average_px,
    money_half_even,
    value_of,
    value_of_money,
)
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import (
    BASE_CURRENCY,
    CashChanged,
    Position,
    PositionChanged,
    PositionEvent,
    PositionKey,
)

MARK_MAX_AGE_NS: Final = 60 * NS_PER_S


class MarkedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A position with what it is worth now."""

    position: Position
    average_px: Px | None
    """None where nothing is held."""
    mark_px: Px
    """The latest mark, or the last fill where there never was one."""
    is_marked: bool
    """Whether the mark is a current one."""
    unrealized: Money


class _Mark(msgspec.Struct, frozen=True):
    px: Px
    ts_ns: TimeNs


class _Account:
    __slots__ = ("cash", "deposits", "journal_seq", "positions")

    def __init__(self) -> None:
        self.cash = Value(0)
        self.deposits = Value(0)
        self.journal_seq = 0
        self.positions: dict[PositionKey, Position] = {}


class Equity:
    """Accounts, their positions, and the marks; mutable, nothing but memory.

    Args:
        mark_max_age_ns: a mark older than this still values, but is told as not current.
    """

    def __init__(self, mark_max_age_ns: int = MARK_MAX_AGE_NS) -> None:
        self._mark_max_age_ns = mark_max_age_ns
        self._accounts: dict[AccountId, _Account] = {}
        self._marks: dict[str, _Mark] = {}

    def apply(self, event: PositionEvent) -> bool:
        """Book *event* and return whether it was news: one booked before changes nothing."""
        change: PositionChanged | CashChanged
        if event.position is not None:
            change, account_id = event.position, event.position.position.key.account
        else:
            assert event.cash is not None, "an event of the ledger that changes nothing"
            change, account_id = event.cash, event.cash.account
        account = self._accounts.setdefault(account_id, _Account())
        if change.journal_seq <= account.journal_seq:
            return False
        account.journal_seq = change.journal_seq
        account.cash = change.cash
        account.deposits = change.deposits
        if event.position is not None:
            account.positions[event.position.position.key] = event.position.position
        return True

    def mark(self, symbol: str, px: Px, ts_ns: TimeNs) -> None:
        """Value *symbol* at *px* from now on: the mark told last counts, whatever its time."""
        self._marks[symbol] = _Mark(px, ts_ns)

    def accounts(self) -> tuple[AccountId, ...]:
        """Return the accounts that anything was booked on, sorted."""
        return tuple(sorted(self._accounts))

    def snapshot(self, account: str, now_ns: TimeNs) -> PnlSnapshot | None:
        """Return the account's P&L now, or None where nothing was ever booked on it."""
        known = self._accounts.get(AccountId(account))
        if known is None:
            return None
        positions = known.positions.values()
        realized = money_half_even(sum(position.realized for position in positions))
        unrealized = money_half_even(sum(self._unrealized(position) for position in positions))
        # Whole nanos by nature: a deposit and every fee is an amount of money.
        deposits = money_half_even(known.deposits)
        fees = money_half_even(sum(position.fees for position in positions))
        traded = known.cash - value_of_money(Money(deposits - fees))
        return PnlSnapshot(
            account=AccountId(account),
            currency=BASE_CURRENCY,
            ts_ns=now_ns,
            deposits=deposits,
            cash=Money(deposits - fees + money_half_even(traded)),
            equity=Money(deposits + realized + unrealized - fees),
            realized=realized,
            unrealized=unrealized,
            fees=fees,
            unmarked_symbols=self._unmarked(known, now_ns),
        )

    def positions(self, account: str, now_ns: TimeNs) -> tuple[MarkedPosition, ...]:
        """Return the account's positions, closed ones too, with their value, sorted by key."""
        known = self._accounts.get(AccountId(account))
        if known is None:
            return ()
        return tuple(
            MarkedPosition(
                position=position,
                average_px=average_px(position.cost, position.quantity),
                mark_px=self._mark_px(position),
                is_marked=self._is_marked(position.key.symbol, now_ns),
                unrealized=money_half_even(self._unrealized(position)),
            )
            for _, position in sorted(known.positions.items())
        )

    def _mark_px(self, position: Position) -> Px:
        mark = self._marks.get(position.key.symbol)
        return position.last_px if mark is None else mark.px

    def _is_marked(self, symbol: str, now_ns: TimeNs) -> bool:
        mark = self._marks.get(symbol)
        return mark is not None and abs(now_ns - mark.ts_ns) <= self._mark_max_age_ns

    def _unrealized(self, position: Position) -> int:
        return value_of(self._mark_px(position), position.quantity) - position.cost

    def _unmarked(self, account: _Account, now_ns: TimeNs) -> tuple[str, ...]:
        held = {p.key.symbol for p in account.positions.values() if p.quantity}
        return tuple(sorted(s for s in held if not self._is_marked(s, now_ns)))
