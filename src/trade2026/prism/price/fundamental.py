"""What a symbol is worth: the value that informed agents see and the market finds by trading.

The logarithm of the value is a sum of four seeded parts:

* Brownian motion, most of the yearly variance;
* momentum: a drift that itself wanders around zero and lasts for minutes;
* mean reversion: a deviation that fades within hours;
* jumps, a few a day.

It moves on a grid of its own, every `STEP_NS`, whatever is traded, so one seed has one path.

Source: Merton (1976) for the jumps; Uhlenbeck and Ornstein (1930) for drift and deviation.
"""

import math
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.chance import normal, uniform
from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.layout import LINE, Layout, Record, Row, out_of_line

STEP_NS: Final = NS_PER_S // 4
LEVEL_MAX: Final = math.log(2.0**36)
DEVIATION_MAX: Final = math.log(2.0)
"""Of the logarithm of a value in ticks: value and deviation stay below `MAX_TICKS`."""
_STEPS_PER_YEAR: Final = 365 * 86_400 * 4
_STEPS_PER_DAY: Final = 86_400 * 4

VALUE: Final = Layout(
    "value",
    {
        "level": "f8",  # log of the value without the deviation
        "drift": "f8",  # momentum per step
        "deviation": "f8",
        "brownian_sd": "f8",
        "drift_kept": "f8",
        "drift_sd": "f8",
        "deviation_kept": "f8",
        "deviation_sd": "f8",
        "jump_chance": "f8",
        "jump_sd": "f8",
        "worth": "f8",  # ticks
        "next_step": "i8",  # when the next step is due, ns
        "luck": "i8",
    },
    size=2 * LINE,
)


class FundamentalParams(msgspec.Struct, frozen=True, kw_only=True):
    """How the value of one symbol moves."""

    yearly_volatility_ratio: float
    """Standard deviation of the log return of a year of 365 days, all parts together."""
    momentum_share_ratio: float = 0.05
    """Share of the yearly variance that comes from the drift."""
    momentum_half_life_s: float = 300.0
    reversion_half_life_s: float = 14_400.0
    reversion_sd_ratio: float = 0.002
    """Stationary standard deviation of the log deviation; it adds no variance over a year."""
    jumps_per_day: float = 2.0
    jump_share_ratio: float = 0.10


def set_fundamental(row: Row, params: FundamentalParams, value: float) -> None:
    """Let a record of `VALUE` be a fundamental that starts at *value*, in ticks."""
    row["level"] = math.log(value)
    row["drift"] = row["deviation"] = 0.0
    row["worth"] = value
    reshape(row, params)


def shift(row: Row, log_move: float) -> None:
    """Move the value at once, for good; *log_move* is of its logarithm."""
    row["level"] += log_move
    row["level"] = min(max(row["level"], 0.0), LEVEL_MAX)
    row["worth"] = math.exp(row["level"] + row["deviation"])


def reshape(row: Row, params: FundamentalParams, times: float = 1.0) -> None:
    """Let the value move by *params* from here on, all movements *times* as large."""
    yearly = params.yearly_volatility_ratio**2
    drift_kept = 0.5 ** (STEP_NS / NS_PER_S / params.momentum_half_life_s)
    kept = 0.5 ** (STEP_NS / NS_PER_S / params.reversion_half_life_s)
    per_step = yearly / _STEPS_PER_YEAR
    brownian_share = 1.0 - params.momentum_share_ratio - params.jump_share_ratio
    row["brownian_sd"] = math.sqrt(per_step * brownian_share)
    row["drift_kept"] = drift_kept
    # The sum of an autoregressive drift has the variance sd² / (1 - kept)² a step in the long run.
    row["drift_sd"] = math.sqrt(per_step * params.momentum_share_ratio) * (1.0 - drift_kept)
    row["deviation_kept"] = kept
    row["deviation_sd"] = params.reversion_sd_ratio * math.sqrt(1.0 - kept * kept)
    row["jump_chance"] = params.jumps_per_day / _STEPS_PER_DAY
    jumps_per_year = 365.0 * params.jumps_per_day
    jump_variance = yearly * params.jump_share_ratio / jumps_per_year if jumps_per_year else 0.0
    row["jump_sd"] = math.sqrt(jump_variance)
    for name in ("brownian_sd", "drift_sd", "deviation_sd", "jump_sd"):
        row[name] *= times


@kernel
def move_on(value: Record, now: int) -> None:
    """Move a fundamental on to *now*; `worth` is then its value in ticks."""
    while value.next_step <= now:
        step(value)


@rare_kernel
def step(value: Record) -> None:
    """Move a fundamental one step on."""
    out_of_line()
    value.next_step += STEP_NS
    value.drift = value.drift * value.drift_kept + value.drift_sd * normal(value)
    value.level += value.drift + value.brownian_sd * normal(value)
    shaken = value.deviation_sd * normal(value)
    value.deviation = value.deviation * value.deviation_kept + shaken
    if uniform(value) < value.jump_chance:
        value.level += value.jump_sd * normal(value)
    # However much it is shaken, it stays within the prices that there are.
    value.level = min(max(value.level, 0.0), LEVEL_MAX)
    value.deviation = min(max(value.deviation, -DEVIATION_MAX), DEVIATION_MAX)
    value.worth = math.exp(value.level + value.deviation)
