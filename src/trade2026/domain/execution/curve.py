"""Volume curves: how much is expected to trade when, learnt from bars of the symbol's own past.

The expectation for a minute is what traded in the same minute a day before. Where that is not
known it is the mean of what is known, so that a market of which nothing is known is traded evenly.
"""

from collections.abc import Mapping
from typing import Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import Qty
from trade2026.model.algo import VolumeCurve

MINUTE_NS: Final = 60 * NS_PER_S
DAY_NS: Final = 24 * 60 * MINUTE_NS


def learn(bars: Mapping[int, Qty], start_ns: TimeNs, end_ns: TimeNs) -> VolumeCurve:
    """Return what is expected to trade in each minute from *start_ns* to *end_ns*.

    Args:
        bars: volume of each minute that is known, by when it began.
        start_ns: where the curve begins, at the latest.
        end_ns: where it ends, at the earliest.
    """
    first = start_ns - start_ns % MINUTE_NS
    minutes = range(first, max(end_ns, first + 1), MINUTE_NS)
    known = sum(bars.values())
    if not known:
        return VolumeCurve(start_ns=TimeNs(first), bucket_ns=MINUTE_NS, weights=(1,) * len(minutes))
    mean = max(1, known // len(bars))
    # A minute without any trade still gets a little: what trades then is not nothing for sure.
    weights = tuple(max(1, bars.get(at - DAY_NS, Qty(mean))) for at in minutes)
    return VolumeCurve(start_ns=TimeNs(first), bucket_ns=MINUTE_NS, weights=weights)


def expected(curve: VolumeCurve, from_ns: int, to_ns: int) -> int:
    """Return what *curve* expects between two times, in its weights times nanoseconds.

    Beyond its ends it expects its mean.
    """
    if to_ns <= from_ns:
        return 0
    count = len(curve.weights)
    end_ns = curve.start_ns + count * curve.bucket_ns
    mean = max(1, sum(curve.weights) // count)
    outside = max(0, min(to_ns, curve.start_ns) - from_ns) + max(0, to_ns - max(from_ns, end_ns))
    total = mean * outside
    first = max(0, (from_ns - curve.start_ns) // curve.bucket_ns)
    last = min(count - 1, (to_ns - 1 - curve.start_ns) // curve.bucket_ns)
    for number in range(first, last + 1):
        bucket_ns = curve.start_ns + number * curve.bucket_ns
        overlap = min(to_ns, bucket_ns + curve.bucket_ns) - max(from_ns, bucket_ns)
        total += curve.weights[number] * overlap
    return total
