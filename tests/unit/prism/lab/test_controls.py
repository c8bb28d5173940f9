"""What is no market fails the battery where it must, on every seed; what is real passes."""

import numpy as np
import pytest
from tests.realism import recorded_bars

from trade2026.domain.realism.battery import failed
from trade2026.domain.realism.returns import measure_returns
from trade2026.prism.lab.controls import (
    CHANCE_MUST_FAIL,
    SHUFFLED_MUST_FAIL,
    WALK_MUST_FAIL,
    gaussian_walk,
    shuffled,
    zero_intelligence,
)
from trade2026.prism.lab.measure import measure_session
from trade2026.prism.lab.real import REAL_MUST_PASS, real_bars


@pytest.mark.parametrize("seed", range(10))
def test_a_gaussian_walk_fails(seed: int) -> None:
    assert set(failed(measure_returns(*gaussian_walk(seed)))) >= set(WALK_MUST_FAIL)


@pytest.mark.parametrize("seed", range(10))
def test_real_returns_in_another_order_fail(seed: int) -> None:
    close, volume = real_bars()
    mixed = shuffled(close, seed)

    assert sorted(np.diff(np.log(mixed)).round(12)) == sorted(np.diff(np.log(close)).round(12))
    assert set(failed(measure_returns(mixed, volume))) >= set(SHUFFLED_MUST_FAIL)


def test_orders_without_intelligence_fail_and_trade_all_the_same() -> None:
    session = zero_intelligence(3, 2.0)

    assert len(session.trade_ns) > 20_000
    assert np.ptp(session.mid) > 20.0
    assert set(failed(measure_session(session))) >= set(CHANCE_MUST_FAIL)


def test_the_real_bars_pass() -> None:
    assert not set(failed(measure_returns(*real_bars()))) & set(REAL_MUST_PASS)


@pytest.mark.data
def test_the_real_bars_are_the_recorded_ones() -> None:
    close, volume = real_bars()
    recorded_close, recorded_volume = recorded_bars()

    assert close.tolist() == recorded_close[: len(close)].tolist()
    assert np.abs(1_000.0 * volume - recorded_volume[: len(volume)]).max() <= 1_000.0
