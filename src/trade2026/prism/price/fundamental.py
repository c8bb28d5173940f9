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
import numpy as np

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.chance import normal, uniform
from trade2026.prism.engine.compiled import Cells, Reals, kernel

STEP_NS: Final = NS_PER_S // 4
_STEPS_PER_YEAR: Final = 365 * 86_400 * 4
_STEPS_PER_DAY: Final = 86_400 * 4

# Places in the row of reals.
_LEVEL = 0  # log of the value without the deviation
_DRIFT = 1  # momentum per step
_DEVIATION = 2
_BROWNIAN_SD = 3
_DRIFT_KEPT = 4
_DRIFT_SD = 5
_DEVIATION_KEPT = 6
_DEVIATION_SD = 7
_JUMP_CHANCE = 8
_JUMP_SD = 9
REALS: Final = 10

# Places in the row of words.
NEXT_STEP: Final = 0  # when the next step is due, ns
LUCK: Final = 1
WORDS: Final = 2


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


def new_fundamental(params: FundamentalParams, value: float) -> Reals:
    """Return the row of reals of a fundamental that starts at *value*, in ticks."""
    row = np.zeros(REALS, np.float64)
    row[_LEVEL] = math.log(value)
    reshape(row, params)
    return row


def shift(row: Reals, log_move: float) -> None:
    """Move the value at once, for good; *log_move* is of its logarithm."""
    row[_LEVEL] += log_move


def reshape(row: Reals, params: FundamentalParams, times: float = 1.0) -> None:
    """Let the value move by *params* from here on, all movements *times* as large."""
    yearly = params.yearly_volatility_ratio**2
    drift_kept = 0.5 ** (STEP_NS / NS_PER_S / params.momentum_half_life_s)
    kept = 0.5 ** (STEP_NS / NS_PER_S / params.reversion_half_life_s)
    per_step = yearly / _STEPS_PER_YEAR
    brownian_share = 1.0 - params.momentum_share_ratio - params.jump_share_ratio
    row[_BROWNIAN_SD] = math.sqrt(per_step * brownian_share)
    row[_DRIFT_KEPT] = drift_kept
    # The sum of an autoregressive drift has the variance sd² / (1 - kept)² a step in the long run.
    row[_DRIFT_SD] = math.sqrt(per_step * params.momentum_share_ratio) * (1.0 - drift_kept)
    row[_DEVIATION_KEPT] = kept
    row[_DEVIATION_SD] = params.reversion_sd_ratio * math.sqrt(1.0 - kept * kept)
    row[_JUMP_CHANCE] = params.jumps_per_day / _STEPS_PER_DAY
    jumps_per_year = 365.0 * params.jumps_per_day
    row[_JUMP_SD] = 0.0
    if jumps_per_year:
        row[_JUMP_SD] = math.sqrt(yearly * params.jump_share_ratio / jumps_per_year)
    row[[_BROWNIAN_SD, _DRIFT_SD, _DEVIATION_SD, _JUMP_SD]] *= times


@kernel
def value_at(state: Cells, words: Cells, now: int) -> float:
    """Move a fundamental on to *now* and return its value in ticks."""
    while words[NEXT_STEP] <= now:
        words[NEXT_STEP] += STEP_NS
        state[_DRIFT] = _kept(state, _DRIFT, _DRIFT_KEPT) + state[_DRIFT_SD] * normal(words, LUCK)
        state[_LEVEL] += state[_DRIFT] + state[_BROWNIAN_SD] * normal(words, LUCK)
        shaken = state[_DEVIATION_SD] * normal(words, LUCK)
        state[_DEVIATION] = _kept(state, _DEVIATION, _DEVIATION_KEPT) + shaken
        if uniform(words, LUCK) < state[_JUMP_CHANCE]:
            state[_LEVEL] += state[_JUMP_SD] * normal(words, LUCK)
    return present_value(state)


@kernel
def present_value(state: Cells) -> float:
    """Return the value in ticks where it stands."""
    return math.exp(state[_LEVEL] + state[_DEVIATION])


@kernel
def _kept(state: Cells, what: int, share: int) -> float:
    return state[what] * state[share]
