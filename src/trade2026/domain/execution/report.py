"""What came of a parent: its average price against what the market did meanwhile.

Source: Perold (1988), "The implementation shortfall", for the arrival price and for what was
not traded; Berkowitz, Logue and Noser (1988) for VWAP.
"""

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import (
    BPS_ONE,
    NANOS,
    Money,
    Px,
    Qty,
    average_px,
    divide_half_even,
)
from trade2026.domain.execution.algorithm import Algorithm
from trade2026.domain.execution.parent import Parent
from trade2026.model.algo import AlgoReport, AlgoStatus, Seen


def report_of(parent: Parent, algorithm: Algorithm, seen: Seen, end_ns: TimeNs) -> AlgoReport:
    """Return the report of *parent* as it stands.

    Args:
        parent: with its children.
        algorithm: whose benchmark is named.
        seen: of the market over its time.
        end_ns: when it ended, or now.
    """
    filled = parent.filled_qty
    average = average_px(sum(child.cum_value for child in parent.children), filled)
    twap = None if not seen.span_ns else Px(divide_half_even(seen.area, seen.span_ns))
    vwap = average_px(seen.value, seen.volume_qty)
    sign = parent.request.side.sign
    # What fills while it is being cancelled has filled all the same.
    is_all = parent.ends_as is not None and filled >= parent.request.order_qty
    return AlgoReport(
        status=AlgoStatus.COMPLETED if is_all else parent.ends_as or parent.status,
        text="" if is_all else parent.text,
        order_qty=parent.request.order_qty,
        filled_qty=Qty(filled),
        left_qty=parent.request.order_qty - filled,
        average_px=average,
        benchmark=algorithm.benchmark,
        arrival_px=parent.arrival_px,
        twap_px=twap,
        vwap_px=vwap,
        arrival_slippage=_slippage(average, parent.arrival_px, sign),
        twap_slippage=_slippage(average, twap, sign),
        vwap_slippage=_slippage(average, vwap, sign),
        shortfall=_shortfall(parent, seen.mid_px),
        market_qty=seen.volume_qty,
        participation=divide_half_even(filled * NANOS, seen.volume_qty)
        if seen.volume_qty
        else None,
        fees=Money(sum(child.fees for child in parent.children)),
        start_ns=parent.request.start_ns,
        end_ns=end_ns,
        child_count=len(parent.children),
        refused_count=sum(child.is_refused for child in parent.children),
    )


def _slippage(average: Px | None, benchmark: Px | None, sign: int) -> int | None:
    """Return by how much *average* is worse, in nanos of a basis point of the benchmark."""
    if average is None or not benchmark:
        return None
    return divide_half_even((average - benchmark) * sign * BPS_ONE * NANOS, benchmark)


def _shortfall(parent: Parent, mid_px: Px) -> int | None:
    arrival = parent.arrival_px
    if not arrival or not mid_px:
        return None
    sign, filled = parent.request.side.sign, parent.filled_qty
    paid = sum(child.cum_value for child in parent.children) - arrival * filled
    missed = (mid_px - arrival) * max(0, parent.request.order_qty - filled)
    scaled = (paid + missed) * sign * BPS_ONE * NANOS
    return divide_half_even(scaled, arrival * parent.request.order_qty)
