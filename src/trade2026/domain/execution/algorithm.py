"""What an algorithm is: how much shall have traded by now, and what may be asked of it."""

from collections.abc import Callable
from typing import Final

import msgspec

from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import AlgoName, AlgoRequest, Benchmark

SLICES_MOST: Final = 500
"""Into which a parent may be cut: every child is an order, with its checks and its fees."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request is not one for this algorithm."""

    field: str
    why: str


class Algorithm(msgspec.Struct, frozen=True, kw_only=True):
    """One way of working a parent order."""

    name: AlgoName
    benchmark: Benchmark
    """What its average price is held against."""
    target: Callable[[Parent, Moment], int]
    """Returns how much shall have traded, or work, by the end of the slice that runs."""
    problem: Callable[[AlgoRequest], Problem | None]
    """Returns what is wrong with a request."""
    is_sliced: bool = True
    """Whether children are sent as slices begin; otherwise whenever there is room for one."""
    is_resting: bool = False
    """Whether children wait in the book at the limit; otherwise they trade at once or not."""


def slices_problem(request: AlgoRequest) -> Problem | None:
    """Return whether the time of *request* is cut too finely."""
    if request.end_ns - request.start_ns > SLICES_MOST * request.slice_ns:
        return Problem(field="slice_s", why=f"more than {SLICES_MOST} slices")
    return None
