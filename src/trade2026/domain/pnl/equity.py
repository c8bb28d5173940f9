"""Equity: what every account is worth at the latest marks, folded from the ledger's events.

Sums are exact inside and rounded once, on the way out, so that what is published adds up to
the nano: each part is rounded to nearest (ties to even), deposits and fees in the base
currency are whole nanos by nature, and equity is *their* sum::

    equity = deposits + realized + unrealized - fees + funding + dividends + fx

so it may differ from the exact equity by a nano for each part and currency, and never from
its own parts. Cash is rounded the same way, so that equity is cash once nothing is held.

What is in another currency counts at the latest rate, and `fx` is what the rates did to what
was paid in. A currency without a rate counts as nothing, and is told of.

Source: FASB ASC 830-30 (current rate for what is held, historical rate for capital).
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
    money_at,
    money_half_even,
    value_of,
)
from trade2026.domain.pnl.attribution import Attribution, By, attribute
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import (
    BASE_CURRENCY,
    RATE_ONE,
    Balance,
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


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """All that an account's equity is reckoned from, marks aside."""

    account: AccountId
    journal_seq: int
    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]


class EquityState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the ledger's events make of equity."""

    accounts: tuple[AccountState, ...]


class _Account:
    __slots__ = ("balances", "journal_seq", "positions")

    def __init__(self) -> None:
        self.balances: dict[str, Balance] = {}
        self.journal_seq = 0
        self.positions: dict[PositionKey, Position] = {}


class _Sums:
    """The parts of an account's P&L in one currency, in square nanos of it."""

    __slots__ = ("dividends", "fees", "funding", "realized", "turnover", "unrealized")

    def __init__(self) -> None:
        self.realized = self.unrealized = self.fees = self.funding = self.dividends = 0
        self.turnover = 0


class _Parts:
    """The parts of an account's P&L over all currencies, in nanos of the base currency."""

    def __init__(self) -> None:
        self.deposits = self.cash = self.turnover = 0
        self.realized = self.unrealized = self.fees = self.funding = self.dividends = self.fx = 0
        self.unrated: list[str] = []

    def add(self, sums: _Sums, balance: Balance) -> None:
        """Add what there is of one currency."""
        rate = balance.rate
        if rate is None:
            if balance.cash or sums.unrealized:
                self.unrated.append(balance.currency)
            return
        realized, fees = money_at(sums.realized, rate), money_at(sums.fees, rate)
        funding, dividends = money_at(sums.funding, rate), money_at(sums.dividends, rate)
        deposits, fx = money_half_even(balance.deposits_base), 0
        if balance.currency != BASE_CURRENCY:
            fx = money_at(balance.deposits, rate) - deposits
        # Cash is rounded as what trading is rounded as, so that it equals the equity once
        # nothing is held.
        kept = balance.deposits - sums.fees + sums.funding + sums.dividends
        self.cash += deposits + fx - fees + funding + dividends
        self.cash += money_at(balance.cash - kept, rate)
        self.deposits += deposits
        self.realized += realized
        self.unrealized += money_at(sums.unrealized, rate)
        self.fees += fees
        self.funding += funding
        self.dividends += dividends
        self.fx += fx
        self.turnover += money_at(sums.turnover, rate)

    @property
    def equity(self) -> int:
        """Return the sum of the parts."""
        gained = self.realized + self.unrealized - self.fees
        return self.deposits + gained + self.funding + self.dividends + self.fx


class Equity:
    """Accounts, their positions, and the marks; mutable, nothing but memory.

    Args:
        mark_max_age_ns: a mark older than this still values, but is told as not current.
    """

    def __init__(self, mark_max_age_ns: int = MARK_MAX_AGE_NS) -> None:
        self._mark_max_age_ns = mark_max_age_ns
        self._accounts: dict[AccountId, _Account] = {}
        self._marks: dict[str, _Mark] = {}

    def freeze(self) -> EquityState:
        """Return all that the ledger's events have made of this."""
        return EquityState(
            accounts=tuple(
                AccountState(
                    account=name,
                    journal_seq=one.journal_seq,
                    balances=tuple(one.balances.values()),
                    positions=tuple(one.positions.values()),
                )
                for name, one in self._accounts.items()
            )
        )

    def thaw(self, state: EquityState) -> None:
        """Begin from *state*, which another one was frozen to."""
        self._accounts.clear()
        for one in state.accounts:
            account = self._accounts[one.account] = _Account()
            account.journal_seq = one.journal_seq
            account.balances = {balance.currency: balance for balance in one.balances}
            account.positions = {position.key: position for position in one.positions}

    def apply(self, event: PositionEvent) -> bool:
        """Book *event* and return whether it was news: one booked before changes nothing."""
        change: PositionChanged | CashChanged
        if event.position is not None:
            change, account_id = event.position, event.position.position.key.account
        else:
            assert event.cash is not None, "an event of the ledger that changes nothing"
            change, account_id = event.cash, event.cash.account
        account = self._accounts.get(account_id)
        if account is None:
            account = self._accounts[account_id] = _Account()
        if change.journal_seq <= account.journal_seq:
            return False
        account.journal_seq = change.journal_seq
        account.balances[BASE_CURRENCY] = Balance(
            currency=BASE_CURRENCY,
            cash=change.cash,
            deposits=change.deposits,
            deposits_base=change.deposits,
            rate=RATE_ONE,
        )
        for balance in change.rest.balances:
            account.balances[balance.currency] = balance
        if event.position is not None:
            moved = event.position.position
            account.positions[moved.key] = moved
        for other in change.rest.others:
            account.positions[other.key] = other
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
        parts = _Parts()
        for currency, sums in self._sums(known).items():
            parts.add(sums, known.balances.get(currency) or Balance(currency=currency))
        return PnlSnapshot(
            account=AccountId(account),
            currency=BASE_CURRENCY,
            ts_ns=now_ns,
            deposits=Money(parts.deposits),
            cash=Money(parts.cash),
            equity=Money(parts.equity),
            realized=Money(parts.realized),
            unrealized=Money(parts.unrealized),
            fees=Money(parts.fees),
            funding=Money(parts.funding),
            dividends=Money(parts.dividends),
            fx=Money(parts.fx),
            turnover=Money(parts.turnover),
            unmarked_symbols=self._unmarked(known, now_ns),
            unrated=tuple(sorted(parts.unrated)),
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

    def attribution(self, account: str, by: By) -> tuple[Attribution, ...] | None:
        """Return where the account's P&L came from; None where nothing was ever booked on it."""
        known = self._accounts.get(AccountId(account))
        if known is None:
            return None
        positions = known.positions.values()
        rates = {one.currency: one.rate for one in known.balances.values() if one.rate is not None}
        valued = ((position, Value(self._unrealized(position))) for position in positions)
        return attribute(valued, by, rates)

    def _mark_px(self, position: Position) -> Px:
        mark = self._marks.get(position.key.symbol)
        return position.last_px if mark is None else mark.px

    def _is_marked(self, symbol: str, now_ns: TimeNs) -> bool:
        mark = self._marks.get(symbol)
        return mark is not None and abs(now_ns - mark.ts_ns) <= self._mark_max_age_ns

    def _unrealized(self, position: Position) -> int:
        return value_of(self._mark_px(position), position.quantity) - position.cost

    def _sums(self, account: _Account) -> dict[str, _Sums]:
        sums = {currency: _Sums() for currency in account.balances}
        for position in account.positions.values():
            of = sums.setdefault(position.currency, _Sums())
            of.realized += position.realized
            of.unrealized += self._unrealized(position)
            of.fees += position.fees
            of.funding += position.funding
            of.dividends += position.dividends
            of.turnover += position.turnover
            for paid in position.other_fees:
                sums.setdefault(paid.asset, _Sums()).fees += paid.amount
        return sums

    def _unmarked(self, account: _Account, now_ns: TimeNs) -> tuple[str, ...]:
        held = {p.key.symbol for p in account.positions.values() if p.quantity}
        return tuple(sorted(s for s in held if not self._is_marked(s, now_ns)))
