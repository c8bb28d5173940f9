"""What markets beside the one that is judged say of it.

One of constant mood: how much of its clustering is its own, and not put in. One that has a
session: whether its day has the shape of a U. One whose tick is small, where that of the judged
one is large: where most is shown in its book. And the judged one's own first half hour, event by
event: how the price answers to what happens at the best prices.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.flow import by_distance, fullest
from trade2026.domain.realism.response import responses, right_signs
from trade2026.domain.realism.returns import measure_returns
from trade2026.domain.realism.season import edges, followed
from trade2026.prism.config import SMALL_TICK_SYMBOL, MarketConfig, SymbolConfig, default_config
from trade2026.prism.lab.happenings import happenings_of
from trade2026.prism.lab.measure import alone, symbol_of
from trade2026.prism.lab.record import MINUTE_NS, WARM_MINUTES, record
from trade2026.prism.lab.validation import Seed, Tell, side_by_side
from trade2026.prism.price.mood import season_of_day

SESSION_SYMBOL: Final = "AAPL"
"""The default symbol whose day is looked at where the one that is judged has no session."""
_MINUTES_PER_HOUR: Final = 60
_SMALL_TICK_RATIO: Final = 0.5
"""Where the spread is one tick for less of the time, the tick is small."""
_BOOK_DAYS: Final = 0.25
"""At most."""
_HOURS_DAYS: Final = 2.0
"""At most."""
_ANSWERS_DAYS: Final = 20 / 1_440
"""Ten minutes more are from the opening on."""


def run_beside(
    config: MarketConfig, *, days: float, runs: Sequence[Seed], symbol: str, tell: Tell
) -> list[Seed]:
    """Return *runs* with `LB2`, `SF5.own`, `MS9` of a small tick, and `MS10` of a whole session.

    Where no session fits into the *days* there is no `MS10`, and no `MS10.hours` of less than one.

    Args:
        config: of the market that is judged.
        days: as long as it ran; so do the others, on the same seeds.
        runs: of the market that is judged.
        symbol: the first one, unless told.
        tell: told which share is done.
    """
    judged = symbol_of(config, symbol)
    still = msgspec.structs.replace(config, symbols=(_still(judged),))
    even = msgspec.structs.replace(config, symbols=(_of_one_mood(judged),))
    with_session = msgspec.structs.replace(config, symbols=(_with_session(judged),))
    done = 0

    def run(one: Seed) -> Seed:
        nonlocal done
        found = _own_share(still, days, one) | _shape(with_session, days, one.seed)
        found |= _answers(alone(config, symbol, one.seed)) | _fullest(config, days, one)
        found |= _hours(even, days, one.seed)
        done += 1
        tell("beside", done / len(runs))
        return msgspec.structs.replace(one, values=one.values | found)

    return side_by_side(run, runs)


def _still(symbol: SymbolConfig) -> SymbolConfig:
    """Return *symbol* with a value that moves as much at all times, and steady activity."""
    even = _of_one_mood(symbol)
    fundamental = msgspec.structs.replace(
        even.fundamental, season_depth_ratio=0.0, season_edge_times=0.0
    )
    return msgspec.structs.replace(even, fundamental=fundamental)


def _of_one_mood(symbol: SymbolConfig) -> SymbolConfig:
    """Return *symbol* with nothing but its hours and its own prices to make it busier."""
    fundamental = msgspec.structs.replace(symbol.fundamental, mood_sds=0.0)
    return msgspec.structs.replace(symbol, fundamental=fundamental)


def _with_session(symbol: SymbolConfig) -> SymbolConfig:
    if symbol.fundamental.season_open_h < symbol.fundamental.season_close_h:
        return symbol
    return symbol_of(default_config(0), SESSION_SYMBOL)


def _own_share(config: MarketConfig, days: float, run: Seed) -> dict[str, float]:
    session = record(alone(config, "", run.seed), days=days).session
    facts = measure_returns(session.minute_mid(), session.minute_volume())
    if "SF5" not in facts or "SF5" not in run.values:
        return {}
    return {"SF5.own": facts["SF5"] / run.values["SF5"]}


def _shape(config: MarketConfig, days: float, seed: int) -> dict[str, float]:
    season = config.symbols[0].fundamental
    session = record(alone(config, "", seed), days=days).session
    shape = edges(
        session.minute_volume(),
        first_minute=WARM_MINUTES,
        open_minute=round(season.season_open_h * _MINUTES_PER_HOUR),
        close_minute=round(season.season_close_h * _MINUTES_PER_HOUR),
    )
    return {} if math.isnan(shape) else {"MS10": shape}


def _hours(config: MarketConfig, days: float, seed: int) -> dict[str, float]:
    if days < 1.0:
        return {}
    params = config.symbols[0].fundamental
    session = record(alone(config, "", seed), days=min(days, _HOURS_DAYS)).session
    season = season_of_day(
        depth=params.season_depth_ratio,
        peak_h=params.season_peak_h,
        open_h=params.season_open_h,
        close_h=params.season_close_h,
        edge=params.season_edge_times,
    )
    minute = (session.trade_ns - session.begin_ns) // MINUTE_NS
    minutes = len(session.minute_mid())
    counts = np.bincount(minute, minlength=minutes)[:minutes].astype(np.float64)
    follows = followed(counts, season, first_minute=WARM_MINUTES)
    return {} if math.isnan(follows) else {"MS10.hours": follows}


def _fullest(config: MarketConfig, days: float, run: Seed) -> dict[str, float]:
    if run.values["MS6"] < _SMALL_TICK_RATIO:
        return {}
    small = symbol_of(default_config(0), SMALL_TICK_SYMBOL)
    market = alone(msgspec.structs.replace(config, symbols=(small,)), "", run.seed)
    session = record(market, days=min(days, _BOOK_DAYS)).session
    return {"MS9": fullest(by_distance(session))}


def _answers(config: MarketConfig) -> dict[str, float]:
    events: list[NDArray[np.void]] = []
    record(config, days=_ANSWERS_DAYS, on_events=events.append)
    return {"LB2": right_signs(responses(happenings_of(np.concatenate(events))))}
