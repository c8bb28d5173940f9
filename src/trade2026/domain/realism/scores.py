"""How far a market's distributions are from a recorded one's: LOB-Bench's L1, score by score.

Each score is one number of a moment or an event, such as a spread or the pause before a trade. Of
the recorded session its tenths become bins; the distance is half the sum, over the bins, of how
much the shares differ: 0 for the same distribution, 1 for two that share no bin. Scores that have
a unit are over their own median, or over their own standard deviation where they have a sign, so
that shapes are compared: how much a lot is, or how soon one trade follows the other, is a matter of
calibration. The market is looked at in windows as long as the recording, and the median over them
counts; of the spread the whole session.

Source: Nagy et al. (2025), "LOB-Bench", arXiv 2502.09172, section 3: unconditional scores, of
those the ones that best prices and trades tell.
"""

from typing import Final

import msgspec
import numpy as np

from trade2026.core.clock import NS_PER_S
from trade2026.domain.realism.likeness import with_grains
from trade2026.domain.realism.series import Reals, per_window
from trade2026.domain.realism.session import Session

WINDOWS: Final = 24
"""Into how many windows at most a market is cut, evenly spread over it."""
STEP_S: Final = 10
"""Order flow, volume and moves are of so long."""

_BINS: Final = 10


def scores_of(session: Session) -> dict[str, Reals]:
    """Return the scores of a session by name; one without any events is not among them.

    `touch` is what the best prices show and `change` the logarithm of how many times as much as
    a second before, `pause` the time before a trade, `size` that of a trade; `count` of trades,
    `volume`, `flow` and `move` are of `STEP_S`.
    """
    merged = with_grains(session)
    shown = session.touch[session.touch > 0.0]
    second = (merged.trade_ns - session.begin_ns) // NS_PER_S
    is_seen = (second >= 0) & (second < len(session.mid))
    trades = np.bincount(second[is_seen], minlength=len(session.mid)).astype(np.float64)
    found = {
        "touch": _over_median(session.touch),
        "change": np.diff(np.log(shown)),
        "pause": _over_median(np.diff(merged.trade_ns).astype(np.float64)),
        "size": _over_median(merged.trade_lots.astype(np.float64)),
        "count": _over_median(per_window(trades, STEP_S)),
        "volume": _over_median(per_window(session.volume, STEP_S)),
        "flow": _over_sd(per_window(session.imbalance, STEP_S)),
        "move": _over_sd(np.diff(session.mid[STEP_S - 1 :: STEP_S])),
    }
    return {name: score for name, score in found.items() if len(score)}


def distance(found: Reals, wanted: Reals) -> float:
    """Return half the sum of how much the shares of *wanted*'s tenths differ; 0 to 1."""
    # Of numbers with few values tenths fall together: what is at an edge is below it.
    edges = np.unique(np.quantile(wanted, np.arange(1, _BINS) / _BINS))
    ours, theirs = (
        np.bincount(np.searchsorted(edges, one), minlength=len(edges) + 1) / len(one)
        for one in (found, wanted)
    )
    return 0.5 * float(np.abs(ours - theirs).sum())


def spread_distance(session: Session, recorded: Session) -> float:
    """Return the same of the spread in ticks, by how long it was so wide."""
    widths = max(len(session.spread_s), len(recorded.spread_s))
    ours, theirs = (
        np.pad(one.spread_s / one.spread_s.sum(), (0, widths - len(one.spread_s)))
        for one in (session, recorded)
    )
    return 0.5 * float(np.abs(ours - theirs).sum())


def distances(session: Session, recorded: Session) -> dict[str, float]:
    """Return the distance of each score that both have, the median over windows of *session*."""
    length, wanted = len(recorded.mid), scores_of(recorded)
    starts = np.unique(np.linspace(0, max(0, len(session.mid) - length), WINDOWS).astype(np.int64))
    each: dict[str, list[float]] = {"spread": [spread_distance(session, recorded)]}
    for start in starts.tolist():
        for name, found in scores_of(_window(session, start, length)).items():
            if name in wanted:
                each.setdefault(name, []).append(distance(found, wanted[name]))
    return {name: float(np.median(values)) for name, values in each.items()}


def likeness(session: Session, recorded: Session) -> dict[str, float]:
    """Return LB1 by the names of its gates, and each score's distance as ``LB1.score``."""
    found = distances(session, recorded)
    return {f"LB1.{name}": value for name, value in found.items()} | {
        "LB1.mean": sum(found.values()) / len(found),
        "LB1.worst": max(found.values()),
    }


def _over_median(values: Reals) -> Reals:
    """Return *values* over the median of those above zero."""
    above = values[values > 0.0]
    return values / float(np.median(above)) if len(above) else values[:0]


def _over_sd(values: Reals) -> Reals:
    spread = float(values.std()) if len(values) else 0.0
    return values / spread if spread else values[:0]


def _window(session: Session, start: int, length: int) -> Session:
    """Return so many seconds of *session* from one on."""
    if length >= len(session.mid):
        return session
    seconds = slice(start, start + length)
    begin_ns = session.begin_ns + start * NS_PER_S
    first, last = np.searchsorted(session.trade_ns, [begin_ns, begin_ns + length * NS_PER_S])
    return msgspec.structs.replace(
        session,
        begin_ns=begin_ns,
        mid=session.mid[seconds],
        volume=session.volume[seconds],
        imbalance=session.imbalance[seconds],
        touch=session.touch[seconds],
        trade_ns=session.trade_ns[first:last],
        trade_sign=session.trade_sign[first:last],
        trade_lots=session.trade_lots[first:last],
    )
