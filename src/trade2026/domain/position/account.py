"""The books of one account: cash by currency, the rates, and the entries that moved it.

What is paid in keeps the base currency's value of its day, so that what rates do to it later
can be told from what trading gained. A currency that has no rate yet waits for its first one.
"""

from collections import deque
from typing import Final

import msgspec

from trade2026.core.ids import AccountId
from trade2026.core.numbers import Px, Value
from trade2026.domain.position.entry import Entry
from trade2026.model.position import BASE_CURRENCY, Balance, LotMethod, no_balance

ENTRIES_KEPT: Final = 2_000
"""Entries kept for each account to be looked at; the log has them all."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account's cash, exactly."""

    account: AccountId
    method: LotMethod = LotMethod.AVERAGE
    balances: tuple[Balance, ...] = ()
    """By currency, sorted."""

    @property
    def cash(self) -> Value:
        """Return the cash in the base currency, other currencies left out."""
        return self._base.cash

    @property
    def deposits(self) -> Value:
        """Return all that was ever paid into the base currency, less paid out."""
        return self._base.deposits

    @property
    def _base(self) -> Balance:
        found = (one for one in self.balances if one.currency == BASE_CURRENCY)
        return next(found, Balance(currency=BASE_CURRENCY))


class BooksState(msgspec.Struct, frozen=True, array_like=True):
    """All that the books of one account can be made of again."""

    shown: Account
    entries: tuple[Entry, ...]


class AccountBooks:
    """The books of one account; mutable."""

    __slots__ = ("account", "balances", "entries", "method")

    def __init__(self, account: AccountId) -> None:
        self.account = account
        self.method = LotMethod.AVERAGE
        self.balances: dict[str, Balance] = {}
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_KEPT)

    @classmethod
    def of(cls, state: BooksState) -> "AccountBooks":
        """Return the books that *state* was frozen from."""
        made = cls(state.shown.account)
        made.method = state.shown.method
        made.balances = {one.currency: one for one in state.shown.balances}
        made.entries.extend(state.entries)
        return made

    def freeze(self) -> BooksState:
        """Return all that these can be made of again."""
        return BooksState(shown=self.shown(), entries=tuple(self.entries))

    def balance(self, currency: str) -> Balance:
        """Return what there is of *currency*."""
        return self.balances.get(currency) or no_balance(currency)

    def move(self, currency: str, amount: int) -> None:
        """Add *amount* of cash that came by trading."""
        self.balances[currency] = self.balance(currency).moved(amount)

    def deposit(self, currency: str, amount: int) -> None:
        """Add *amount* of cash that was paid in."""
        self.balances[currency] = self.balance(currency).paid_in(amount)

    def rate(self, currency: str, rate: Px) -> None:
        """Value *currency* at *rate*; what came before there was one counts at this one."""
        self.balances[currency] = self.balance(currency).valued(rate)

    def shown(self) -> Account:
        """Return the account as it stands."""
        return Account(
            account=self.account,
            method=self.method,
            balances=tuple(self.balances[one] for one in sorted(self.balances)),
        )

    def foreign(self) -> tuple[Balance, ...]:
        """Return the balances of every currency but the base, sorted."""
        if len(self.balances) <= 1 and BASE_CURRENCY in self.balances:
            return ()
        return tuple(self.balances[one] for one in sorted(self.balances) if one != BASE_CURRENCY)
