"""A session from what a venue tells the public: best prices as they change, and trades.

What `Session` needs of the book behind the best prices is not to be had: it stays empty.

Source: Cont, Kukanov and Stoikov (2014), "The price impact of order book events", section 2,
for order flow imbalance.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.series import Reals
from trade2026.domain.realism.session import Session

Wholes = NDArray[np.int64]
"""`(n,) int64`."""

_NS_PER_S: Final = 10**9
_WIDTHS: Final = 1_024


class Touches(msgspec.Struct, frozen=True, kw_only=True):
    """The best prices after each change; columns of one length, both sides quoted."""

    time_ns: Wholes
    """Not falling."""
    bid: Wholes
    """Ticks."""
    bid_lots: Wholes
    ask: Wholes
    ask_lots: Wholes


class Prints(msgspec.Struct, frozen=True, kw_only=True):
    """Trades as they were printed; columns of one length."""

    time_ns: Wholes
    """By the clock of `Touches`."""
    trade_ns: Wholes
    """By the venue's own, which is never the recorder's; the pauses are of this one."""
    sign: Wholes
    """+1 where the taker bought, -1 where it sold."""
    lots: Wholes


def session_of(touches: Touches, prints: Prints) -> Session:
    """Return the whole seconds from the first touch to the last.

    Args:
        touches: one at least.
        prints: those outside these seconds are passed over.
    """
    begin, end = int(touches.time_ns[0]), int(touches.time_ns[-1])
    seconds = (end - begin) // _NS_PER_S
    ends = begin + _NS_PER_S * np.arange(1, seconds + 1)
    last = np.searchsorted(touches.time_ns, ends, side="right") - 1
    mid = 0.5 * (touches.bid + touches.ask).astype(np.float64)
    is_within = (prints.time_ns >= begin) & (prints.time_ns < begin + seconds * _NS_PER_S)
    second = (prints.time_ns[is_within] - begin) // _NS_PER_S
    order = np.argsort(prints.trade_ns[is_within], kind="stable")
    return Session(
        begin_ns=begin,
        mid=mid[last],
        volume=_sums(second, prints.lots[is_within].astype(np.float64), seconds),
        imbalance=_flow_per_second(touches, begin, seconds),
        touch=_mean_per_second(touches, ends),
        trade_ns=prints.trade_ns[is_within][order],
        trade_sign=prints.sign[is_within][order],
        trade_lots=prints.lots[is_within][order],
        spread_s=_widths(touches),
        placed=np.zeros(1, np.int64),
        profile=np.zeros(1),
    )


def _flow_per_second(touches: Touches, begin: int, seconds: int) -> Reals:
    bid, bid_lots, ask, ask_lots = touches.bid, touches.bid_lots, touches.ask, touches.ask_lots
    flow = (
        np.where(bid[1:] >= bid[:-1], bid_lots[1:], 0)
        - np.where(bid[1:] <= bid[:-1], bid_lots[:-1], 0)
        - np.where(ask[1:] <= ask[:-1], ask_lots[1:], 0)
        + np.where(ask[1:] >= ask[:-1], ask_lots[:-1], 0)
    )
    second = (touches.time_ns[1:] - begin) // _NS_PER_S
    return _sums(second, flow.astype(np.float64), seconds)


def _mean_per_second(touches: Touches, ends: Wholes) -> Reals:
    """Return the mean over each second of what is shown at the best price of a side."""
    begin = int(touches.time_ns[0])
    time = (touches.time_ns - begin).astype(np.float64)
    shown = 0.5 * (touches.bid_lots + touches.ask_lots).astype(np.float64)
    total = np.concatenate([np.zeros(1), np.cumsum(shown[:-1] * np.diff(time))])
    at = np.interp(np.concatenate([np.zeros(1), (ends - begin).astype(np.float64)]), time, total)
    return np.diff(at) / _NS_PER_S


def _widths(touches: Touches) -> Reals:
    width = np.minimum(touches.ask - touches.bid, _WIDTHS - 1)[:-1]
    passed_s = np.diff(touches.time_ns) / _NS_PER_S
    return _sums(width, passed_s, _WIDTHS)


def _sums(places: Wholes, values: Reals, count: int) -> Reals:
    """Return the sums of *values* by place, of the first *count* places."""
    return np.bincount(places, values, count)[:count].astype(np.float64)
