"""How alarmed everybody is: the more the price moved lately, the more is made of news.

What the worth does is answered by more than itself where trades of the last minutes and hours were
further apart than usual, and by less where they were closer. What was overdone, or left undone,
is made up for within hours. So large moves are followed by large ones whatever news does: with
news of one size at all times, prices alone make volatility cluster.

Only prices that were traded are looked at, once a minute, in averages over minutes to hours
beside that over a day. They are told in what a minute of that hour moved by when the market
began: a storm alarms, a calm does not, and the busy hours of every day are none.

Source: Corsi (2009), "A simple approximate long-memory model of realized volatility", for the
averages; Blanc, Donier, Bouchaud (2017), "Quadratic Hawkes processes for financial prices", for
volatility that follows from past moves; Andersen and Bollerslev (1997), "Intraday periodicity and
volatility persistence in financial markets", for moves that are told by their hour; Barberis,
Shleifer, Vishny (1998), "A model of investor sentiment", for reactions that are too large or too
small.
"""

import math
from typing import Final

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.layout import Record, Row
from trade2026.prism.price.mood import season_at
from trade2026.prism.price.value import MOVES, moves_of

LOOK_S: Final = 60.0
TIMES_S: Final = (180.0, 900.0, 7_200.0)
SHARES: Final = (0.4, 0.3, 0.3)
"""Of what is remembered of the price's moves, by their times."""
USUAL_S: Final = 86_400.0
FADE_S: Final = 7_200.0
"""After which time what was overdone is made up for."""

_HALF_A_LOOK_NS: Final = round(LOOK_S / 2.0) * NS_PER_S
_LEAST_SEASON: Final = 0.1
"""What trades move by for other reasons than news is no storm, however dead the hour."""
_MOST_MOVE: Final = 100.0
_MOST_HEAT: Final = 9.0
"""A trade far off, or a night of them, alarms no more than that; squares of `usual_sd`."""


def set_alarm(row: Row, *, step_ns: int, share: float) -> None:
    """Let a record of `VALUE` be alarmed by prices, from where it is.

    Args:
        row: of `VALUE`.
        step_ns: how often it moves.
        share: of the variance of what is made of news that goes with the price's moves.
    """
    row["alarm_share"] = share
    row["overdone_kept"] = math.exp(-step_ns / NS_PER_S / FADE_S)
    for n, time_s in enumerate(TIMES_S):
        row[f"moved_kept_{n}"] = math.exp(-LOOK_S / time_s)
        row[f"moved_weight_{n}"] = SHARES[n]
    row["usual_move_kept"] = math.exp(-LOOK_S / USUAL_S)


def begin_alarm(row: Row) -> None:
    """Let prices have moved as usual, which is by `log_minute_sd`."""
    row["usual_sd"] = row["log_minute_sd"]
    row["alarm"] = row["usual_move"] = 1.0
    for n in range(MOVES):
        row[f"moved_{n}"] = 1.0


@kernel
def look_back(value: Record, now: int) -> None:
    """Take up how far the last trade is from the one a minute ago, for that hour of the day."""
    before = value.last_seen
    value.last_seen = value.last
    if before == 0 or value.usual_sd == 0.0:
        return
    move = math.log(value.last / before) / value.usual_sd
    season = max(season_at(value, now - _HALF_A_LOOK_NS), _LEAST_SEASON)
    square = min(move * move / season, _MOST_MOVE)
    value.usual_move += (1.0 - value.usual_move_kept) * (square - value.usual_move)
    heat = 0.0
    for n in range(MOVES):
        part = moves_of(value, n)
        part.moved += (1.0 - part.moved_kept) * (square - part.moved)
        heat += part.moved_weight * part.moved
    heat = min(heat / value.usual_move, _MOST_HEAT)
    value.alarm = math.sqrt(1.0 + value.alarm_share * (heat - 1.0))
