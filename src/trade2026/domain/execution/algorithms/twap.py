"""TWAP: the same quantity in every slice of time.

Its average price comes near the average of the mid price over its time, whatever the market's
volume does meanwhile.

Source: Bertsimas and Lo (1998), "Optimal control of execution costs": even trading is optimal
where impact is linear and prices are a random walk.
"""

from typing import Final

from trade2026.domain.execution.algorithm import Algorithm, slices_problem
from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.schedule import Moment, part_of_rest, slice_at, slice_count
from trade2026.model.algo import AlgoName, Benchmark


def target(parent: Parent, moment: Moment) -> int:
    """Return an even part of the quantity for every slice that has begun."""
    return part_of_rest(parent, slice_at(parent, moment.now_ns), slice_count(parent))


ALGORITHM: Final = Algorithm(
    name=AlgoName.TWAP, benchmark=Benchmark.TWAP, target=target, problem=slices_problem
)
