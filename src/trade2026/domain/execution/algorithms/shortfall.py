"""IMPLEMENTATION SHORTFALL: more at the beginning, as far as the risk of waiting is worth it.

The trajectory of Almgren and Chriss: of a quantity X to be traded by T,

    x(t) = X sinh(kappa (T - t)) / sinh(kappa T)

is left at t, where kappa^2 = lambda sigma^2 / eta for the risk aversion lambda (per unit of
money), the volatility sigma (in the price's unit, per root of a second) and the temporary impact
eta (price per quantity per second). `urgency` is kappa T; none of it trades evenly.

Source: Almgren and Chriss (2000), "Optimal execution of portfolio transactions", section 2.3,
in the limit of short slices.
"""

import math
from typing import Final

from trade2026.core.numbers import NANOS
from trade2026.domain.execution.algorithm import Algorithm, Problem, slices_problem
from trade2026.domain.execution.parent import Parent
from trade2026.domain.execution.schedule import (
    Moment,
    part_of_rest,
    slice_at,
    slice_end_ns,
)
from trade2026.model.algo import AlgoName, AlgoRequest, Benchmark

URGENCY_MOST: Final = 50
"""Beyond it all is traded in the first slice anyway."""
_FINE: Final = 10**12
"""So finely the trajectory is cut before quantities are made of it."""


def kappa(*, risk_aversion: float, volatility: float, impact: float) -> float:
    """Return how fast to trade, per second; see above for the units."""
    return math.sqrt(risk_aversion * volatility**2 / impact)


def traded_ratio(urgency: float, time_ratio: float) -> float:
    """Return which part shall have traded when that part of the time, 0 to 1, is over."""
    if urgency == 0:
        return time_ratio
    return 1 - math.sinh(urgency * (1 - time_ratio)) / math.sinh(urgency)


def target(parent: Parent, moment: Moment) -> int:
    """Return what shall have traded by the end of the slice, along the trajectory.

    After a pause or a change it begins anew from there, with the same kappa.
    """
    request = parent.request
    begun = slice_at(parent, moment.now_ns)
    left_ns = request.end_ns - parent.base_ns
    if left_ns <= 0:
        return part_of_rest(parent, 1, 1)
    over_ns = slice_end_ns(parent, begun) - parent.base_ns if begun else 0
    urgency = request.urgency / NANOS * (left_ns / (request.end_ns - request.start_ns))
    if over_ns >= left_ns:
        return part_of_rest(parent, 1, 1)
    part = round(traded_ratio(urgency, over_ns / left_ns) * _FINE)
    return part_of_rest(parent, part, _FINE)


def problem(request: AlgoRequest) -> Problem | None:
    """Return whether the urgency is out of bounds, or the time cut too finely."""
    if not 0 <= request.urgency <= URGENCY_MOST * NANOS:
        return Problem(field="urgency", why=f"must be 0 to {URGENCY_MOST}")
    return slices_problem(request)


ALGORITHM: Final = Algorithm(
    name=AlgoName.IMPLEMENTATION_SHORTFALL,
    benchmark=Benchmark.ARRIVAL,
    target=target,
    problem=problem,
)
