"""The more prices moved lately, the more is made of news; what was overdone is made up for."""

import math

import msgspec
import numpy as np
import pytest
from tests.unit.prism.price.test_fundamental import CALM, START, a_value, look

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.layout import Block, Row
from trade2026.prism.price.fundamental import FundamentalParams, reshape, shift
from trade2026.prism.price.value import VALUE

MINUTE_NS = 60 * NS_PER_S
ALARMED = msgspec.structs.replace(CALM, alarm_ratio=0.6)


def row_of(block: Block) -> Row:
    return block.view(VALUE.dtype)[0]


def traded(params: FundamentalParams, *, sds: float, minutes: int) -> Block:
    """Return a value after *minutes*, in which trades went up and down by *sds* a minute."""
    block, values = a_value(params, seed=1), np.zeros(1)
    row = row_of(block)
    for minute in range(minutes):
        row["last"] = round(START * math.exp((minute % 2) * sds * row["log_minute_sd"]))
        look(block.ctypes.data, values, (minute + 1) * MINUTE_NS)
    return block


def test_prices_that_move_as_usual_alarm_nobody() -> None:
    assert row_of(traded(ALARMED, sds=1.0, minutes=60))["alarm"] == pytest.approx(1.0, abs=1e-3)


def test_nobody_is_alarmed_before_the_first_trades_or_where_nothing_can_move() -> None:
    block, values = a_value(ALARMED, seed=1), np.zeros(1)
    look(block.ctypes.data, values, 60 * MINUTE_NS)
    still = msgspec.structs.replace(ALARMED, yearly_volatility_ratio=0.0)

    assert row_of(block)["alarm"] == 1.0
    assert row_of(traded(still, sds=1.0, minutes=10))["alarm"] == 1.0


@pytest.mark.parametrize("times", [0.0, 0.02, 20.0])
def test_a_storm_alarms_and_a_calm_does_not(times: float) -> None:
    block, values = traded(ALARMED, sds=1.0, minutes=60), np.zeros(1)
    row = row_of(block)
    usual = float(row["log_minute_sd"])

    reshape(row, ALARMED, times)
    for minute in range(60, 120):
        row["last"] = round(START * math.exp((minute % 2) * times * usual))
        look(block.ctypes.data, values, (minute + 1) * MINUTE_NS)

    assert row["alarm"] > 2.0 if times > 1.0 else 0.6 < row["alarm"] < 0.8


def test_the_busy_hours_of_every_day_alarm_nobody() -> None:
    """Trades follow the consensus: what alarm makes of a season comes back to it as moves."""
    params = msgspec.structs.replace(
        ALARMED, season_depth_ratio=0.2, season_peak_h=15.0, activity_exponent=2.0
    )
    by_hour = np.zeros(24)
    for seed in (1, 2):
        block, values = a_value(params, seed=seed), np.zeros(1)
        row = row_of(block)
        for minute in range(15 * 1_440):
            row["last"] = round(float(row["consensus"]))
            look(block.ctypes.data, values, (minute + 1) * MINUTE_NS)
            by_hour[minute // 60 % 24] += row["activity"]

    # The wave through all hours; the busiest over the quietest of them alone would be chance's.
    around = np.cos((np.arange(24) + 0.5 - 15.0) * math.tau / 24.0)
    depth = 2.0 * float(np.mean(by_hour * around)) / float(by_hour.mean())
    assert (1.0 + depth) / (1.0 - depth) == pytest.approx(1.2 / 0.8, rel=0.1)
    six = np.sort(by_hour)
    assert six[-6:].sum() / six[:6].sum() < 1.7


def test_however_dead_an_hour_is_one_tick_is_no_storm() -> None:
    night = msgspec.structs.replace(ALARMED, season_depth_ratio=1.0, season_peak_h=12.5)

    # Within the first hour next to nothing is expected to move.
    assert row_of(traded(night, sds=0.3, minutes=60))["alarm"] < 1.1


def test_moves_alarm_by_their_squares_and_only_so_far() -> None:
    quiet, loud, wild = (
        float(row_of(traded(ALARMED, sds=sds, minutes=120))["alarm"]) for sds in (0.0, 2.0, 50.0)
    )

    assert math.sqrt(1.0 - 0.6) < quiet < 0.9
    assert 1.3 < loud < math.sqrt(1.0 + 0.6 * 3.0)
    assert wild == math.sqrt(1.0 + 0.6 * 8.0)


def test_alarm_is_forgotten() -> None:
    block, values = traded(ALARMED, sds=3.0, minutes=10), np.zeros(1)
    row = row_of(block)
    alarmed = float(row["alarm"])

    look(block.ctypes.data, values, 40 * MINUTE_NS)

    assert alarmed > 1.5
    assert row["alarm"] < 0.8 * alarmed


def test_what_is_overdone_is_made_up_for_within_hours() -> None:
    block, values = traded(ALARMED, sds=3.0, minutes=30), np.zeros(1)
    row = row_of(block)
    overdone = float(row["overdone"])

    assert overdone != 0.0
    assert row["consensus"] == pytest.approx(row["worth"] * (1.0 + overdone))
    # Prices stand still from here on, and news as well.
    row["common_sd"] = row["own_sd"] = 0.0
    look(block.ctypes.data, values, (30 + 360) * MINUTE_NS)
    assert abs(row["overdone"]) < 0.1 * abs(overdone)


def test_news_is_answered_in_proportion_to_the_alarm() -> None:
    overdone: list[float] = []
    for sds in (0.0, 1.0, 3.0):
        block, values = traded(ALARMED, sds=sds, minutes=30), np.zeros(1)
        row = row_of(block)
        before, level, alarm = float(row["overdone"]), float(row["level"]), float(row["alarm"])
        look(block.ctypes.data, values, 30 * MINUTE_NS + NS_PER_S // 4)
        alarm = float(row["alarm"])
        wanted = before * row["overdone_kept"] + (alarm - 1.0) * (row["level"] - level)
        assert row["overdone"] == pytest.approx(wanted, rel=1e-9)
        overdone.append(alarm - 1.0)

    assert overdone[0] < -0.1
    assert overdone[1] == pytest.approx(0.0, abs=0.06)
    assert overdone[2] > 0.3


def test_alarm_makes_everybody_busier_as_volatility_does() -> None:
    calm, loud = (row_of(traded(ALARMED, sds=sds, minutes=30)) for sds in (1.0, 3.0))

    assert loud["activity"] / calm["activity"] == pytest.approx(
        (loud["alarm"] / calm["alarm"]) ** 2.0, rel=1e-6
    )


def test_a_shock_is_no_news() -> None:
    block = traded(ALARMED, sds=3.0, minutes=30)
    row = row_of(block)
    before = float(row["overdone"])

    shift(row, 0.1)

    assert row["overdone"] == before


def test_where_nobody_can_be_alarmed_the_consensus_is_the_worth() -> None:
    row = row_of(traded(msgspec.structs.replace(CALM, alarm_ratio=0.0), sds=3.0, minutes=30))

    assert row["alarm"] == 1.0
    assert row["consensus"] == row["worth"]
