"""Simulation time passes as it was told, beside the clock on the wall."""

import pytest

from trade2026.core.clock import NS_PER_S
from trade2026.model.prism import PrismPace
from trade2026.prism.pace import STRIDE_NS, Pace

SIM = 1_000 * NS_PER_S
WALL = 50 * NS_PER_S


def a_pace(**fields: object) -> Pace:
    return Pace(PrismPace(**fields), now_ns=WALL, sim_ns=SIM)  # type: ignore[arg-type]


@pytest.mark.parametrize(("speed_milli", "passed_s"), [(100, 0.1), (1_000, 1), (5_000, 5)])
def test_simulated_time_passes_by_the_speed(speed_milli: int, passed_s: float) -> None:
    pace = a_pace(speed_milli=speed_milli)

    target_ns = pace.target_ns(now_ns=WALL + NS_PER_S, sim_ns=SIM)

    assert target_ns == SIM + int(passed_s * NS_PER_S)


def test_a_paused_market_stands_and_goes_on_where_it_stood() -> None:
    pace = a_pace()

    pace.set(now_ns=WALL + NS_PER_S, sim_ns=SIM + NS_PER_S, is_paused=True)
    stood = pace.target_ns(now_ns=WALL + 100 * NS_PER_S, sim_ns=SIM + NS_PER_S)
    pace.set(now_ns=WALL + 100 * NS_PER_S, sim_ns=SIM + NS_PER_S, is_paused=False)
    after = pace.target_ns(now_ns=WALL + 101 * NS_PER_S, sim_ns=SIM + NS_PER_S)

    assert stood == SIM + NS_PER_S
    assert after == SIM + 2 * NS_PER_S


def test_as_fast_as_possible_is_always_ahead() -> None:
    pace = a_pace(speed_milli=0)

    assert pace.target_ns(now_ns=WALL, sim_ns=SIM) == SIM + STRIDE_NS


def test_what_the_machine_cannot_give_is_let_go_but_not_at_times_own_pace() -> None:
    fast, own = a_pace(speed_milli=10_000), a_pace()
    now_ns = WALL + 100 * NS_PER_S

    assert fast.target_ns(now_ns=now_ns, sim_ns=SIM) == SIM + 10 * NS_PER_S
    assert own.target_ns(now_ns=now_ns, sim_ns=SIM) == SIM + 100 * NS_PER_S


@pytest.mark.parametrize("speed_milli", [1_000, 5_000])
def test_a_clock_that_is_set_back_does_not_hold_the_market(speed_milli: int) -> None:
    pace, back = a_pace(speed_milli=speed_milli), WALL - 3_600 * NS_PER_S
    ran = pace.target_ns(now_ns=WALL + NS_PER_S, sim_ns=SIM)

    stood = pace.target_ns(now_ns=back, sim_ns=ran)
    after = pace.target_ns(now_ns=back + NS_PER_S, sim_ns=ran)

    assert stood == ran
    assert after - ran == ran - SIM == NS_PER_S * speed_milli // 1_000


def test_a_pause_ends_a_step_and_the_state_has_what_a_later_life_needs() -> None:
    pace = a_pace(speed_milli=500, is_paused=True, next_seed=9)
    pace.step_to_ns = SIM + 5

    assert pace.is_stepping
    assert pace.target_ns(now_ns=WALL, sim_ns=SIM) == SIM + 5
    pace.set(now_ns=WALL, sim_ns=SIM, is_paused=True)

    assert not pace.is_stepping
    assert pace.state() == PrismPace(speed_milli=500, is_paused=True, next_seed=9)
