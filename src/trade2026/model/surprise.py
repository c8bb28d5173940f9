"""What can be odd about a venue's report, and how far the account may trade after it.

A surprise is told as text that begins with its code; several are joined by ``; ``.
"""

from enum import StrEnum
from typing import Final

from trade2026.model.risk import TradingMode


class Surprise(StrEnum):
    """The kinds of surprise."""

    OVER_FILL = "OVER_FILL"
    FILL_AFTER_DONE = "FILL_AFTER_DONE"
    ENDED_TWICE = "ENDED_TWICE"
    NEVER_SENT = "NEVER_SENT"
    REJECTED_LATE = "REJECTED_LATE"
    OTHER_ORDER = "OTHER_ORDER"
    BEYOND_LIMIT = "BEYOND_LIMIT"
    CUM_QTY = "CUM_QTY"
    FILL_UNDONE = "FILL_UNDONE"
    """A bust or a correction: it is booked, and somebody should know."""
    NO_SUCH_FILL = "NO_SUCH_FILL"
    """A bust or a correction of a fill that is not booked: nothing moves."""
    BOTH_FILLED = "BOTH_FILLED"
    """Legs that exclude each other have traded more than one of them should: fills crossed."""
    FORGOTTEN = "FORGOTTEN"
    """The venue knows nothing of an order that it had taken in: what became of it is unknown."""
    CHANGED_UNASKED = "CHANGED_UNASKED"
    """The venue changed an order that nobody wanted changed."""


LIMITING: Final = frozenset(
    {Surprise.OVER_FILL, Surprise.OTHER_ORDER, Surprise.NEVER_SENT, Surprise.NO_SUCH_FILL}
)
"""After these the account holds something nobody approved, so it may only reduce.

The others happen with every venue: a fill that crosses a cancel, a report that comes late.
"""


def mode_after(surprise: str) -> TradingMode:
    """Return how far the account may trade after *surprise*, one or several joined by ``; ``."""
    if not surprise:
        return TradingMode.NORMAL
    codes = {part.partition(":")[0] for part in surprise.split("; ")}
    return TradingMode.NORMAL if codes.isdisjoint(LIMITING) else TradingMode.REDUCE_ONLY
