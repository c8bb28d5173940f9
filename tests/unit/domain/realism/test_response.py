"""The price's answer is the mean move in an event's direction, kind by kind."""

import numpy as np
import pytest

from trade2026.domain.realism.response import Happening, Happenings, responses, right_signs


def a_book(kind: Happening, side: int, moves: list[float], times: int = 40) -> Happenings:
    """Return one event of a kind, and quiet ones after it, again and again."""
    count = len(moves) * times
    kinds = np.full(count, Happening.LIMIT)
    sides = np.ones(count, np.int64)
    kinds[:: len(moves)], sides[:: len(moves)] = kind, side
    return Happenings(
        kind=kinds.astype(np.int64), side=sides, mid=100.0 + np.cumsum(np.tile(moves, times))
    )


def test_an_answer_is_in_the_direction_of_the_event() -> None:
    # A sale moves the mid by two at once, and by one more soon.
    found = responses(a_book(Happening.MARKET, -1, [-2.0, -1.0, 0.0, 0.0]), lag=2)

    assert found["MO1"] == pytest.approx(3.0)
    assert "MO0" not in found


def test_what_moves_later_did_not_move_at_once() -> None:
    found = responses(a_book(Happening.CANCEL, 1, [0.0, -1.0, 0.0, 0.0]), lag=2)

    assert found["CA0"] == pytest.approx(-1.0)
    assert {"LO0", "LO1"} <= set(found)


def test_a_few_events_have_no_answer() -> None:
    assert responses(a_book(Happening.CANCEL, 1, [0.0, -1.0], times=10), lag=2) == {}


def test_signs_are_counted_as_real_books_have_them() -> None:
    right = {"MO0": 0.1, "MO1": 1.0, "LO0": 0.1, "LO1": 0.5, "CA0": -0.1, "CA1": -0.5}

    assert right_signs(right) == 6.0
    assert right_signs({name: -value for name, value in right.items()}) == 0.0
    assert right_signs({"MO1": 1.0, "CA1": 1.0}) == 1.0
