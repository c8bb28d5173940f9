"""A large order's doing is what differs between two runs of one seed."""

import math

import pytest
from tests.unit.prism.markets import a_config

from trade2026.model.order import Side
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.pairs import Large, work_pairs

DAY_LOTS = 2_000_000.0


def test_a_large_order_takes_as_long_as_its_share_of_the_volume() -> None:
    order = Large.of_share(0.01, DAY_LOTS, Side.BUY)

    assert order.lots == 20_000
    # A hundredth of a day's volume at a fifth of the volume.
    assert order.seconds == 86_400 / 100 * 5
    assert Large.of_share(0.01, DAY_LOTS, Side.BUY, 3_600) == (Side.BUY, 20_000, 3_600)


def test_it_is_filled_and_on_average_moves_the_price_its_way_whichever_side_it_is_on() -> None:
    pairs = [
        work_pairs(alone(a_config(), "AAPL", seed), day_lots=DAY_LOTS, shares=(0.005, 0.025))
        for seed in range(1, 9)
    ]

    small, large = zip(*pairs, strict=True)
    assert [one.done for one in large] == pytest.approx([1.0] * len(large), abs=0.02)
    # One pair says little: the two courses soon differ by more than the order's own doing.
    peaks = [sum(one.peak for one in size) / len(size) for size in (small, large)]
    # Over eight pairs the smaller one is not told from that.
    assert peaks[1] > max(peaks[0], 2.0)
    # What remains is looked at after the smaller ones only.
    assert all(math.isfinite(one.after) for one in small)
    assert all(math.isnan(one.after) for one in large)


def test_an_order_of_one_lot_is_a_pair_as_well() -> None:
    (found,) = work_pairs(alone(a_config(), "AAPL", 4), day_lots=100.0, shares=(0.001,))

    assert found.done in {0.0, 1.0}


def test_within_one_time_a_larger_order_takes_more_and_nobody_looks_after_it() -> None:
    small, large = work_pairs(
        alone(a_config(), "AAPL", 4), day_lots=DAY_LOTS, shares=(0.001, 0.05), seconds=1_200
    )

    assert small.done > 0.9
    assert large.peak > small.peak
    assert math.isnan(small.after)
    assert math.isnan(large.after)


def test_pairs_of_one_seed_are_the_same() -> None:
    config = alone(a_config(), "AAPL", 5)

    assert work_pairs(config, day_lots=DAY_LOTS, shares=(0.001,)) == work_pairs(
        config, day_lots=DAY_LOTS, shares=(0.001,)
    )
