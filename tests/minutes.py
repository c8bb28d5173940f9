"""A month of a BTC perpetual by the minute, from the folder of recorded market data."""

import csv
import gzip
from functools import cache

from tests.feeds import recorded

FILE = "btc-perp-1m-202201.csv.gz"


@cache
def closes_of_a_month() -> list[float]:
    """Return 45,031 closes, oldest first; the test skips where there is no such folder."""
    with gzip.open(recorded(FILE), "rt", encoding="utf-8") as file:
        return [float(row["close"]) for row in csv.DictReader(file)]
