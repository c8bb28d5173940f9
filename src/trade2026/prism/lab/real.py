"""A real market to hold the battery against: what is real must pass.

Ten days of one-minute bars lie beside this file; what they are is said at their head.
"""

from pathlib import Path
from typing import Final

import numpy as np

from trade2026.domain.realism.series import Reals

REAL_MUST_PASS: Final = (
    "SF1.lag1",
    "SF1.lag5",
    "SF1.lag20",
    "SF2",
    "SF3.top5",
    "SF3.top1",
    "SF4",
    "SF5",
    "SF6",
    "SF7",
    "SF9",
)
BARS: Final = Path(__file__).with_name("btc-perp-1m-202201.csv")
_HEADING_LINES: Final = 3


def real_bars() -> tuple[Reals, Reals]:
    """Return closes and volumes of the minutes of a real market."""
    close, volume = np.loadtxt(BARS, delimiter=",", skiprows=_HEADING_LINES, unpack=True)
    return close, volume
