"""A trading day ends with its session, early where the exchange closes early."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.adapters.calendars.exchange import ExchangeCalendar
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError
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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "traded", "settled"),
    [
        (InstrumentKind.SPOT, "2026-11-28T12:00:00", "2026-11-28T12:00:00"),
        # A Tuesday is settled on Wednesday; a Wednesday on the Friday behind Thanksgiving,
        # which closes early; that Friday on Monday.
        (InstrumentKind.EQUITY, "2026-11-24T15:00:00", "2026-11-25T21:00:00"),
        (InstrumentKind.EQUITY, "2026-11-25T20:59:59", "2026-11-27T18:00:00"),
        (InstrumentKind.EQUITY, "2026-11-25T21:00:00", "2026-11-30T21:00:00"),
        (InstrumentKind.EQUITY, "2026-11-27T15:00:00", "2026-11-30T21:00:00"),
        # Traded at the weekend is traded on Monday.
        (InstrumentKind.EQUITY, "2026-11-28T12:00:00", "2026-12-01T21:00:00"),
    ],
)
def test_a_trade_is_settled_by_its_calendar(
    kind: InstrumentKind, traded: str, settled: str
) -> None:
    assert ExchangeCalendar().settles_ns(kind, ns(traded)) == ns(settled)


@pytest.mark.filterwarnings("ignore")
@given(minute=st.integers(0, 2 * 365 * 24 * 60))
def test_equities_are_settled_on_the_close_of_a_later_weekday(minute: int) -> None:
    calendar, traded = (
        ExchangeCalendar(),
        TimeNs(ns("2025-01-01T00:00:00") + minute * 60 * NS_PER_S),
    )

    settled = calendar.settles_ns(InstrumentKind.EQUITY, traded)

    assert settled > calendar.day_end_ns(InstrumentKind.EQUITY, traded)
    day = datetime.fromtimestamp(settled // NS_PER_S, UTC)
    assert day.weekday() < 5
    assert (day.month, day.day) not in {(1, 1), (7, 4), (12, 25)}
    # The session after the one of the trade, and no session between.
    assert settled == calendar.day_end_ns(
        InstrumentKind.EQUITY, calendar.day_end_ns(InstrumentKind.EQUITY, traded)
    )
    later = calendar.settles_ns(InstrumentKind.EQUITY, TimeNs(traded + 60 * NS_PER_S))
    assert later >= settled


@pytest.mark.filterwarnings("ignore")
def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        ExchangeCalendar().settles_ns(InstrumentKind.EQUITY, TimeNs(2**62))
