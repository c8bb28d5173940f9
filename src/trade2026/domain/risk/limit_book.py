"""The limits in force: the platform's, changed by what the log of limits says of each scope."""

from collections.abc import Iterable, Mapping

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Bps
from trade2026.domain.risk.limit import Limits, LimitTable
from trade2026.domain.risk.losses import LossLimits
from trade2026.model.instrument import Instrument
from trade2026.model.risk import LimitsSet


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """All that binds an order."""

    limits: Limits
    losses: LossLimits
    """What its account may lose."""
    own_losses: LossLimits
    """What its strategy may, by itself."""


class LimitBook:
    """What binds whom; mutable, nothing but memory."""

    def __init__(self, table: LimitTable, margins: Mapping[str, Bps] | None = None) -> None:
        """Begin with the limits of *table*.

        Args:
            table: the platform's.
            margins: what positions bind at least, by symbol, whatever limits say.
        """
        self.table = table
        self._margins = margins or {}
        self._found: dict[tuple[str, str, str], Limits] = {}
        """By symbol, account and strategy: worked out once."""
        self._bounds: dict[tuple[str, str, str], Bounds] = {}
        """By the same."""
        self._losses: dict[tuple[str, str], LossLimits] = {}
        """By account and strategy; an empty one is the other's alone."""
        self._set_ns: dict[str, TimeNs] = {}

    def set(self, change: LimitsSet) -> bool:
        """Take *change*, and return whether it is new; what was made later stays."""
        if change.ts_ns <= self._set_ns.get(change.scope, 0):
            return False
        self._set_ns[change.scope] = change.ts_ns
        self.table = self.table.with_scope(change.scope, change.values)
        self._found.clear()
        self._bounds.clear()
        self._losses.clear()
        return True

    def next_ns(self, scope: str, now_ns: TimeNs) -> TimeNs:
        """Return the time to give a change made now: behind every one the scope has seen."""
        return TimeNs(max(now_ns, self._set_ns.get(scope, 0) + 1))

    def bounds_of(self, symbol: str, account: str, strategy: str) -> Bounds:
        """Return all that binds an order."""
        key = (symbol, account, strategy)
        bounds = self._bounds.get(key)
        if bounds is None:
            bounds = self._bounds[key] = Bounds(
                limits=self.of(symbol, account, strategy),
                losses=self.losses_of(account),
                own_losses=self.losses_of(account, strategy),
            )
        return bounds

    def of(self, symbol: str, account: str, strategy: str = "") -> Limits:
        """Return the limits that bind: the tightest of all that cover an order."""
        key = (symbol, account, strategy)
        found = self._found.get(key)
        if found is None:
            found = self.table.of(symbol, account, strategy)
            least = max(found.margin_bps, self._margins.get(symbol, Bps(0)))
            found = self._found[key] = msgspec.structs.replace(found, margin_bps=least)
        return found

    def losses_of(self, account: str, strategy: str = "") -> LossLimits:
        """Return what the account may lose, or what the strategy may, by itself."""
        key = (account, strategy)
        found = self._losses.get(key)
        if found is None:
            table = self.table
            found = table.own_losses_of(strategy) if strategy else table.losses_of(account)
            self._losses[key] = found
        return found


def margins_of(instruments: Iterable[Instrument]) -> dict[str, Bps]:
    """Return what positions bind at least, by symbol, of those instruments that say so."""
    return {one.symbol: one.initial_margin_bps for one in instruments if one.initial_margin_bps}
