"""Restarts wait longer and longer, and end after a bounded number within the window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.clock import NS_PER_S
from trade2026.shell.backoff import Backoff

POLICY = Backoff()


@pytest.mark.parametrize(
    ("deaths", "delay_s"),
    [(1, 0.2), (2, 0.4), (3, 0.8), (4, 1.6), (5, 3.2), (6, 6.4), (7, 10.0), (8, 10.0), (9, None)],
)
def test_the_wait_doubles_up_to_its_limit_and_then_it_gives_up(
    deaths: int, delay_s: float | None
) -> None:
    deaths_ns = [number * NS_PER_S for number in range(deaths)]

    assert POLICY.delay_s(deaths_ns) == (None if delay_s is None else pytest.approx(delay_s))


def test_deaths_before_the_window_do_not_count() -> None:
    now_ns = 1_000 * NS_PER_S
    long_ago = [now_ns - 120 * NS_PER_S] * 50

    assert POLICY.delay_s([*long_ago, now_ns]) == pytest.approx(0.2)


def test_starts_that_fail_slowly_count_beyond_the_window() -> None:
    hours_ns = [hour * 3_600 * NS_PER_S for hour in range(9)]

    assert POLICY.delay_s(hours_ns) == pytest.approx(0.2)
    assert POLICY.delay_s(hours_ns[:3], failed_starts=3) == pytest.approx(0.8)
    assert POLICY.delay_s(hours_ns, failed_starts=9) is None


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_a_wait_is_within_its_bounds_and_one_more_death_never_shortens_it(
    deaths_ns: list[int],
) -> None:
    deaths_ns.sort()

    delay_s = POLICY.delay_s(deaths_ns)
    after_one_more = POLICY.delay_s([*deaths_ns, deaths_ns[-1]])

    assert delay_s is None or POLICY.first_s <= delay_s <= POLICY.last_s
    if delay_s is None:
        assert after_one_more is None
    elif after_one_more is not None:
        assert after_one_more >= delay_s
