"""Candles of every length hold every trade once; stretches without trades are flat."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.clock import NS_PER_S
from trade2026.edge.dialect.candles import (
    DAY,
    HOUR,
    INTERVALS,
    MINUTE,
    Candles,
    Print,
    end_of,
    start_of,
)

# 2024-03-01 00:00 UTC, a Friday.
FRIDAY = 1_709_251_200 * NS_PER_S


def a_print(number: int, at_ns: int, px: int = 100, qty: int = 1, *, buys: bool = True) -> Print:
    return Print(number, at_ns, px, qty, buys)


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2 * HOUR),
            st.integers(1, 10**12),
            st.integers(1, 10**12),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    ),
    interval=st.sampled_from(INTERVALS),
)
def test_every_trade_is_in_one_candle_of_every_length(
    steps: list[tuple[int, int, int, bool]], interval: str
) -> None:
    candles, now_ns, trades = Candles(), FRIDAY, list[Print]()
    for number, (wait_ns, px, qty, buys) in enumerate(steps):
        now_ns += wait_ns
        trades.append(a_print(number, now_ns, px, qty, buys=buys))
        candles.add(trades[-1])

    found = candles.between(interval, start_of(interval, FRIDAY), now_ns, 10**6)

    assert sum(c.qty for c in found) == sum(t.qty for t in trades)
    assert sum(c.value for c in found) == sum(t.px * t.qty for t in trades)
    assert sum(c.trade_count for c in found) == len(trades)
    assert sum(c.taker_buy_qty for c in found) == sum(t.qty for t in trades if t.is_buyer_taker)
    assert max(c.high_px for c in found) == max(t.px for t in trades)
    assert min(c.low_px for c in found) == min(t.px for t in trades)
    assert (found[0].open_px, found[-1].close_px) == (trades[0].px, trades[-1].px)
    for one, following in itertools.pairwise(found):
        assert end_of(interval, one.start_ns) == following.start_ns


@pytest.mark.parametrize(
    ("interval", "start_ns", "end_ns"),
    [
        ("1w", FRIDAY - 4 * DAY, FRIDAY + 3 * DAY),
        ("1M", FRIDAY, FRIDAY + 31 * DAY),
        ("1d", FRIDAY, FRIDAY + DAY),
    ],
)
def test_weeks_begin_on_mondays_and_months_on_their_first(
    interval: str, start_ns: int, end_ns: int
) -> None:
    assert start_of(interval, FRIDAY + HOUR) == start_ns
    assert end_of(interval, start_ns) == end_ns


def test_a_stretch_without_trades_is_flat_up_to_now() -> None:
    candles = Candles()
    candles.add(a_print(1, FRIDAY, 100, 5))
    candles.add(a_print(2, FRIDAY + 3 * MINUTE, 200, 7))

    found = candles.latest("1m", FRIDAY + 5 * MINUTE + 1, 500)

    assert [(c.start_ns - FRIDAY) // MINUTE for c in found] == [0, 1, 2, 3, 4, 5]
    assert [c.close_px for c in found] == [100, 100, 100, 200, 200, 200]
    assert [c.qty for c in found] == [5, 0, 0, 7, 0, 0]
    assert [c.trade_count for c in found] == [1, 0, 0, 1, 0, 0]


def test_the_newest_candles_are_as_many_as_wanted() -> None:
    candles = Candles()
    for minute in range(10):
        candles.add(a_print(minute, FRIDAY + minute * MINUTE))

    assert len(candles.latest("1m", FRIDAY + 9 * MINUTE, 3)) == 3
    assert candles.latest("1m", FRIDAY + 9 * MINUTE, 3)[-1].first_id == 9
    assert len(candles.between("1m", FRIDAY, FRIDAY + DAY, 4)) == 4
    assert candles.between("1m", FRIDAY + DAY, FRIDAY + 2 * DAY, 4) == []
    assert Candles().latest("1m", FRIDAY, 5) == []


def test_what_is_older_than_the_window_is_not_in_the_day() -> None:
    candles = Candles()
    candles.add(a_print(1, FRIDAY, 100, 5))
    candles.add(a_print(2, FRIDAY + 2 * MINUTE, 200, 7))

    day = candles.since(FRIDAY + MINUTE)

    assert day is not None
    assert (day.open_px, day.qty, day.first_id) == (200, 7, 2)
    assert candles.since(FRIDAY + 3 * MINUTE) is None
