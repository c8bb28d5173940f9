"""A conflated topic leads every looker to the present picture, whatever it missed."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trade2026.desk.streams_board import Board, Change, Look, differences, folded

PICTURES = st.dictionaries(st.integers(0, 5), st.integers(0, 3))


def nothing() -> None:
    """Wake nobody."""


def a_board() -> Board[dict[int, int]]:
    return Board(dict)


def shown(before: Mapping[int, int], change: Change) -> dict[int, int]:
    """Return what a client shows after *change*."""
    return folded({} if change.is_snapshot else before, change.values)


@given(before=PICTURES, after=PICTURES)
def test_the_differences_lead_from_one_picture_to_the_other(
    before: dict[int, int], after: dict[int, int]
) -> None:
    found = differences(before, after)

    assert folded(before, found) == after
    assert all(before.get(key) != value for key, value in found.items())


@given(steps=st.lists(st.one_of(PICTURES, st.none()), max_size=30))
def test_any_sequence_of_updates_and_flushes_shows_the_latest(
    steps: list[dict[int, int] | None],
) -> None:
    board = a_board()
    look = Look(board, nothing)
    screen: dict[int, int] = {}
    latest: dict[int, int] = {}
    told_seq = 0

    for place, step in enumerate([*steps, None]):
        if step is not None:
            latest = step
            board.put(step, place)
            continue
        change = look.take()
        if change is not None:
            screen = shown(screen, change)
            assert change.seq == told_seq + change.folded_count
            told_seq = change.seq
        assert screen == latest


@given(updates=st.lists(PICTURES, min_size=1, max_size=10))
def test_an_update_holds_only_what_differs_from_what_was_told(
    updates: list[dict[int, int]],
) -> None:
    board = a_board()
    board.put({9: 9}, 1)
    look = Look(board, nothing)
    look.take()

    for update in updates:
        board.put({9: 9, **update}, 2)

    change = look.take()
    assert change is None or 9 not in change.values
    assert look.take() is None


def test_the_first_look_is_a_snapshot_even_of_nothing() -> None:
    look = Look(a_board(), nothing)

    change = look.take()

    assert change == Change(is_snapshot=True, seq=0, ts_ns=0, folded_count=0, values={})
    assert look.take() is None


def test_lookers_are_woken_until_they_leave() -> None:
    board, woken = a_board(), list[int]()
    look = Look(board, lambda: woken.append(1))

    board.put({1: 1}, 5)
    look.close()
    board.put({1: 2}, 6)

    assert woken == [1]


def test_a_picture_is_drawn_only_when_somebody_looks() -> None:
    drawn: list[Any] = []

    def draw(source: dict[int, int]) -> dict[int, int]:
        drawn.append(source)
        return dict(source)

    board = Board(draw)
    for value in range(10):
        board.put({1: value}, value)
    looks = [Look(board, nothing) for _ in range(3)]

    values = [change.values for look in looks if (change := look.take())]

    assert values == [{1: 9}] * 3
    assert drawn == [{1: 9}]
