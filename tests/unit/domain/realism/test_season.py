"""The shape of a day is that of whole sessions, wherever the measured time begins."""

import math

import numpy as np
import pytest

from trade2026.domain.realism.season import edges, followed

DAY = np.concatenate([np.full(600, 1.0), np.full(30, 4.0), np.full(60, 2.0), np.full(30, 6.0)])
DAYS = np.tile(np.concatenate([DAY, np.full(720, 1.0)]), 3)


@pytest.mark.parametrize("first", [0, 10, 600])
def test_ends_are_held_against_the_whole_session(first: int) -> None:
    found = edges(DAYS[first:], first_minute=first, open_minute=600, close_minute=720)

    assert found == pytest.approx(5.0 / ((30 * 4 + 60 * 2 + 30 * 6) / 120))


def test_a_session_that_is_cut_does_not_count() -> None:
    cut = DAYS.copy()
    cut[600:650] = 1e9

    assert edges(cut[610:], first_minute=610, open_minute=600, close_minute=720) == pytest.approx(
        edges(DAYS, first_minute=0, open_minute=600, close_minute=720)
    )
    assert math.isnan(edges(DAYS[:700], first_minute=0, open_minute=600, close_minute=720))


def test_where_nothing_trades_there_is_no_shape() -> None:
    assert math.isnan(edges(np.zeros(1_440), first_minute=0, open_minute=600, close_minute=720))
    assert math.isnan(edges(np.zeros(0), first_minute=0, open_minute=600, close_minute=720))


HOURS = 1.0 + 0.2 * np.cos(np.arange(1_440) * math.tau / 1_440)


@pytest.mark.parametrize("first", [0, 10, 700])
@pytest.mark.parametrize("times", [0.0, 1.0, 2.0])
def test_trading_follows_the_hours_as_far_as_it_is_busier_in_them(first: int, times: float) -> None:
    counts = np.roll(50.0 * (1.0 + times * (HOURS - 1.0)), -first)

    found = followed(np.concatenate([counts, counts, counts[:9]]), HOURS, first_minute=first)

    assert found == pytest.approx(times)


def test_no_whole_day_no_trades_and_no_season_are_nothing_to_follow() -> None:
    assert math.isnan(followed(np.ones(1_439), HOURS, first_minute=0))
    assert math.isnan(followed(np.zeros(1_440), HOURS, first_minute=0))
    assert math.isnan(followed(np.ones(1_440), np.ones(1_440), first_minute=0))
