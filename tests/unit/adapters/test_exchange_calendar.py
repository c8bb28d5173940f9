"""A trading day ends with its session, early where the exchange closes early."""

from datetime import UTC, datetime

import pytest

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.model.instrument import InstrumentKind


def ns(text: str) -> TimeNs:
    return TimeNs(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S)


# The library of calendars is older than the newest pandas, which warns of days to come.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "now", "end"),
    [
        (InstrumentKind.SPOT, "2026-11-25T23:59:59", "2026-11-26T00:00:00"),
        (InstrumentKind.SPOT, "2026-11-26T00:00:00", "2026-11-27T00:00:00"),
        (InstrumentKind.EQUITY, "2026-11-25T15:00:00", "2026-11-25T21:00:00"),
        # Closed on Thanksgiving, and only until one o'clock on the day after.
        (InstrumentKind.EQUITY, "2026-11-25T21:00:00", "2026-11-27T18:00:00"),
        (InstrumentKind.EQUITY, "2026-11-28T12:00:00", "2026-11-30T21:00:00"),
    ],
)
def test_a_day_ends_with_its_session(kind: InstrumentKind, now: str, end: str) -> None:
    assert ExchangeCalendar().day_end_ns(kind, ns(now)) == ns(end)
