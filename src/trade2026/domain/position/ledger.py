"""The ledger: positions and cash of every account, folded from the log of orders.

The only place where fills become positions. Sums are exact, every fill counts once, and the
same log gives the same `digest`, by which a live ledger and a replayed one are compared.
For every account and every mark::

    realized + unrealized - fees == equity - deposits

Fees are paid in the base currency only; a fill with a fee in anything else cannot be booked
and is refused by an assert, which halts its account until a person has dealt with it.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import SignedQty, Value, value_of, value_of_money
from trade2026.domain.position.book import book
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderReceived,
    OrderReported,
    UnknownReported,
)
from trade2026.model.position import (
    BASE_CURRENCY,
    UNATTRIBUTED,
    CashChanged,
    Position,
    PositionChanged,
    PositionEvent,
    PositionKey,
)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account's cash, exactly."""

    account: AccountId
    cash: Value = Value(0)
    deposits: Value = Value(0)
    """All that was ever paid in, less paid out."""


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """Whose fill it is, and which event of the log told of it."""

    account: AccountId
    strategy: StrategyId
    seq: int
    ts_ns: TimeNs


class Ledger:
    """Positions by key and cash by account; mutable, nothing but memory."""

    def __init__(self) -> None:
        self._seqs: dict[AccountId, int] = {}
        self._positions: dict[PositionKey, Position] = {}
        self._accounts: dict[AccountId, Account] = {}
        self._strategies: dict[OrderId, StrategyId] = {}
        self._exec_ids: set[tuple[str, ExecId]] = set()
        self._deposit_ids: set[EventId] = set()
        """The log stores an id once within its window; one journalled later still counts once."""

    @property
    def seq(self) -> int:
        """Return the highest sequence booked; 0 before the first event."""
        return max(self._seqs.values(), default=0)

    def apply(self, event: JournalEvent, seq: int) -> tuple[PositionEvent, ...]:
        """Book *event* and return what it changed; one booked before changes nothing.

        Nothing is changed where an assert refuses the event. Its account then waits while
        others go on, so what was booked before is known by account.

        Args:
            event: the next of its account in the log.
            seq: its sequence there, strictly increasing within an account.
        """
        if seq <= self._seqs.get(event.account, 0):
            return ()
        match event:
            case CashDeposited():
                changes = self._deposit(event, seq)
            case OrderReceived():
                self._strategies[event.order_id] = event.request.strategy
                changes = ()
            case OrderReported():
                strategy = self._strategies.get(event.order_id)
                assert strategy is not None, f"{event.order_id}: reported before it was received"
                changes = self._report(event, strategy, seq)
            case UnknownReported():
                changes = self._report(event, UNATTRIBUTED, seq)
            case _:
                changes = ()
        self._seqs[event.account] = seq
        return changes

    def positions(self, account: str | None = None) -> tuple[Position, ...]:
        """Return the positions of one account or of all, closed ones too, sorted by key."""
        wanted = (p for p in self._positions.values() if account in {None, p.key.account})
        return tuple(sorted(wanted, key=lambda position: position.key))

    def account(self, account: str) -> Account | None:
        """Return the account's cash, or None where nothing was ever booked on it."""
        return self._accounts.get(AccountId(account))

    def accounts(self) -> tuple[Account, ...]:
        """Return every account, sorted by id."""
        return tuple(self._accounts[account] for account in sorted(self._accounts))

    def digest(self) -> str:
        """Return the hash of all that the ledger holds, 64 hex digits.

        Two ledgers have the same digest if and only if they hold the same positions and
        cash; how they came there, and in which process, does not enter.
        """
        # The text of tuples: quotes and commas keep any two contents apart.
        lines = [repr((a.account, int(a.cash), int(a.deposits))) for a in self.accounts()]
        for position in self.positions():
            key = position.key
            place = (key.account, key.strategy, key.venue, key.symbol)
            sums = (position.quantity, position.cost, position.realized, position.fees)
            last = (position.turnover, position.last_px)
            lines.append(repr((place, tuple(map(int, sums)), tuple(map(int, last)))))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _deposit(self, event: CashDeposited, seq: int) -> tuple[PositionEvent, ...]:
        assert event.currency == BASE_CURRENCY, f"a deposit in {event.currency}"
        if event.event_id in self._deposit_ids:
            return ()
        self._deposit_ids.add(event.event_id)
        before = self._account_or_new(event.account)
        amount = value_of_money(event.amount)
        after = Account(
            account=event.account,
            cash=Value(before.cash + amount),
            deposits=Value(before.deposits + amount),
        )
        self._accounts[event.account] = after
        change = CashChanged(
            account=event.account,
            cash=after.cash,
            deposits=after.deposits,
            journal_seq=seq,
            ts_ns=event.ts_ns,
        )
        return (PositionEvent(cash=change),)

    def _report(
        self, event: OrderReported | UnknownReported, strategy: StrategyId, seq: int
    ) -> tuple[PositionEvent, ...]:
        report = event.report
        exec_key = (report.venue, report.exec_id)
        if report.exec_type is not ExecType.TRADE or exec_key in self._exec_ids:
            return ()
        assert not report.fee or report.fee_asset == BASE_CURRENCY, (
            f"{report.exec_id}: a fee in {report.fee_asset or 'no currency'}"
        )
        origin = _Origin(account=event.account, strategy=strategy, seq=seq, ts_ns=event.ts_ns)
        change = self._fill(report, origin)
        self._exec_ids.add(exec_key)
        return (PositionEvent(position=change),)

    def _fill(self, report: ExecutionReport, origin: _Origin) -> PositionChanged:
        key = PositionKey(
            account=origin.account,
            strategy=origin.strategy,
            venue=report.venue,
            symbol=report.symbol,
        )
        qty = SignedQty(report.last_qty * report.side.sign)
        before = self._positions.get(key) or Position(key=key)
        position = book(before, qty, report.last_px, report.fee)
        account = self._account_or_new(origin.account)
        paid = value_of(report.last_px, qty) + value_of_money(report.fee)
        account = msgspec.structs.replace(account, cash=Value(account.cash - paid))
        self._positions[key] = position
        self._accounts[origin.account] = account
        return PositionChanged(
            position=position,
            cash=account.cash,
            deposits=account.deposits,
            exec_id=report.exec_id,
            journal_seq=origin.seq,
            ts_ns=origin.ts_ns,
        )

    def _account_or_new(self, account: AccountId) -> Account:
        return self._accounts.get(account) or Account(account=account)
