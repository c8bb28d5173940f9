"""POV: a fixed share of all that trades, for as long as it takes.

It follows the volume that has been seen, and so is late by a slice; what it trades itself
counts as volume, as in the usual definition of participation.

Source: Kissell and Glantz (2003), "Optimal Trading Strategies", on percentage of volume.
"""

from typing import Final

from trade2026.core.numbers import BPS_ONE
from trade2026.domain.execution.algorithm import Algorithm, Problem, slices_problem
from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.schedule import Moment
from trade2026.model.algo import AlgoName, AlgoRequest, Benchmark

RATE_MOST_BPS: Final = 5_000
"""Beyond half of the volume its own trades are what it follows."""


def target(parent: Parent, moment: Moment) -> int:
    """Return the share of the volume seen since the base."""
    volume = moment.volume_qty - parent.base_volume_qty
    return parent.base_qty + volume * parent.request.rate_bps // BPS_ONE


def problem(request: AlgoRequest) -> Problem | None:
    """Return whether there is no share or too large a one, or the time is cut too finely."""
    if not 0 < request.rate_bps <= RATE_MOST_BPS:
        why = f"must be above 0 and at most {RATE_MOST_BPS / BPS_ONE}"
        return Problem(field="participation", why=why)
    return slices_problem(request)


ALGORITHM: Final = Algorithm(
    name=AlgoName.POV, benchmark=Benchmark.VWAP, target=target, problem=problem
)
