"""When a trading day ends, and when a trade is settled."""

from typing import Protocol

from trade2026.core.clock import TimeNs
from trade2026.model.instrument import InstrumentKind


class TradingCalendar(Protocol):
    """Knows the days of markets."""

    def day_end_ns(self, kind: InstrumentKind, now_ns: TimeNs) -> TimeNs:
        """Return when the trading day ends that an order of now belongs to.

        Outside of trading hours that is the end of the next session.
        """
        ...

    def settles_ns(self, kind: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
        """Return when a trade of that time is settled: T+1 for equities, at once for the rest.

        Raises:
            InvalidInputError: no session of that time is known.
        """
        ...
