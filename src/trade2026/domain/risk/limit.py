"""The limits orders are checked against, by symbol, with the platform's defaults.

Amounts are whole nanos, shares are basis points. Limits only ever come from here or from
whoever constructs others: no check has a number of its own.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Bps, Money, Qty, parse_nanos


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one order of one symbol may ask for, and what the position may become."""

    max_order_qty: Qty
    max_order_value: Money
    max_position_qty: Qty
    """Of the position in either direction, with all that open orders may still add."""
    max_position_value: Money
    """Of the same position, at the reference price."""
    margin_bps: Bps = Bps(1_000)
    """Share of the value of a position that equity must cover."""
    reference_max_age_ns: int = 5 * NS_PER_S
    """How long after its arrival a quote may still be judged by."""


class LimitTable(msgspec.Struct, frozen=True, kw_only=True):
    """Limits by symbol, and those of every other symbol."""

    default: Limits
    symbols: Mapping[str, Limits] = {}

    def of(self, symbol: str) -> Limits:
        """Return the limits of *symbol*."""
        return self.symbols.get(symbol, self.default)


MAX_ORDER_VALUE: Final = Money(parse_nanos("1000000"))


def _limits(quantity: str, notional: str) -> Limits:
    return Limits(
        # No order may be larger than the position it is allowed to lead to.
        max_order_qty=Qty(parse_nanos(quantity)),
        max_order_value=MAX_ORDER_VALUE,
        max_position_qty=Qty(parse_nanos(quantity)),
        max_position_value=Money(parse_nanos(notional)),
    )


DEFAULT_LIMITS: Final = LimitTable(
    default=_limits("1000", "50000"),
    symbols={
        "BTCUSDT": _limits("10", "500000"),
        "ETHUSDT": _limits("100", "200000"),
    },
)
"""What holds on a fresh platform."""
