"""Position limits at the end of the day: what an account may hold of a symbol overnight."""

import msgspec

from trade2026.core.numbers import format_nanos
from trade2026.domain.compliance.sheet import Breach, Sheet, read_limit

EVERY = "*"


class PositionLimit(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="position_limit",
    tag_field="kind",
):
    """The rule, as data."""

    name: str
    symbol: str = EVERY
    """`*` is each of them."""
    max_quantity: str | int

    def __post_init__(self) -> None:
        """Refuse a limit that is no number."""
        read_limit(self.max_quantity, "max_quantity")

    def judge(self, sheet: Sheet) -> list[Breach]:
        """Return a breach for each holding above the limit; a short one counts as a long one."""
        limit = read_limit(self.max_quantity, "max_quantity")
        return [
            Breach(
                rule=self.name,
                kind="position_limit",
                account=one.account,
                symbol=one.symbol,
                measured=format_nanos(one.quantity),
                limit=format_nanos(limit),
                evidence=tuple(
                    trade.exec_id
                    for trade in sheet.trades
                    if (trade.account, trade.symbol) == (one.account, one.symbol)
                )[-10:],
            )
            for one in sheet.held
            if self.symbol in {EVERY, one.symbol} and abs(one.quantity) > limit
        ]
