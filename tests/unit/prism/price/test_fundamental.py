"""The fundamental value moves as much as configured, on a path that its seed alone fixes."""

import math

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.compiled import entry
from trade2026.prism.engine.layout import Block, new_block
from trade2026.prism.engine.message import MAX_TICKS
from trade2026.prism.parameters import changed
from trade2026.prism.price.fundamental import (
    STEP_NS,
    FundamentalParams,
    move_on,
    reshape,
    set_fundamental,
    shift,
)
from trade2026.prism.price.mood import MOST_ACTIVITY, MOST_SWING, begin_mood
from trade2026.prism.price.value import VALUE

HOUR_NS = 3_600 * NS_PER_S
START = 6_000_000.0
CALM = FundamentalParams(
    yearly_volatility_ratio=0.5,
    momentum_share_ratio=0.0,
    reversion_sd_ratio=0.0,
    jumps_per_day=0.0,
    jump_share_ratio=0.0,
    mood_sds=0.0,
    season_depth_ratio=0.0,
)
STILL = FundamentalParams(yearly_volatility_ratio=0.0, reversion_sd_ratio=0.0, jumps_per_day=0.0)


def path(params: FundamentalParams, *, seed: int, step_ns: int, count: int) -> list[float]:
    block = a_value(params, seed)
    values = np.zeros(count)
    look(block.ctypes.data, values, step_ns)
    return values.tolist()


@entry
def look(value: int, values: NDArray[np.float64], step_ns: int) -> None:
    of_value = value_of(value)
    for n in range(len(values)):
        move_on(of_value, (n + 1) * step_ns)
        values[n] = of_value.worth


value_of = VALUE.of


def a_value(params: FundamentalParams, seed: int) -> Block:
    block = new_block(VALUE.size)
    row = block.view(VALUE.dtype)[0]
    set_fundamental(row, params, START)
    row["next_step"], row["luck"] = STEP_NS, seed
    return block


def test_new_parameters_change_how_it_moves_but_not_where_it_stands() -> None:
    block, values = a_value(CALM, seed=1), np.zeros(2)
    row = block.view(VALUE.dtype)[0]
    look(block.ctypes.data, values[:1], HOUR_NS)
    there = float(row["worth"])

    reshape(row, STILL)
    row["next_step"] = STEP_NS
    look(block.ctypes.data, values[1:], HOUR_NS)

    assert there != START
    assert values.tolist() == pytest.approx([there, there])


def test_it_starts_at_its_start() -> None:
    assert path(CALM, seed=1, step_ns=1, count=1) == [pytest.approx(START)]


def test_looking_more_often_does_not_change_the_path() -> None:
    params = FundamentalParams(yearly_volatility_ratio=0.5)

    often = path(params, seed=3, step_ns=NS_PER_S // 10, count=6_000)
    seldom = path(params, seed=3, step_ns=60 * NS_PER_S, count=10)

    assert often[599::600] == seldom


def test_another_seed_gives_another_path() -> None:
    params = FundamentalParams(yearly_volatility_ratio=0.5)

    paths = [path(params, seed=seed, step_ns=NS_PER_S, count=60) for seed in (1, 2)]

    assert paths[0] != paths[1]


@pytest.mark.parametrize(
    "params",
    [
        CALM,
        FundamentalParams(yearly_volatility_ratio=0.5, momentum_share_ratio=0.3, mood_sds=0.0),
    ],
    ids=["brownian", "all parts"],
)
def test_the_yearly_volatility_is_the_configured_one(params: FundamentalParams) -> None:
    values = np.log(path(params, seed=5, step_ns=HOUR_NS, count=24 * 15))

    yearly = np.diff(values).std() * math.sqrt(24 * 365)

    assert yearly == pytest.approx(0.5, rel=0.15)


def test_without_any_variance_the_value_stands_still() -> None:
    assert path(STILL, seed=1, step_ns=HOUR_NS, count=3) == pytest.approx([START] * 3)


def test_the_reverting_part_stays_near_zero() -> None:
    params = FundamentalParams(
        yearly_volatility_ratio=0.0,
        reversion_sd_ratio=0.01,
        reversion_half_life_s=60.0,
        mood_sds=0.0,
        season_depth_ratio=0.0,
    )

    values = path(params, seed=2, step_ns=300 * NS_PER_S, count=400)
    deviations = np.log(np.array(values) / START)

    assert deviations.std() == pytest.approx(0.01, rel=0.2)
    assert abs(deviations).max() < 0.05


def test_momentum_makes_neighbouring_returns_alike() -> None:
    params = FundamentalParams(
        yearly_volatility_ratio=0.5,
        momentum_share_ratio=0.9,
        reversion_sd_ratio=0.0,
        jumps_per_day=0.0,
        jump_share_ratio=0.0,
        mood_sds=0.0,
    )

    returns = np.diff(np.log(path(params, seed=2, step_ns=30 * NS_PER_S, count=5_000)))

    # The Brownian tenth hides some of it at so short a distance.
    assert np.corrcoef(returns[1:], returns[:-1])[0, 1] > 0.15


def test_jumps_are_as_many_and_as_large_as_configured() -> None:
    params = FundamentalParams(
        yearly_volatility_ratio=0.5,
        momentum_share_ratio=0.0,
        reversion_sd_ratio=0.0,
        jumps_per_day=24.0,
        jump_share_ratio=1.0,
        mood_sds=0.0,
        season_depth_ratio=0.0,
    )

    values = np.log(path(params, seed=4, step_ns=STEP_NS, count=4 * 345_600))
    jumps = np.diff(values)
    jumps = jumps[np.abs(jumps) > 1e-12]

    assert len(jumps) == pytest.approx(4 * 24, rel=0.3)
    assert jumps.std() == pytest.approx(0.5 / math.sqrt(365 * 24), rel=0.3)


@pytest.mark.parametrize("log_move", [1_000.0, -1_000.0])
def test_however_it_is_shaken_it_stays_within_the_prices_there_are(log_move: float) -> None:
    block, values = a_value(CALM, seed=3), np.zeros(50)
    row = block.view(VALUE.dtype)[0]

    shift(row, log_move)
    at_once = float(row["worth"])
    reshape(row, FundamentalParams(yearly_volatility_ratio=0.5), 1e6)
    look(block.ctypes.data, values, HOUR_NS)

    assert 0.5 <= at_once <= MAX_TICKS
    assert 0.5 <= values.min() <= values.max() <= MAX_TICKS


def test_a_stormy_mood_moves_the_value_more_and_remembers() -> None:
    params = FundamentalParams(yearly_volatility_ratio=0.5, jumps_per_day=0.0, mood_sds=0.57)

    moves = np.abs(np.diff(np.log(path(params, seed=6, step_ns=60 * NS_PER_S, count=14_400))))
    moves -= moves.mean()

    def alike(lag: int) -> float:
        return float(moves[lag:] @ moves[:-lag] / (moves @ moves))

    assert np.mean([alike(lag) for lag in range(1, 11)]) > 0.1
    assert alike(60) > 0.03


@pytest.mark.parametrize(
    ("common", "low", "high"), [(0.0, -0.1, 0.1), (0.4, 0.25, 0.55), (1.0, 0.95, 1.0)]
)
def test_values_move_together_by_their_common_share(common: float, low: float, high: float) -> None:
    params = msgspec.structs.replace(CALM, common_share_ratio=common)
    logs: list[NDArray[np.float64]] = []
    for seed in (1, 2):
        block, values = a_value(params, seed), np.zeros(2_000)
        block.view(VALUE.dtype)[0]["common_luck"] = 9
        look(block.ctypes.data, values, 60 * NS_PER_S)
        logs.append(np.diff(np.log(values)))

    assert low < np.corrcoef(logs[0], logs[1])[0, 1] <= high


def test_the_hour_makes_the_market_busier() -> None:
    params = FundamentalParams(
        yearly_volatility_ratio=0.5,
        mood_sds=0.0,
        season_depth_ratio=0.5,
        season_peak_h=12.0,
        season_open_h=8.0,
        season_close_h=16.0,
        season_edge_times=2.0,
    )
    block, values = a_value(params, seed=1), np.zeros(1)
    row = block.view(VALUE.dtype)[0]

    def activity_at(hour: float) -> float:
        row["next_step"], row["until_mood"] = int(hour * HOUR_NS), 0
        look(block.ctypes.data, values, int(hour * HOUR_NS))
        return float(row["activity"])

    night = activity_at(0.0)
    assert activity_at(12.0) == pytest.approx(3.0 * night, rel=1e-6)
    assert activity_at(8.0) == pytest.approx(2.5 * 3.0 * night, rel=1e-6)
    day = [activity_at(quarter / 4) for quarter in range(96)]
    # The jumps at the session's ends fall between two looks.
    assert sum(day) / 96 == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    "changes",
    [
        {"activity_exponent": 10.0, "mood_sds": 0.5},
        {"activity_exponent": 10.0, "mood_sds": 2.0, "alarm_ratio": 1.0},
        {"activity_exponent": 10.0, "mood_sds": 1_000.0, "yearly_volatility_ratio": 100.0},
        {"season_open_h": 1.0, "season_close_h": 1.5, "season_edge_times": 100.0},
    ],
)
def test_whatever_is_allowed_leaves_everybody_a_rate_that_has_an_end(
    changes: dict[str, float],
) -> None:
    params = changed(FundamentalParams(yearly_volatility_ratio=0.5), changes)
    block, values = a_value(params, seed=1), np.zeros(1)
    row = block.view(VALUE.dtype)[0]
    begin_mood(row, stream(1, "mood"))
    most = [float(row["activity"])]
    for minute in range(1, 1_440):
        row["last"] = max(1, round(float(row["consensus"])))
        look(block.ctypes.data, values, minute * 60 * NS_PER_S)
        assert 0.0 <= row["swing"] <= MOST_SWING
        most.append(float(row["activity"]))

    assert 0.0 <= min(most) <= max(most) <= MOST_ACTIVITY
    # What was felt before the mood was told to be calm is no more than that either.
    reshape(row, changed(params, {"mood_sds": 0.0}))
    look(block.ctypes.data, values, 1_440 * 60 * NS_PER_S)
    assert row["activity"] <= MOST_ACTIVITY
    assert 0.5 <= row["worth"] <= MAX_TICKS


def test_what_takers_buy_lifts_the_consensus_but_not_the_worth() -> None:
    blocks = [a_value(CALM, seed=1), a_value(CALM, seed=1)]
    buyers, values = blocks[1].view(VALUE.dtype)[0], np.zeros(1)

    buyers["flow"], buyers["volume"] = 10, 10
    for block in blocks:
        look(block.ctypes.data, values, STEP_NS)

    worths = [block.view(VALUE.dtype)[0] for block in blocks]
    assert worths[0]["worth"] == worths[1]["worth"] == worths[0]["consensus"]
    assert worths[1]["consensus"] > worths[1]["worth"]
    look(blocks[1].ctypes.data, values, 86_400 * NS_PER_S)
    assert 0.0 < buyers["impact"] < 0.05


def impact_of(params: FundamentalParams, lots: int) -> float:
    block, values = a_value(params, seed=1), np.zeros(1)
    row = block.view(VALUE.dtype)[0]
    row["flow"], row["volume"] = lots, 10_000
    look(block.ctypes.data, values, STEP_NS)
    return float(row["impact"])


def test_impact_is_even_at_first_and_a_root_of_much() -> None:
    even = msgspec.structs.replace(CALM, impact_sds=0.01, impact_bend_sds=1_000.0)
    root = msgspec.structs.replace(even, impact_bend_sds=1e-6)
    never = msgspec.structs.replace(even, impact_bend_sds=0.0)

    assert impact_of(even, 400) == pytest.approx(4.0 * impact_of(even, 100), rel=1e-3)
    assert impact_of(root, 400) == pytest.approx(2.0 * impact_of(root, 100), rel=1e-2)
    assert impact_of(never, 400) == pytest.approx(4.0 * impact_of(never, 100), rel=1e-12)
    tiny = msgspec.structs.replace(even, impact_bend_sds=1e-320)
    assert impact_of(tiny, 100) == impact_of(never, 100)
    for params in (even, root, never):
        assert impact_of(params, -100) == -impact_of(params, 100) < 0.0


def test_an_impact_that_lasts_is_there_a_week_later() -> None:
    params = msgspec.structs.replace(CALM, impact_sds=0.0, lasting_impact_sds=0.01)
    block, values = a_value(params, seed=1), np.zeros(1)
    row = block.view(VALUE.dtype)[0]

    row["flow"], row["volume"] = -10, 10
    look(block.ctypes.data, values, STEP_NS)
    first = float(row["impact"])
    look(block.ctypes.data, values, 7 * 86_400 * NS_PER_S)

    assert first < 0.0
    assert row["impact"] == first
