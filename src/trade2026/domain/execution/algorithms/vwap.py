"""VWAP: as much in every slice as the market is expected to trade in it.

Its average price comes near the average price of all that trades over its time, as far as the
market trades as its volume curve expects.

Source: Konishi (2002), "Optimal slice of a VWAP trade": following the expected relative volume
minimises the expected squared distance to VWAP.
"""

from typing import Final

from trade2026.domain.execution.algorithm import Algorithm, slices_problem
from trade2026.domain.execution.curve import expected
from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.schedule import Moment, part_of_rest, slice_at, slice_end_ns
from trade2026.model.algo import AlgoName, Benchmark


def target(parent: Parent, moment: Moment) -> int:
    """Return the part of the quantity that is the part of the volume expected so far."""
    assert parent.curve is not None, "VWAP has a curve"
    begun = slice_at(parent, moment.now_ns)
    if begun == 0:
        return parent.base_qty
    until_ns = slice_end_ns(parent, begun)
    whole = expected(parent.curve, parent.base_ns, parent.request.end_ns)
    return part_of_rest(parent, expected(parent.curve, parent.base_ns, until_ns), whole)


ALGORITHM: Final = Algorithm(
    name=AlgoName.VWAP, benchmark=Benchmark.VWAP, target=target, problem=slices_problem
)
