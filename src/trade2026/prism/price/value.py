"""The record of a symbol's value: what all that trade the symbol may look at.

A wake-up finds it up to date. The value's own path is in `fundamental.py`, its mood in
`mood.py`, what the market learns from the flow of orders in `flow.py`, and from prices in
`alarm.py`.
"""

from typing import Final

from trade2026.prism.engine.layout import LINE, Layout, Table

MOODS: Final = 5
"""Parts of the logarithm of the volatility, from minutes to days."""
AVERAGES: Final = 7
"""Averages of the flow of market orders, from half a minute to for ever."""
MOVES: Final = 3
"""Averages of the price's squared moves, over minutes to hours."""

MOOD: Final = Layout("mood", {"mood": "f8", "mood_kept": "f8", "mood_sd": "f8"})
AVERAGE: Final = Layout("average", {"flow": "f8", "flow_kept": "f8", "flow_weight": "f8"})
MOVE: Final = Layout("move", {"moved": "f8", "moved_kept": "f8", "moved_weight": "f8"})

VALUE: Final = Layout(
    "value",
    {
        "worth": "f8",  # ticks
        "consensus": "f8",  # ticks: the worth, and what the flow of orders makes of it
        "minute_sd": "f8",  # ticks: by how much the worth ordinarily moves in a minute
        "activity": "f8",  # how often everybody acts, 1 on average
        "flow": "i8",  # lots that takers bought less those they sold, since the last step
        "volume": "i8",  # lots that traded since the last step
        "last": "i8",  # ticks: of the last trade, 0 before the first
        "begin": "i8",  # when the market opened, ns
        "next_step": "i8",  # when the next step is due, ns
        "luck": "i8",
        "level": "f8",  # log of the value without the deviation
        "drift": "f8",  # momentum per step
        "deviation": "f8",
        "common_sd": "f8",  # of the part of the Brownian motion that all symbols share
        "own_sd": "f8",
        "drift_kept": "f8",
        "drift_sd": "f8",
        "deviation_kept": "f8",
        "deviation_sd": "f8",
        "jump_chance": "f8",
        "jump_mean": "f8",  # of its size, either way
        "log_minute_sd": "f8",
        "swing": "f8",  # how much the worth moves, 1 on average in the square
        "mood_variance": "f8",  # of the sum of the moods
        "activity_power": "f8",
        "until_mood": "i8",  # steps
        "season_depth": "f8",
        "season_peak": "f8",
        "season_open": "f8",
        "season_close": "f8",
        "season_edge": "f8",
        "season_mean": "f8",  # over a day, before it is divided by this
        "clip": "f8",  # lots
        "impact": "f8",  # of the flow, in `log_minute_sd`
        "bend": "f8",  # of it, in `log_minute_sd`
        "recent_volume": "f8",  # clips a step, over minutes
        "usual_volume": "f8",  # over hours
        "recent_kept": "f8",
        "usual_kept": "f8",
        "last_seen": "i8",  # ticks: `last` a minute ago
        "until_look": "i8",  # steps
        "alarm": "f8",  # what is made of news, 1 for what it is
        "alarm_share": "f8",
        "overdone": "f8",  # of the worth's logarithm
        "overdone_kept": "f8",
        "usual_sd": "f8",  # `log_minute_sd` as it began: no shock and no change moves it
        "usual_move": "f8",  # squares of it, over a day
        "usual_move_kept": "f8",
        "common_luck": "i8",  # the same in all symbols
    }
    | {f"{field}_{n}": "f8" for n in range(MOODS) for field in ("mood", "mood_kept", "mood_sd")}
    | {
        f"{field}_{n}": "f8"
        for n in range(AVERAGES)
        for field in ("flow", "flow_kept", "flow_weight")
    }
    | {
        f"{field}_{n}": "f8"
        for n in range(MOVES)
        for field in ("moved", "moved_kept", "moved_weight")
    },
    size=12 * LINE,
)

_AT: Final = {name: offset for name, offset, _ in VALUE.kind.places}
_LUCK: Final = Layout("luck", {"luck": "i8"})

mood_of = Table("moods", MOOD, header=VALUE, at=_AT["mood_0"], count=MOODS).getter()
average_of = Table("averages", AVERAGE, header=VALUE, at=_AT["flow_0"], count=AVERAGES).getter()
moves_of = Table("moves", MOVE, header=VALUE, at=_AT["moved_0"], count=MOVES).getter()
common_of = Table("luck", _LUCK, header=VALUE, at=_AT["common_luck"], count=1).getter()
