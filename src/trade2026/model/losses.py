"""What losses are measured from, kept in the log so that no restart forgives one."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Money


class PnlPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What had been gained since the opening, at one moment."""

    ts_ns: TimeNs
    pnl: Money


class LossMark(msgspec.Struct, frozen=True, kw_only=True):
    """Where the losses of an account, or of a strategy in it, are measured from."""

    account: str
    strategy: str
    """Empty: the whole account."""
    ts_ns: TimeNs
    day: int
    """UTC days since 1970."""
    day_open_pnl: Money
    """What had been gained as the day began."""
    peak_pnl: Money
    """The most that had ever been gained, or since the breakers were armed anew."""
    recent: tuple[PnlPoint, ...]
    """Of the newest minutes: each the highest of all that came after it."""
