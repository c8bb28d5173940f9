"""P&L as it is told to others, rounded to nanos for people and stores."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Money


class PnlSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account's P&L at one moment, in its base currency.

    realised + unrealised - fees + funding + dividends + fx = equity - deposits. What other
    currencies gained counts at today's rates; what was paid in counts at the rate of its day,
    and what the rates did to it since is `fx`.
    """

    account: AccountId
    currency: str
    ts_ns: TimeNs
    deposits: Money
    cash: Money
    equity: Money
    realized: Money
    unrealized: Money
    fees: Money
    unmarked_symbols: tuple[str, ...] = ()
    """Symbols held without a current mark: valued at the last one, or at their last fill."""
    funding: Money = Money(0)
    """Received less paid."""
    dividends: Money = Money(0)
    fx: Money = Money(0)
    unrated: tuple[str, ...] = ()
    """Currencies that nobody gave a rate for: what is held of them counts as nothing."""
    turnover: Money = Money(0)
    """The size of all trades together."""
