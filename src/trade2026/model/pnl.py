"""P&L as it is told to others, rounded to nanos for people and stores."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Money


class PnlSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An account's P&L at one moment. realised + unrealised - fees = equity - deposits."""

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
