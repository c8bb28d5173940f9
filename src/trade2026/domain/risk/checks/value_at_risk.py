"""Refuse to open what could take the account's value at risk beyond its limits.

Reckoned as if the order, and all that is open in its direction, were filled; what is worth less
than the limit altogether cannot lose more. What only reduces passes.

Source: Basel Committee (1996), "Amendment to the capital accord to incorporate market risks".
"""

from trade2026.core.numbers import format_nanos
from trade2026.domain.risk.check import RiskView, SizedOrder, passing_qty
from trade2026.model.risk import Refusal, RefusalCode


def check(sized: SizedOrder, view: RiskView) -> Refusal | None:
    """Return why too much would be at risk, or None; the limits themselves pass."""
    limits, order = view.limits, sized.order
    gross = view.gross_exposure + sized.opening_value
    if sized.opening_qty == 0 or (gross <= limits.max_var_95 and gross <= limits.max_var_99):
        return None
    after = view.value_at_risk((sized.worst_qty + order.order_qty) * order.side.sign)
    for percent, found, most in (
        (95, after.worst_95, limits.max_var_95),
        (99, after.worst_99, limits.max_var_99),
    ):
        if found > most:
            return Refusal(
                code=RefusalCode.VALUE_AT_RISK,
                text=f"the account's value at risk at {percent} % could exceed its limit",
                asked=format_nanos(found),
                limit=format_nanos(most),
                would_pass=passing_qty(view.reducible_qty(order.side), view),
            )
    return None
