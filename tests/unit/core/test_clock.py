"""Clocks: the machine's, and one that moves only when told to."""

import pytest

from trade2026.core.clock import NS_PER_MS, NS_PER_S, NS_PER_US, SystemClock, VirtualClock


def test_the_system_clock_tells_this_century_and_a_monotonic_time() -> None:
    clock = SystemClock()

    earlier, now_ns = clock.monotonic_ns(), clock.now_ns()

    assert 1_700_000_000 * NS_PER_S < now_ns < 4_100_000_000 * NS_PER_S
    assert clock.monotonic_ns() >= earlier


def test_a_virtual_clock_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock(5)
    assert (clock.now_ns(), clock.monotonic_ns()) == (5, 5)

    clock.advance(2)
    assert (clock.now_ns(), clock.monotonic_ns()) == (7, 7)

    clock.set_to(7)
    clock.set_to(9)
    assert clock.now_ns() == 9


def test_a_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock(5)

    with pytest.raises(AssertionError):
        clock.advance(-1)
    with pytest.raises(AssertionError):
        clock.set_to(4)


def test_the_units_agree() -> None:
    assert NS_PER_S == 1_000 * NS_PER_MS == 1_000_000 * NS_PER_US
