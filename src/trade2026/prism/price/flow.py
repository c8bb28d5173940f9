"""What everybody makes of the flow of orders: the consensus moves with who takes.

A symbol's consensus is its worth and an impact. What presses on the price is a sum of averages of
the signed volume of takers; their weights fall with their times as a power, so that it fades as
slowly as orders are alike. Volume counts by the root of how quiet it is around: what is much at
noon is little in a storm. The impact is even in a small pressure and the root of a large one: the
further the price has gone, the more stands against it. So a large order's impact grows as a root
and yet outlasts the order for longer than that of a market in which all effects add up.

Source: Bouchaud, Gefen, Potters, Wyart (2004), "Fluctuations and response in financial markets:
the subtle nature of random price changes", for the propagator; Donier, Bonart, Mastromatteo,
Bouchaud (2015), "A fully consistent, minimal model for non-linear market impact", for impact that
is even at first and a root beyond; Kyle (1985), "Continuous auctions and insider trading", for the
part that stays.
"""

import math
from typing import Final

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.layout import Record, Row
from trade2026.prism.price.value import AVERAGES, average_of

TIMES_S: Final = (8.0, 50.0, 320.0, 2_000.0, 12_800.0, 80_000.0)
RECENT_S: Final = 300.0
USUAL_S: Final = 21_600.0
_FLOOR: Final = 0.05
_LEAST_BEND: Final = 1e-9
"""One that is smaller is none: the root would leave nothing, and its terms would have no bound."""
_FIRST_VOLUME: Final = 0.3
"""Clips a second: what is usual when a market opens."""


def set_flow(
    row: Row, *, step_ns: int, impact: float, decay: float, bend: float, lasting: float
) -> None:
    """Let a record of `VALUE` be moved by the flow of orders, which goes on from where it is.

    Args:
        row: of `VALUE`.
        step_ns: how often it moves.
        impact: of a clip in all averages, times their time to minus *decay*, in `minute_sd`.
        decay: exponent.
        bend: at half of which the pressure's root takes over, in `minute_sd`; 0 for never.
        lasting: what stays for ever of a clip's impact, in `minute_sd`.
    """
    step_s = step_ns / NS_PER_S
    for n, time_s in enumerate(TIMES_S):
        row[f"flow_kept_{n}"] = math.exp(-step_s / time_s)
        row[f"flow_weight_{n}"] = impact * time_s**-decay
    row[f"flow_kept_{AVERAGES - 1}"], row[f"flow_weight_{AVERAGES - 1}"] = 1.0, lasting
    row["bend"] = bend
    row["recent_kept"] = math.exp(-step_s / RECENT_S)
    row["usual_kept"] = math.exp(-step_s / USUAL_S)


def begin_flow(row: Row, *, step_ns: int, clip_lots: int) -> None:
    """Let no flow have been; *clip_lots* is what volume is counted in."""
    row["clip"] = clip_lots
    row["recent_volume"] = row["usual_volume"] = _FIRST_VOLUME * step_ns / NS_PER_S


@kernel
def bent(pressure: float, bend: float) -> float:
    """Return the impact of a pressure: itself where it is small, its root where it is large."""
    if bend < _LEAST_BEND:
        return pressure
    return math.copysign(bend * (math.sqrt(1.0 + 2.0 * abs(pressure) / bend) - 1.0), pressure)


@kernel
def learn(value: Record) -> None:
    """Take up the flow since the last step."""
    clips = value.volume / value.clip
    value.recent_volume += (1.0 - value.recent_kept) * (clips - value.recent_volume)
    value.usual_volume += (1.0 - value.usual_kept) * (clips - value.usual_volume)
    usual = value.usual_volume
    came = value.flow / value.clip * math.sqrt(usual / (value.recent_volume + _FLOOR * usual))
    pressure = stays = 0.0
    for n in range(AVERAGES):
        part = average_of(value, n)
        part.flow = part.flow * part.flow_kept + came
        # The last of them keeps all that came, and adds up evenly.
        stays = part.flow_weight * part.flow
        pressure += stays
    value.impact = bent(pressure - stays, value.bend) + stays
    value.flow = 0
    value.volume = 0
