"""Where an account's P&L came from: by strategy, symbol or venue, and by component.

Exact: every row is in square nanos of the base currency, and the rows add up to the total.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from trade2026.core.numbers import Px, Value, value_at
from trade2026.model.position import Position


class By(StrEnum):
    """What the rows are told apart by."""

    STRATEGY = "STRATEGY"
    SYMBOL = "SYMBOL"
    VENUE = "VENUE"
    TOTAL = "TOTAL"
    """Nothing: all is one row."""


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy, symbol or venue came to; `total` is the sum of the components."""

    name: str
    realized: Value = Value(0)
    unrealized: Value = Value(0)
    fees: Value = Value(0)
    """What was paid: it is taken off the total."""
    funding: Value = Value(0)
    dividends: Value = Value(0)

    @property
    def price(self) -> Value:
        """Return what prices gained: realised and unrealised."""
        return Value(self.realized + self.unrealized)

    @property
    def total(self) -> Value:
        """Return the sum of the components."""
        return Value(self.price - self.fees + self.funding + self.dividends)


def attribute(
    positions: Iterable[tuple[Position, Value]], by: By, rates: Mapping[str, Px]
) -> tuple[Attribution, ...]:
    """Return the rows, sorted by name.

    Args:
        positions: each with its unrealised P&L in its own currency.
        by: what tells rows apart.
        rates: of every currency but the base; what has none counts as nothing.
    """
    rows: dict[str, Attribution] = {}
    for position, unrealized in positions:
        name = _name_of(position, by)
        row = rows.get(name) or Attribution(name=name)
        rate = rates.get(position.currency, Px(0))
        fees = value_at(position.fees, rate) + sum(
            value_at(paid.amount, rates.get(paid.asset, Px(0))) for paid in position.other_fees
        )
        rows[name] = Attribution(
            name=name,
            realized=Value(row.realized + value_at(position.realized, rate)),
            unrealized=Value(row.unrealized + value_at(unrealized, rate)),
            fees=Value(row.fees + fees),
            funding=Value(row.funding + value_at(position.funding, rate)),
            dividends=Value(row.dividends + value_at(position.dividends, rate)),
        )
    return tuple(rows[name] for name in sorted(rows))


def _name_of(position: Position, by: By) -> str:
    match by:
        case By.STRATEGY:
            return position.key.strategy
        case By.SYMBOL:
            return position.key.symbol
        case By.VENUE:
            return position.key.venue
        case _:
            return "total"
