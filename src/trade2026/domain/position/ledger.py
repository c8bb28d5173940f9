"""The ledger: positions and cash of every account, folded from the log of orders.

The only place where fills become positions. Sums are exact, every fill counts once, and the
same log gives the same `digest`, by which a live ledger and a replayed one are compared.
For every account, every currency and every mark::

    realized + unrealized - fees + funding + dividends == cash + worth - deposits

A bust takes its fill out as if it had never been; a correction puts another in its place.
One that comes before its fill waits for it.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import SignedQty, value_of_money
from trade2026.domain.position.account import Account, AccountBooks
from trade2026.domain.position.change import Change, Origin
from trade2026.domain.position.entry import (
    CASH,
    DEPOSITS,
    Entry,
    Posting,
    lines_of_state,
    postings_of,
)
from trade2026.domain.position.holding import (
    DividendOp,
    FillOp,
    FundingOp,
    Holding,
    MethodOp,
    Op,
    SplitOp,
)
from trade2026.domain.position.lots import Lot
from trade2026.model.booking import (
    AnyBooking,
    Booking,
    CashMoved,
    DividendBooked,
    FundingBooked,
    LotMethodSet,
    RateSet,
    SplitBooked,
)
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS, Instrument
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
    LotMethod,
    Position,
    PositionEvent,
    PositionKey,
)

_ExecKey = tuple[str, ExecId]

INSTRUMENTS: Final[Mapping[str, Instrument]] = {one.symbol: one for one in PRISM_INSTRUMENTS}
"""By symbol; what is not here is taken as quoted in the base currency."""


class Ledger:
    """Positions by key and cash by account; mutable, nothing but memory.

    Args:
        instruments: by symbol, for what they are quoted in.
    """

    def __init__(self, instruments: Mapping[str, Instrument] = INSTRUMENTS) -> None:
        self._instruments = instruments
        self._seqs: dict[AccountId, int] = {}
        self._books: dict[AccountId, AccountBooks] = {}
        self._holdings: dict[AccountId, dict[PositionKey, Holding]] = {}
        self._strategies: dict[OrderId, StrategyId] = {}
        self._fills: dict[_ExecKey, PositionKey | None] = {}
        """Every report booked; with the position, where it was a fill that still stands."""
        self._waiting: dict[_ExecKey, ExecutionReport] = {}
        """Busts and corrections of fills that have not come yet."""
        self._booking_ids: set[tuple[AccountId, EventId]] = set()
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
            case OrderReceived():
                self._strategies[event.order_id] = event.request.strategy
                change = None
            case OrderReported():
                strategy = self._strategies.get(event.order_id)
                assert strategy is not None, f"{event.order_id}: reported before it was received"
                change = self._report(event, strategy, seq)
            case UnknownReported():
                change = self._report(event, UNATTRIBUTED, seq)
            case CashDeposited() | Booking():
                change = self._book(event, seq)
            case _:
                change = None
        self._seqs[event.account] = seq
        return () if change is None else (change,)

    def positions(self, account: str | None = None) -> tuple[Position, ...]:
        """Return the positions of one account or of all, closed ones too, sorted by key."""
        wanted = (
            holding.position
            for owner, holdings in self._holdings.items()
            if account in {None, owner}
            for holding in holdings.values()
            if not holding.is_untouched
        )
        return tuple(sorted(wanted, key=lambda position: position.key))

    def lots(self, account: str) -> dict[PositionKey, tuple[Lot, ...]]:
        """Return the lots of an account's open positions, oldest first, by sorted key."""
        holdings = self._holdings.get(AccountId(account), {})
        return {
            key: holding.shown_lots()
            for key, holding in sorted(holdings.items())
            if holding.position.quantity
        }

    def account(self, account: str) -> Account | None:
        """Return the account's cash, or None where nothing was ever booked on it."""
        books = self._books.get(AccountId(account))
        return None if books is None else books.shown()

    def accounts(self) -> tuple[Account, ...]:
        """Return every account, sorted by id."""
        return tuple(self._books[account].shown() for account in sorted(self._books))

    def entries(self, account: str, *, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """Return up to *limit* of the account's newest entries kept, oldest first.

        Args:
            account: whose.
            after: the `journal_seq` of the last entry of the page before; 0 begins.
            limit: not negative.
        """
        books = self._books.get(AccountId(account))
        found = (one for one in books.entries if one.journal_seq > after) if books else ()
        return tuple(entry for entry, _ in zip(found, range(limit), strict=False))

    def trial_balance(self, account: str) -> tuple[Posting, ...]:
        """Return the sum of all that was ever posted; in each currency it comes to nothing."""
        known = self.account(account)
        lines = [line for one in self.positions(account) for line in lines_of_state(one)]
        for balance in known.balances if known else ():
            lines.append((CASH, balance.currency, balance.cash))
            lines.append((DEPOSITS, balance.currency, -balance.deposits))
        return postings_of(sorted(lines))

    def digest(self) -> str:
        """Return the hash of all that the ledger holds, 64 hex digits.

        Two ledgers have the same digest if and only if they hold the same positions, lots
        and cash; how they came there, and in which process, does not enter.
        """
        # The text of tuples: quotes and commas keep any two contents apart.
        lines = [
            repr((account.account, str(account.method), one.currency, *map(int, sums), one.rate))
            for account in self.accounts()
            for one in account.balances
            if any(sums := (one.cash, one.deposits, one.deposits_base, one.deposits_unrated))
            or one.rate is not None
        ]
        for position in self.positions():
            key = position.key
            place = (key.account, key.strategy, key.venue, key.symbol)
            sums = (position.quantity, position.cost, position.realized, position.fees)
            more = (position.funding, position.dividends, position.turnover, position.last_px)
            other = tuple((one.asset, int(one.amount)) for one in position.other_fees)
            lots = self._holdings[key.account][key].lots.all()
            held = tuple((int(lot.quantity), int(lot.cost)) for lot in lots)
            lines.append(repr((place, *map(int, sums), *map(int, more), other, held)))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _book(self, event: CashDeposited | AnyBooking, seq: int) -> PositionEvent | None:
        booking_id = (event.account, event.event_id)
        if booking_id in self._booking_ids:
            return None
        self._booking_ids.add(booking_id)
        books = self._books_of(event.account)
        change = Change(books, _origin(event, seq))
        match event:
            case CashDeposited() | CashMoved():
                change.deposit(event.currency, value_of_money(event.amount))
            case RateSet():
                books.rate(event.currency, event.rate)
            case LotMethodSet():
                self._sell_by(books, event.method)
            case FundingBooked():
                key = PositionKey(event.account, event.strategy, event.venue, event.symbol)
                change.let(self._holding(key), FundingOp(event.amount))
            case _:
                for holding in self._holders(event):
                    change.let(holding, _op_of(event))
        return change.told()

    def _report(
        self, event: OrderReported | UnknownReported, strategy: StrategyId, seq: int
    ) -> PositionEvent | None:
        report = event.report
        exec_key = (report.venue, report.exec_id)
        if exec_key in self._fills:
            return None
        origin = Origin(
            seq=seq,
            ts_ns=event.ts_ns,
            kind=str(report.exec_type),
            reference=report.exec_id,
            exec_id=report.exec_id,
        )
        match report.exec_type:
            case ExecType.TRADE:
                return self._fill(event.account, strategy, report, origin)
            case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
                self._fills[exec_key] = None
                return self._put_right(event.account, report, origin)
            case _:
                return None

    def _fill(
        self, account: AccountId, strategy: StrategyId, report: ExecutionReport, origin: Origin
    ) -> PositionEvent | None:
        assert not report.fee or report.fee_asset, f"{report.exec_id}: a fee in no currency"
        exec_key = (report.venue, report.exec_id)
        key = PositionKey(account, strategy, report.venue, report.symbol)
        op = fill_op(report, report.exec_id, report.side.sign)
        correction = self._waiting.pop(exec_key, None)
        if correction is not None and correction.exec_type is ExecType.TRADE_CANCEL:
            self._fills[exec_key] = None
            return None
        if correction is not None:
            op = fill_op(correction, report.exec_id, report.side.sign)
        self._fills[exec_key] = key
        change = Change(self._books_of(account), origin)
        change.let(self._holding(key), op)
        return change.told()

    def _put_right(
        self, account: AccountId, report: ExecutionReport, origin: Origin
    ) -> PositionEvent | None:
        assert not report.fee or report.fee_asset, f"{report.exec_id}: a fee in no currency"
        exec_key = (report.venue, ExecId(report.exec_ref_id))
        if exec_key not in self._fills:
            before = self._waiting.get(exec_key)
            if before is None or before.exec_type is not ExecType.TRADE_CANCEL:
                self._waiting[exec_key] = report
            return None
        key = self._fills[exec_key]
        if key is None or key.account != account:
            # Taken back before, or another account's: no account's report moves another's.
            return None
        holding = self._holding(key)
        corrected = None
        if report.exec_type is ExecType.TRADE_CORRECT:
            corrected = fill_op(report, exec_key[1], report.side.sign)
        else:
            self._fills[exec_key] = None
        change = Change(self._books_of(account), origin)
        change.put_right(holding, exec_key[1], corrected)
        return change.told()

    def _books_of(self, account: AccountId) -> AccountBooks:
        books = self._books.get(account)
        if books is None:
            books = self._books[account] = AccountBooks(account)
        return books

    def _sell_by(self, books: AccountBooks, method: LotMethod) -> None:
        books.method = method
        for holding in self._holdings.get(books.account, {}).values():
            holding.add(MethodOp(method))

    def _holders(self, event: DividendBooked | SplitBooked) -> list[Holding]:
        place = (event.venue, event.symbol)
        return [
            holding
            for key, holding in self._holdings.get(event.account, {}).items()
            if (key.venue, key.symbol) == place
        ]

    def _holding(self, key: PositionKey) -> Holding:
        holdings = self._holdings.setdefault(key.account, {})
        holding = holdings.get(key)
        if holding is None:
            known = self._instruments.get(key.symbol)
            currency = known.quote if known else BASE_CURRENCY
            method = self._books_of(key.account).method
            empty = Position(key=key, currency=currency)
            holding = holdings[key] = Holding(empty, known.base if known else "", method)
        return holding


def fill_op(report: ExecutionReport, exec_id: ExecId, sign: int) -> FillOp:
    """Return what *report* says of the fill *exec_id*."""
    return FillOp(
        exec_id, SignedQty(report.last_qty * sign), report.last_px, report.fee, report.fee_asset
    )


def _op_of(event: DividendBooked | SplitBooked) -> Op:
    if isinstance(event, DividendBooked):
        return DividendOp(event.per_unit)
    return SplitOp(event.numerator, event.denominator)


def _origin(event: CashDeposited | AnyBooking, seq: int) -> Origin:
    return Origin(
        seq=seq,
        ts_ns=event.ts_ns,
        kind=type(event).__name__,
        reference=event.event_id,
        exec_id=ExecId(""),
    )
