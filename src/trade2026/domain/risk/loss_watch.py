"""Who has lost how much: every account's meter, and one of each strategy in it.

A point of the curve counts only while everything that is held has been quoted since the start:
the price of a last fill, hours ago, would look like a gain or a loss that never was.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money, Px, money_down, value_of
from trade2026.domain.risk.account import Holding, RiskAccount, Share
from trade2026.domain.risk.losses import NO_LOSS_LIMITS, NO_LOSSES, Losses, LossLimits, LossMeter
from trade2026.domain.risk.reference import References
from trade2026.model.losses import LossMark
from trade2026.model.risk import GLOBAL_SCOPE, account_scope, strategy_scope

Key: TypeAlias = tuple[str, str]
"""An account, and a strategy in it; an empty one is the whole account."""

_NO_SHARE: Final = Share()


class LossWatch:
    """The meters; mutable, nothing but memory."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._meters: dict[Key, LossMeter] = {}

    def restore(self, mark: LossMark) -> None:
        """Go on from *mark*, which is newer than every one before."""
        self._meters[mark.account, mark.strategy] = LossMeter(mark)

    def note(self, name: str, account: RiskAccount, equity: Money, now_ns: TimeNs) -> bool:
        """Take a point of the account and of its strategies; return whether it counted."""
        held = (symbol for symbol, one in account.holdings.items() if one.quantity)
        if not all(self._references.is_quoted(symbol) for symbol in held):
            return False
        for key, pnl in self._pnls(name, account, equity):
            self._meter(key).note(now_ns, pnl)
        return True

    def losses(
        self, key: Key, limits: LossLimits, account: RiskAccount, equity: Money, now_ns: TimeNs
    ) -> Losses:
        """Return what was lost by now of what *limits* limit.

        What is measured against nothing is not reckoned: an order is urgent.
        """
        meter = self._meters.get(key)
        if meter is None or limits == NO_LOSS_LIMITS:
            return NO_LOSSES
        _, strategy = key
        pnl = self._share_pnl(account, strategy) if strategy else _pnl(account, equity)
        return meter.losses(now_ns, pnl, equity)

    def arm(
        self, scope: str, name: str, account: RiskAccount, equity: Money, now_ns: TimeNs
    ) -> None:
        """Measure all that *scope* names from here on."""
        for key, pnl in self._pnls(name, account, equity):
            if scope in {GLOBAL_SCOPE, scope_of(key)}:
                self._meter(key).arm(now_ns, pnl)

    def marks(self, now_ns: TimeNs) -> tuple[LossMark, ...]:
        """Return what to go on from after a restart."""
        return tuple(meter.mark(*key, now_ns) for key, meter in sorted(self._meters.items()))

    def _meter(self, key: Key) -> LossMeter:
        return self._meters.setdefault(key, LossMeter())

    def _pnls(self, name: str, account: RiskAccount, equity: Money) -> Iterator[tuple[Key, Money]]:
        yield (name, ""), _pnl(account, equity)
        for strategy in account.shares:
            yield (name, strategy), self._share_pnl(account, strategy)

    def _share_pnl(self, account: RiskAccount, strategy: str) -> Money:
        share = account.shares.get(strategy, _NO_SHARE)
        value = share.cash
        for symbol, quantity in share.quantities.items():
            last_px = account.holdings.get(symbol, Holding()).last_px
            value += value_of(self._references.mark_px(symbol, Px(last_px)), quantity)
        for currency, amount in share.others.items():
            value += account.purse.value(currency, amount)
        return money_down(value)


def scope_of(key: Key) -> str:
    """Return the scope that limits who is measured under *key*."""
    account, strategy = key
    return strategy_scope(strategy) if strategy else account_scope(account)


def _pnl(account: RiskAccount, equity: Money) -> Money:
    return Money(equity - money_down(account.deposits + account.purse.paid_in))
