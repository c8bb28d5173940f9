"""The execution algorithms. A new one is one file and one line here."""

from typing import Final

from trade2026.domain.execution.algorithm import Algorithm
from trade2026.domain.execution.algorithms import iceberg, pov, shortfall, twap, vwap

ALGOS: Final[tuple[Algorithm, ...]] = (
    twap.ALGORITHM,
    vwap.ALGORITHM,
    pov.ALGORITHM,
    iceberg.ALGORITHM,
    shortfall.ALGORITHM,
)

BY_NAME: Final = {algorithm.name: algorithm for algorithm in ALGOS}
