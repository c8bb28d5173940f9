"""Sessions made to measure, and the recorded one-minute bars."""

import csv
import gzip
from typing import Any

import numpy as np
from tests.feeds import recorded

from trade2026.domain.realism.series import Reals
from trade2026.domain.realism.session import Session

BARS = "btc-perp-1m-202201.csv.gz"


def a_session(**fields: Any) -> Session:
    """Return a session of a thousand uneventful seconds, but for *fields*.

    Trades' columns that are not given are as long as one that is.
    """
    given = [
        len(fields[name]) for name in ("trade_ns", "trade_sign", "trade_lots") if name in fields
    ]
    trades = given[0] if given else 200
    seconds = len(fields["mid"]) if "mid" in fields else 1_000
    steady: dict[str, Any] = {
        "begin_ns": 0,
        "mid": np.full(seconds, 1_000.0),
        "volume": np.ones(seconds),
        "imbalance": np.zeros(seconds),
        "touch": np.ones(seconds),
        "trade_ns": np.arange(trades) * 10**9,
        "trade_sign": np.resize([1, -1], trades),
        "trade_lots": np.ones(trades, np.int64),
        "spread_s": np.array([0.0, float(seconds), 0.0]),
        "placed": np.zeros(8, np.int64),
        "profile": np.ones(8),
    }
    return Session(**(steady | fields))


def recorded_bars() -> tuple[Reals, Reals]:
    """Return closes and volumes of the recorded one-minute bars of a BTC perpetual."""
    with gzip.open(recorded(BARS), "rt", encoding="utf-8") as file:
        rows = [(float(row["close"]), float(row["volume"])) for row in csv.DictReader(file)]
    closes, volumes = np.array(rows).T
    return closes, volumes
