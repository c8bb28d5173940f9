"""What is traded and not settled yet: quantities to be delivered, cash to be paid, and when.

When is said by the calendar of the instrument's market: the next session after the one of the
trade for equities (T+1), at once for everything else. Positions and P&L count from the trade on;
this says what of them is only owed so far.

Source: SEC Rule 15c6-1(a), as of 2024-05-28.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ExecId
from trade2026.core.newest import Newest
from trade2026.core.numbers import SignedQty, Value, split_qty, value_of, value_of_money
from trade2026.model.booking import SplitBooked
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS, Instrument, InstrumentKind
from trade2026.model.journal import (
    JournalEvent,
    OrderReported,
    UnknownReported,
    fee_asset_of,
    undone_of,
)
from trade2026.model.position import BASE_CURRENCY

INSTRUMENTS: Final[Mapping[str, Instrument]] = {one.symbol: one for one in PRISM_INSTRUMENTS}
"""By symbol; what is not here settles at once."""

SettlesAt = Callable[[InstrumentKind, TimeNs], TimeNs]
"""Says when a trade of that time is settled: never before it."""

_Key = tuple[str, ExecId]

REPORTS_KEPT: Final = 50_000
"""Reports remembered, so that none counts twice; the log's writer looks further back."""
NEVER: Final = TimeNs(2**63 - 1)


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """What one fill obliges an account and its market to."""

    account: AccountId
    venue: str
    symbol: str
    exec_id: ExecId
    trade_ns: TimeNs
    settles_ns: TimeNs
    quantity: SignedQty
    """To be received (positive) or delivered."""
    currency: str
    cash: Value
    """To be received (positive) or paid, fees in that currency with it."""


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """All that is owed of one thing: a symbol, or a currency."""

    incoming: int = 0
    """To be received, in the unit of what it is about."""
    outgoing: int = 0
    """To be delivered or paid; positive."""
    last_ns: TimeNs = TimeNs(0)
    """When the last of it is settled."""

    def plus(self, amount: int, settles_ns: TimeNs) -> "Unsettled":
        """Return the sum with *amount*, signed."""
        return Unsettled(
            incoming=self.incoming + max(amount, 0),
            outgoing=self.outgoing - min(amount, 0),
            last_ns=max(self.last_ns, settles_ns),
        )


NOTHING_OWED: Final = Unsettled()


class OwedState(msgspec.Struct, frozen=True, array_like=True):
    """An obligation, under the report that it stands under."""

    venue: str
    exec_id: ExecId
    obligation: Obligation


class ReportState(msgspec.Struct, frozen=True, array_like=True):
    """A report that was taken."""

    venue: str
    exec_id: ExecId
    account: AccountId
    is_fill: bool


class ObligationsState(msgspec.Struct, frozen=True, kw_only=True):
    """All that obligations can be made of again."""

    now_ns: TimeNs
    owed: tuple[OwedState, ...]
    reports: tuple[ReportState, ...]


class Obligations:
    """The obligations of all accounts, folded from the log of orders; mutable.

    A bust takes the obligation of its fill away, a correction puts another in its place on the
    same day. Where the fill was settled when it came, what undoes it is an obligation of its own,
    from the day of the bust. A split changes quantities that are owed; a dividend changes nothing
    here: the ledger pays it to who holds the position, settled or not.

    Memory is bounded: what was settled by the log's newest event is let go of, and the newest
    reports are remembered by their number.

    Args:
        settles_at: the calendars.
    """

    def __init__(
        self, settles_at: SettlesAt, instruments: Mapping[str, Instrument] = INSTRUMENTS
    ) -> None:
        self._settles_at = settles_at
        self._instruments = instruments
        self._now_ns = TimeNs(0)
        """The time of the log: of its newest event so far."""
        self._owed: dict[_Key, Obligation] = {}
        self._next_ns = NEVER
        """When the next of them is settled."""
        self._reports = Newest[_Key, ReportState](REPORTS_KEPT)
        self._accounts: dict[str, AccountId] = {}
        """Whose each of the fills among them is."""

    def apply(self, event: JournalEvent) -> None:
        """Take the next event of the log."""
        self._now_ns = max(self._now_ns, event.ts_ns)
        if self._next_ns <= self._now_ns:
            self._settle()
        if isinstance(event, SplitBooked):
            self._split(event)
        elif isinstance(event, OrderReported | UnknownReported):
            report = event.report
            key = (report.venue, report.exec_id)
            if key in self._reports:
                return
            match report.exec_type:
                case ExecType.TRADE:
                    self._remember(key, event.account, is_fill=True)
                    self._owe(key, self._of(event.account, report, report.ts_event_ns))
                case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
                    self._remember(key, event.account, is_fill=False)
                    self._put_right(event, key)
                case _:
                    pass

    def freeze(self) -> ObligationsState:
        """Return all that this can be made of again."""
        return ObligationsState(
            now_ns=self._now_ns,
            owed=tuple(OwedState(*key, one) for key, one in self._owed.items()),
            reports=tuple(self._reports.values()),
        )

    def thaw(self, state: ObligationsState) -> None:
        """Begin from *state*, which others were frozen to."""
        self._now_ns = state.now_ns
        self._owed = {(one.venue, one.exec_id): one.obligation for one in state.owed}
        self._next_ns = min((one.settles_ns for one in self._owed.values()), default=NEVER)
        reports = (((one.venue, one.exec_id), one) for one in state.reports)
        self._reports = Newest(REPORTS_KEPT, reports)
        self._accounts = {one.exec_id: one.account for one in state.reports if one.is_fill}

    def account_of(self, exec_id: str) -> AccountId | None:
        """Return whose fill it is; None where it is settled and not among the newest."""
        owed = (one.account for one in self._owed.values() if one.exec_id == exec_id)
        return self._accounts.get(exec_id) or next(owed, None)

    def owed(self, now_ns: TimeNs, account: str | None = None) -> tuple[Obligation, ...]:
        """Return what is not settled at *now_ns*, the first to settle first.

        Args:
            now_ns: not before the newest event taken.
            account: whose; None is everybody's.
        """
        found = (
            one
            for one in self._owed.values()
            if one.settles_ns > now_ns and account in {None, one.account}
        )
        return tuple(sorted(found, key=lambda one: (one.settles_ns, one.trade_ns, one.exec_id)))

    def _remember(self, key: _Key, account: AccountId, *, is_fill: bool) -> None:
        forgotten = self._reports.keep(key, ReportState(*key, account, is_fill))
        if is_fill:
            self._accounts[key[1]] = account
        for gone in forgotten:
            if gone.is_fill:
                self._accounts.pop(gone.exec_id, None)

    def _owe(self, key: _Key, obligation: Obligation) -> None:
        if obligation.settles_ns > self._now_ns:
            self._owed[key] = obligation
            self._next_ns = min(self._next_ns, obligation.settles_ns)

    def _settle(self) -> None:
        self._owed = {k: one for k, one in self._owed.items() if one.settles_ns > self._now_ns}
        self._next_ns = min((one.settles_ns for one in self._owed.values()), default=NEVER)

    def _put_right(self, event: OrderReported | UnknownReported, key: _Key) -> None:
        report, was = event.report, event.was
        undone = (report.venue, undone_of(event))
        before = self._owed.pop(undone, None)
        is_correction = report.exec_type is ExecType.TRADE_CORRECT
        if before is not None:
            if is_correction:
                again = self._of(event.account, report, before.trade_ns)
                self._owe(undone, msgspec.structs.replace(again, exec_id=before.exec_id))
            return
        if was is None:
            # No such fill stands.
            return
        wrong = msgspec.structs.replace(
            report,
            last_qty=was.last_qty,
            last_px=was.last_px,
            fee=was.fee,
            fee_asset=fee_asset_of(event),
        )
        back = self._of(event.account, wrong, event.ts_ns)
        change = msgspec.structs.replace(
            back, quantity=SignedQty(-back.quantity), cash=Value(-back.cash)
        )
        if is_correction:
            right = self._of(event.account, report, event.ts_ns)
            change = msgspec.structs.replace(
                change,
                quantity=SignedQty(change.quantity + right.quantity),
                cash=Value(change.cash + right.cash),
            )
        self._owe(key, change)

    def _of(self, account: AccountId, report: ExecutionReport, trade_ns: TimeNs) -> Obligation:
        instrument = self._instruments.get(report.symbol)
        kind = instrument.kind if instrument else InstrumentKind.SPOT
        currency = instrument.quote if instrument else BASE_CURRENCY
        quantity = report.last_qty * report.side.sign
        cash = -value_of(report.last_px, quantity)
        if report.fee_asset == currency:
            cash -= value_of_money(report.fee)
        elif instrument and report.fee_asset == instrument.base:
            quantity -= report.fee
        return Obligation(
            account=account,
            venue=report.venue,
            symbol=report.symbol,
            exec_id=report.exec_id,
            trade_ns=trade_ns,
            settles_ns=self._settles_at(kind, trade_ns),
            quantity=SignedQty(quantity),
            currency=currency,
            cash=Value(cash),
        )

    def _split(self, event: SplitBooked) -> None:
        for key, one in self._owed.items():
            if (one.account, one.venue, one.symbol) == (event.account, event.venue, event.symbol):
                more = split_qty(one.quantity, event.numerator, event.denominator)
                self._owed[key] = msgspec.structs.replace(one, quantity=SignedQty(more))


def by_symbol(owed: Iterable[Obligation]) -> dict[tuple[AccountId, str], Unsettled]:
    """Return what is owed of each account's symbols."""
    found: dict[tuple[AccountId, str], Unsettled] = {}
    for one in owed:
        place = (one.account, one.symbol)
        found[place] = found.get(place, NOTHING_OWED).plus(one.quantity, one.settles_ns)
    return found


def by_currency(owed: Iterable[Obligation]) -> dict[tuple[AccountId, str], Unsettled]:
    """Return what is owed of each account's currencies, in square nanos."""
    found: dict[tuple[AccountId, str], Unsettled] = {}
    for one in owed:
        place = (one.account, one.currency)
        found[place] = found.get(place, NOTHING_OWED).plus(one.cash, one.settles_ns)
    return found
