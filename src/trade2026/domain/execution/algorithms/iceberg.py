"""ICEBERG: a part at a time waits in the book at the limit; the next follows when it is gone.

What is not shown loses its place in the queue for it. Each part is an order of its own, so that
it works at venues that know no icebergs.

Source: Esser and Monch (2007), "The navigation of an iceberg".
"""

from typing import Final

from trade2026.domain.execution.algorithm import SLICES_MOST, Algorithm, Problem
from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import AlgoName, AlgoRequest, Benchmark


def target(parent: Parent, moment: Moment) -> int:
    """Return one part more as soon as nothing works."""
    del moment
    if parent.working_qty:
        return parent.committed_qty
    return parent.committed_qty + parent.request.display_qty


def problem(request: AlgoRequest) -> Problem | None:
    """Return whether there is no limit, no part, or too small a part."""
    if request.price is None:
        return Problem(field="price", why="an iceberg needs one")
    if not 0 < request.display_qty <= request.order_qty:
        why = "must be above zero, and at most the quantity"
        return Problem(field="display_quantity", why=why)
    if request.order_qty > SLICES_MOST * request.display_qty:
        return Problem(field="display_quantity", why=f"makes more than {SLICES_MOST} parts")
    return None


ALGORITHM: Final = Algorithm(
    name=AlgoName.ICEBERG,
    benchmark=Benchmark.ARRIVAL,
    target=target,
    problem=problem,
    is_sliced=False,
    is_resting=True,
)
