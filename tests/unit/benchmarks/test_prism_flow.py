"""The flow of the benchmark is the same for a seed, and what it says it is."""

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks.prism import kernel
from benchmarks.prism.native import Ladder, Native, has_compiler
from benchmarks.prism.ours import OurBook

from trade2026.prism.engine.message import Action, Force, Kind

MESSAGES = 50_000


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    if not has_compiler():
        assert "CI" not in os.environ, "no g++"  # noqa: TID251 - CI must have it.
        pytest.skip("no g++ to build the ladder with")
    return Native(tmp_path_factory.mktemp("ladder"))


def test_a_seed_gives_the_same_bytes_and_another_seed_others(native: Native) -> None:
    flow = native.flow(MESSAGES, 7).tobytes()

    assert flow == native.flow(MESSAGES, 7).tobytes()
    assert flow != native.flow(MESSAGES, 8).tobytes()


def test_a_shorter_flow_is_the_beginning_of_a_longer_one(native: Native) -> None:
    short = native.flow(1_000, 7)

    assert short.tobytes() == native.flow(MESSAGES, 7)[:1_000].tobytes()


def test_the_mix_is_60_adds_30_cancels_5_at_the_market_and_5_crossing(native: Native) -> None:
    flow = native.flow(MESSAGES, 7)
    cancels = flow["action"] == Action.CANCEL
    at_market = flow["kind"] == Kind.MARKET

    assert cancels.mean() == pytest.approx(0.30, abs=0.01)
    assert at_market.mean() == pytest.approx(0.05, abs=0.005)
    assert np.all(flow["force"][at_market] == Force.IOC)
    limits = flow["kind"] == Kind.LIMIT
    assert limits.mean() == pytest.approx(0.65, abs=0.01)
    assert np.all(flow["force"][limits] == Force.GTC)


def test_numbers_count_up_and_nobody_meets_himself(native: Native) -> None:
    flow = native.flow(MESSAGES, 7)
    placed = flow[flow["action"] == Action.PLACE]

    assert np.array_equal(placed["number"], np.arange(1, len(placed) + 1))
    assert np.array_equal(placed["owner"] % 2, np.where(placed["side"] > 0, 0, 1))


def test_ladder_and_our_book_make_the_same_trades(native: Native) -> None:
    flow = native.flow(MESSAGES, 7)
    ladder = Ladder(native, orders=kernel.ORDERS, numbers=MESSAGES)

    trades, lots = kernel.agree(ladder, OurBook(orders=kernel.ORDERS), flow)

    assert trades > MESSAGES // 10
    assert lots > trades


def test_the_ladder_that_looks_ahead_makes_the_same_trades(native: Native) -> None:
    flow = native.flow(MESSAGES, 7)
    ladder = Ladder(native, orders=kernel.ORDERS, numbers=MESSAGES, ahead=True)

    assert kernel.agree(ladder, OurBook(orders=kernel.ORDERS), flow)[0] > 0


def test_a_different_trade_is_noticed(native: Native) -> None:
    flow = native.flow(kernel.CHUNK, 7)
    ladder = Ladder(native, orders=kernel.ORDERS, numbers=len(flow))
    ladder.run(flow, 0, 1_000)  # orders that ours has not
    ladder.take_trades()

    with pytest.raises(AssertionError, match="other trades"):
        kernel.agree(ladder, OurBook(orders=kernel.ORDERS), flow)


def test_the_prefix_for_peers_holds_what_they_read(native: Native, tmp_path: Path) -> None:
    flow = native.flow(1_000, 7)

    count = kernel.save_prefix(flow, tmp_path / "flow.npy", 100)

    rows = np.load(tmp_path / "flow.npy")
    assert (count, rows.shape, rows.dtype) == (100, (100, 6), np.int64)
    assert np.array_equal(rows[:, 0], flow["number"][:100])
    assert np.array_equal(rows[:, 4], flow["ticks"][:100])
