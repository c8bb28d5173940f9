"""Trading days: sessions of the New York Stock Exchange for equities, UTC days for the rest.

Source: the XNYS calendar of exchange_calendars, with its holidays and early closes. Crypto
never closes; its day is that of its daily bars.
"""

from functools import cache
from typing import Any, Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.model.instrument import InstrumentKind

DAY_NS: Final = 86_400 * NS_PER_S
EQUITIES: Final = "XNYS"


class ExchangeCalendar:
    """Days by the kind of the instrument."""

    def day_end_ns(self, kind: InstrumentKind, now_ns: TimeNs) -> TimeNs:
        """Return when the trading day ends; see `TradingCalendar`."""
        if kind is not InstrumentKind.EQUITY:
            return TimeNs((now_ns // DAY_NS + 1) * DAY_NS)
        pandas, sessions = _sessions(EQUITIES)
        minute = pandas.Timestamp(now_ns, unit="ns", tz="UTC")
        # The close belongs to the session before it: an order of that moment is too late.
        closing = sessions.next_close(minute)
        return TimeNs(closing.value)

    def settles_ns(self, kind: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
        """Return when a trade is settled; see `TradingCalendar`.

        Equities are settled as the session closes that follows the one of the trade.
        """
        if kind is not InstrumentKind.EQUITY:
            return trade_ns
        _, sessions = _sessions(EQUITIES)
        closes = sessions.closes_nanos
        traded = int(closes.searchsorted(trade_ns, side="right"))
        if not 0 < traded < len(closes) - 1:
            raise InvalidInputError("time", f"{trade_ns} is in no session that is known")
        return TimeNs(int(closes[traded + 1]))


@cache
def _sessions(name: str) -> tuple[Any, Any]:
    # Pandas takes half a second to import: only who asks for a day of equities waits for it.
    import exchange_calendars  # noqa: PLC0415
    import pandas  # noqa: ICN001, PLC0415

    return pandas, exchange_calendars.get_calendar(name)
