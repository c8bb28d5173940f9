"""What a symbol is worth: the value that informed agents see and the market finds by trading.

The logarithm of the value is a sum of four seeded parts:

* Brownian motion, most of the yearly variance; part of it is the same in all symbols;
* momentum: a drift that itself wanders around zero and lasts for minutes;
* mean reversion: a deviation that fades within hours;
* jumps, a few a day, more when much happens.

All of it is larger or smaller with the symbol's mood (`mood.py`). It moves on a grid of its own,
every `STEP_NS`, whatever is traded, so one seed has one path. What the market makes of the flow
of orders comes on top (`flow.py`), and what it makes too much or too little of the news
(`alarm.py`): worth, impact and what is overdone are the consensus.

Source: Kou (2002), "A jump-diffusion model for option pricing", for jumps of exponential size;
Uhlenbeck and Ornstein (1930) for drift and deviation; Sharpe (1963) for the common part.
"""

import math
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.chance import exponential, normal, uniform
from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.layout import Record, Row, out_of_line
from trade2026.prism.price.alarm import LOOK_S, begin_alarm, look_back, set_alarm
from trade2026.prism.price.flow import begin_flow, learn, set_flow
from trade2026.prism.price.mood import MOOD_STEP_NS, move_mood, set_moods, set_season
from trade2026.prism.price.value import common_of

STEP_NS: Final = NS_PER_S // 4
LEVEL_MAX: Final = math.log(2.0**36)
DEVIATION_MAX: Final = math.log(2.0)
"""Of the logarithm of a value in ticks: value and deviation stay below `MAX_TICKS`."""
_STEPS_PER_LOOK: Final = round(LOOK_S * NS_PER_S) // STEP_NS
_STEPS_PER_YEAR: Final = 365 * 86_400 * 4
_STEPS_PER_DAY: Final = 86_400 * 4
_MINUTES_PER_YEAR: Final = 365 * 1_440


class FundamentalParams(msgspec.Struct, frozen=True, kw_only=True):
    """How the value of one symbol moves."""

    yearly_volatility_ratio: float
    """Standard deviation of the log return of a year of 365 days, all parts together."""
    momentum_share_ratio: float = 0.01
    """Share of the yearly variance that comes from the drift."""
    momentum_half_life_s: float = 300.0
    reversion_half_life_s: float = 14_400.0
    reversion_sd_ratio: float = 0.002
    """Stationary standard deviation of the log deviation; it adds no variance over a year."""
    jumps_per_day: float = 12.0
    jump_share_ratio: float = 0.1
    common_share_ratio: float = 0.4
    """Share of the Brownian variance that is the same in all symbols: their correlation."""
    mood_sds: float = 0.25
    """Standard deviation of the logarithm of the volatility; 0 for a constant one."""
    activity_exponent: float = 2.0
    """With which power of the volatility everybody acts more often; 0 for never."""
    impact_sds: float = 0.045
    """What an ordinary order's flow moves the consensus by, times seconds to minus the decay."""
    impact_decay_exponent: float = 0.2
    impact_bend_sds: float = 2.5
    """Impact is even up to about half of it, and grows as the root beyond; 0 for ever even."""
    lasting_impact_sds: float = 0.0
    """What of an ordinary order's impact stays for ever."""
    alarm_ratio: float = 0.72
    """How far what is made of news goes with how much the price moved lately; 0 for never."""
    season_depth_ratio: float = 0.2
    """How far activity falls and rises around its average through the day, as a wave."""
    season_peak_h: float = 15.0
    """When that is greatest, in hours since the market opened."""
    season_open_h: float = 0.0
    season_close_h: float = 0.0
    """Where they differ, the session between them is busier at its ends than in its middle."""
    season_edge_times: float = 0.0
    """How much busier."""


def set_fundamental(row: Row, params: FundamentalParams, value: float, clip_lots: int = 1) -> None:
    """Let a record of `VALUE` be a fundamental that starts at *value*, in ticks."""
    row["level"] = math.log(value)
    row["drift"] = row["deviation"] = 0.0
    row["worth"] = row["consensus"] = value
    begin_flow(row, step_ns=STEP_NS, clip_lots=clip_lots)
    reshape(row, params)
    begin_alarm(row)
    row["minute_sd"] = value * row["log_minute_sd"]


def shift(row: Row, log_move: float) -> None:
    """Move the value at once, for good; *log_move* is of its logarithm."""
    row["level"] += log_move
    row["level"] = min(max(row["level"], 0.0), LEVEL_MAX)
    row["worth"] = math.exp(row["level"] + row["deviation"])


def reshape(row: Row, params: FundamentalParams, times: float = 1.0) -> None:
    """Let the value move by *params* from here on, all movements *times* as large."""
    yearly = (params.yearly_volatility_ratio * times) ** 2
    drift_kept = 0.5 ** (STEP_NS / NS_PER_S / params.momentum_half_life_s)
    kept = 0.5 ** (STEP_NS / NS_PER_S / params.reversion_half_life_s)
    per_step = yearly / _STEPS_PER_YEAR
    brownian = per_step * max(0.0, 1.0 - params.momentum_share_ratio - params.jump_share_ratio)
    row["log_minute_sd"] = math.sqrt(yearly / _MINUTES_PER_YEAR)
    row["common_sd"] = math.sqrt(brownian * params.common_share_ratio)
    row["own_sd"] = math.sqrt(brownian * (1.0 - params.common_share_ratio))
    row["drift_kept"] = drift_kept
    # The sum of an autoregressive drift has the variance sd² / (1 - kept)² a step in the long run.
    row["drift_sd"] = math.sqrt(per_step * params.momentum_share_ratio) * (1.0 - drift_kept)
    row["deviation_kept"] = kept
    row["deviation_sd"] = params.reversion_sd_ratio * times * math.sqrt(1.0 - kept * kept)
    row["jump_chance"] = params.jumps_per_day / _STEPS_PER_DAY
    jumps_per_year = 365.0 * params.jumps_per_day
    jump_variance = yearly * params.jump_share_ratio / jumps_per_year if jumps_per_year else 0.0
    # An exponential size, up or down, has twice its mean squared as variance.
    row["jump_mean"] = math.sqrt(0.5 * jump_variance)
    set_moods(row, params.mood_sds**2, params.activity_exponent)
    set_flow(
        row,
        step_ns=STEP_NS,
        impact=params.impact_sds,
        decay=params.impact_decay_exponent,
        bend=params.impact_bend_sds,
        lasting=params.lasting_impact_sds,
    )
    set_alarm(row, step_ns=STEP_NS, share=params.alarm_ratio)
    set_season(
        row,
        depth=params.season_depth_ratio,
        peak_h=params.season_peak_h,
        open_h=params.season_open_h,
        close_h=params.season_close_h,
        edge=params.season_edge_times,
    )


@kernel
def move_on(value: Record, now: int) -> None:
    """Move a fundamental on to *now*; what agents see of it is then up to date."""
    while value.next_step <= now:
        step(value)


@rare_kernel
def step(value: Record) -> None:
    """Move a fundamental one step on."""
    out_of_line()
    now = value.next_step
    value.next_step = now + STEP_NS
    value.until_mood -= 1
    if value.until_mood <= 0:
        value.until_mood = MOOD_STEP_NS // STEP_NS
        move_mood(value, now)
    value.until_look -= 1
    if value.until_look <= 0:
        value.until_look = _STEPS_PER_LOOK
        look_back(value, now)
    before = value.level
    swing = value.swing
    value.drift = value.drift * value.drift_kept + swing * value.drift_sd * normal(value)
    moved = value.common_sd * normal(common_of(value, 0)) + value.own_sd * normal(value)
    value.level += value.drift + swing * moved
    shaken = swing * value.deviation_sd * normal(value)
    value.deviation = value.deviation * value.deviation_kept + shaken
    draw = uniform(value)
    chance = 0.5 * value.jump_chance * swing * swing
    if draw < 2.0 * chance:
        value.level += value.jump_mean * math.copysign(exponential(value), draw - chance)
    # However much it is shaken, it stays within the prices that there are.
    value.level = min(max(value.level, 0.0), LEVEL_MAX)
    value.deviation = min(max(value.deviation, -DEVIATION_MAX), DEVIATION_MAX)
    overdone = (value.alarm - 1.0) * (value.level - before)
    value.overdone = value.overdone * value.overdone_kept + overdone
    learn(value)
    away = value.impact * value.log_minute_sd + value.overdone
    away = min(max(away, -DEVIATION_MAX), DEVIATION_MAX)
    value.worth = math.exp(value.level + value.deviation)
    value.consensus = value.worth * (1.0 + away)
    value.minute_sd = value.worth * value.log_minute_sd
