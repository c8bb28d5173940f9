"""What is kept of a market's session to be measured: second by second, and trade by trade."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.series import Reals, per_window

SECONDS_PER_MINUTE = 60


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol over some time. Prices are in ticks, quantities in lots."""

    begin_ns: int
    """When the first second begins, by the clock of whoever saw it."""
    mid: Reals
    """`(seconds,)`: the mid price at the end of each second."""
    volume: Reals
    """`(seconds,)`: traded within each second."""
    imbalance: Reals
    """`(seconds,)`: order flow at the best prices within each second; see `flow.py`."""
    touch: Reals
    """`(seconds,)`: mean over time of what is shown at the best bid and at the best offer."""
    trade_ns: NDArray[np.int64]
    """`(trades,)`: when; a trade is all that one incoming order took at once."""
    trade_sign: NDArray[np.int64]
    """`(trades,)`: +1 where the taker bought, -1 where it sold."""
    trade_lots: NDArray[np.int64]
    """`(trades,)`."""
    spread_s: Reals
    """`(n,)`: for how many seconds the spread was *i* ticks wide; the last one: or wider."""
    placed: NDArray[np.int64]
    """`(n,)`: how many orders came to rest *i* ticks behind their own side's best; the last
    one: or further."""
    profile: Reals
    """`(n,)`: mean of what a side shows *i* ticks behind its own best price; nothing is known of
    what is further."""

    def minute_mid(self) -> Reals:
        """Return the mid price at the end of each whole minute."""
        return self.mid[SECONDS_PER_MINUTE - 1 :: SECONDS_PER_MINUTE]

    def minute_volume(self) -> Reals:
        """Return what traded within each whole minute."""
        return per_window(self.volume, SECONDS_PER_MINUTE)
