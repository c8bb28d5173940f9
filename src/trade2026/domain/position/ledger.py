"""The ledger: positions and cash of every account, folded from the log of orders.

The only place where fills become positions. Sums are exact, every fill counts once, and the
same log gives the same `digest`, by which a live ledger and a replayed one are compared.
For every account, every currency and every mark::

    realized + unrealized - fees + funding + dividends == cash + worth - deposits

A bust takes its fill out as if it had never been; a correction puts another in its place. One that
comes before its fill waits for it, unless the log's writer tells of it again then. Of a fill that
its position does not remember any more, the same quantity is booked the other way at the same
price, with its fee given back: all is as if it had never been, but the average is that of today.
Memory is bounded: the newest fills, and orders that ended, are remembered by their number.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from trade2026.core.ids import AccountId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.newest import Newest
from trade2026.core.numbers import value_of_money
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
from trade2026.domain.position.holding import FundingOp, Holding, MethodOp
from trade2026.domain.position.lots import Lot
from trade2026.domain.position.reading import fill_op, op_of, ops_of, origin_of
from trade2026.domain.position.state import LedgerState
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
from trade2026.model.execution import UNDOES, ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS, Instrument
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderApproved,
    OrderFailed,
    OrderReceived,
    OrderRefused,
    OrderReported,
    OrderSent,
    OrderWithdrawn,
    UnknownReported,
    undoes_nothing,
    undone_of,
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

_NOWHERE: Final = -1
"""The place of a report that is no fill, or none that stands."""
_NONE: Final[Mapping[PositionKey, Holding]] = {}
_SILENT: Final = frozenset({OrderApproved, OrderSent})
"""What every order goes through that moves nothing."""
_MOVES: Final = UNDOES | {ExecType.TRADE}
"""Words that move a position."""

FILLS_KEPT: Final = 50_000
"""Reports remembered, so that none is booked twice; the log's writer looks further back."""
ENDED_KEPT: Final = 50_000
"""Ended orders remembered, so that what is filled late has its strategy in old logs too."""

INSTRUMENTS: Final[Mapping[str, Instrument]] = {one.symbol: one for one in PRISM_INSTRUMENTS}
"""By symbol; what is not here is taken as quoted in the base currency."""


class Ledger:
    """Positions by key and cash by account; mutable, nothing but memory."""

    def __init__(self, instruments: Mapping[str, Instrument] = INSTRUMENTS) -> None:
        self._instruments = instruments
        self._seqs: dict[AccountId, int] = {}
        self._books: dict[AccountId, AccountBooks] = {}
        self._holdings: dict[AccountId, dict[PositionKey, Holding]] = {}
        self._keys: list[PositionKey] = []
        """Of the holdings, by the place of each."""
        self._strategies: dict[OrderId, StrategyId] = {}
        """Of open orders."""
        self._ended = Newest[OrderId, StrategyId](ENDED_KEPT)
        self._fills = Newest[_ExecKey, int](FILLS_KEPT)
        """The reports booked; with the place of the position, where it is a fill that stands."""
        self._waiting: dict[_ExecKey, ExecutionReport] = {}
        """Busts and corrections of fills that have not come yet."""
        self._booking_ids: dict[tuple[AccountId, EventId], None] = {}
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
        change = None
        # First what every order goes through, by its exact type: `isinstance` costs five times it.
        if type(event) is OrderReported:
            change = self._report(event, self._strategy_of(event), seq)
            if not event.report.leaves_qty:
                self._end(event.order_id)
        elif type(event) is OrderReceived:
            self._strategies[event.order_id] = event.request.strategy
        elif type(event) not in _SILENT:
            change = self._apply_other(event, seq)
        self._seqs[event.account] = seq
        return () if change is None else (change,)

    def _apply_other(self, event: JournalEvent, seq: int) -> PositionEvent | None:
        match event:
            case OrderRefused() | OrderFailed() | OrderWithdrawn():
                self._end(event.order_id)
            case UnknownReported():
                return self._report(event, UNATTRIBUTED, seq)
            case CashDeposited() | Booking():
                return self._book(event, seq)
            case _:
                pass
        return None

    def freeze(self) -> LedgerState:
        """Return all that this can be made of again."""
        holdings = (self._holdings[key.account][key] for key in self._keys)
        return LedgerState(
            seqs=dict(self._seqs),
            books=tuple(one.freeze() for one in self._books.values()),
            holdings=tuple(one.freeze() for one in holdings),
            strategies=dict(self._strategies),
            ended=dict(self._ended),
            fills=dict(self._fills),
            waiting=tuple(self._waiting.values()),
            bookings=dict(self._booking_ids),
        )

    def thaw(self, state: LedgerState) -> None:
        """Begin from *state*, which another ledger was frozen to."""
        self._seqs = dict(state.seqs)
        self._books = {one.shown.account: AccountBooks.of(one) for one in state.books}
        self._holdings, self._keys = {}, []
        for one in state.holdings:
            self._hold(Holding.of(one, place=len(self._keys)))
        self._strategies = dict(state.strategies)
        self._ended = Newest(ENDED_KEPT, state.ended.items())
        self._fills = Newest(FILLS_KEPT, state.fills.items())
        self._waiting = {(one.venue, ExecId(one.exec_ref_id)): one for one in state.waiting}
        self._booking_ids = dict(state.bookings)

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

    def has_booked(self, account: AccountId, event_id: EventId) -> bool:
        """Return whether a booking counts already."""
        return (account, event_id) in self._booking_ids

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

    def strategy_of(self, order_id: OrderId) -> StrategyId | None:
        """Return whose an order is that is open or among the newest that ended."""
        known = self._strategies.get(order_id)
        return self._ended.get(order_id) if known is None else known

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
        self._booking_ids[booking_id] = None
        books = self._books_of(event.account)
        change = Change(books, origin_of(event, seq))
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
                    change.let(holding, op_of(event))
        return change.told()

    def _report(
        self, event: OrderReported | UnknownReported, strategy: StrategyId, seq: int
    ) -> PositionEvent | None:
        report = event.report
        exec_type = report.exec_type
        if exec_type not in _MOVES or (report.venue, report.exec_id) in self._fills:
            return None
        origin = Origin(seq, event.ts_ns, exec_type, report.exec_id, report.exec_id)
        if exec_type in UNDOES:
            return None if undoes_nothing(event) else self._put_right(event, strategy, origin)
        return self._fill(event.account, strategy, report, origin)

    def _fill(
        self, account: AccountId, strategy: StrategyId, report: ExecutionReport, origin: Origin
    ) -> PositionEvent | None:
        assert not report.fee or report.fee_asset, f"{report.exec_id}: a fee in no currency"
        exec_key = (report.venue, report.exec_id)
        key = PositionKey(account, strategy, report.venue, report.symbol)
        op = fill_op(report, report.exec_id, report.side.sign)
        correction = self._waiting.pop(exec_key, None) if self._waiting else None
        if correction is not None:
            if correction.exec_type is ExecType.TRADE_CANCEL:
                self._fills.keep(exec_key, _NOWHERE)
                return None
            op = fill_op(correction, report.exec_id, report.side.sign)
        holding = self._holding(key)
        self._fills.keep(exec_key, holding.place)
        change = Change(self._books_of(account), origin)
        change.let(holding, op)
        return change.told()

    def _put_right(
        self, event: OrderReported | UnknownReported, strategy: StrategyId, origin: Origin
    ) -> PositionEvent | None:
        report, account = event.report, event.account
        assert not report.fee or report.fee_asset, f"{report.exec_id}: a fee in no currency"
        exec_key = (report.venue, undone_of(event))
        place = self._fills.get(exec_key)
        is_known = place is not None
        key = None if place is None or place == _NOWHERE else self._keys[place]
        self._fills.keep((report.venue, report.exec_id), _NOWHERE)
        if not is_known and event.was is not None:
            # The log's writer knows the fill, and we do not any more.
            key = PositionKey(account, strategy, report.venue, report.symbol)
        elif not is_known:
            before = self._waiting.get(exec_key)
            if before is None or before.exec_type is not ExecType.TRADE_CANCEL:
                self._waiting[exec_key] = report
            return None
        if key is None or key.account != account:
            # Taken back before, or another account's: no account's report moves another's.
            return None
        holding, change = self._holding(key), Change(self._books_of(account), origin)
        if holding.has_fill(exec_key[1]):
            corrected = None
            if report.exec_type is ExecType.TRADE_CORRECT:
                corrected = fill_op(report, exec_key[1], report.side.sign)
            change.put_right(holding, exec_key[1], corrected)
        else:
            change.let(holding, *ops_of(event))
        if report.exec_type is ExecType.TRADE_CANCEL:
            self._fills.keep(exec_key, _NOWHERE)
        return change.told()

    def _strategy_of(self, event: OrderReported) -> StrategyId:
        known = self.strategy_of(event.order_id) or event.strategy
        assert known, f"{event.order_id}: reported before it was received"
        return known

    def _end(self, order_id: OrderId) -> None:
        strategy = self._strategies.pop(order_id, None)
        if strategy is None:
            return
        self._ended.keep(order_id, strategy)

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
        holding = self._holdings.get(key.account, _NONE).get(key)
        if holding is None:
            known = self._instruments.get(key.symbol)
            currency = known.quote if known else BASE_CURRENCY
            method = self._books_of(key.account).method
            empty = Position(key=key, currency=currency)
            base = known.base if known else ""
            holding = self._hold(Holding(empty, base, method, place=len(self._keys)))
        return holding

    def _hold(self, holding: Holding) -> Holding:
        key = holding.position.key
        self._holdings.setdefault(key.account, {})[key] = holding
        self._keys.append(key)
        return holding
