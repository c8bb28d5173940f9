"""Chance inside kernels follows its distributions, and its seed alone."""

import numpy as np
import pytest

from trade2026.prism.engine.chance import exponential, normal, uniform


def test_uniform_follows_the_published_sequence() -> None:
    state = np.array([1234567], np.int64)

    drawn = [uniform(state, 0) for _ in range(3)]

    # The first words of SplitMix64 for the seed 1234567, as its authors' code prints them.
    words = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert drawn == [((word >> 11) + 0.5) * 2.0**-53 for word in words]


def test_one_state_gives_one_sequence() -> None:
    first, second = np.array([0, 99], np.int64), np.array([7, 99], np.int64)

    assert [normal(first, 1) for _ in range(50)] == [normal(second, 1) for _ in range(50)]


def test_draws_have_the_moments_of_their_distribution() -> None:
    state = np.array([-5], np.int64)
    count = 40_000

    units = np.array([uniform(state, 0) for _ in range(count)])
    waits = np.array([exponential(state, 0) for _ in range(count)])
    bells = np.array([normal(state, 0) for _ in range(count)])

    assert (units.min() > 0, units.max() < 1) == (True, True)
    assert units.mean() == pytest.approx(0.5, abs=0.01)
    assert (waits.mean(), waits.std()) == pytest.approx((1, 1), abs=0.03)
    assert (bells.mean(), bells.std()) == pytest.approx((0, 1), abs=0.02)
