"""The search finds the bottom of a rough bowl, looks as often as told, and repeats itself."""

from collections.abc import Callable, Sequence

import numpy as np

from trade2026.core.chance import stream
from trade2026.prism.lab.search import Point, require_search, smallest

Objective = Callable[[Sequence[Point]], list[float]]
BOTTOM = np.array([0.7, 0.25, 0.5])


def bowl(looked: list[Point]) -> Objective:
    def objective(points: Sequence[Point]) -> list[float]:
        looked.extend(points)
        return [
            float(np.sum((point - BOTTOM) ** 2)) + 0.002 * float(np.sin(90.0 * point.sum()))
            for point in points
        ]

    return objective


def search(runs: int, seed: int = 1) -> tuple[Point, list[Point]]:
    looked: list[Point] = []
    start = np.array([0.0, 1.0, 0.3])
    return smallest(bowl(looked), start, runs=runs, chance=stream(seed, "test")), looked


def test_it_finds_the_bottom_of_a_rough_bowl() -> None:
    require_search()
    best, looked = search(150)

    assert np.abs(best - BOTTOM).max() < 0.1
    assert all(((point >= 0.0) & (point <= 1.0)).all() for point in looked)


def test_it_looks_as_often_as_it_was_told_first_where_it_begins() -> None:
    for runs in (1, 2, 9, 31):
        best, looked = search(runs)
        assert len(looked) == runs
        assert looked[0].tolist() == [0.0, 1.0, 0.3]
        assert any(np.array_equal(best, point) for point in looked)


def test_a_seed_says_where_it_looks() -> None:
    np.random.seed(5)  # noqa: NPY002 - the package under it could draw from there
    one = search(30)
    np.random.seed(6)  # noqa: NPY002 - as above
    again, other = search(30), search(30, seed=2)

    assert np.array_equal(one[1], again[1])
    assert not np.array_equal(one[1], other[1])


def test_it_never_ends_worse_than_it_began() -> None:
    def objective(points: Sequence[Point]) -> list[float]:
        return [0.0 if float(point[0]) == 0.5 else 1.0 for point in points]

    best = smallest(objective, np.array([0.5, 0.5]), runs=20, chance=stream(1, "test"))

    assert best.tolist() == [0.5, 0.5]
